# SPDX-License-Identifier: Apache-2.0
"""A policy as a controller: acts as in the environment, starts anew where it must, or refuses."""

import dataclasses
import math
import types

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from furuta_description.randomization import Ranges
from furuta_description.robot import load_robot
from furuta_rl.env import Env, EnvConfig
from furuta_rl.export import export_policy
from furuta_rl.policy import PolicyCard, PolicyError
from furuta_rl.policy_controller import PolicyController
from furuta_rl.ppo.networks import Policy, make_mlp
from furuta_rl.ppo.normalization import make_statistics
from furuta_rl.task import FollowTask, Task

ROBOT = load_robot('furuta')
RATE = 64.0  # its period and stamps are exact in binary
UPRIGHT = (0.1, math.pi)


def card_of(task, changes):
    name = 'follow' if isinstance(task, FollowTask) else 'swing_up'
    card = PolicyCard(
        name, task.layout, RATE, task.voltage_scale, ROBOT.name, ROBOT.hash, 'abc', {}
    )
    return dataclasses.replace(card, **changes)


@pytest.fixture
def export(tmp_path):
    """Writes an untrained policy; gives its file."""

    def write(task, changes=types.MappingProxyType({})):
        card = card_of(task, changes)
        sizes = (len(card.layout), 16, 1)
        policy = Policy(make_statistics(sizes[0]), make_mlp(jax.random.key(1), sizes, 1.0))
        file = tmp_path / 'policy.onnx'
        export_policy(file, policy, card)
        return file

    return write


@pytest.mark.parametrize(
    ('task', 'lost'),
    [
        (Task(), 0.0),
        (Task(history=4), 0.0),
        (Task(history=4), 0.3),
        (FollowTask(history=1, fall_angle=1.0), 0.3),
    ],
)
def test_acts_exactly_as_in_the_environment(export, task, lost):
    config = EnvConfig(backend='mujoco', control_rate_hz=RATE, physics_dt=1 / 512)
    ranges = Ranges(quantised=True, measurement_dropout=lost, dropout_burst=2.0 if lost else 0.0)
    env = Env(ROBOT, task, ranges, config, 1)
    controller = PolicyController(export(task), ROBOT)
    state = env.reset(jax.random.key(0))
    voltages = []
    for step in range(100):
        controller.aim(float(state.target[0]))
        angles = map(float, (state.memory.arm_angle[0], state.memory.pendulum_angle[0]))
        action = controller.policy.act(state.observation[0])
        controller.rehearse()  # as the node does between two steps
        if state.age[0] > 0:  # the measurement was lost
            voltages.append(controller.step_blind())
        else:
            voltages.append(controller.step(1.7e9 + step / RATE, *angles))
        assert voltages[-1] == float(task.voltage(action, np)[0])
        state, transition = env.step(state, action[None])
        if transition.terminated.any():
            controller.reset()
    assert controller.restarts == 0
    assert np.ptp(voltages) > 1.0


def voltages_of(controller, *samples):
    controller.reset()
    return [controller.step(*sample) for sample in samples]


@pytest.mark.parametrize(
    'elsewhere',
    [(0.02, 0.1, 0.0), (0.02, -1.4, 3.0), (-1.0, 0.0, 3.0), (0.0, 0.0, 3.0)],
    ids=['pendulum reset', 'arm reset', 'back in time', 'same time'],
)
def test_memory_starts_anew_where_no_plant_could_have_moved_to(export, elsewhere):
    controller = PolicyController(export(Task()), ROBOT)
    voltage = voltages_of(controller, (0.0, 0.0, 3.0), elsewhere)[-1]
    assert controller.restarts == 1
    assert voltage == voltages_of(controller, elsewhere)[-1]


def test_motion_is_remembered(export):
    controller = PolicyController(export(Task()), ROBOT)
    second = (1 / RATE, 0.2, 3.0)
    moving = voltages_of(controller, (0.0, 0.0, 3.0), second)[-1]
    assert controller.restarts == 0
    assert moving != voltages_of(controller, second)[-1]


@pytest.mark.parametrize('sample', [(math.nan, 0, 0), (0.1, math.inf, 0), (0.1, 0, math.nan)])
def test_sample_that_is_not_a_number_gives_zero_volts_and_is_counted(export, sample):
    controller = PolicyController(export(Task()), ROBOT)
    first = (0.0, *UPRIGHT)
    voltages = voltages_of(controller, first, sample, first)
    assert voltages[1] == 0.0
    assert voltages[2] == voltages[0] != 0.0
    assert controller.refused_samples == 1


def test_arm_is_aimed_where_the_task_takes_it_and_refused_elsewhere(export):
    controller = PolicyController(export(FollowTask()), ROBOT)
    voltages = []
    for target in (0.0, 0.5):
        controller.aim(target)
        voltages += voltages_of(controller, (0.0, *UPRIGHT))
    assert voltages[0] != voltages[1]
    for target in (1.5, math.nan):
        with pytest.raises(ValueError, match=r'must be within \+-1.0'):
            controller.aim(target)
    controller = PolicyController(export(Task()), ROBOT)
    controller.aim(0.0)
    with pytest.raises(ValueError, match='task swing_up has none'):
        controller.aim(0.1)


@pytest.mark.parametrize(
    ('changes', 'reason'),
    [
        ({'robot_hash': 'xyz'}, 'made for robot hash xyz'),
        ({'task': 'juggle'}, "made for task 'juggle'; there are: swing_up, follow"),
        ({'task': 'follow'}, 'made for observation layout arm_angle, .*train and export again'),
        ({'layout': ('cos', 'sin')}, 'made for observation layout cos, sin, which'),
        ({'control_rate_hz': 2000.0}, 'made for 2000.0 steps/s; valid: 10 to 500'),
        ({'voltage_scale': 90.0}, 'made for up to 90.0 V; valid: above 0, at most 12'),
        ({'voltage_scale': math.nan}, 'made for up to nan V'),
    ],
)
def test_policy_that_does_not_fit_is_refused_with_the_reason(export, changes, reason):
    file = export(Task(), changes)
    with pytest.raises(PolicyError, match=reason) as error:
        PolicyController(file, ROBOT)
    assert str(file) in str(error.value)


def test_policy_that_saturates_gets_the_voltage_scale(tmp_path):
    task = Task(voltage_scale=7.0)
    layers = make_mlp(jax.random.key(1), (task.observation_size, 1), 1.0)
    saturated = (layers[0]._replace(weight=0 * layers[0].weight, bias=jnp.array([50.0])),)
    file = tmp_path / 'policy.onnx'
    statistics = make_statistics(task.observation_size)
    export_policy(file, Policy(statistics, saturated), card_of(task, {}))
    assert PolicyController(file, ROBOT).step(0.0, *UPRIGHT) == 7.0

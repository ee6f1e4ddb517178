# SPDX-License-Identifier: Apache-2.0
"""Who may act in an evaluation."""

import jax
import numpy as np
import pytest

from furuta_description.randomization import Ranges
from furuta_description.robot import load_robot
from furuta_rl.controllers import ExportedController, MeasuredClassical, TrainedController
from furuta_rl.env import EnvConfig
from furuta_rl.evaluation import evaluate, held_out_key, make_env
from furuta_rl.export import export_policy
from furuta_rl.policy import Policy as PolicyFile
from furuta_rl.policy import PolicyCard, Requirements
from furuta_rl.ppo.networks import Policy, make_mlp
from furuta_rl.ppo.normalization import make_statistics
from furuta_rl.task import Task

FURUTA = load_robot('furuta')
B = 16


def first_state(task=None, config=None):
    env = make_env(FURUTA, task or Task(), Ranges(), config or EnvConfig(backend='mujoco'), B)
    return env.reset(held_out_key(0))


def test_exported_and_trained_policy_act_alike_on_all_robots(tmp_path) -> None:
    task = Task()
    size = task.observation_size
    policy = Policy(make_statistics(size), make_mlp(jax.random.key(0), (size, 8, 1), 1.0))
    card = PolicyCard('swing_up', task.layout, 50.0, 10.0, 'furuta', FURUTA.hash, '', {})
    file = tmp_path / 'policy.onnx'
    export_policy(file, policy, card)
    loaded = PolicyFile(file, Requirements('swing_up', task.layout, 50.0, FURUTA.hash))
    state = first_state()
    actions = ExportedController(loaded).act(state)
    assert actions.shape == (B, 1) and np.ptp(actions) > 0
    np.testing.assert_allclose(actions, TrainedController(policy).act(state), atol=1e-5)
    np.testing.assert_array_equal(actions[3], loaded.act(state.observation[3]))
    state.observation[3] = np.nan
    spoilt = ExportedController(loaded).act(state)
    assert spoilt[3] == 0.0
    np.testing.assert_array_equal(np.delete(spoilt, 3), np.delete(actions, 3))


@pytest.mark.parametrize('name', ['furuta', 'qube_servo_2'])
def test_classical_controller_brings_up_every_robot_that_is_as_in_the_file(name) -> None:
    robot = load_robot(name)
    task = Task(voltage_scale=robot.safety.voltage_limit)
    known_delay = robot.timing.link_delay + 0.002
    config = EnvConfig(control_rate_hz=250.0)
    ranges = Ranges(quantised=True, delay=(known_delay, known_delay))
    controller = MeasuredClassical(robot, task.voltage_scale)
    episodes = evaluate(controller, robot, task, ranges, config, episodes=B)
    assert episodes.success.all()
    assert np.degrees(episodes.pendulum_rms).max() < 2


def test_velocity_of_a_steady_turn_is_found_without_error_and_that_of_a_faster_one_late() -> None:
    """Twice the lag of the board's loop, 2 / bandwidth, is what its acceleration shows after."""
    robot, period = FURUTA, 0.004
    controller = MeasuredClassical(robot, 10.0)
    seen = []

    class Spy:
        """Stands where the classical controller does."""

        def reset(self, shape):
            """Nothing to forget."""

        def step(self, *sample):
            seen.append(sample)
            return np.zeros(B)

    controller._controller = Spy()
    state = first_state()
    zero, time = np.zeros(B), 0.0
    for i in range(200):
        time = period * i
        memory = state.memory._replace(arm_angle=zero + 3 * time, pendulum_angle=zero + time**2)
        state = state._replace(memory=memory)
        if i == 0:
            controller.start(state)
        controller.act(state)
    arm, pendulum, arm_velocity, velocity = (x[0] for x in seen[-1])
    assert (arm, pendulum) == (3 * time, time**2)  # angles as they were measured
    assert arm_velocity == pytest.approx(3.0, rel=1e-6)
    lag = (2 * time - velocity) / 2  # of an acceleration of 2 rad/s^2
    assert lag == pytest.approx(2 / robot.sensors.velocity_bandwidth, abs=0.5 * period)

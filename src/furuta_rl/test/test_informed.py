# SPDX-License-Identifier: Apache-2.0
"""The judge knows what it claims to know, and uses it."""

from dataclasses import replace

import jax
import numpy as np
import pytest

from furuta_description.randomization import PRESETS
from furuta_description.robot import load_robot
from furuta_rl import informed
from furuta_rl.classical import ClassicalConfig
from furuta_rl.controllers import MeasuredClassical
from furuta_rl.env import EnvConfig
from furuta_rl.evaluation import evaluate, held_out_key, make_env
from furuta_rl.informed import RATE_HZ, VARIANTS, InformedController, solvable
from furuta_rl.task import Task

FURUTA = load_robot('furuta')
WIDE = PRESETS['wide']


@pytest.mark.parametrize('backend', ['analytic', 'mujoco'])
def test_it_acts_on_the_state_that_will_be_when_its_command_arrives(backend: str) -> None:
    """40 ms at 50 Hz: what it foresees is there two steps later, whatever is sent in between."""
    ranges = replace(WIDE, delay=(0.04, 0.04), delay_jitter=0.0, period_jitter=0.0, push_rate=0.0)
    ranges = replace(ranges, command_dropout=0.0)
    env = make_env(FURUTA, Task(), ranges, EnvConfig(backend=backend), 8)
    controller = InformedController(env, ClassicalConfig())
    state, step = (
        env.reset(held_out_key(0)),
        env.step if backend == 'mujoco' else jax.jit(env.step),
    )
    for i in range(12):
        foreseen = controller._predict(state)
        actions = np.sin(i + np.arange(16.0)).reshape(2, 8, 1).astype(np.float32)
        state, _ = step(state, actions[0])
        later, _ = step(state, actions[1])
        for ours, true in zip(foreseen, later.plant, strict=True):
            np.testing.assert_allclose(ours, true, rtol=1e-3, atol=1e-3)
    assert np.ptp(state.plant.pendulum_velocity) > 0.1


def test_every_robot_has_the_gains_of_its_own_parameters() -> None:
    config = EnvConfig(backend='mujoco', control_rate_hz=RATE_HZ)
    env = make_env(FURUTA, Task(), WIDE, config, 4)
    controller = InformedController(env, VARIANTS[0])
    controller.start(env.reset(held_out_key(0)))
    gain = controller._controller.gains.gain
    assert len(gain) == 4 and np.ptp(gain[:, 1]) > 1


@pytest.mark.slow
def test_a_draw_is_solvable_if_any_variant_solves_it(monkeypatch) -> None:
    monkeypatch.setattr(informed, 'BATCH', 16)
    lazy = replace(VARIANTS[0], swing=1e-3)  # never comes up
    steps: list[int] = []

    def judged(*variants):
        steps.clear()
        return solvable(
            FURUTA, Task(), PRESETS['default'], 0, 16, variants=variants, on_step=steps.append
        )

    assert not judged(lazy).any() and sum(steps) == 16 * 2500
    assert judged(lazy, VARIANTS[0]).all() and sum(steps) == 2 * 16 * 2500
    assert judged(VARIANTS[0], lazy).all() and sum(steps) == 16 * 2500  # nothing left to try


@pytest.mark.slow
@pytest.mark.parametrize('name', ['furuta', 'qube_servo_2'])
def test_it_solves_nearly_all_wide_draws_and_the_uninformed_one_does_not(
    name: str, monkeypatch
) -> None:
    monkeypatch.setattr(informed, 'BATCH', 128)
    robot = load_robot(name)
    task = Task(voltage_scale=robot.safety.voltage_limit)
    config = EnvConfig(control_rate_hz=250.0)
    is_solved = solvable(robot, task, WIDE, 0, 128, variants=VARIANTS[:3])  # more solve no fewer
    uninformed = evaluate(
        MeasuredClassical(robot, task.voltage_scale), robot, task, WIDE, config, 128
    )
    assert is_solved.mean() > 0.98
    assert uninformed.success.mean() < 0.5


@pytest.mark.slow
def test_robots_that_nothing_can_bring_up_are_not_solvable(monkeypatch) -> None:
    monkeypatch.setattr(informed, 'BATCH', 16)
    weak = FURUTA.with_values({'physics.motor.torque_limit': 0.001})
    variants = VARIANTS[:2]  # each takes its time, and none could
    assert not solvable(weak, Task(), PRESETS['default'], 0, 16, variants=variants).any()

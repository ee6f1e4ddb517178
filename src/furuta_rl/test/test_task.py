# SPDX-License-Identifier: Apache-2.0
"""Observations, rewards and ends of the tasks, by hand."""

import math

import numpy as np
import pytest

from furuta_description.dynamics import make_state
from furuta_rl.task import FRAME, TASKS, FollowTask, Task

PERIOD = 0.02  # [s]
ONE = np.ones(1)


def state(arm: float = 0.0, error: float = 0.0, arm_velocity: float = 0.0, velocity: float = 0.0):
    """One robot, `error` from upright."""
    return make_state(*(x * ONE for x in (arm, math.pi + error, arm_velocity, velocity)))


def rotated(task: Task, steps: int) -> np.ndarray:
    """Observation after `steps` with the arm at 2 rad/s and the pendulum at 3 rad/s."""
    memory = task.start(0 * ONE, 0 * ONE, np)
    for i in range(1, steps + 1):
        time = i * PERIOD
        memory = task.remember(memory, 0.1 * i * ONE, 2 * time * ONE, 3 * time * ONE, PERIOD, np)
    return task.observation(memory, 0.7 * ONE, np)[0]


@pytest.mark.parametrize('name', TASKS)
@pytest.mark.parametrize('history', [0, 1, 10])
def test_observation_has_an_entry_for_each_name_of_the_layout(name: str, history: int) -> None:
    task = TASKS[name](history=history)
    assert rotated(task, 3).shape == (task.observation_size,) == (len(task.layout),)
    assert len(set(task.layout)) == len(task.layout)


@pytest.mark.parametrize('name', TASKS)
def test_every_entry_is_what_its_name_says(name: str) -> None:
    task = TASKS[name](history=4)
    entries = dict(zip(task.layout, rotated(task, 6), strict=True))
    assert entries['arm_angle'] == pytest.approx(2 * 6 * PERIOD)
    assert entries['arm_angle[-4]'] == pytest.approx(2 * 2 * PERIOD)
    assert entries['upright_cos[-1]'] == pytest.approx(-math.cos(3 * 5 * PERIOD))
    assert entries['upright_sin[-2]'] == pytest.approx(-math.sin(3 * 4 * PERIOD))
    for age in ('', '[-1]', '[-4]'):
        assert entries[f'arm_velocity{age}'] == pytest.approx(2.0)
        assert entries[f'pendulum_velocity{age}'] == pytest.approx(3.0)
    assert entries['action[-1]'] == pytest.approx(0.6)
    assert entries['action[-4]'] == pytest.approx(0.3)
    assert entries.get('target_arm_angle', 0.7) == 0.7


def test_upright_is_cosine_one_and_hanging_minus_one() -> None:
    for angle, cos in ((0.0, -1.0), (math.pi, 1.0), (-math.pi, 1.0), (5 * math.pi, 1.0)):
        task = Task()
        first = task.observation(task.start(0 * ONE, angle * ONE, np), 0 * ONE, np)[0]
        assert dict(zip(task.layout, first, strict=True))['upright_cos'] == pytest.approx(cos)


def test_lost_measurement_is_held_and_the_next_bridges_the_gap() -> None:
    task = Task()
    memory = task.start(0 * ONE, 0 * ONE, np)
    memory = task.remember(memory, 0.1 * ONE, 0.04 * ONE, 0 * ONE, PERIOD, np, ONE > 0)
    held = task.remember(memory, 0.2 * ONE, 9.9 * ONE, 9.9 * ONE, PERIOD, np, ONE < 0)
    np.testing.assert_array_equal(held.frames, memory.frames)
    assert held.actions[0, 0] == 0.2  # actions are known all the same
    after = task.remember(held, 0.3 * ONE, 0.12 * ONE, 0 * ONE, 2 * PERIOD, np, ONE > 0)
    assert after.frames[0, FRAME.index('arm_velocity')] == pytest.approx(0.08 / (2 * PERIOD))


def test_reward_is_one_at_rest_upright_and_zero_hanging() -> None:
    for error, reward in ((0.0, 1.0), (math.pi, 0.0), (math.pi / 2, 0.5)):
        zero = 0 * ONE
        assert Task().reward(state(error=error), zero, zero, zero, np)[0] == pytest.approx(reward)


def test_reward_with_every_cost_by_hand() -> None:
    """1 - 0.05 x 1^2 - 0.002 x 5^2 - 0.01 x 0.5^2 - 0.02 x (0.5 + 0.5)^2 = 0.8775."""
    where = state(arm=1.0, velocity=5.0)
    reward = Task().reward(where, 0.5 * ONE, -0.5 * ONE, 0 * ONE, np)
    assert reward[0] == pytest.approx(1 - 0.05 - 0.05 - 0.0025 - 0.02)


@pytest.mark.parametrize(('error', 'more'), [(0, 2), (0.15, 1.2131), (math.pi, 0)])
def test_reward_for_balance_by_hand(error: float, more: float) -> None:
    """2 more at upright; a standard deviation of 0.15 rad away, 2 exp(-1/2) = 1.2131 more."""
    where, zero = state(error=error), 0 * ONE
    plain, balance = (
        Task(balance_weight=weight).reward(where, zero, zero, zero, np)[0] for weight in (0.0, 2.0)
    )
    assert balance - plain == pytest.approx(more, abs=1e-3)


def test_episode_is_lost_beyond_the_arm_limit_with_a_reward_of_minus_one() -> None:
    task, zero = Task(), 0 * ONE
    assert not task.terminated(state(arm=1.99), np)[0]
    for arm in (2.01, -2.01, math.nan):
        assert task.terminated(state(arm=arm), np)[0]
        assert task.reward(state(arm=arm), zero, zero, zero, np)[0] == -1


def test_follow_loses_the_episode_with_the_pendulum_and_swing_up_does_not() -> None:
    fallen = state(error=1.1)
    assert FollowTask().terminated(fallen, np)[0]
    assert not Task().terminated(fallen, np)[0]
    assert not FollowTask().terminated(state(error=0.5), np)[0]


def test_follow_pays_for_the_distance_from_the_commanded_angle() -> None:
    def reward(task: Task, target: float) -> float:
        return float(task.reward(state(arm=0.5), 0 * ONE, 0 * ONE, target * ONE, np)[0])

    assert reward(FollowTask(), 0.5) == pytest.approx(1.0)
    assert reward(FollowTask(), -0.5) == pytest.approx(1 - 0.1)


def test_commanded_angle_jumps_at_its_rate_and_stays_in_its_span() -> None:
    task, rng = FollowTask(), np.random.default_rng(0)
    target = task.first_target(rng.uniform(size=1000))
    after = task.next_target(target, rng.uniform(size=(1000, 2)), PERIOD, np)
    assert np.sum(after != target) == pytest.approx(1000 * task.target_rate * PERIOD, abs=8)
    assert np.abs(np.concatenate((target, after))).max() <= task.target_span
    assert not Task().first_target(rng.uniform(size=3)).any()


def test_half_of_the_swing_up_episodes_start_hanging_at_rest() -> None:
    start = Task().initial_state(np.random.default_rng(0).uniform(size=(10_000, 5)), np)
    hangs = (np.abs(start.pendulum_angle) <= 0.1) & (np.abs(start.pendulum_velocity) <= 0.05)
    assert hangs.mean() == pytest.approx(0.5, abs=0.03)
    is_up = Task().is_upright(start, 0.0, np)
    assert is_up.mean() == pytest.approx(0.5 * 20 / 360, abs=0.01)


def test_evaluation_starts_at_rest_hanging_or_for_follow_upright() -> None:
    uniforms = np.random.default_rng(0).uniform(size=(1000, 5))
    for task, angle in ((Task(), 0.0), (FollowTask(), math.pi)):
        start = task.rest_state(uniforms, np)
        assert np.abs(start.pendulum_angle - angle).max() == pytest.approx(0.05, abs=0.001)
        assert np.abs(start.arm_angle).max() == pytest.approx(0.1, abs=0.001)
        assert not np.any([start.arm_velocity, start.pendulum_velocity, start.current])


@pytest.mark.parametrize('name', TASKS)
def test_no_episode_starts_lost(name: str) -> None:
    task = TASKS[name]()
    start = task.initial_state(np.random.default_rng(0).uniform(size=(1000, 5)), np)
    assert not task.terminated(start, np).any()


def test_actions_scale_to_volts_and_are_cut() -> None:
    volts = Task(voltage_scale=6.0).voltage(np.array([0.5, -1.0, 7.0, -7.0]), np)
    assert volts.tolist() == [3.0, -6.0, 6.0, -6.0]


def test_history_beyond_its_bounds_is_refused() -> None:
    for history in (-1, 11):
        with pytest.raises(ValueError, match=r'0\.\.10'):
            Task(history=history)

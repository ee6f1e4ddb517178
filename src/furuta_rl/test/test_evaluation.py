# SPDX-License-Identifier: Apache-2.0
"""What counts as a success, in the real environment with robots that are put where they matter."""

import math
from dataclasses import replace

import jax
import numpy as np
import pytest

from furuta_description.dynamics import make_state
from furuta_description.randomization import PRESETS, Ranges
from furuta_description.robot import load_robot
from furuta_rl.criterion import EPISODE
from furuta_rl.env import EnvConfig
from furuta_rl.evaluation import (
    CHUNK,
    evaluate,
    held_out_key,
    make_env,
    play,
    run_episodes,
)
from furuta_rl.share import share
from furuta_rl.summary import summarize
from furuta_rl.task import FollowTask, Task

ROBOT = load_robot('furuta')
B = 4


class Still:
    """No voltage."""

    def start(self, state):
        """Nothing to prepare."""

    def act(self, state):
        return np.zeros((len(state.tick), 1), np.float32)


class Recorder(Still):
    """No voltage; keeps what it saw."""

    def __init__(self):
        self.starts, self.states = [], []

    def start(self, state):
        self.starts.append(state)

    def act(self, state):
        self.states.append(state)
        return super().act(state)


class Carried:
    """An environment whose robots are carried to where `place(step)` says: arm, error, (B,)."""

    def __init__(self, place, task=None):
        self._env = make_env(ROBOT, task or Task(), Ranges(), EnvConfig(backend='mujoco'), B)
        self._place = place

    def __getattr__(self, name):
        return getattr(self._env, name)

    def step(self, state, action):
        """A step that begins where it is to end, at rest: little changes in 20 ms."""
        arm, error = self._place(int(state.tick[0]) + 1)
        zero = np.zeros(B)
        plant = make_state(zero + arm, zero + math.pi + error, zero, zero)
        return self._env.step(state._replace(plant=plant), action)


def judged(place, task=None):
    return run_episodes(Carried(place, task), Still(), held_out_key(0))


def up_between(*intervals):
    """Upright at these control steps, first and last included; one robot each."""

    def place(step):
        return 0.0, np.array([0.0 if a <= step <= b else 1.0 for a, b in intervals])

    return place


def test_success_is_being_upright_at_every_step_of_the_last_five_seconds() -> None:
    episodes = judged(up_between((1, 500), (250, 500), (251, 500), (1, 499)))
    assert episodes.success.tolist() == [True, True, False, False]
    np.testing.assert_allclose(episodes.time_to_upright, [0.02, 5.0, 5.02, np.nan])
    assert episodes.was_up.all()
    summary = summarize(episodes)
    assert (summary.success.hits, summary.fell, summary.never_up) == (2, 2, 0)


def test_fall_at_9_9_seconds_is_no_success() -> None:
    episodes = judged(lambda step: (0.0, 0.2 if step == 495 else 0.0))
    assert not episodes.success.any()
    np.testing.assert_allclose(episodes.time_to_upright, 496 / 50)


def test_never_upright_has_no_time_and_is_told_apart_from_falling() -> None:
    episodes = judged(up_between((501, 502), (1, 1), (501, 502), (501, 502)))
    assert np.isnan(episodes.time_to_upright).all()
    summary = summarize(episodes)
    assert (summary.never_up, summary.fell, summary.left_arm_limit) == (3, 1, 0)
    assert math.isnan(summary.time_to_upright_median) and math.isnan(summary.arm_rms)


def test_arm_beyond_120_degrees_at_any_step_is_no_success_however_it_goes_on() -> None:
    def place(step):
        beyond = math.radians(121) if step == 10 else 0.0
        within = math.radians(119) if step == 10 else 0.0
        return np.array([beyond, -beyond, within, -within]), np.zeros(B)

    episodes = judged(place, Task(arm_limit=9.0))
    assert episodes.success.tolist() == [False, False, True, True]
    np.testing.assert_allclose(np.degrees(episodes.arm_max), [121, 121, 119, 119], atol=1)
    assert summarize(episodes).left_arm_limit == 2
    assert np.isnan(episodes.arm_rms).tolist() == [True, True, False, False]


def test_state_that_is_not_a_number_is_no_success() -> None:
    place = up_between(*[(1, 500)] * B)
    episodes = judged(lambda step: (np.nan if step == 300 else 0.0, place(step)[1]))
    assert not episodes.success.any()


def test_rms_is_of_the_last_five_seconds() -> None:
    episodes = judged(lambda step: (0.3 if step >= 250 else 1.0, 0.1 if step >= 250 else 1.0))
    assert episodes.success.all()
    np.testing.assert_allclose(episodes.arm_rms, 0.3, atol=0.02)
    np.testing.assert_allclose(episodes.pendulum_rms, 0.1, atol=0.02)


def test_follow_starts_upright_and_its_fall_is_no_success() -> None:
    config = EnvConfig(backend='mujoco')
    recorder = Recorder()
    episodes = evaluate(recorder, ROBOT, FollowTask(), Ranges(), config, episodes=B)
    assert np.abs(recorder.starts[0].plant.pendulum_angle - math.pi).max() < 0.06
    assert not episodes.success.any() and summarize(episodes).fell == B


def test_episodes_start_hanging_at_rest_with_the_criterion_whatever_the_training_had() -> None:
    config = EnvConfig(backend='mujoco', episode=1.0, is_staggered=True, widening=0.1)
    recorder = Recorder()
    task = Task(arm_limit=0.01)
    episodes = evaluate(recorder, ROBOT, task, PRESETS['default'], config, episodes=B)
    assert len(recorder.states) == round(EPISODE * 50)
    for name, largest in zip(('arm_angle', 'pendulum_angle'), (0.1, 0.05), strict=True):
        assert np.abs(getattr(recorder.starts[0].plant, name)).max() <= largest
    assert episodes.deviations.any()  # drawn from the whole ranges
    assert summarize(episodes).never_up == B


def test_held_out_draws_are_repeatable_and_none_of_training() -> None:
    env = make_env(ROBOT, Task(), PRESETS['default'], EnvConfig(backend='mujoco'), 64)
    once, again, other, training = (
        env.reset(key).deviations
        for key in (held_out_key(3), held_out_key(3), held_out_key(3, 1), jax.random.key(3))
    )
    np.testing.assert_array_equal(once, again)
    for others in (other, training):
        assert not np.isin(once, others).all(axis=1).any()


def test_every_episode_of_many_chunks_is_another_robot() -> None:
    count = CHUNK + 5
    config = EnvConfig(control_rate_hz=2, physics_dt=0.5)  # nothing but the draws matters
    episodes = evaluate(Still(), ROBOT, Task(), PRESETS['default'], config, episodes=count)
    assert len(episodes.success) == count == len(np.unique(episodes.delay))


def test_prepared_states_are_those_that_are_judged() -> None:
    env = make_env(ROBOT, Task(), Ranges(delay=(0.0, 0.04)), EnvConfig(backend='mujoco'), B)

    def late(state):
        return state._replace(delay=np.full(B, 0.03, np.float32))

    state, _, _ = next(play(env, Still(), held_out_key(0), late))
    np.testing.assert_allclose(state.delay, 0.03)
    assert np.all(run_episodes(env, Still(), held_out_key(0), late).delay == np.float32(0.03))


def test_progress_counts_every_control_step_of_every_robot() -> None:
    steps = []
    config = replace(EnvConfig(backend='mujoco'), control_rate_hz=10, physics_dt=0.1)
    evaluate(Still(), ROBOT, Task(), Ranges(), config, episodes=3, on_step=steps.append)
    assert sum(steps) == 3 * 100


def test_wilson_interval_has_its_published_values() -> None:
    """R. G. Newcombe, Statistics in Medicine 17 (1998), table I, method 3."""
    for hits, count, low, high in (
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ):
        result = share(np.arange(count) < hits)
        assert (result.low, result.high) == pytest.approx((low, high), abs=1e-4)
    assert math.isnan(share(np.zeros(0, bool)).share)

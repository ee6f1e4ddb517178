# SPDX-License-Identifier: Apache-2.0
"""The environment: every knob does something, ends do not merge, backends agree."""

from dataclasses import fields, is_dataclass, replace
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from furuta_description.dynamics import make_state
from furuta_description.randomization import PRESETS, Ranges
from furuta_description.robot import load_robot
from furuta_rl.env import Env, EnvConfig, EnvState, Transition
from furuta_rl.plants import BACKENDS
from furuta_rl.task import TASKS, FollowTask, Task

FURUTA, QUBE = load_robot('furuta'), load_robot('qube_servo_2')
B = 8
KEY = jax.random.key(0)
LARGE = {
    bool: True,
    'angle_noise': 0.01,
    'delay': (0.0, 0.05),
    'delay_jitter': 0.02,
    'dropout_burst': 5.0,
    'push_rate': 5.0,
    'push_velocity': 3.0,
}
NEEDS = {
    'dropout_burst': {'command_dropout': 0.3, 'measurement_dropout': 0.3},
    'push_rate': {'push_velocity': 3.0},
    'push_velocity': {'push_rate': 5.0},
}


def knobs(node, path: str = '') -> list[str]:
    """Every knob of Ranges, as a path."""
    if not is_dataclass(node):
        return [path]
    return [
        knob
        for f in fields(node)
        for knob in knobs(getattr(node, f.name), f'{path}.{f.name}'.strip('.'))
    ]


def turned(ranges: Ranges, path: str) -> Ranges:
    """The ranges with one knob turned far."""
    head, _, rest = path.partition('.')
    if rest:
        return replace(ranges, **{head: turned(getattr(ranges, head), rest)})
    value = LARGE.get(head, LARGE.get(type(getattr(ranges, head)), 0.4))
    return replace(ranges, **{head: value})


def make(backend='mujoco', ranges=None, task=None, robot=FURUTA, batch=B, **config) -> Env:
    choices = EnvConfig(backend=backend, **config)
    return Env(robot, task or Task(), ranges or Ranges(), choices, batch)


def wave(step: int, batch: int = B) -> np.ndarray:
    """Actions that differ between robots and keep within the arm's limit."""
    phases = np.linspace(0, 3, batch)
    return np.sin(0.9 * step + phases)[:, None].astype(np.float32)


@cache
def stepper(env: Env):
    return env.step if env.xp is np else jax.jit(env.step)


def rollout(env: Env, key, steps: int) -> tuple[EnvState, list[np.ndarray]]:
    state, step = env.reset(key), stepper(env)
    seen = [np.asarray(state.observation)]
    for i in range(steps):
        state, result = step(state, wave(i, env.batch_size))
        seen.append(np.asarray(result.final_observation))
    return state, seen


@cache
def observations(ranges: Ranges) -> np.ndarray:
    robot = FURUTA.with_values({'physics.cable.softening': 1.0})  # nothing of it is nothing
    return np.array(rollout(make(ranges=ranges, robot=robot), KEY, 40)[1])


@pytest.mark.parametrize('knob', knobs(Ranges()))
def test_turning_this_knob_changes_trajectories(knob: str) -> None:
    base = replace(Ranges(), **NEEDS.get(knob, {}))
    assert np.abs(observations(turned(base, knob)) - observations(base)).max() > 2e-5


@pytest.mark.parametrize('backend', BACKENDS)
def test_same_seed_gives_the_same_trajectory_and_another_seed_another(backend: str) -> None:
    env = make(backend, PRESETS['wide'])
    once, again, other = (rollout(env, jax.random.key(seed), 15)[1] for seed in (1, 1, 2))
    np.testing.assert_array_equal(once, again)
    assert np.abs(np.array(once) - np.array(other)).max() > 0.1


@pytest.mark.parametrize('backend', ['analytic', 'mjx'])
def test_same_seed_gives_the_same_robots_on_every_backend(backend: str) -> None:
    """Pushes, losses, delays and parameters are the same draws: true states stay together."""
    expected, _ = rollout(make('mujoco', PRESETS['wide'], episode=0.2), KEY, 15)
    state, _ = rollout(make(backend, PRESETS['wide'], episode=0.2), KEY, 15)  # a reset within
    for name in ('deviations', 'delay', 'early', 'tick'):
        np.testing.assert_allclose(getattr(state, name), getattr(expected, name), rtol=1e-4)
    for ours, theirs in zip(state.plant, expected.plant, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=0.01, rtol=0.01)


@pytest.mark.parametrize('task', TASKS)
@pytest.mark.parametrize('backend', BACKENDS)
def test_every_task_on_every_backend_has_the_sizes_it_names(backend: str, task: str) -> None:
    env = make(backend, PRESETS['default'], TASKS[task](history=2))
    state = env.reset(KEY)
    state, result = env.step(state, wave(0))
    assert isinstance(result, Transition)
    for observation in (state.observation, result.final_observation):
        assert observation.shape == (B, env.observation_size)
        assert observation.dtype == np.float32
    for privileged in (state.privileged, result.final_privileged):
        assert privileged.shape == (B, env.privileged_size)
        assert np.all(np.isfinite(privileged))
    assert result.reward.shape == result.terminated.shape == result.truncated.shape == (B,)
    assert result.terminated.dtype == result.truncated.dtype == bool
    leaves = jax.tree.leaves(state._replace(model=None))
    assert all(leaf.shape[0] == B for leaf in leaves)


def at(state: EnvState, arm: float, tick: int = 0) -> EnvState:
    """All robots hanging at rest with the arm there."""
    zero = np.zeros(B)
    plant = make_state(zero + arm, zero, zero, zero)
    return state._replace(plant=plant, tick=np.full(B, tick, np.int32))


def test_leaving_the_arm_limit_terminates_and_does_not_truncate() -> None:
    env = make()
    state, result = env.step(at(env.reset(KEY), 2.5), 0 * wave(0))
    assert result.terminated.all() and not result.truncated.any()
    assert np.all(result.reward == -1)
    np.testing.assert_allclose(result.final_observation[:, 0], 2.5, atol=0.1)
    assert np.all(np.abs(state.observation[:, 0]) <= 1.5)  # already the next episode's
    assert not state.tick.any()


def test_time_running_out_truncates_and_does_not_terminate() -> None:
    env = make(episode=0.1)  # five steps
    state = at(env.reset(KEY), 0.3)
    for step in range(1, 6):
        state, result = env.step(state, 0 * wave(0))
        assert not result.terminated.any()
        assert np.all(result.truncated == (step == 5))
        assert np.all(result.reward > -1)
    np.testing.assert_allclose(result.final_observation[:, 0], 0.3, atol=0.1)
    assert not state.tick.any()


def test_termination_at_the_last_step_is_no_truncation() -> None:
    env = make(episode=0.1)
    _, result = env.step(at(env.reset(KEY), 2.5, tick=4), 0 * wave(0))
    assert result.terminated.all() and not result.truncated.any()


def test_staggered_episodes_do_not_end_together_but_all_end_in_time() -> None:
    env = make(episode=0.2, is_staggered=True)  # ten steps
    state, ends = env.reset(KEY), np.zeros(B)
    for _ in range(10):
        state, result = env.step(state, 0 * wave(0))
        ends += result.truncated
        assert not result.truncated.all()
    assert np.all(ends == 1)


def test_only_robots_whose_episode_ended_are_drawn_anew() -> None:
    env = make(ranges=PRESETS['wide'])
    state = at(env.reset(KEY), 0.0)
    angle = np.where(np.arange(B) < 3, 2.5, 0.0)
    state = state._replace(plant=state.plant._replace(arm_angle=angle))
    after, result = env.step(state, 0 * wave(0))
    assert result.terminated.tolist() == [True] * 3 + [False] * (B - 3)
    changed = np.any(after.deviations != state.deviations, axis=1)
    assert changed.tolist() == (after.delay != state.delay).tolist() == result.terminated.tolist()
    same_model = [new is old for new, old in zip(after.model, state.model, strict=True)]
    assert same_model == (~changed).tolist()


def test_command_acts_after_its_delay_in_fractions_of_a_control_step() -> None:
    """30 ms at 50 Hz: nothing in the first step, the second half of the second step."""
    env = make(ranges=Ranges(delay=(0.03, 0.03)), robot=QUBE, physics_dt=0.001)
    state = at(env.reset(KEY), 0.0)
    backend, physics = env.plants.backend, env.plants.backend.prepare(QUBE.physics)
    expected = backend.step(physics, state.plant, np.zeros(B), 30)
    expected = backend.step(physics, expected, np.full(B, 5.0), 10)
    first, _ = env.step(state, np.full((B, 1), 0.5))
    second, _ = env.step(first, np.full((B, 1), -1.0))
    assert not first.plant.arm_angle.any()
    np.testing.assert_allclose(second.plant.arm_angle, expected.arm_angle, rtol=1e-6)
    np.testing.assert_allclose(
        second.plant.pendulum_velocity, expected.pendulum_velocity, rtol=1e-6
    )


def test_critic_sees_true_state_delay_and_parameters() -> None:
    env = make(ranges=PRESETS['default'])
    state, _ = env.step(env.reset(KEY), wave(0))
    extra = state.privileged[:, env.observation_size :]
    np.testing.assert_allclose(extra[:, 0], state.plant.arm_angle, rtol=1e-6)
    np.testing.assert_allclose(extra[:, 3], state.plant.arm_velocity, rtol=1e-6)
    np.testing.assert_allclose(extra[:, 6], state.delay / env.config.period, rtol=1e-6)
    np.testing.assert_allclose(extra[:, 7:], state.deviations)


def test_measured_angles_are_whole_counts() -> None:
    env = make(ranges=Ranges(quantised=True))
    state, _ = env.step(env.reset(KEY), wave(0))
    counts = state.memory.pendulum_angle / (2 * np.pi / FURUTA.sensors.pendulum_counts)
    np.testing.assert_allclose(counts, np.round(counts), atol=1e-3)
    assert np.any(state.memory.pendulum_angle != state.plant.pendulum_angle)


def test_velocities_are_right_although_control_steps_jitter() -> None:
    """A slow pendulum without gravity keeps its 0.5 rad/s; steps of 12 to 28 ms show it."""
    robot = QUBE.with_values({'physics.gravity': 1e-9})
    env = make(ranges=Ranges(period_jitter=0.4), robot=robot)
    state = at(env.reset(KEY), 0.0)
    spin = state.plant._replace(pendulum_velocity=np.full(B, 0.5))
    state = state._replace(plant=spin, memory=env.task.start(*spin[:2], np))
    for _ in range(10):
        state, _ = env.step(state, 0 * wave(0))
        np.testing.assert_allclose(state.observation[:, 4], 0.5, rtol=0.02)
    assert np.ptp(state.early) > 0.001


def test_success_widens_the_ranges_and_failure_narrows_them() -> None:
    env = make(
        ranges=PRESETS['wide'], task=FollowTask(target_span=0.1), widening=0.25, episode=0.1
    )
    state = env.reset(KEY)
    assert not state.level.any() and not state.deviations.any()
    for _ in range(5):
        state, result = env.step(state, 0 * wave(0))
    assert result.truncated.all()
    upright = state.level > 0
    assert upright.any()
    assert np.all(state.level[upright] == 0.25)
    assert np.all(np.abs(state.deviations[upright]).max(axis=1) > 0.1)
    assert np.all(np.abs(state.deviations) <= 0.25)
    lost = at(state, 2.5)
    state, _ = env.step(lost, 0 * wave(0))
    assert not state.level.any()


def test_several_seeds_run_under_vmap_jit_and_scan() -> None:
    env = make('analytic', PRESETS['wide'], batch=4)

    @jax.jit
    def run(key):
        def step(state, _):
            return env.step(state, jnp.zeros((4, 1)))

        return jax.lax.scan(step, env.reset(key), None, 10)[1].reward

    keys = jax.random.split(KEY, 3)
    rewards = jax.vmap(run)(keys)
    assert rewards.shape == (3, 10, 4)
    np.testing.assert_allclose(rewards[1], run(keys[1]), atol=1e-4)


def test_unknown_backend_and_uneven_physics_step_are_refused() -> None:
    with pytest.raises(ValueError, match='analytic, mjx, mujoco'):
        make('bullet')
    with pytest.raises(ValueError, match='divide'):
        EnvConfig(physics_dt=0.0015)

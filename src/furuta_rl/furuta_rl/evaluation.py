# SPDX-License-Identifier: Apache-2.0
"""How good a controller is: whole episodes on many robots, judged by what truly happened.

An episode succeeds if the pendulum, at rest at first, is within 10 degrees of upright at every
control step of the last 5 s of 10 s, and the arm within +-120 degrees throughout. The `follow`
task is judged the same way, starting upright.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

import jax
import numpy as np
from numpy.typing import NDArray

from furuta_description.randomization import Ranges
from furuta_description.robot import Robot
from furuta_rl.env import Env, EnvConfig, EnvState, Transition
from furuta_rl.policy import Policy as PolicyFile
from furuta_rl.ppo.networks import Policy, act
from furuta_rl.task import UPRIGHT, Task

EPISODE = 10.0  # [s]
HOLD = 5.0  # [s] at the end of an episode, upright at every step
ARM_LIMIT = math.radians(120)  # [rad]
CHUNK = 4096  # robots at a time: more gain no speed and take memory
# Training starts from jax.random.key(seed) and the first few numbers of its splits; evaluation
# from this branch of the same key, which no split counts up to.
HELD_OUT = 0xE7A10A7E

Array = Any  # numpy or jax array
_act = jax.jit(act)  # one program for all policies of a shape


class Controller(Protocol):
    """Acts for the B robots of an `Env`."""

    def start(self, state: EnvState) -> None:
        """New episodes of all robots begin."""

    def act(self, state: EnvState) -> Array:
        """Actions (B, 1) in -1..1, from what a controller may know of the state."""


class TrainedController:
    """The trainer's own network."""

    def __init__(self, policy: Policy) -> None:
        """Take arrays of one seed."""
        self._policy = policy

    def start(self, state: EnvState) -> None:
        """Nothing to remember: the observation holds it all."""

    def act(self, state: EnvState) -> Array:
        """See `Controller.act`."""
        return _act(self._policy, state.observation)


class PolicyController:
    """An exported policy, all robots in one call."""

    def __init__(self, policy: PolicyFile) -> None:
        """Take a loaded policy."""
        self._policy = policy

    def start(self, state: EnvState) -> None:
        """Nothing to remember: the observation holds it all."""

    def act(self, state: EnvState) -> Array:
        """See `Controller.act`."""
        return self._policy.act_batch(np.asarray(state.observation))


class Episodes(NamedTuple):
    """What became of N episodes; numpy, (N,) each."""

    success: NDArray[Any]  # bool
    time_to_upright: NDArray[Any]  # [s] from when on it was upright to the end; NaN: never
    was_up: NDArray[Any]  # bool: upright at one control step at least
    arm_rms: NDArray[Any]  # [rad] from its target, of the last 5 s; NaN: lost before
    pendulum_rms: NDArray[Any]  # [rad] from upright, of the last 5 s
    voltage_rms: NDArray[Any]  # [V] commanded, of the last 5 s
    arm_max: NDArray[Any]  # [rad] largest angle to either side
    delay: NDArray[Any]  # [s]
    deviations: NDArray[Any]  # (N, n) -1..1 of the drawn parameters


class _Tally(NamedTuple):
    """Of the first episode of each robot, (B,) each; what follows a reset does not count."""

    is_on: Array  # bool: it was not lost yet
    last_away: Array  # int32: last control step that was not upright
    was_up: Array  # bool
    arm_max: Array  # [rad]
    squares: Array  # (B, 3) sums over the last 5 s: arm, pendulum, voltage


def evaluate(
    controller: Controller,
    robot: Robot,
    task: Task,
    ranges: Ranges,
    config: EnvConfig,
    episodes: int = 1000,
    seed: int = 0,
    on_step: Callable[[int], None] | None = None,
) -> Episodes:
    """Let a controller do whole episodes on held-out robots.

    Args:
        controller: who acts; for as many robots as it is given.
        robot: the nominal one.
        task: its arm limit is set to that of the criterion.
        ranges: that robots are drawn from.
        config: backend and rates; start and length of episodes are those of the criterion.
        episodes: how many.
        seed: of the draws; never the same as in training with whatever seed.
        on_step: called with the number of control steps just done, of all robots together.
    """
    chunks = -(-episodes // CHUNK)
    size = -(-episodes // chunks)  # all of them equal, so that one program serves all
    env = make_env(robot, task, ranges, config, size)
    done = [
        run_episodes(env, controller, held_out_key(seed, chunk), on_step=on_step)
        for chunk in range(chunks)
    ]
    return Episodes(*(np.concatenate(column)[:episodes] for column in zip(*done, strict=True)))


def make_env(robot: Robot, task: Task, ranges: Ranges, config: EnvConfig, batch_size: int) -> Env:
    """Environment of the criterion."""
    task = replace(task, arm_limit=ARM_LIMIT)
    config = replace(config, episode=EPISODE, from_rest=True, is_staggered=False, widening=0.0)
    return Env(robot, task, ranges, config, batch_size)


def held_out_key(seed: int, chunk: int = 0) -> Array:
    """Randomness that no training uses."""
    return jax.random.fold_in(jax.random.fold_in(jax.random.key(seed), HELD_OUT), chunk)


def run_episodes(
    env: Env,
    controller: Controller,
    key: Array,
    prepare: Callable[[EnvState], EnvState] | None = None,
    on_step: Callable[[int], None] | None = None,
) -> Episodes:
    """One whole episode of every robot.

    Args:
        env: see `make_env`.
        controller: who acts.
        key: of the draws.
        prepare: changes the first state, for example the drawn delays.
        on_step: called with the number of control steps just done, of all robots together.
    """
    first, tally, step = None, None, 0
    for state, action, result in play(env, controller, key, prepare):
        if first is None or tally is None:
            first, tally = state, _start(env)
        tally = _tallied(env)(tally, np.int32(step := step + 1), state.target, action, result)
        if on_step:
            on_step(env.batch_size)
    assert first is not None and tally is not None  # an episode has a step
    return _judge(env, first, jax.tree.map(np.asarray, tally))


def play(
    env: Env,
    controller: Controller,
    key: Array,
    prepare: Callable[[EnvState], EnvState] | None = None,
) -> Iterator[tuple[EnvState, Array, Transition]]:
    """State, action and what came of it, for every control step of an episode."""
    state = _compiled(env).reset(key)
    if prepare:
        state = prepare(state)
    controller.start(state)
    for _ in range(env.episode_steps):
        action = env.xp.asarray(controller.act(state))
        after, result = _compiled(env).step(state, action)
        yield state, action, result
        state = after


class _Programs(NamedTuple):
    """What an environment does, compiled where that is possible."""

    reset: Callable[..., EnvState]
    step: Callable[..., tuple[EnvState, Transition]]


@lru_cache(maxsize=2)
def _compiled(env: Env) -> _Programs:
    if env.xp is np:
        return _Programs(env.reset, env.step)
    return _Programs(jax.jit(env.reset), jax.jit(env.step))


@lru_cache(maxsize=2)
def _tallied(env: Env) -> Callable[..., _Tally]:
    def count(
        tally: _Tally, step: Array, target: Array, action: Array, result: Transition
    ) -> _Tally:
        xp = env.xp
        arm, cos, sin = (
            result.final_privileged[:, env.observation_size + column] for column in range(3)
        )
        error = xp.arctan2(sin, cos)
        is_on = tally.is_on & ~result.terminated
        is_up = is_on & (xp.abs(error) < UPRIGHT)
        is_end = is_on & (step >= _hold_start(env))
        squares = xp.stack((arm - target, error, env.task.voltage(action[:, 0], xp)), -1) ** 2
        arm_max = xp.maximum(tally.arm_max, xp.where(tally.is_on, xp.abs(arm), 0.0))
        return _Tally(
            is_on=is_on,
            last_away=xp.where(is_up, tally.last_away, step),
            was_up=tally.was_up | is_up,
            arm_max=arm_max,
            squares=tally.squares + xp.where(is_end[:, None], squares, 0.0),
        )

    return count if env.xp is np else jax.jit(count)


def _start(env: Env) -> _Tally:
    xp, count = env.xp, env.batch_size
    false = xp.zeros(count, bool)
    zero = xp.zeros(count, np.float32)
    return _Tally(~false, xp.zeros(count, np.int32), false, zero, xp.stack((zero,) * 3, -1))


def _hold_start(env: Env) -> int:
    """First control step of the last 5 s."""
    return env.episode_steps - round(HOLD * env.config.control_rate_hz)


def _judge(env: Env, first: EnvState, tally: _Tally) -> Episodes:
    start, end = _hold_start(env), env.episode_steps
    is_for_good = tally.is_on & (tally.last_away < end)
    time = np.where(is_for_good, (tally.last_away + 1) * env.config.period, np.nan)
    rms = np.sqrt(tally.squares / (end - start + 1))
    arm_rms, pendulum_rms, voltage_rms = np.where(tally.is_on[:, None], rms, np.nan).T
    return Episodes(
        success=is_for_good & (tally.last_away < start),
        time_to_upright=time,
        was_up=tally.was_up,
        arm_rms=arm_rms,
        pendulum_rms=pendulum_rms,
        voltage_rms=voltage_rms,
        arm_max=tally.arm_max,
        delay=np.asarray(first.delay),
        deviations=np.asarray(first.deviations),
    )

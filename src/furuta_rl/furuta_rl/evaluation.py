# SPDX-License-Identifier: Apache-2.0
"""How good a controller is: whole episodes on many robots that no training has seen.

The criterion, and what is counted, is in episodes.py; who may act, in controllers.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

import jax
import numpy as np
from numpy.typing import NDArray

from furuta_description.randomization import Ranges
from furuta_description.robot import Robot
from furuta_rl.criterion import ARM_LIMIT, EPISODE
from furuta_rl.env import Env, EnvConfig, EnvState, Transition
from furuta_rl.episodes import Episodes, judge, start_tally, tally_of
from furuta_rl.task import Task

CHUNK = 4096  # robots at a time: more gain no speed and take memory
# Training starts from jax.random.key(seed) and the first few numbers of its splits; evaluation
# from this branch of the same key, which no split counts up to.
HELD_OUT = 0xE7A10A7E

Array = Any  # numpy or jax array
Prepare = Callable[[EnvState, NDArray[Any]], EnvState]


class Controller(Protocol):
    """Acts for the B robots of an `Env`."""

    def start(self, state: EnvState) -> None:
        """New episodes of all robots begin."""

    def act(self, state: EnvState) -> Array:
        """Actions (B, 1) in -1..1, from what a controller may know of the state."""


def evaluate(
    controller: Controller,
    robot: Robot,
    task: Task,
    ranges: Ranges,
    config: EnvConfig,
    episodes: int = 1000,
    seed: int = 0,
    prepare: Prepare | None = None,
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
        prepare: changes the first states of the robots with these numbers, out of 0..episodes-1:
            for example their delays.
        on_step: called with the number of control steps just done, of all robots together.
    """
    chunks = chunks_of(episodes, seed)
    env = make_env(robot, task, ranges, config, chunks[0].size)
    return run_chunks(env, controller, chunks, episodes, prepare, on_step)


def run_chunks(
    env: Env,
    controller: Controller,
    chunks: Sequence[Chunk],
    episodes: int,
    prepare: Prepare | None = None,
    on_step: Callable[[int], None] | None = None,
) -> Episodes:
    """The first `episodes` of one whole episode of every robot of the chunks; see `evaluate`.

    The environment has the chunks' size, and may serve several controllers.
    """
    done = [
        run_episodes(env, controller, chunk.key, chunk.preparation(prepare), on_step)
        for chunk in chunks
    ]
    return Episodes(*(np.concatenate(column)[:episodes] for column in zip(*done, strict=True)))


def make_env(robot: Robot, task: Task, ranges: Ranges, config: EnvConfig, batch_size: int) -> Env:
    """Environment of the criterion."""
    task = replace(task, arm_limit=ARM_LIMIT)
    config = replace(config, episode=EPISODE, from_rest=True, is_staggered=False, widening=0.0)
    return Env(robot, task, ranges, config, batch_size)


class Chunk(NamedTuple):
    """Robots that are evaluated at a time."""

    key: Array  # of their draws
    size: int  # the same for all chunks, so that one program serves all
    robots: NDArray[Any]  # (size,) their numbers

    def preparation(self, prepare: Prepare | None) -> Callable[[EnvState], EnvState] | None:
        """What changes the first states of these robots."""
        return (lambda state: prepare(state, self.robots)) if prepare else None


def chunks_of(episodes: int, seed: int) -> list[Chunk]:
    """Chunks that hold the episodes; the last may be filled up by repeating its last robot."""
    count = -(-episodes // CHUNK)
    size = -(-episodes // count)
    robots = np.minimum(np.arange(count * size), episodes - 1).reshape(count, size)
    return [Chunk(held_out_key(seed, i), size, robots[i]) for i in range(count)]


def select(state: EnvState, robots: NDArray[Any]) -> EnvState:
    """States of some robots only; without C MuJoCo's models, which `play` makes anew."""
    chosen: EnvState = jax.tree.map(lambda leaf: leaf[robots], state._replace(model=None))
    return chosen


def start_from(state: EnvState) -> Callable[[EnvState], EnvState]:
    """A preparation that puts another first state in the place of the drawn one."""
    return lambda _: state


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
            first, tally = state, start_tally(env)
        tally = tally_of(env)(tally, np.int32(step := step + 1), state.target, action, result)
        if on_step:
            on_step(env.batch_size)
    assert first is not None and tally is not None  # an episode has a step
    return judge(env, first, jax.tree.map(np.asarray, tally))


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
        state = state._replace(model=env.plants.make_model(state.deviations))
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

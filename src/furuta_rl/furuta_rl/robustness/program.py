# SPDX-License-Identifier: Apache-2.0
"""Whole episodes of the robots of a cell as one compiled program.

The same environment, draws, controllers and criterion as `furuta evaluate`, without what only
training needs: nothing starts anew where an episode was lost. What tells one cell from another
goes in as an argument, so that all cells share one program.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from furuta_rl.env import Env, EnvState, Transition
from furuta_rl.episodes import Episodes, Tally, judge, start_tally, tally_of
from furuta_rl.robustness.players import Player

Array = Any  # jax array


class World(NamedTuple):
    """What all robots of a cell have in common; numbers, but for the deviations."""

    delay: float  # [s] from sample to voltage
    jitter: float  # [s] by which a command comes later, up to
    dropout: float  # probability that a measurement, and that a command, is lost
    push: float  # [rad/s] by which a push changes the pendulum's velocity, up to
    coarseness: float  # encoder steps, as a multiple of the robot's
    spread: Array  # (n,) of the deviations that are drawn
    change: Array  # (n,) added to all robots' deviations


class Outcome(NamedTuple):
    """What became of the B robots of a cell."""

    episodes: Episodes
    energy: Array  # (B,) [J] that the motors took


class Program:
    """A player in an environment, ready to be put into any world."""

    def __init__(self, env: Env, player: Player) -> None:
        """Take the environment of the criterion (`evaluation.make_env`); nothing is compiled."""
        self._env, self._player = env, player
        self._run = jax.jit(partial(_run, env, player))

    def __call__(self, world: World, key: Array) -> Outcome:
        """All episodes of a cell."""
        known = self._player.knowledge(world.delay)
        done = self._run(jax.tree.map(np.float32, world), known, key)
        first, tally, energy = jax.tree.map(np.asarray, done)
        return Outcome(judge(self._env, first, tally), energy)


def _run(
    env: Env, player: Player, world: World, known: Any, key: Array
) -> tuple[EnvState, Tally, Array]:
    """First states, without what nobody asks for, tallies and energies."""
    there = _placed(env, world)
    first = there.reset(key)
    deviations = world.spread * first.deviations + world.change
    first = first._replace(deviations=deviations, energy=jnp.zeros(env.batch_size))

    def step(before: tuple[EnvState, Any, Tally], number: Array) -> tuple[Any, None]:
        state, memory, tally = before
        action, memory = player.act(known, memory, state)
        after = there.advance(state, action)
        lost = env.task.terminated(after.plant, jnp)
        result = Transition(lost, lost, lost, after.observation, after.privileged)
        tally = tally_of(env)(tally, number, state.target, action, result)
        return (after._replace(privileged=None), memory, tally), None

    start = (first._replace(privileged=None), player.start(known, first), start_tally(env))
    numbers = jnp.arange(1, env.episode_steps + 1, dtype=np.int32)
    (last, _, tally), _ = jax.lax.scan(step, start, numbers)
    return first, tally, last.energy


def _placed(env: Env, world: World) -> Env:
    """The environment with a world's numbers."""
    ranges = replace(
        env.ranges,
        delay=(world.delay, world.delay),
        delay_jitter=world.jitter,
        measurement_dropout=world.dropout,
        command_dropout=world.dropout,
        push_velocity=world.push,
    )
    sensors: Any = env.robot.sensors
    counts = (sensors.arm_counts / world.coarseness, sensors.pendulum_counts / world.coarseness)
    return env.within(ranges, sensors._replace(arm_counts=counts[0], pendulum_counts=counts[1]))

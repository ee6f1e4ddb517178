# SPDX-License-Identifier: Apache-2.0
"""Experience: all robots act for some control steps; tallies of the episodes that ended."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from furuta_rl.ppo.environment import Environment
from furuta_rl.ppo.networks import Actor, mean_action
from furuta_rl.ppo.normalization import Statistics, normalize

Array = jax.Array


class Step(NamedTuple):
    """One control step of B robots; a rollout has a first axis T more."""

    observation: Array  # (B, n)
    privileged: Array  # (B, m)
    mean: Array  # (B, a), the actor's, when it acted
    u: Array  # (B, a), the action before its cut
    reward: Array  # (B,)
    terminated: Array  # (B,) bool
    truncated: Array  # (B,) bool
    next_privileged: Array  # (B, m), before any reset


class Episodes(NamedTuple):
    """Of the episodes under way, (B,) each."""

    total: Array  # sum of rewards
    length: Array  # control steps


class Ended(NamedTuple):
    """Of the episodes that ended during a rollout; means are NaN if none did."""

    episodes: Array  # how many
    episode_return: Array  # mean sum of rewards
    episode_length: Array  # mean control steps
    terminated: Array  # share that ended by termination


def make_episodes(robots: int) -> Episodes:
    """None of the robots has done a step."""
    return Episodes(jnp.zeros(robots), jnp.zeros(robots))


def collect(
    environment: Environment, actor: Actor, statistics: Statistics, start: Any, noise: Array
) -> tuple[Any, Step]:
    """Let all robots act for T control steps.

    Args:
        environment: of B robots.
        actor: who acts.
        statistics: that it knows observations by.
        start: the environment's state.
        noise: standard normal, (T, B, a).

    Returns:
        The environment's state after, and the rollout: (T, B, ...) each.
    """
    std = jnp.exp(actor.log_std)

    def step(state: Any, noise: Array) -> tuple[Any, Step]:
        mean = mean_action(actor, normalize(statistics, state.observation))
        u = mean + std * noise
        after, result = environment.step(state, jnp.clip(u, -1, 1))
        seen = (state.observation, state.privileged, mean, u)
        ends = (result.terminated, result.truncated)
        return after, Step(*seen, result.reward, *ends, result.final_privileged)

    state, rollout = jax.lax.scan(step, start, noise)
    return state, rollout


def tally(episodes: Episodes, rollout: Step) -> tuple[Episodes, Ended]:
    """Carry the episodes under way through a rollout and sum up those that ended in it."""

    def step(episodes: Episodes, step: tuple[Array, Array]) -> tuple[Episodes, Array]:
        reward, is_over = step
        total, length = episodes.total + reward, episodes.length + 1
        sums = jnp.stack((jnp.sum(is_over * total), jnp.sum(is_over * length)))
        return Episodes(total * (1 - is_over), length * (1 - is_over)), sums

    is_over = (rollout.terminated | rollout.truncated).astype(jnp.float32)
    episodes, sums = jax.lax.scan(step, episodes, (rollout.reward, is_over))
    count = jnp.sum(is_over)
    returns, lengths = jnp.sum(sums, 0) / count
    return episodes, Ended(count, returns, lengths, jnp.sum(rollout.terminated) / count)

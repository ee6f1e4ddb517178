# SPDX-License-Identifier: Apache-2.0
"""Tiny environments with known values: each that fails points at the part that is broken.

The idea and the first five are Andy Jones', "Debugging Reinforcement Learning Systems" (2021);
actions are numbers here, so that the best one lies inside their range.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

Array = jax.Array


class State(NamedTuple):
    """Of B robots."""

    observation: Array  # (B, 1)
    privileged: Array  # (B, 1)
    age: Array  # (B,) steps since the episode began
    key: Array


class Transition(NamedTuple):
    """What one step brought; see `environment.Transition`."""

    reward: Array
    terminated: Array
    truncated: Array
    final_observation: Array
    final_privileged: Array


class Probe:
    """Constant reward of 1, one step: the value is 1. Tests the critic alone."""

    observation_size = privileged_size = action_size = 1
    terminates_after = 1  # steps; 0 = never
    truncates_after = 0  # steps; 0 = never

    def __init__(self, batch_size: int = 64) -> None:
        """Make `batch_size` robots."""
        self.batch_size = batch_size

    def reset(self, key: Array) -> State:
        """Start all robots."""
        key, own = jax.random.split(key)
        age = jnp.zeros(self.batch_size, jnp.int32)
        observation = self.observe(age, own)
        return State(observation, observation, age, key)

    def step(self, state: State, action: Array) -> tuple[State, Transition]:
        """Advance all robots by one step."""
        key, own = jax.random.split(state.key)
        age = state.age + 1
        terminated = (age == self.terminates_after) & (self.terminates_after > 0)
        truncated = (age == self.truncates_after) & (self.truncates_after > 0)
        reward = self.reward(state, action[:, 0])
        final = self.observe(age, own)
        age = jnp.where(terminated | truncated, 0, age)
        observation = self.observe(age, own)
        after = State(observation, observation, age, key)
        return after, Transition(reward, terminated, truncated, final, final)

    def observe(self, age: Array, key: Array) -> Array:
        """What is seen, (B, 1); 0 here."""
        return jnp.zeros((*age.shape, 1))

    def reward(self, state: State, action: Array) -> Array:
        """What the action (B,) brings, (B,)."""
        return jnp.ones_like(action)


class RandomSign(Probe):
    """The observation is +1 or -1 by chance and the reward as well: the value is what is seen."""

    def observe(self, age: Array, key: Array) -> Array:
        """Plus or minus 1."""
        return jax.random.rademacher(key, (*age.shape, 1), jnp.float32)

    def reward(self, state: State, action: Array) -> Array:
        """What was seen."""
        return state.observation[:, 0]


class DelayedReward(Probe):
    """Two steps, 1 at the end: the values are gamma, then 1. Tests the discount."""

    terminates_after = 2

    def observe(self, age: Array, key: Array) -> Array:
        """The step."""
        return age[:, None].astype(jnp.float32)

    def reward(self, state: State, action: Array) -> Array:
        """1 for the second step."""
        return state.age.astype(jnp.float32)


class BestAction(Probe):
    """The closer the action to 0.5 the better: tests the actor."""

    def reward(self, state: State, action: Array) -> Array:
        """Minus the squared distance."""
        return -((action - 0.5) ** 2)


class BestActionForObservation(RandomSign):
    """The best action is half of what is seen: tests that both are kept together."""

    def reward(self, state: State, action: Array) -> Array:
        """Minus the squared distance."""
        return -((action - 0.5 * state.observation[:, 0]) ** 2)


class TimeLimit(Probe):
    """1 in every step, the time is up after 4: the value is 1 / (1 - gamma) all the same."""

    terminates_after, truncates_after = 0, 4

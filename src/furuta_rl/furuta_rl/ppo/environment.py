# SPDX-License-Identifier: Apache-2.0
"""What the trainer asks of an environment: B robots at once, pure functions, auto-reset."""

from __future__ import annotations

from typing import Any, Protocol

import jax

Array = jax.Array


class EnvironmentState(Protocol):
    """A pytree that holds, among what the environment needs, the present observations."""

    @property
    def observation(self) -> Array:
        """What the actor sees, (B, n)."""

    @property
    def privileged(self) -> Array:
        """What the critic sees, (B, m)."""


class Transition(Protocol):
    """What one control step brought, (B,) each. Termination and truncation never merge."""

    @property
    def reward(self) -> Array:
        """Reward, (B,)."""

    @property
    def terminated(self) -> Array:
        """The task ended: nothing more is to come, (B,) bool."""

    @property
    def truncated(self) -> Array:
        """The time is up: more would have come, (B,) bool."""

    @property
    def final_observation(self) -> Array:
        """Observation after the step and before a reset, (B, n)."""

    @property
    def final_privileged(self) -> Array:
        """The same for the critic, (B, m)."""


class Environment(Protocol):
    """B robots. Where an episode ended, the new state already belongs to the next one."""

    @property
    def observation_size(self) -> int:
        """Length n of an observation."""

    @property
    def privileged_size(self) -> int:
        """Length m of a privileged observation."""

    @property
    def action_size(self) -> int:
        """Length a of an action."""

    @property
    def batch_size(self) -> int:
        """Number of robots B."""

    def reset(self, key: Array) -> Any:
        """Start all robots; an `EnvironmentState`."""

    def step(self, state: Any, action: Array) -> tuple[Any, Any]:
        """Advance all robots by one control step.

        Args:
            state: an `EnvironmentState`.
            action: (B, a) within [-1, 1].

        Returns:
            The new state and a `Transition`.
        """

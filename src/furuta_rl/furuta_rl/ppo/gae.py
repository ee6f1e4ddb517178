# SPDX-License-Identifier: Apache-2.0
"""Generalized advantage estimation, with the two ways an episode ends kept apart.

J. Schulman et al., "High-Dimensional Continuous Control Using Generalized Advantage
Estimation" (2016), arXiv:1506.02438, eq. 11 and 16. Where the task terminated nothing more is
to come; where the time was up the value of the last state stands for what would have come.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

Array = jax.Array


class Outcomes(NamedTuple):
    """What T steps of B robots brought, (T, B) each."""

    reward: Array
    value: Array  # V(s_t)
    next_value: Array  # V(s_t+1), of the state before any reset
    terminated: Array  # bool
    truncated: Array  # bool


def advantages(outcomes: Outcomes, discount: float, trace: float) -> Array:
    """Advantage of each action over what the critic expected, (T, B).

    Args:
        outcomes: (T, B) each.
        discount: gamma.
        trace: lambda.
    """
    goes_on = 1.0 - outcomes.terminated
    is_same_episode = goes_on * (1.0 - outcomes.truncated)
    future = discount * goes_on * outcomes.next_value
    surprise = outcomes.reward + future - outcomes.value  # delta_t, eq. 11

    def back(later: Array, step: tuple[Array, Array]) -> tuple[Array, Array]:
        delta, weight = step
        advantage = delta + weight * later  # eq. 16 as a recursion
        return advantage, advantage

    weights = discount * trace * is_same_episode
    start = jnp.zeros_like(surprise[0])
    _, result = jax.lax.scan(back, start, (surprise, weights), reverse=True)
    return result

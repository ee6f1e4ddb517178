# SPDX-License-Identifier: Apache-2.0
"""Running mean and variance of observations, and what the networks see of them."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

VARIANCE_FLOOR = 1e-4  # what never moved in training must not blow up on the robot
BOUND = 10.0  # standard deviations beyond which a network is not asked to know more
Array = jax.Array


class Statistics(NamedTuple):
    """Of all observations so far."""

    observations: Array  # () how many
    mean: Array  # (n,)
    variance: Array  # (n,)


def make_statistics(size: int) -> Statistics:
    """Before the first observation: those that change nothing."""
    return Statistics(jnp.zeros(()), jnp.zeros(size), jnp.ones(size))


def update_statistics(old: Statistics, observations: Array) -> Statistics:
    """Take in a batch (..., n).

    T. F. Chan, G. H. Golub and R. J. LeVeque, "Updating Formulae and a Pairwise Algorithm for
    Computing Sample Variances" (1979), eq. 2.1, for variances instead of sums of squares.
    """
    axes = tuple(range(observations.ndim - 1))
    mean, variance = jnp.mean(observations, axes), jnp.var(observations, axes)
    count = observations.size // observations.shape[-1]
    total = old.observations + count
    share = count / total
    shift = mean - old.mean
    return Statistics(
        total,
        old.mean + share * shift,
        (1 - share) * old.variance + share * variance + share * (1 - share) * shift * shift,
    )


def normalize(statistics: Statistics, observation: Array) -> Array:
    """Standard deviations from the mean, (..., n), bounded."""
    scale = jax.lax.rsqrt(statistics.variance + VARIANCE_FLOOR)
    return jnp.clip((observation - statistics.mean) * scale, -BOUND, BOUND)

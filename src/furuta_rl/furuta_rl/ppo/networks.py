# SPDX-License-Identifier: Apache-2.0
"""Actor and critic: small tanh networks as plain pytrees, and the policy that comes of them.

An action is drawn as u ~ N(tanh(network), std) and cut to [-1, 1] on its way to the robot; the
cut belongs to the environment, all densities are those of u. So full voltage needs no more than
a mean of 1, where noise still counts. The policy without noise is the mean.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp

from furuta_rl.ppo.normalization import Statistics, normalize

Array = jax.Array


class Layer(NamedTuple):
    """Affine map of the last axis."""

    weight: Array  # (inputs, outputs)
    bias: Array  # (outputs,)


Mlp = tuple[Layer, ...]


class Actor(NamedTuple):
    """Normal distribution of u given a normalized observation."""

    mean: Mlp
    log_std: Array  # (a,)


class Networks(NamedTuple):
    """All that is trained by gradient."""

    actor: Actor
    critic: Mlp


class Policy(NamedTuple):
    """What is left of the training: observation in, action out."""

    statistics: Statistics
    mean: Mlp


def make_mlp(key: Array, sizes: Sequence[int], last_gain: float) -> Mlp:
    """Random layers that keep the variance of their inputs (LeCun et al. 1998, "Backprop")."""
    layers = []
    for i, shape in enumerate(itertools.pairwise(sizes)):
        gain = last_gain if i == len(sizes) - 2 else 1.0
        scale = gain / math.sqrt(shape[0])
        weight = scale * jax.random.normal(jax.random.fold_in(key, i), shape)
        layers.append(Layer(weight, jnp.zeros(shape[1])))
    return tuple(layers)


def apply_mlp(mlp: Mlp, x: Array) -> Array:
    """Tanh after each layer but the last; (..., inputs) to (..., outputs)."""
    for layer in mlp[:-1]:
        x = jnp.tanh(x @ layer.weight + layer.bias)
    return x @ mlp[-1].weight + mlp[-1].bias


def make_networks(
    key: Array, sizes: tuple[int, int, int], hidden: Sequence[int], initial_std: float
) -> Networks:
    """New actor and critic.

    Args:
        key: randomness.
        sizes: lengths of observation, privileged observation and action.
        hidden: units of each hidden layer.
        initial_std: of u.
    """
    observation, privileged, action = sizes
    actor_key, critic_key = jax.random.split(key)
    # A nearly constant first policy: M. Andrychowicz et al., "What Matters In On-Policy
    # Reinforcement Learning?" (2020), arXiv:2006.05990, section 3.2.
    mean = make_mlp(actor_key, (observation, *hidden, action), last_gain=0.01)
    critic = make_mlp(critic_key, (privileged, *hidden, 1), last_gain=1.0)
    log_std = jnp.full(action, math.log(initial_std), jnp.float32)
    return Networks(Actor(mean, log_std), critic)


def mean_action(actor: Actor, observation: Array) -> Array:
    """Mean of u for a normalized observation, (..., n) to (..., a) within [-1, 1]."""
    return jnp.tanh(apply_mlp(actor.mean, observation))


def log_probability(actor: Actor, mean: Array, u: Array) -> Array:
    """Log density of u (..., a) under N(mean, std), (...)."""
    z = (u - mean) * jnp.exp(-actor.log_std)
    constant = jnp.sum(actor.log_std) + 0.5 * u.shape[-1] * math.log(2 * math.pi)
    result: Array = -0.5 * jnp.sum(z * z, -1) - constant
    return result


def entropy(actor: Actor) -> Array:
    """Entropy of u."""
    return jnp.sum(actor.log_std + 0.5 * math.log(2 * math.pi * math.e))


def act(policy: Policy, observation: Array) -> Array:
    """Action without noise, (..., n) to (..., a) within [-1, 1]."""
    return jnp.tanh(apply_mlp(policy.mean, normalize(policy.statistics, observation)))

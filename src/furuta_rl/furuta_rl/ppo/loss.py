# SPDX-License-Identifier: Apache-2.0
"""The loss of PPO: clipped surrogate, critic's error and entropy (Schulman et al. 2017)."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from furuta_rl.ppo.config import PPOConfig
from furuta_rl.ppo.networks import Networks, apply_mlp, entropy, log_probability, mean_action

Array = jax.Array


class Batch(NamedTuple):
    """What is learned from; the first axes are any, and the same in all."""

    observation: Array  # (..., n) normalized
    privileged: Array  # (..., m) normalized
    u: Array  # (..., a)
    log_probability: Array  # of u when it was drawn
    advantage: Array  # normalized
    target: Array  # of the critic


class Losses(NamedTuple):
    """Parts of the loss and what the step did to the policy, means over the batch."""

    policy_loss: Array  # minus the clipped surrogate
    value_loss: Array  # half the critic's squared error
    entropy: Array  # of the policy
    divergence: Array  # estimate of KL(old, new)
    clipped: Array  # share of the actions beyond the clip


def ppo_loss(networks: Networks, batch: Batch, config: PPOConfig) -> tuple[Array, Losses]:
    """Loss to descend: minus eq. 9 of the paper."""
    mean = mean_action(networks.actor, batch.observation)
    log_ratio = log_probability(networks.actor, mean, batch.u) - batch.log_probability
    ratio = jnp.exp(log_ratio)  # r(theta)
    policy = -jnp.mean(surrogate(ratio, batch.advantage, config.clip))

    value = apply_mlp(networks.critic, batch.privileged)[..., 0]
    value_loss = 0.5 * jnp.mean((value - batch.target) ** 2)

    randomness = entropy(networks.actor)
    total = policy + config.value_weight * value_loss - config.entropy_weight * randomness
    # J. Schulman, "Approximating KL Divergence" (2020), k3: unbiased and never negative.
    divergence = jnp.mean(ratio - 1 - log_ratio)
    clipped = jnp.mean((jnp.abs(ratio - 1) > config.clip).astype(jnp.float32))
    return total, Losses(policy, value_loss, randomness, divergence, clipped)


def surrogate(ratio: Array, advantage: Array, clip: float) -> Array:
    """Eq. 7: no gain from moving a probability further than `clip`, any loss counts in full."""
    bounded = jnp.clip(ratio, 1 - clip, 1 + clip)
    return jnp.minimum(ratio * advantage, bounded * advantage)

# SPDX-License-Identifier: Apache-2.0
"""The training: `_iterate` is one pass of the algorithm, `train` many of them in one program.

Several seeds train side by side (first axis S of everything), the robots of each spread over
the devices. Rewards are scaled by 1 - gamma inside, so that the critic learns mean rewards, of
order one whatever gamma is.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from furuta_rl.ppo.config import PPOConfig
from furuta_rl.ppo.environment import Environment
from furuta_rl.ppo.gae import Outcomes, advantages
from furuta_rl.ppo.loss import Batch, Losses, ppo_loss
from furuta_rl.ppo.networks import Networks, Policy, apply_mlp, log_probability, make_networks
from furuta_rl.ppo.normalization import (
    Statistics,
    make_statistics,
    normalize,
    update_statistics,
)
from furuta_rl.ppo.rollout import Episodes, Step, collect, make_episodes, tally

Array = jax.Array
Metrics = dict[str, Array]


class TrainState(NamedTuple):
    """All there is to a training: with it, another process goes on with the same bits."""

    networks: Networks
    optimizer: optax.OptState
    statistics: Statistics  # of observations
    privileged_statistics: Statistics
    environment: Any
    episodes: Episodes
    key: Array
    iteration: Array


class Trainer:
    """PPO on one environment."""

    def __init__(
        self,
        environment: Environment,
        config: PPOConfig,
        devices: Sequence[jax.Device] | None = None,
    ) -> None:
        """Spread the environment's robots over `devices`, by default all local ones.

        Raises:
            ValueError: the robots cannot be shared out evenly.
        """
        self.environment = environment
        self.config = config
        devices = jax.local_devices() if devices is None else devices
        parts = len(devices) * config.minibatches
        if environment.batch_size % parts:
            raise ValueError(
                f'{environment.batch_size} robots cannot be shared out to {len(devices)} devices '
                f'x {config.minibatches} minibatches; valid: multiples of {parts}'
            )
        self._mesh = Mesh(np.array(devices), ('robots',))
        self._optimizer = make_optimizer(config)

    def start(self, seeds: Sequence[int]) -> TrainState:
        """State before the first iteration, one training for each seed."""
        state: TrainState = self._start(jnp.asarray(seeds, jnp.uint32))
        return state

    def template(self, seeds: int) -> TrainState:
        """Shapes and types of the state, for `checkpoint.load`."""
        state: TrainState = jax.eval_shape(self._start, jnp.zeros(seeds, jnp.uint32))
        return state

    @partial(jax.jit, static_argnums=(0, 2))
    def train(self, state: TrainState, iterations: int) -> tuple[TrainState, Metrics]:
        """Run `iterations` iterations; compiled anew for each new number of them.

        Returns:
            The state after, and figures of each iteration: (iterations, S).
        """

        def iterate(state: TrainState, _: None) -> tuple[TrainState, Metrics]:
            return jax.vmap(self._iterate)(self._spread(state))

        state, metrics = jax.lax.scan(iterate, state, length=iterations)
        return self._spread(state), metrics

    def policy(self, state: TrainState, index: int) -> Policy:
        """The policy of the seed at `index`, without noise."""
        policy = Policy(state.statistics, state.networks.actor.mean)
        chosen: Policy = jax.tree.map(lambda leaf: leaf[index], policy)
        return chosen

    def value(self, state: TrainState, index: int, privileged: Array) -> Array:
        """Discounted reward that the critic of a seed expects, (..., m) to (...)."""
        critic, statistics = jax.tree.map(
            lambda leaf: leaf[index], (state.networks.critic, state.privileged_statistics)
        )
        value: Array = apply_mlp(critic, normalize(statistics, privileged))[..., 0]
        return value / (1 - self.config.discount)

    @partial(jax.jit, static_argnums=0)
    def _start(self, seeds: Array) -> TrainState:
        return self._spread(jax.vmap(self._start_one)(seeds))

    def _start_one(self, seed: Array) -> TrainState:
        environment, config = self.environment, self.config
        key, network_key, reset_key = jax.random.split(jax.random.key(seed), 3)
        sizes = (
            environment.observation_size,
            environment.privileged_size,
            environment.action_size,
        )
        networks = make_networks(network_key, sizes, config.hidden, config.initial_std)
        return TrainState(
            networks,
            self._optimizer.init(networks),
            make_statistics(sizes[0]),
            make_statistics(sizes[1]),
            environment.reset(reset_key),
            make_episodes(environment.batch_size),
            key,
            jnp.zeros((), jnp.int32),
        )

    def _iterate(self, state: TrainState) -> tuple[TrainState, Metrics]:
        """Collect, estimate advantages, update: algorithm 1 of the paper."""
        key, noise_key, order_key = jax.random.split(state.key, 3)
        shape = (self.config.steps, self.environment.batch_size, self.environment.action_size)
        noise = jax.random.normal(noise_key, shape)
        actor = state.networks.actor
        environment, rollout = collect(
            self.environment, actor, state.statistics, state.environment, noise
        )
        batch = self._make_batch(state, rollout)
        networks, optimizer, losses = self._update(state, batch, order_key)
        episodes, ended = tally(state.episodes, rollout)
        metrics = {
            'reward': jnp.mean(rollout.reward),
            **ended._asdict(),
            **losses._asdict(),
            'std': jnp.mean(jnp.exp(actor.log_std)),
        }
        after = TrainState(
            networks,
            optimizer,
            # Only now: within an iteration the networks see observations the same way.
            update_statistics(state.statistics, rollout.observation),
            update_statistics(state.privileged_statistics, rollout.privileged),
            environment,
            episodes,
            key,
            state.iteration + 1,
        )
        return after, metrics

    def _make_batch(self, state: TrainState, rollout: Step) -> Batch:
        config, critic = self.config, state.networks.critic
        privileged = normalize(state.privileged_statistics, rollout.privileged)
        following = normalize(state.privileged_statistics, rollout.next_privileged)
        value = apply_mlp(critic, privileged)[..., 0]
        outcomes = Outcomes(
            (1 - config.discount) * rollout.reward,
            value,
            apply_mlp(critic, following)[..., 0],
            rollout.terminated,
            rollout.truncated,
        )
        advantage = advantages(outcomes, config.discount, config.trace)
        return Batch(
            normalize(state.statistics, rollout.observation),
            privileged,
            rollout.u,
            log_probability(state.networks.actor, rollout.mean, rollout.u),
            (advantage - jnp.mean(advantage)) / (jnp.std(advantage) + 1e-8),
            advantage + value,
        )

    def _update(
        self, state: TrainState, batch: Batch, key: Array
    ) -> tuple[Networks, optax.OptState, Losses]:
        """Gradient steps on minibatches; each takes the same share from every device."""
        config, devices = self.config, self._mesh.size
        robots = self.environment.batch_size // devices
        # (T, B, ...) as (devices, robots of each, T, ...): a minibatch is made of whole stretches
        # and needs no other device's.
        parts = jax.tree.map(
            lambda leaf: leaf.swapaxes(0, 1).reshape(
                devices, robots, *leaf.shape[:1], *leaf.shape[2:]
            ),
            batch,
        )

        def descend(carry: Any, chosen: Array) -> tuple[Any, Losses]:
            networks, optimizer = carry
            # Flat, since matrix products of more axes take longer.
            part = jax.tree.map(lambda leaf: leaf[:, chosen].reshape(-1, *leaf.shape[3:]), parts)
            gradient, losses = jax.grad(ppo_loss, has_aux=True)(networks, part, config)
            change, optimizer = self._optimizer.update(gradient, optimizer, networks)
            return (optax.apply_updates(networks, change), optimizer), losses

        keys = jax.random.split(key, config.epochs)
        orders = jax.vmap(lambda key: jax.random.permutation(key, robots))(keys)
        orders = orders.reshape(config.epochs * config.minibatches, -1)
        start = (state.networks, state.optimizer)
        (networks, optimizer), losses = jax.lax.scan(descend, start, orders)
        return networks, optimizer, jax.tree.map(jnp.mean, losses)

    def _spread(self, state: TrainState) -> TrainState:
        """Lay the robots, second axis after the seeds, over the devices; the rest is on each.

        Said of every leaf, so that what comes out of the program goes in without a new one.
        """
        lay: Any = jax.lax.with_sharding_constraint  # jax has no types for these two
        axes: Any = PartitionSpec
        robots, everywhere = (NamedSharding(self._mesh, a) for a in (axes(None, 'robots'), axes()))

        def spread(leaf: Array) -> Any:
            has_robots = leaf.ndim > 1 and leaf.shape[1] == self.environment.batch_size
            return lay(leaf, robots if has_robots else everywhere)

        environment, episodes = jax.tree.map(spread, (state.environment, state.episodes))
        laid: TrainState = jax.tree.map(lambda leaf: lay(leaf, everywhere), state)
        return laid._replace(environment=environment, episodes=episodes)


def make_optimizer(config: PPOConfig) -> optax.GradientTransformation:
    """Adam (D. P. Kingma and J. Ba 2015) on bounded gradients, its step falling in each round."""
    updates = config.iterations * config.epochs * config.minibatches
    falling = optax.linear_schedule(config.learning_rate, config.final_learning_rate, updates)
    adam = optax.adam(lambda update: falling(update % updates))
    return optax.chain(optax.clip_by_global_norm(config.max_gradient_norm), adam)

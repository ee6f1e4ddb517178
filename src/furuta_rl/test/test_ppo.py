# SPDX-License-Identifier: Apache-2.0
"""Parts of PPO, several seeds, several devices, and going on from a checkpoint."""

import dataclasses
import os
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from furuta_rl.ppo import checkpoint
from furuta_rl.ppo.config import PPOConfig
from furuta_rl.ppo.loss import Batch, ppo_loss, surrogate
from furuta_rl.ppo.networks import apply_mlp, log_probability, make_networks, mean_action
from furuta_rl.ppo.normalization import make_statistics, normalize, update_statistics
from furuta_rl.ppo.probes import BestActionForObservation, DelayedReward, TimeLimit
from furuta_rl.ppo.rollout import collect, make_episodes, tally
from furuta_rl.ppo.trainer import Trainer, make_optimizer

CONFIG = PPOConfig(iterations=8, steps=4, epochs=2, minibatches=2, hidden=(8,))


def assert_same_bits(one, other):
    def data(leaf):
        is_key = jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)
        return np.asarray(jax.random.key_data(leaf) if is_key else leaf)

    one, other = jax.tree.leaves(one), jax.tree.leaves(other)
    assert len(one) == len(other)
    for a, b in zip(one, other, strict=True):
        assert data(a).dtype == data(b).dtype
        np.testing.assert_array_equal(data(a), data(b))


@pytest.fixture(scope='module')
def trainer():
    return Trainer(BestActionForObservation(), CONFIG, jax.devices()[:1])


# --- loss --------------------------------------------------------------------------------------


def test_no_gain_beyond_the_clip_and_every_loss_in_full():
    ratio = jnp.array([0.5, 1.5, 0.5, 1.5])
    advantage = jnp.array([1.0, 1.0, -1.0, -1.0])
    expected = [0.5, 1.2, -0.8, -1.5]
    np.testing.assert_allclose(surrogate(ratio, advantage, 0.2), expected)
    slope = jax.vmap(jax.grad(surrogate), (0, 0, None))(ratio, advantage, 0.2)
    np.testing.assert_allclose(slope, [1, 0, 0, -1])


def test_loss_of_an_unchanged_policy_has_a_ratio_of_one():
    networks = make_networks(jax.random.key(0), (3, 4, 2), (8,), 0.7)
    x = jax.random.normal(jax.random.key(1), (5, 3))
    privileged = jax.random.normal(jax.random.key(2), (5, 4))
    u = jax.random.normal(jax.random.key(3), (5, 2))
    old = log_probability(networks.actor, mean_action(networks.actor, x), u)
    value = apply_mlp(networks.critic, privileged)[:, 0]
    advantage = jnp.arange(5.0)
    batch = Batch(x, privileged, u, old, advantage, value + 2)
    _, losses = ppo_loss(networks, batch, CONFIG)
    assert losses.policy_loss == pytest.approx(-2.0, rel=1e-5)
    assert losses.value_loss == pytest.approx(2.0, rel=1e-5)
    assert losses.divergence == pytest.approx(0.0, abs=1e-6)
    assert losses.clipped == 0


def test_density_is_that_of_a_normal_distribution():
    networks = make_networks(jax.random.key(0), (1, 1, 2), (), 0.5)
    density = log_probability(networks.actor, jnp.array([0.0, 1.0]), jnp.array([0.5, 1.0]))
    # Two independent ones: exp(-1/2) / (0.5 sqrt(2 pi)) and 1 / (0.5 sqrt(2 pi)).
    assert density == pytest.approx(-0.5 - 2 * np.log(0.5 * np.sqrt(2 * np.pi)), rel=1e-6)


# --- normalization -----------------------------------------------------------------------------


def test_statistics_in_parts_are_those_of_the_whole():
    data = np.random.default_rng(0).normal(3.0, [0.1, 20.0], (70, 2)).astype(np.float32)
    statistics = make_statistics(2)
    for part in (data[:10], data[10:50], data[50:]):
        statistics = update_statistics(statistics, jnp.asarray(part))
    assert statistics.observations == 70
    np.testing.assert_allclose(statistics.mean, data.mean(0), rtol=1e-5)
    np.testing.assert_allclose(statistics.variance, data.var(0), rtol=1e-4)


def test_entry_that_never_moved_stays_bounded_when_it_does():
    statistics = update_statistics(make_statistics(1), jnp.ones((50, 1)))
    assert abs(normalize(statistics, jnp.array([1e6]))[0]) <= 10


# --- rollout -----------------------------------------------------------------------------------


def rollout_of(environment, steps):
    networks = make_networks(jax.random.key(0), (1, 1, 1), (4,), 0.7)
    start = environment.reset(jax.random.key(1))
    noise = jnp.zeros((steps, environment.batch_size, 1))
    return collect(environment, networks.actor, make_statistics(1), start, noise)[1]


def test_state_after_an_end_belongs_to_the_next_episode_and_the_last_is_kept():
    rollout = rollout_of(DelayedReward(2), 4)
    np.testing.assert_array_equal(rollout.observation[:, 0, 0], [0, 1, 0, 1])
    np.testing.assert_array_equal(rollout.next_privileged[:, 0, 0], [1, 2, 1, 2])
    np.testing.assert_array_equal(rollout.terminated[:, 0], [0, 1, 0, 1])
    assert not rollout.truncated.any()


def test_episodes_are_tallied_across_rollouts():
    rollout = rollout_of(TimeLimit(2), 4)
    first = jax.tree.map(lambda leaf: leaf[:3], rollout)
    episodes, ended = tally(make_episodes(2), first)
    assert ended.episodes == 0
    assert np.isnan(ended.episode_return)
    rest = jax.tree.map(lambda leaf: leaf[3:], rollout)
    episodes, ended = tally(episodes, rest)
    assert (ended.episodes, ended.episode_return, ended.episode_length) == (2, 4, 4)
    assert ended.terminated == 0
    assert not episodes.length.any()


# --- trainer -----------------------------------------------------------------------------------


def test_seed_trains_the_same_whatever_its_neighbours_are(trainer):
    one, _ = trainer.train(trainer.start([3, 4]), 4)
    other, _ = trainer.train(trainer.start([4, 5]), 4)
    assert_same_bits(trainer.policy(one, 1), trainer.policy(other, 0))
    assert not np.allclose(*one.networks.actor.mean[0].weight)


def test_learning_rate_falls_to_its_end_in_each_round():
    """Adam's step under a gradient that stays the same is the learning rate."""
    config = PPOConfig(iterations=2, epochs=1, minibatches=5, learning_rate=0.1)
    optimizer, weight = make_optimizer(config), jnp.zeros(())
    state, steps = optimizer.init(weight), []
    for _ in range(20):
        change, state = optimizer.update(jnp.ones(()), state)
        steps.append(-float(change))
    np.testing.assert_allclose(steps, 2 * [0.1 - 0.01 * i for i in range(10)], rtol=1e-3)


def test_next_chunk_needs_no_new_program(trainer):
    before = trainer.start([0, 1])
    after, _ = trainer.train(before, 4)
    for one, other in zip(jax.tree.leaves(before), jax.tree.leaves(after), strict=True):
        assert (one.aval, one.sharding) == (other.aval, other.sharding)


def test_robots_that_cannot_be_shared_out_are_refused():
    config = dataclasses.replace(CONFIG, minibatches=3)
    with pytest.raises(ValueError, match='64 robots cannot be shared out'):
        Trainer(BestActionForObservation(64), config, jax.devices()[:1])


@pytest.mark.parametrize('choice', [{'steps': 0}, {'discount': 1.0}, {'hidden': (0,)}])
def test_choices_that_cannot_be_trained_with_are_refused(choice):
    with pytest.raises(ValueError, match=rf'PPOConfig\.{next(iter(choice))} is'):
        PPOConfig(**choice)


TWO_DEVICES = """
import jax, numpy as np
from furuta_rl.ppo.config import PPOConfig
from furuta_rl.ppo.probes import BestActionForObservation
from furuta_rl.ppo.trainer import Trainer, make_optimizer
assert len(jax.devices()) == 2
# With one minibatch, how robots are shuffled does not matter.
config = PPOConfig(iterations=20, steps=4, minibatches=1, hidden=(8,))
policies = []
for devices in (jax.devices()[:1], jax.devices()):
    trainer = Trainer(BestActionForObservation(64), config, devices)
    state, _ = trainer.train(trainer.start([0, 1]), 5)
    policies.append(trainer.policy(state, 1))
shards = state.environment.observation.addressable_shards
assert sorted(shard.data.shape for shard in shards) == [(2, 32, 1)] * 2, shards
for one, other in zip(*map(jax.tree.leaves, policies)):
    np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4)
"""


def test_two_devices_share_the_robots_and_learn_the_same():
    flags = '--xla_force_host_platform_device_count=2'
    environment = os.environ | {
        'XLA_FLAGS': flags,
        'JAX_PLATFORMS': 'cpu',
        'PYTHONPATH': ':'.join(sys.path),
    }
    done = subprocess.run(
        [sys.executable, '-c', TWO_DEVICES], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


# --- checkpoint --------------------------------------------------------------------------------


def test_training_goes_on_from_a_checkpoint_with_the_same_bits(trainer, tmp_path):
    file = tmp_path / 'checkpoint.npz'
    half, _ = trainer.train(trainer.start([0, 7]), 4)
    checkpoint.save(file, half, {'iteration': 4})
    assert checkpoint.load_about(file) == {'iteration': 4}
    restored = checkpoint.load(file, trainer.template(2))
    assert_same_bits(half, restored)
    resumed, metrics = trainer.train(restored, 4)
    uninterrupted, expected = trainer.train(half, 4)
    assert_same_bits(uninterrupted, resumed)
    assert_same_bits(expected, metrics)


def test_failed_write_leaves_the_last_checkpoint(trainer, tmp_path, monkeypatch):
    file = tmp_path / 'checkpoint.npz'
    checkpoint.save(file, {'a': jnp.ones(2)}, {})

    def full_disk(descriptor):
        raise OSError('no space left on device')

    monkeypatch.setattr(os, 'fsync', full_disk)
    with pytest.raises(OSError, match='no space'):
        checkpoint.save(file, {'a': jnp.zeros(2)}, {})
    assert list(tmp_path.iterdir()) == [file]
    np.testing.assert_array_equal(checkpoint.load(file, {'a': jnp.zeros(2)})['a'], [1, 1])


def test_damaged_or_foreign_checkpoint_is_refused_with_the_reason(tmp_path):
    file = tmp_path / 'checkpoint.npz'
    checkpoint.save(file, {'a': jnp.ones((2, 3))}, {})
    with pytest.raises(checkpoint.CheckpointError, match='differ in a, b'):
        checkpoint.load(file, {'b': jnp.ones((2, 3))})
    with pytest.raises(checkpoint.CheckpointError, match=r'valid here: float32\(3, 2\)'):
        checkpoint.load(file, {'a': jnp.ones((3, 2))})
    file.write_bytes(file.read_bytes()[:-30])
    with pytest.raises(checkpoint.CheckpointError, match='not a whole checkpoint'):
        checkpoint.load(file, {'a': jnp.ones((2, 3))})
    with pytest.raises(checkpoint.CheckpointError, match='No such file'):
        checkpoint.load_about(tmp_path / 'none.npz')

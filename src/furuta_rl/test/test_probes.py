# SPDX-License-Identifier: Apache-2.0
"""PPO finds the known values and actions of the probe environments."""

import jax.numpy as jnp
import numpy as np
import pytest

from furuta_rl.ppo import probes
from furuta_rl.ppo.config import PPOConfig
from furuta_rl.ppo.networks import act
from furuta_rl.ppo.trainer import Trainer

CONFIG = PPOConfig(
    iterations=60,
    steps=8,
    epochs=4,
    minibatches=4,
    learning_rate=1e-2,
    discount=0.9,
    entropy_weight=0.0,
    hidden=(16,),
)


def solve(environment):
    """Values and actions that come of training, as functions of the observation."""
    trainer = Trainer(environment, CONFIG)
    state, _ = trainer.train(trainer.start([0]), CONFIG.iterations)
    policy = trainer.policy(state, 0)

    def column(values):
        return jnp.asarray(values, jnp.float32)[:, None]

    return (
        lambda *seen: trainer.value(state, 0, column(seen)),
        lambda *seen: act(policy, column(seen))[:, 0],
    )


@pytest.mark.parametrize(
    ('environment', 'seen', 'values'),
    [
        (probes.Probe(), [0.0], [1.0]),
        (probes.RandomSign(), [-1.0, 1.0], [-1.0, 1.0]),
        (probes.DelayedReward(), [0.0, 1.0], [0.9, 1.0]),
        (probes.TimeLimit(), [0.0], [10.0]),
    ],
    ids=['constant', 'observed', 'delayed', 'time limit'],
)
def test_critic_finds_the_value(environment, seen, values):
    value, _ = solve(environment)
    np.testing.assert_allclose(value(*seen), values, rtol=0.02, atol=0.02)


def test_actor_finds_the_best_action():
    value, action = solve(probes.BestAction())
    np.testing.assert_allclose(action(0.0), [0.5], atol=0.03)
    assert -0.2 < value(0.0)[0] < 0.02  # what is left is the noise


def test_actor_finds_the_best_action_for_each_observation():
    _, action = solve(probes.BestActionForObservation())
    np.testing.assert_allclose(action(-1.0, 1.0), [-0.5, 0.5], atol=0.03)

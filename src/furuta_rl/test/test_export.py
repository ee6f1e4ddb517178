# SPDX-License-Identifier: Apache-2.0
"""The exported file computes what the trainer's network does, or there is no file."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import onnx
import pytest

from furuta_rl import export
from furuta_rl.export import ExportError, export_policy
from furuta_rl.policy import Policy as DeployedPolicy
from furuta_rl.policy import PolicyCard, Requirements, load_card
from furuta_rl.ppo.networks import Policy, act, make_mlp
from furuta_rl.ppo.normalization import Statistics

CARD = PolicyCard(
    task='swing_up',
    layout=('arm_angle', 'cos', 'sin', 'arm_velocity', 'action[-1]'),
    control_rate_hz=100.0,
    voltage_scale=10.0,
    robot='furuta',
    robot_hash='abc',
    git_hash='def',
    training={'seed': 3, 'success': 0.995},
)


def make_policy(hidden=(32, 32), actions=1, seed=0):
    key = jax.random.key(seed)
    mean = jax.random.normal(jax.random.fold_in(key, 1), (5,))
    variance = jnp.array([1.0, 0.01, 0.0, 400.0, 0.3])
    return Policy(
        Statistics(jnp.float32(100), mean, variance), make_mlp(key, (5, *hidden, actions), 3.0)
    )


@pytest.mark.parametrize('hidden', [(), (16,), (64, 64, 32)])
@pytest.mark.parametrize('actions', [1, 2])
def test_deployed_policy_acts_as_the_trained_one(tmp_path, hidden, actions):
    policy = make_policy(hidden, actions)
    file = tmp_path / 'policy.onnx'
    assert export_policy(file, policy, CARD) <= 1e-5
    needed = Requirements(CARD.task, CARD.layout, CARD.control_rate_hz, CARD.robot_hash)
    deployed = DeployedPolicy(file, needed)
    for observation in np.random.default_rng(1).normal(0, 5, (20, 5)).astype(np.float32):
        np.testing.assert_allclose(
            deployed.act(observation), act(policy, observation), rtol=0, atol=1e-5
        )


def test_file_tells_what_it_is_for(tmp_path):
    file = tmp_path / 'policy.onnx'
    export_policy(file, make_policy(), CARD)
    assert load_card(file) == CARD
    (entry,) = onnx.load(file).metadata_props
    assert json.loads(entry.value)['card']['training'] == {'seed': 3, 'success': 0.995}


def test_export_that_computes_something_else_is_not_written(tmp_path, monkeypatch):
    file = tmp_path / 'policy.onnx'
    monkeypatch.setattr(export, 'BOUND', 9.9)  # not the bound that the policy was trained with
    with pytest.raises(ExportError, match='actions differ'):
        export_policy(file, make_policy(), CARD)
    assert not file.exists()


def test_policy_that_is_not_a_number_is_not_exported(tmp_path):
    policy = make_policy()
    broken = policy._replace(mean=jax.tree.map(lambda leaf: leaf * jnp.nan, policy.mean))
    with pytest.raises(ExportError):
        export_policy(tmp_path / 'policy.onnx', broken, CARD)


def test_layout_must_name_every_entry(tmp_path):
    policy = make_policy()
    policy = policy._replace(
        statistics=Statistics(jnp.float32(1), jnp.zeros(4), jnp.ones(4)),
        mean=make_mlp(jax.random.key(0), (4, 8, 1), 1.0),
    )
    with pytest.raises(ValueError, match='layout names 5 entries; the observation has 4'):
        export_policy(tmp_path / 'policy.onnx', policy, CARD)

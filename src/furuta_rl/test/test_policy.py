# SPDX-License-Identifier: Apache-2.0
"""What the robot runs: damaged files and those for something else are refused."""

import dataclasses
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from furuta_rl.export import export_policy, make_onnx
from furuta_rl.policy import (
    CHECK_TOLERANCE,
    Policy,
    PolicyCard,
    PolicyError,
    Requirements,
    load_card,
    to_metadata,
)
from furuta_rl.ppo import networks
from furuta_rl.ppo.normalization import make_statistics

NEEDED = Requirements('swing_up', ('angle', 'velocity', 'action[-1]'), 100.0, 'abc')
CARD = PolicyCard(
    **dataclasses.asdict(NEEDED), voltage_scale=10.0, robot='furuta', git_hash='def', training={}
)
TRAINED = networks.Policy(
    make_statistics(3), networks.make_mlp(jax.random.key(0), (3, 16, 16, 1), 2.0)
)
OBSERVATIONS = np.random.default_rng(0).normal(0, 2, (50, 3)).astype(np.float32)


@pytest.fixture(scope='module')
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp('policy') / 'policy.onnx'
    export_policy(path, TRAINED, CARD)
    return path


def test_acts_within_the_range_of_actions(file):
    policy = Policy(file, NEEDED)
    actions = [policy.act(observation) for observation in 1e3 * OBSERVATIONS]
    assert np.max(np.abs(actions)) <= 1
    assert np.ptp(actions) > 0.1


@pytest.mark.parametrize('value', [np.nan, np.inf, -np.inf, 1e39])
def test_observation_that_is_not_a_number_gives_zero(file, value):
    action = Policy(file, NEEDED).act(np.array([0.1, value, 0.2]))
    np.testing.assert_array_equal(action, [0.0])


def test_action_that_is_not_a_number_becomes_zero(tmp_path):
    # An infinite weight that only an observation other than those of the proof brings to bear.
    poisoned = TRAINED._replace(
        mean=(
            networks.Layer(jnp.array([[1.0], [0.0], [0.0]]), jnp.zeros(1)),
            networks.Layer(jnp.full((1, 1), jnp.inf), jnp.zeros(1)),
        )
    )
    proof = (np.ones((1, 3)), np.ones((1, 1)))
    path = tmp_path / 'policy.onnx'
    path.write_bytes(make_onnx(as_numpy(poisoned), to_metadata(CARD, *proof)).SerializeToString())
    policy = Policy(path, NEEDED)
    np.testing.assert_array_equal(policy.act(np.ones(3)), [1.0])
    np.testing.assert_array_equal(policy.act(np.zeros(3)), [0.0])  # 0 * inf


def as_numpy(policy):
    return jax.tree.map(lambda leaf: np.asarray(leaf, np.float32), policy)


@pytest.mark.parametrize(
    ('change', 'reason'),
    [
        ({'robot_hash': 'xyz'}, 'made for robot hash abc, not xyz'),
        ({'control_rate_hz': 50.0}, r'made for control rate \[Hz\] 100.0, not 50.0'),
        ({'layout': ('velocity', 'angle', 'action[-1]')}, 'made for observation layout angle, '),
        ({'task': 'follow'}, 'made for task swing_up, not follow'),
    ],
)
def test_policy_for_something_else_is_refused_with_the_reason(file, change, reason):
    with pytest.raises(PolicyError, match=reason):
        Policy(file, dataclasses.replace(NEEDED, **change))


def test_file_that_is_missing_cut_or_no_policy_is_refused(file, tmp_path):
    with pytest.raises(PolicyError, match='no such file'):
        Policy(tmp_path / 'none.onnx', NEEDED)
    content = file.read_bytes()
    path = tmp_path / 'policy.onnx'
    for size in (0, 1, 100, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:size])
        with pytest.raises(PolicyError, match=r'policy\.onnx'):
            Policy(path, NEEDED)


def test_network_of_another_origin_is_refused(file, tmp_path):
    model = onnx.load(file)
    del model.metadata_props[:]
    path = tmp_path / 'policy.onnx'
    onnx.save(model, path)
    with pytest.raises(PolicyError, match='not a policy of this suite'):
        load_card(path)


@pytest.mark.parametrize('index', range(5))
def test_changed_number_in_the_network_is_refused(file, tmp_path, index):
    model = onnx.load(file)
    tensors = [t for t in model.graph.initializer if 'weight' in t.name or 'bias' in t.name]
    tensor = tensors[index]
    values = numpy_helper.to_array(tensor).copy()
    values.flat[0] += 0.01
    tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
    path = tmp_path / 'policy.onnx'
    onnx.save(model, path)
    with pytest.raises(PolicyError, match='damaged: its actions are'):
        Policy(path, NEEDED)


def test_flipped_byte_is_refused_or_harmless(file, tmp_path):
    content = file.read_bytes()
    path = tmp_path / 'policy.onnx'
    expected = np.array(jax.jit(networks.act)(TRAINED, OBSERVATIONS))
    refused = 0
    for place in np.random.default_rng(1).integers(0, len(content), 200):
        damaged = bytearray(content)
        damaged[place] ^= 0xFF
        path.write_bytes(damaged)
        try:
            policy = Policy(path, NEEDED)
        except PolicyError:
            refused += 1
            continue
        actions = np.array([policy.act(observation) for observation in OBSERVATIONS])
        assert np.max(np.abs(actions - expected)) < 10 * CHECK_TOLERANCE
    assert refused > 100


def test_needs_nothing_of_the_training():
    code = (
        'import sys, furuta_rl.policy\n'
        "assert not {'jax', 'torch', 'rclpy', 'onnx', 'mujoco', 'optax'} & set(sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, '-c', f'import sys; sys.path[:] = {sys.path!r}\n{code}'],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr

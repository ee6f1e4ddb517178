# SPDX-License-Identifier: Apache-2.0
"""A trained policy as an ONNX file, normalization and squashing inside; see `policy.py`.

Every export is read back and compared with the trainer's own network before it is written.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from furuta_description.whole_file import write_whole
from furuta_rl.policy import INPUT, METADATA_KEY, OUTPUT, PolicyCard, PolicyError, to_metadata
from furuta_rl.ppo.networks import Policy, act
from furuta_rl.ppo.normalization import BOUND, VARIANCE_FLOOR

PARITY = 1e-5  # largest difference of an action that an export may have
OPSET, IR_VERSION = 17, 8  # of 2022: any onnxruntime in use reads them
CHECKED, CARRIED = 4096, 16  # observations compared at export; those that the file carries along


Layer = tuple[NDArray[Any], NDArray[Any]]  # weight (inputs, outputs), bias (outputs,)


class ExportError(RuntimeError):
    """The exported policy does not compute what the trained one does; nothing was written."""


def export_policy(path: Path, policy: Policy, card: PolicyCard) -> float:
    """Write a policy.

    Args:
        path: the .onnx file.
        policy: of the trainer, arrays of one seed.
        card: what it is for.

    Returns:
        Largest difference from the trainer's network, over observations like those trained on.

    Raises:
        ExportError: that difference is more than `PARITY`, or not a number.
        ValueError: the card's layout has another length than the observation.
    """
    policy = jax.tree.map(lambda leaf: np.asarray(leaf, np.float32), policy)
    size = len(policy.statistics.mean)
    if len(card.layout) != size:
        raise ValueError(f'layout names {len(card.layout)} entries; the observation has {size}')
    observations = sample_observations(policy, np.random.default_rng(0))
    expected = np.asarray(jax.jit(act)(policy, observations))
    proof = (observations[:CARRIED], expected[:CARRIED])
    content = make_onnx(policy, to_metadata(card, *proof)).SerializeToString()
    session = onnxruntime.InferenceSession(content, providers=['CPUExecutionProvider'])
    actions = session.run([OUTPUT], {INPUT: observations})[0]
    difference = float(np.max(np.abs(actions - expected)))
    if not difference <= PARITY:
        raise ExportError(f'{path}: actions differ from the trained ones by {difference:.2g}')
    write_whole(path, content)
    return difference


def make_onnx(policy: Policy, metadata: str) -> onnx.ModelProto:
    """Make the graph: normalize, clip, tanh layers, tanh."""
    nodes: list[Any] = []
    constants: list[Any] = []

    def add(operator: str, x: str, **inputs: Any) -> str:
        name = f'{operator.lower()}_{len(nodes)}'
        names = [f'{name}_{key}' for key in inputs]
        values = zip(inputs.values(), names, strict=True)
        constants.extend(
            numpy_helper.from_array(np.asarray(value, np.float32), key) for value, key in values
        )
        nodes.append(helper.make_node(operator, [x, *names], [name]))
        return name

    statistics = policy.statistics
    scale = 1 / np.sqrt(statistics.variance + np.float32(VARIANCE_FLOOR))
    x = add('Sub', INPUT, mean=statistics.mean)
    x = add('Mul', x, scale=scale)
    x = add('Clip', x, low=-BOUND, high=BOUND)
    for layer in policy.mean:
        x = add('Gemm', x, weight=layer.weight, bias=layer.bias)
        x = add('Tanh', x)
    nodes[-1].output[0] = OUTPUT
    sizes = {INPUT: len(statistics.mean), OUTPUT: len(policy.mean[-1].bias)}
    observation, action = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ['B', size])
        for name, size in sizes.items()
    )
    graph = helper.make_graph(nodes, 'policy', [observation], [action], constants)
    opset = helper.make_opsetid('', OPSET)
    model = helper.make_model(
        graph, producer_name='furuta_rl', opset_imports=[opset], ir_version=IR_VERSION
    )
    helper.set_model_props(model, {METADATA_KEY: metadata})
    onnx.checker.check_model(model, full_check=True)
    return model


def read_network(
    file: Path,
) -> tuple[NDArray[Any], NDArray[Any], list[tuple[NDArray[Any], NDArray[Any]]]]:
    """Mean and scale (n,) of the normalization, and the layers, of what `export` wrote.

    Raises:
        PolicyError: it is not of our making.
    """
    try:
        graph = onnx.load(file).graph
        arrays = {entry.name: numpy_helper.to_array(entry) for entry in graph.initializer}
        kinds = [node.op_type for node in graph.node]
        inputs = [[arrays[name] for name in node.input if name in arrays] for node in graph.node]
    except Exception as error:  # whatever damaged bytes can lead to
        raise PolicyError(f'{file}: not a policy: {error}') from error
    body = kinds[3:]
    if kinds[:3] != ['Sub', 'Mul', 'Clip'] or body != ['Gemm', 'Tanh'] * (len(body) // 2):
        raise PolicyError(f'{file}: layers {kinds}: not a policy that furuta train wrote')
    layers = [(inputs[i][0], inputs[i][1]) for i in range(3, len(kinds), 2)]
    return inputs[0][0], inputs[1][0], layers


def sample_observations(policy: Policy, random: np.random.Generator) -> NDArray[np.float32]:
    """Observations (CHECKED, n) about those trained on, some of them far beyond."""
    statistics = policy.statistics
    spread = np.exp(random.uniform(-2, 3, (CHECKED, 1)))
    z = spread * random.standard_normal((CHECKED, len(statistics.mean)))
    observations = statistics.mean + z * np.sqrt(statistics.variance)
    return np.asarray(observations, np.float32)

# SPDX-License-Identifier: Apache-2.0
"""A policy under training as the robot runs it: numpy, with the noise that explores.

The arrays are those of `skrl_trainer.networks.SquashedPolicy`: tanh(u) with u ~ N(network, std).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Layer = tuple[NDArray[Any], NDArray[Any]]  # weight (inputs, outputs), bias (outputs,)


class Explorer:
    """Action for an observation, drawn from the policy's distribution."""

    def __init__(self, network: Mapping[str, NDArray[Any]], seed: int) -> None:
        """Take what `to_arrays` gave; `seed` of the noise."""
        self._mean, self._scale = network['mean'], network['scale']
        self._bound = float(network['bound'])
        self._layers = _layers(network, 'layer')
        self._log_std = _layers(network, 'log_std')
        self._log_std_bounds = network['log_std_bounds']
        self._random = np.random.default_rng(seed)

    def act(self, observation: NDArray[Any]) -> NDArray[Any]:
        """Action (1,) for an observation (n,); 0 if it is no number."""
        x = (observation.astype(np.float32) - self._mean) * self._scale
        x = np.minimum(np.maximum(x, -self._bound), self._bound)
        u = _apply(self._layers, x)
        if self._log_std:
            log_std = np.clip(_apply(self._log_std, x), *self._log_std_bounds)
            u = u + np.exp(log_std) * self._random.standard_normal(u.shape)
        return np.where(np.isfinite(u), np.tanh(u), 0.0)


def to_arrays(
    normalization: Mapping[str, Any],
    layers: Sequence[Layer],
    log_std: Sequence[Layer] = (),
    log_std_bounds: tuple[float, float] = (0.0, 0.0),
) -> dict[str, NDArray[Any]]:
    """What an `Explorer` is made of.

    Args:
        normalization: mean (n,), scale (n,) and bound of the observation.
        layers: of the mean, tanh after each but the last.
        log_std: layers of the logarithm of the deviation; none = no noise.
        log_std_bounds: within which it is cut.
    """
    arrays = {name: np.asarray(value, np.float32) for name, value in normalization.items()}
    arrays['log_std_bounds'] = np.asarray(log_std_bounds, np.float32)
    for name, mlp in (('layer', layers), ('log_std', log_std)):
        for i, (weight, bias) in enumerate(mlp):
            arrays[f'{name}.{i}.weight'], arrays[f'{name}.{i}.bias'] = weight, bias
    return arrays


def _layers(network: Mapping[str, NDArray[Any]], name: str) -> list[Layer]:
    count = sum(key.startswith(f'{name}.') for key in network) // 2
    return [(network[f'{name}.{i}.weight'], network[f'{name}.{i}.bias']) for i in range(count)]


def _apply(layers: Sequence[Layer], x: NDArray[Any]) -> NDArray[Any]:
    for weight, bias in layers[:-1]:
        x = np.tanh(x @ weight + bias)
    weight, bias = layers[-1]
    y: NDArray[Any] = x @ weight + bias
    return y

# SPDX-License-Identifier: Apache-2.0
"""An agent's policy from an exported one, and to the arrays that a robot's node runs.

What a policy file holds of its training is the mean action: SAC goes on from there with a small
deviation of its own, and finds its critics while the robot still does what the file says.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from furuta_rl.export import read_network
from furuta_rl.on_robot.explorer import Layer, to_arrays
from furuta_rl.policy import PolicyError
from furuta_rl.ppo.normalization import BOUND
from furuta_rl.skrl_trainer.networks import LOG_STD_BOUNDS, NORMALIZER_EPSILON

START_STD = 0.1  # of actions, when going on from a policy
KNOWN = 1e7  # observations that its normalization counts as: it hardly moves any more


def start_from(agent: Any, file: Path) -> None:
    """Give an agent of SAC the policy of a file; its critics stay as they are.

    Raises:
        PolicyError: it is not of our making, or has other layers than the agent.
    """
    mean, scale, layers = read_network(file)
    linear = [layer for layer in agent.policy.layers if isinstance(layer, nn.Linear)]
    shapes = [tuple(layer.weight.T.shape) for layer in linear]
    if [weight.shape for weight, _ in layers] != shapes:
        raise PolicyError(f'{file}: its layers are {[w.shape for w, _ in layers]}, not {shapes}')
    with torch.no_grad():
        for layer, (weight, bias) in zip(linear, layers, strict=True):
            layer.weight.copy_(torch.tensor(weight.T))
            layer.bias.copy_(torch.tensor(bias))
        agent.policy.log_std[-1].weight.zero_()
        agent.policy.log_std[-1].bias.fill_(math.log(START_STD))
        for scaler in (agent._observation_preprocessor, agent._state_preprocessor):
            scaler.running_mean.copy_(torch.tensor(mean))
            scaler.running_variance.copy_(torch.tensor((1 / scale - NORMALIZER_EPSILON) ** 2))
            scaler.current_count.fill_(KNOWN)


def network_of(agent: Any, with_noise: bool) -> dict[str, NDArray[Any]]:
    """What `Explorer` runs of an agent of SAC."""
    normalizer, policy = agent._observation_preprocessor, agent.policy
    scale = 1 / (normalizer.running_variance.sqrt() + normalizer.epsilon)
    normalization = {'mean': normalizer.running_mean, 'scale': scale, 'bound': BOUND}
    plain = {name: _array(value) for name, value in normalization.items()}
    log_std = _layers(policy.log_std) if with_noise else []
    return to_arrays(plain, _layers(policy.layers), log_std, LOG_STD_BOUNDS)


def _layers(network: nn.Sequential) -> list[Layer]:
    linear = [layer for layer in network if isinstance(layer, nn.Linear)]
    return [(_array(layer.weight.T), _array(layer.bias)) for layer in linear]


def _array(value: Any) -> NDArray[np.float32]:
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu().numpy()
    return np.array(value, np.float32)

# SPDX-License-Identifier: Apache-2.0
"""Keeps an agent's policy near the one it started from, where its critics have nothing to say.

Critics that have seen one good policy do not know what its neighbours are worth, and SAC leaves it
for whatever they overrate. As in TD3+BC (S. Fujimoto and S. Gu, "A minimalist approach to offline
reinforcement learning", 2021), the actor also pays for the squared distance of its action from
that of the policy it started from.
"""

from __future__ import annotations

import copy
from typing import Any

import torch


def anchor(agent: Any, weight: float) -> None:
    """Hold an agent of skrl's SAC to the policy that it has now.

    Adds to the gradient of every step of its actor, and has no state that changes.

    Args:
        agent: whose policy is a `SquashedPolicy`.
        weight: loss of an action that is off by 1, in units of the return.
    """
    start = copy.deepcopy(agent.policy.layers).requires_grad_(False)
    layers = list(agent.policy.layers.parameters())
    batch = agent.cfg.batch_size

    def pull(*_: Any) -> None:
        (observations,) = agent.memory.sample(names=['observations'], batch_size=batch)[0]
        x = agent._observation_preprocessor(observations)
        moved = agent.policy.mean_action(x) - torch.tanh(start(x))
        loss = weight * moved.square().mean()
        for parameter, gradient in zip(layers, torch.autograd.grad(loss, layers), strict=True):
            parameter.grad.add_(gradient)

    if weight:
        agent.policy_optimizer.register_step_pre_hook(pull)

# SPDX-License-Identifier: Apache-2.0
"""Networks that skrl's agents train: those of the `fused` trainer, in PyTorch.

Every policy without noise is tanh(network), so all of them export alike. The critics see the
privileged observation.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
import torch
from skrl.models.torch import DeterministicMixin, GaussianMixin, Model
from torch import Tensor, nn

from furuta_rl.export import PARITY, ExportError, sample_observations
from furuta_rl.ppo import networks as fused
from furuta_rl.ppo.normalization import VARIANCE_FLOOR, Statistics
from furuta_rl.skrl_trainer.spaces import Spaces

Inputs = dict[str, Any]
Outputs = tuple[Tensor, dict[str, Any]]

INITIAL_STD = 0.5  # of actions
LOG_STD_BOUNDS = (-5.0, 2.0)  # of the squashed policy's: T. Haarnoja et al. (2018), as in its code
NORMALIZER_EPSILON = math.sqrt(VARIANCE_FLOOR)  # deviations of which ours makes nothing either


def make_layers(sizes: Sequence[int], last_gain: float) -> nn.Sequential:
    """Tanh after each layer but the last; weights as `fused` starts with."""
    layers: list[nn.Module] = []
    for inputs, outputs in itertools.pairwise(sizes):
        layer = nn.Linear(inputs, outputs)
        nn.init.normal_(layer.weight, std=1 / math.sqrt(inputs))
        nn.init.zeros_(layer.bias)
        layers += [layer, nn.Tanh()]
    with torch.no_grad():
        layers[-2].weight.mul_(last_gain)
    return nn.Sequential(*layers[:-1])


class _Network(Model):  # type: ignore[misc]
    """A network on the environment's spaces."""

    def __init__(self, environment: Spaces, sizes: Sequence[int], last_gain: float) -> None:
        super().__init__(
            observation_space=environment.observation_space,
            state_space=environment.state_space,
            action_space=environment.action_space,
            device=environment.device,
        )
        self.layers = make_layers(sizes, last_gain).to(environment.device)


class _Policy(_Network):
    def __init__(self, environment: Spaces, hidden: Sequence[int]) -> None:
        env = environment.env
        super().__init__(environment, (env.observation_size, *hidden, env.action_size), 0.01)

    def mean_action(self, observations: Tensor) -> Tensor:
        """Action without noise (B, 1) for normalized observations (B, n)."""
        action: Tensor = torch.tanh(self.layers(observations))
        return action


class GaussianPolicy(GaussianMixin, _Policy):  # type: ignore[misc]
    """N(tanh(network), std), cut to -1..1 by the environment."""

    def __init__(self, environment: Spaces, hidden: Sequence[int]) -> None:
        """Make the network."""
        _Policy.__init__(self, environment, hidden)
        GaussianMixin.__init__(self)
        start = torch.full((self.num_actions,), math.log(INITIAL_STD), device=self.device)
        self.log_std = nn.Parameter(start)

    def compute(self, inputs: Inputs, role: str = '') -> Outputs:
        """Mean action, and the logarithm of its deviation."""
        mean = self.mean_action(inputs['observations'])
        if 'alpha' in inputs:  # RPO's: M. M. Rahman and Y. Xue (2022), arXiv:2212.07536
            mean = mean + torch.empty_like(mean).uniform_(-inputs['alpha'], inputs['alpha'])
        return mean, {'log_std': self.log_std}


class SquashedPolicy(_Policy):
    """tanh(u) with u ~ N(network, std), both of the observation.

    T. Haarnoja et al., "Soft Actor-Critic Algorithms and Applications" (2018), arXiv:1812.05905.
    """

    def __init__(self, environment: Spaces, hidden: Sequence[int]) -> None:
        """Make the network."""
        super().__init__(environment, hidden)
        sizes = (environment.env.observation_size, *hidden, self.num_actions)
        self.log_std = make_layers(sizes, 0.01).to(self.device)
        nn.init.constant_(self.log_std[-1].bias, math.log(INITIAL_STD))

    def act(self, inputs: Inputs, *, role: str = '') -> Outputs:
        """Action and the logarithm of its probability density."""
        x = inputs['observations']
        mean = self.layers(x)
        normal = torch.distributions.Normal(mean, self.log_std(x).clamp(*LOG_STD_BOUNDS).exp())
        u = normal.rsample()
        # Appendix C, eq. 26, with log(1 - tanh^2) written so that it cannot overflow.
        slope = 2 * (math.log(2) - u - nn.functional.softplus(-2 * u))
        log_prob = (normal.log_prob(u) - slope).sum(-1, keepdim=True)
        return torch.tanh(u), {'log_prob': log_prob, 'mean_actions': torch.tanh(mean)}

    def compute(self, inputs: Inputs, role: str = '') -> Outputs:
        """Action without noise."""
        return self.mean_action(inputs['observations']), {}


class DeterministicPolicy(DeterministicMixin, _Policy):  # type: ignore[misc]
    """tanh(network); what explores is added by the agent."""

    def __init__(self, environment: Spaces, hidden: Sequence[int]) -> None:
        """Make the network."""
        _Policy.__init__(self, environment, hidden)
        DeterministicMixin.__init__(self)

    def compute(self, inputs: Inputs, role: str = '') -> Outputs:
        """Action."""
        return self.mean_action(inputs['observations']), {}


class Value(DeterministicMixin, _Network):  # type: ignore[misc]
    """What is to come from a state, V(s)."""

    def __init__(self, environment: Spaces, hidden: Sequence[int]) -> None:
        """Make the network."""
        _Network.__init__(self, environment, (environment.env.privileged_size, *hidden, 1), 1.0)
        DeterministicMixin.__init__(self)

    def compute(self, inputs: Inputs, role: str = '') -> Outputs:
        """Value (B, 1)."""
        return self.layers(inputs['states']), {}


class ActionValue(DeterministicMixin, _Network):  # type: ignore[misc]
    """What is to come from an action in a state, Q(s, a)."""

    def __init__(self, environment: Spaces, hidden: Sequence[int]) -> None:
        """Make the network."""
        env = environment.env
        sizes = (env.privileged_size + env.action_size, *hidden, 1)
        _Network.__init__(self, environment, sizes, 1.0)
        DeterministicMixin.__init__(self)

    def compute(self, inputs: Inputs, role: str = '') -> Outputs:
        """Value (B, 1)."""
        return self.layers(torch.cat((inputs['states'], inputs['taken_actions']), -1)), {}


def to_fused(policy: _Policy, normalizer: Any) -> fused.Policy:
    """The same policy as `fused` has them, so that it is exported and evaluated the same way.

    Args:
        policy: trained.
        normalizer: skrl's running scaler of observations, with `NORMALIZER_EPSILON` and `BOUND`.

    Raises:
        ExportError: it does not compute what the trained one does.
    """
    deviation = normalizer.running_variance.sqrt() + normalizer.epsilon
    statistics = Statistics(
        _to_jax(normalizer.current_count),
        _to_jax(normalizer.running_mean),
        _to_jax(deviation**2 - VARIANCE_FLOOR),
    )
    linear = [layer for layer in policy.layers if isinstance(layer, nn.Linear)]
    mean = tuple(fused.Layer(_to_jax(layer.weight.T), _to_jax(layer.bias)) for layer in linear)
    result = fused.Policy(statistics, mean)
    observations = sample_observations(result, np.random.default_rng(0))
    with torch.no_grad():
        seen = normalizer(torch.tensor(observations, device=normalizer.device))
        expected = policy.mean_action(seen).cpu().numpy()
    difference = np.max(np.abs(fused.act(result, jnp.asarray(observations)) - expected))
    if not difference <= PARITY:
        raise ExportError(f"actions differ from those of skrl's network by {difference:.2g}")
    return result


def _to_jax(tensor: Tensor) -> Any:
    # A copy: the tensor goes on changing while it is trained.
    return jnp.array(tensor.detach().cpu().numpy(), jnp.float32)

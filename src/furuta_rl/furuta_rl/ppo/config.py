# SPDX-License-Identifier: Apache-2.0
"""The choices of PPO, with defaults for the pendulum at 1024 robots."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PPOConfig:
    """Choices of PPO; symbols in parentheses are those of the papers."""

    iterations: int = 70
    """rollouts, each with its update, in a round: the learning rate falls to its end, and starts
    anew where another round follows"""
    steps: int = 16
    """control steps of every robot in a rollout (T)"""
    epochs: int = 1
    """times that an update goes through its rollout (K)"""
    minibatches: int = 32
    """parts of a rollout, each of some robots' whole stretches; a gradient step on each"""
    learning_rate: float = 5e-3
    """Adam's step at the start"""
    final_learning_rate: float = 0.0
    """Adam's step at the end; linear in between"""
    discount: float = 0.97
    """weight of a reward one control step later (gamma)"""
    trace: float = 0.95
    """weight of an advantage estimate one control step longer (lambda)"""
    clip: float = 0.2
    """change of an action's probability beyond which nothing is gained (epsilon)"""
    value_weight: float = 0.5
    """weight of the critic's loss (c1)"""
    entropy_weight: float = 0.02
    """reward for staying random (c2)"""
    max_gradient_norm: float = 1.0
    """longer gradients are cut to this length"""
    hidden: tuple[int, ...] = (32, 32)
    """tanh units in each hidden layer, of actor and critic alike"""
    initial_std: float = 0.5
    """standard deviation of actions at the start, before they are cut to [-1, 1]"""

    def __post_init__(self) -> None:
        """Refuse what cannot be trained with.

        Raises:
            ValueError: which field, its value, and what is valid.
        """
        for name in ('iterations', 'steps', 'epochs', 'minibatches'):
            self._check(name, getattr(self, name) >= 1, 'at least 1')
        for name in ('learning_rate', 'max_gradient_norm', 'clip', 'initial_std'):
            self._check(name, getattr(self, name) > 0, 'above 0')
        for name in ('final_learning_rate', 'value_weight', 'entropy_weight'):
            self._check(name, getattr(self, name) >= 0, 'at least 0')
        self._check('discount', 0 <= self.discount < 1, 'within [0, 1)')
        self._check('trace', 0 <= self.trace <= 1, 'within [0, 1]')
        self._check('hidden', all(size >= 1 for size in self.hidden), 'sizes of at least 1')

    def _check(self, name: str, is_valid: bool, valid: str) -> None:
        if not is_valid:
            raise ValueError(f'PPOConfig.{name} is {getattr(self, name)!r}; valid: {valid}')

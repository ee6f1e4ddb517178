# SPDX-License-Identifier: Apache-2.0
"""The options of the skrl trainer, for a command line that may have no torch."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple

Algorithm = Literal['PPO', 'SAC', 'TD3', 'DDPG', 'A2C', 'RPO', 'TRPO']


@dataclass(frozen=True)
class SkrlOptions:
    """Choices of the skrl trainer."""

    iterations: int = 50
    """rollouts, each with its update; of 16 control steps where the algorithm knows no rollouts;
    with --backend robot: episodes"""
    hidden: tuple[int, ...] = (64, 64)
    """tanh units in each hidden layer of all networks"""
    set: tuple[str, ...] = ()
    """entries of skrl's own configuration of the algorithm, as NAME=VALUE: learning_epochs=8
    mini_batches=4; a wrong name is answered with all there are"""

    warm_up: int = 10
    """episodes on a robot that a policy given by --start is left as it is: critics learn first"""
    anchor: float = 10.0
    """loss of an action that is off by 1 from that of the policy given by --start, in units of
    the return; 0 lets it go anywhere, and get lost"""

    def __post_init__(self) -> None:
        """Refuse what cannot be trained with.

        Raises:
            ValueError: which field, its value, and what is valid.
        """
        if self.iterations < 1:
            raise ValueError(f'skrl.iterations is {self.iterations}; valid: at least 1')
        if not 0 <= self.anchor < math.inf:
            raise ValueError(f'skrl.anchor is {self.anchor}; valid: at least 0')
        if any(size < 1 for size in self.hidden):
            raise ValueError(f'skrl.hidden is {self.hidden}; valid: sizes of at least 1')


ON_ROBOT = 100  # episodes by default


class Scale(NamedTuple):
    """How much an algorithm simulates by default."""

    robots: int
    iterations: int


# Those with a replay memory do more gradient steps for each control step, on fewer robots.
_REPLAYING = Scale(robots=256, iterations=100)
SCALES: dict[str, Scale] = {
    'PPO': Scale(robots=1024, iterations=50),
    'SAC': _REPLAYING,
    'TD3': _REPLAYING,
    'DDPG': _REPLAYING,
    'A2C': Scale(robots=1024, iterations=600),
    'RPO': Scale(robots=1024, iterations=50),
    'TRPO': Scale(robots=1024, iterations=100),
}

# SPDX-License-Identifier: Apache-2.0
"""Many conditions in one evaluation: delays x spreads of the parameters, some episodes in each.

The robots of all cells are drawn as one batch; its first states are then changed to what their
cell says. So any number of cells takes as few programs and calls as one does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, TypeVar

import jax
import numpy as np
from numpy.typing import NDArray

from furuta_description.randomization import Ranges, relative
from furuta_rl.env import EnvState

Tree = TypeVar('Tree')


@dataclass(frozen=True)
class Grid:
    """Cells of every delay with every spread; noise and losses are the same in all of them."""

    delays: tuple[float, ...] = (0.0, 0.01, 0.02, 0.03, 0.04)  # [s] from sample to voltage
    spreads: tuple[float, ...] = (0.0, 0.1, 0.2, 0.3)  # relative, of every parameter
    episodes: int = 1000  # in each cell

    @property
    def total(self) -> int:
        """Episodes of all cells."""
        return self.episodes * len(self.delays) * len(self.spreads)

    def ranges(self, noise: Ranges) -> Ranges:
        """What holds all cells; `noise` gives all but parameters and delay."""
        return with_spread(replace(noise, delay=(0.0, max(self.delays))), max(self.spreads))

    def prepare(self, state: EnvState, robots: NDArray[Any]) -> EnvState:
        """First states of the robots with these numbers, as their cells say."""
        row, column = np.divmod(robots // self.episodes, len(self.spreads))
        delay = np.asarray(self.delays, np.float32)[row]
        share = np.asarray(self.spreads, np.float32)[column] / np.float32(max(self.spreads) or 1)
        return state._replace(delay=delay, deviations=share[:, None] * state.deviations)

    def cells(self, of_all: Tree) -> list[list[Tree]]:
        """Arrays (total, ...) as those of each cell: a list for each delay, in it each spread."""
        width = len(self.spreads) * self.episodes

        def cell(start: int) -> Tree:
            part: Tree = jax.tree.map(lambda leaf: leaf[start : start + self.episodes], of_all)
            return part

        return [
            [cell(start) for start in range(row * width, (row + 1) * width, self.episodes)]
            for row in range(len(self.delays))
        ]


def with_spread(ranges: Ranges, spread: float) -> Ranges:
    """The same relative spread on every parameter, all else as it is."""
    drawn = relative(spread)
    names = ('gravity', 'arm', 'pendulum', 'motor', 'cable_stiffness', 'cable_rest_angle')
    return replace(ranges, **{name: getattr(drawn, name) for name in names})

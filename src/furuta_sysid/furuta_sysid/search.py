# SPDX-License-Identifier: Apache-2.0
"""CMA-ES over the unit cube, every generation through all windows in one batch.

N. Hansen, "The CMA Evolution Strategy: A Tutorial" (2016), as the library `cma` has it. What
decides how a search goes on, its random numbers included, is in the object and can be pickled.
"""

from __future__ import annotations

from dataclasses import dataclass

import cma
import numpy as np

from furuta_sysid.parameters import Floats
from furuta_sysid.simulate import Simulation


@dataclass(frozen=True)
class SearchOptions:
    """How widely and how long to search."""

    population: int = 32
    generations: int = 150
    spread: float = 0.2
    """of the first generation, in the unit cube"""
    tolerance: float = 1e-3
    """a search ends when the better half of a generation differs by less than this share"""


class Search:
    """One run of CMA-ES."""

    def __init__(self, start: Floats, options: SearchOptions, seed: int) -> None:
        """Begin about a point (P,) of the unit cube."""
        self.options = options
        self._strategy = cma.CMAEvolutionStrategy(
            start,
            options.spread,
            {
                'bounds': [0, 1],
                'popsize': options.population,
                'maxiter': options.generations,
                'randn': _Normals(seed),
                'seed': np.nan,  # its own is the global one
                'tolfun': 0,
                'tolflatfitness': 10,
                'verbose': -9,
            },
        )
        self._range = np.inf  # of the better half of the last generation, over its best

    @property
    def generation(self) -> int:
        """Generations done."""
        return int(self._strategy.countiter)

    @property
    def best(self) -> Floats:
        """The best point (P,) so far."""
        best: Floats = np.clip(np.asarray(self._strategy.best.x), 0, 1)
        return best

    @property
    def loss(self) -> float:
        """Of the best point."""
        return float(self._strategy.best.f)

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to be gained."""
        return self._range < self.options.tolerance or bool(self._strategy.stop())

    def advance(self, simulation: Simulation, scale: Floats) -> None:
        """One generation; scale (2, W) [rad]."""
        candidates = self._strategy.ask()
        losses = simulation.losses(np.array(candidates), scale)
        self._strategy.tell(candidates, losses.tolist())
        self._range = float(np.median(losses) / losses.min() - 1)


class _Normals:
    """Standard normal numbers as `cma` asks for them."""

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng(seed)

    def __call__(self, *shape: int) -> Floats:
        return np.asarray(self._random.standard_normal(shape))

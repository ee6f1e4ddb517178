# SPDX-License-Identifier: Apache-2.0
"""Which cells a report has, and what the robots of a cell have in common.

The swept quantity is the same for all robots of a cell. Everything else is drawn +-`spread` about
the robot file, with the encoders and the noise of the preset `default`; the delay is fixed. All
cells draw the same robots, so that two cells differ by what they sweep and not by chance.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from furuta_description.randomization import PRESETS, Ranges
from furuta_rl.evaluating.grid import with_spread
from furuta_rl.robustness.axes import AXES, DELAY, JITTER, PUSH_RATE, Axis
from furuta_rl.robustness.program import World


class Cell(NamedTuple):
    """One condition: a delay, and one quantity with a value."""

    delay: float  # [s]
    spread: float
    axis: str
    value: float


@dataclass(frozen=True)
class Plan:
    """What is swept how finely."""

    axes: tuple[Axis, ...] = AXES
    """what is swept"""
    delay: float = 0.01
    """of the sweeps of anything else [s]"""
    spreads: tuple[float, ...] = (0.1, 0.3)
    """relative, of all that is not swept; the delay is swept with each, all else with the first"""
    map_delays: tuple[float, ...] = (0.0, 0.01, 0.02, 0.03, 0.04, 0.06)
    """delays of the maps, rising [s]; none draws no maps"""

    def axis(self, name: str) -> Axis:
        """An axis by name."""
        return next(axis for axis in self.axes if axis.name == name)

    def curve(self, axis: Axis, spread: float | None = None) -> list[Cell]:
        """One quantity swept."""
        spread = self.spreads[0] if spread is None else spread
        if axis.name == DELAY.name:
            return [Cell(value, spread, DELAY.name, value) for value in axis.values]
        return [Cell(self.delay, spread, axis.name, value) for value in axis.values]

    def map(self, axis: Axis) -> list[list[Cell]]:
        """One quantity swept at each delay: a list for each delay."""
        if axis.name == DELAY.name:
            return []
        cells = self.curve(axis)
        return [[cell._replace(delay=delay) for cell in cells] for delay in self.map_delays]

    def cells(self) -> list[Cell]:
        """All of them, each once."""
        return list(dict.fromkeys(self._cells()))

    def _cells(self) -> Iterator[Cell]:
        for axis in self.axes:
            yield from self.curve(axis)
            for row in self.map(axis):
                yield from row
        for spread in self.spreads[1:]:
            yield from self.curve(self.axis(DELAY.name), spread)


def quick(plan: Plan) -> Plan:
    """Every second value, the nominal ones among them, and no maps."""
    axes = tuple(
        replace(axis, values=axis.values[axis.values.index(axis.nominal) % 2 :: 2])
        for axis in plan.axes
    )
    return replace(plan, axes=axes, map_delays=())


def ranges_of(cells: list[Cell]) -> Ranges:
    """What holds all cells: deviations are relative to the robot file, spreads come by `world`."""
    largest = {axis.name: max([axis.nominal, *_values(cells, axis)]) for axis in AXES}
    return replace(
        with_spread(PRESETS['default'], 1.0),
        delay=(0.0, max(map(line_of, cells))),
        delay_jitter=0.0,  # is in the longest delay
        measurement_dropout=largest['dropout'],
        command_dropout=largest['dropout'],
        push_rate=PUSH_RATE if largest['push'] else 0.0,
        push_velocity=largest['push'],
    )


def world(cell: Cell, names: list[str]) -> World:
    """What a cell's robots have in common.

    Args:
        cell: whose.
        names: of the deviations, as `drawn_names` gives them.
    """
    settings = {axis.name: axis.nominal for axis in AXES} | {cell.axis: cell.value}
    moved = next(axis.parameters for axis in AXES if axis.name == cell.axis)
    is_moved = np.array([name in moved for name in names])
    return World(
        delay=cell.delay,
        jitter=settings['jitter'],
        dropout=settings['dropout'],
        push=settings['push'],
        coarseness=settings['coarseness'],
        spread=np.where(is_moved, 0.0, cell.spread),
        change=np.where(is_moved, cell.value - 1, 0.0),
    )


def line_of(cell: Cell) -> float:
    """How long a command may be under way [s]."""
    return cell.delay + (cell.value if cell.axis == JITTER.name else 0.0)


def _values(cells: list[Cell], axis: Axis) -> list[float]:
    return [cell.value for cell in cells if cell.axis == axis.name]

# SPDX-License-Identifier: Apache-2.0
"""What a report found: figures of every cell, how far the policy holds, in numbers and words."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from furuta_description.randomization import Ranges
from furuta_rl.robustness.axes import DELAY, Axis, Range
from furuta_rl.robustness.cells import Cell, Plan
from furuta_rl.robustness.sweep import Figures

POLICY, CLASSICAL = 'policy', 'classical'
HELD = 0.99  # share of successes that counts as holding


@dataclass(frozen=True)
class Findings:
    """Everything that a page or a JSON file is made of."""

    policy: str  # file's name
    robot: str
    robot_hash: str
    git_hash: str  # that trained the policy
    training: Mapping[str, Any]  # of the policy's card, but for the ranges
    ranges: Ranges | None  # that the policy was trained with; None: nobody knows
    plan: Plan
    episodes: int  # in each cell
    seed: int
    seconds: float  # that the sweeps took
    figures: Mapping[str, Mapping[Cell, Figures]]  # of each contender

    def shares(self, who: str, cells: Sequence[Cell]) -> list[float]:
        """Success of a contender in these cells."""
        return [self.figures[who][cell].success.share for cell in cells]

    def held(self, who: str, axis: Axis, spread: float | None = None) -> Range | None:
        """Between which values it holds; None where it does not even without anything wrong."""
        return held(axis, self.shares(who, self.plan.curve(axis, spread)))

    def trained(self, axis: Axis) -> Range | None:
        """Between which values training drew it, if that is known."""
        return axis.trained(self.ranges) if self.ranges else None


def held(axis: Axis, shares: Sequence[float]) -> Range | None:
    """Range about the nominal value in which all shares are `HELD`, straight between them."""
    middle = axis.values.index(axis.nominal)
    if not shares[middle] >= HELD:
        return None
    below, above = range(middle, -1, -1), range(middle, len(shares))
    return _last(axis, shares, below), _last(axis, shares, above)


def _last(axis: Axis, shares: Sequence[float], way: range) -> float:
    """Value at which the share falls below, going this way from the nominal value."""
    for here, there in pairwise(way):
        if shares[there] < HELD:
            part = (shares[here] - HELD) / (shares[here] - shares[there])
            return axis.values[here] + part * (axis.values[there] - axis.values[here])
    return axis.values[way[-1]]


def in_words(axis: Axis, range_: Range | None) -> str:
    """A range for people: up to, from, or from..to, `all` where nothing swept was too much."""
    if range_ is None:
        return 'nowhere'
    low, high = range_
    is_open = (low <= axis.values[0], high >= axis.values[-1])
    if all(is_open):
        return f'all: {axis.show(low)} to {axis.show(high)}'
    if is_open[0]:
        return f'up to {axis.show(high)}'
    if is_open[1]:
        return f'from {axis.show(low)}'
    return f'{axis.show(low)} to {axis.show(high)}'


def headline(findings: Findings) -> str:
    """How far it holds, in a few sentences."""
    plan = findings.plan
    parts = [
        f'{_delays(findings, POLICY, spread)} on robots within {100 * spread:g} % of the file'
        for spread in plan.spreads
    ]
    text = f'{100 * HELD:g} % of swing-ups succeed and hold {", and ".join(parts)}.'
    if CLASSICAL in findings.figures:
        spread = plan.spreads[0]
        curve = plan.curve(plan.axis(DELAY.name), spread)
        best = max(findings.shares(CLASSICAL, curve))
        text += (
            f' The classical controller, told the delay: {_delays(findings, CLASSICAL, spread)}'
        )
        text += f' (at best {100 * best:.1f} %).'
    return text


def to_json(findings: Findings) -> dict[str, Any]:
    """As JSON holds it: null for what is not a number."""
    plan = findings.plan

    def cells(of: Sequence[Cell]) -> list[dict[str, Any]]:
        return [
            cell._asdict() | {who: _plain(asdict(f[cell])) for who, f in findings.figures.items()}
            for cell in of
        ]

    axes = [
        {
            'name': axis.name,
            'title': axis.title,
            'unit_shown': axis.unit,
            'nominal': axis.nominal,
            'trained': findings.trained(axis),
            'held': {who: findings.held(who, axis) for who in findings.figures},
            'curve': cells(plan.curve(axis)),
            'map': [cells(row) for row in plan.map(axis)],
        }
        for axis in plan.axes
    ]
    wider = [cells(plan.curve(plan.axis(DELAY.name), spread)) for spread in plan.spreads[1:]]
    facts = (
        'policy',
        'robot',
        'robot_hash',
        'git_hash',
        'training',
        'episodes',
        'seed',
        'seconds',
    )
    return {
        'headline': headline(findings),
        **{name: getattr(findings, name) for name in facts},
        'delay': plan.delay,
        'spreads': plan.spreads,
        'axes': axes,
        'delay_with_wider_spreads': wider,
    }


def _delays(findings: Findings, who: str, spread: float) -> str:
    axis = findings.plan.axis(DELAY.name)
    range_ = findings.held(who, axis, spread)
    if range_ is None:
        return 'at no delay'
    return f'up to {axis.show(range_[1])} of total delay'


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, float):
        return None if math.isnan(value) else round(value, 5)
    return value

# SPDX-License-Identifier: Apache-2.0
"""Pictures of a report: curves of what was swept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from furuta_rl.robustness.axes import DELAY, Axis
from furuta_rl.robustness.findings import CLASSICAL, HELD, POLICY, Findings
from furuta_rl.robustness.sweep import Figures

COLORS = {POLICY: '#1f77b4', CLASSICAL: '#d98c3f'}
TRAINED = '#2e7d32'
STYLES = ('-', '--', ':')


def curves(findings: Findings, axis: Axis) -> Figure:
    """Success, time to upright and energy over one quantity."""
    figure = Figure(figsize=(11, 2.9), layout='constrained')
    success, time, energy = figure.subplots(1, 3, width_ratios=(5, 3, 3))
    cells = findings.plan.curve(axis)
    _success(success, findings, axis)
    for who, figures in findings.figures.items():
        of_cells = [figures[cell] for cell in cells]
        _line(time, axis, of_cells, lambda f: f.time_to_upright_median, COLORS[who])
        _line(energy, axis, of_cells, lambda f: f.energy_mean, COLORS[who])
    time.set_ylabel('upright after, median [s]')
    energy.set_ylabel('energy, mean [J]')
    energy.set_yscale('log')
    for axes in (time, energy):
        _mark(axes, findings, axis)
    return figure


def delay_curve(findings: Findings) -> Figure:
    """Success over delay alone, for a page that has room for one picture."""
    figure = Figure(figsize=(8, 3.6), layout='constrained')
    axes = figure.subplots()
    _success(axes, findings, findings.plan.axis(DELAY.name))
    axes.set_title(f'{findings.policy}: swing-ups that succeed and hold', fontsize='medium')
    return figure


def _success(axes: Axes, findings: Findings, axis: Axis) -> None:
    spreads = findings.plan.spreads if axis.name == DELAY.name else findings.plan.spreads[:1]
    x = axis.shown * np.array(axis.values)
    for style, spread in zip(STYLES, spreads, strict=False):
        cells = findings.plan.curve(axis, spread)
        for who, figures in findings.figures.items():
            bounds = _bounds([figures[cell] for cell in cells])
            label = f'{who}, +-{100 * spread:g} %' if len(spreads) > 1 else who
            axes.plot(x, bounds[1], style, color=COLORS[who], marker='.', label=label)
            axes.fill_between(x, bounds[0], bounds[2], color=COLORS[who], alpha=0.2, linewidth=0)
    axes.axhline(100 * HELD, color='#888888', linewidth=0.7, linestyle=':')
    axes.set_ylim(-3, 103)
    axes.set_ylabel('success [%]')
    _mark(axes, findings, axis)
    axes.legend(fontsize='small', loc='lower left')


def _bounds(figures: list[Figures]) -> NDArray[Any]:
    """Lower end, share and upper end of the intervals, (3, cells) [%]."""
    shares = [figure.success for figure in figures]
    return 100 * np.array([(s.low, s.share, s.high) for s in shares]).T


def _line(
    axes: Axes, axis: Axis, figures: list[Figures], of: Callable[[Figures], float], color: str
) -> None:
    x = axis.shown * np.array(axis.values)
    axes.plot(x, [of(figure) for figure in figures], color=color, marker='.')


def _mark(axes: Axes, findings: Findings, axis: Axis) -> None:
    """What training drew, and what the axis is."""
    trained = findings.trained(axis)
    if trained is not None:
        low, high = (axis.shown * value for value in trained)
        axes.axvspan(low, high, color=TRAINED, alpha=0.1, linewidth=0, label='trained')
        for end in {low, high}:
            axes.axvline(end, color=TRAINED, linewidth=0.8)
    axes.set_xlabel(_label(axis), fontsize='small')
    axes.grid(color='#dddddd', linewidth=0.5)
    axes.set_xlim(axis.shown * axis.values[0], axis.shown * axis.values[-1])


def _label(axis: Axis) -> str:
    unit = 'times that of the robot file' if axis.unit == 'x' else axis.unit
    return f'{axis.title} [{unit}]'

# SPDX-License-Identifier: Apache-2.0
"""Heat maps of a report as HTML tables: one quantity across, the delay downwards."""

from __future__ import annotations

import math
from html import escape

from matplotlib import colormaps
from matplotlib.colors import to_hex

from furuta_rl.robustness.axes import DELAY, Axis, Range
from furuta_rl.robustness.cells import Cell
from furuta_rl.robustness.findings import Findings
from furuta_rl.robustness.sweep import Figures

COLORS, PALE = colormaps['RdYlGn'], 0.35  # share of white, for the text on it


def heat_maps(findings: Findings, axis: Axis) -> str:
    """A map for each contender, side by side."""
    maps = ''.join(_map(findings, axis, who) for who in findings.figures)
    return f'<h3>{escape(axis.name)} <small>{escape(axis.title)}</small></h3><p>{maps}</p>'


def _map(findings: Findings, axis: Axis, who: str) -> str:
    values = ''.join(f'<th>{value * axis.shown:.3g}</th>' for value in axis.values)
    rows = [
        f'<tr><th>{DELAY.show(row[0].delay)}</th>'
        f'{"".join(_cell(findings, axis, who, cell) for cell in row)}</tr>'
        for row in findings.plan.map(axis)
    ]
    unit = f'{who} [{axis.unit}]'
    return f'<table class="map"><tr><th>{unit}</th>{values}</tr>{"".join(rows)}</table>'


def _cell(findings: Findings, axis: Axis, who: str, cell: Cell) -> str:
    figures = findings.figures[who][cell]
    share = figures.success.share
    red, green, blue = (PALE + (1 - PALE) * part for part in COLORS(share)[:3])
    color = to_hex((red, green, blue))
    is_trained = _is_in(cell.value, findings.trained(axis)) and _is_in(
        cell.delay, findings.trained(DELAY)
    )
    frame = ' class="t"' if is_trained else ''
    text = f'{math.floor(1000 * share) / 10:.3g}'  # 99.96 is not 100
    return f'<td{frame} title="{_details(figures)}" style="background:{color}">{text}</td>'


def _details(figures: Figures) -> str:
    if not figures.success.hits:
        return str(figures.success)
    return (
        f'{figures.success}; upright after {figures.time_to_upright_median:.2f} s; '
        f'{figures.energy_mean:.1f} J'
    )


def _is_in(value: float, trained: Range | None) -> bool:
    return trained is not None and trained[0] - 1e-9 <= value <= trained[1] + 1e-9

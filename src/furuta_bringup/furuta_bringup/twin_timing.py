# SPDX-License-Identifier: Apache-2.0
"""Where a control step's time goes, as a table with bars, from the diagnostics of both ends."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from furuta_bringup.twin_status import GOOD, WARN, Status
from furuta_description.trace import PLACES, STAGES

AGE = 'observation_age'  # all that the controller knows of: stamp to command
NAMES = {stage: stage.replace('_', ' ') for stage in STAGES} | {AGE: 'stamp to command'}
SHOWN = ('p50', 'p99', 'worst')
SCALE = (0.01, 100.0)  # [ms] ends of the bars, whose axis is logarithmic
KEYS = frozenset(f'{name}_{place}_ms' for name in NAMES for place in PLACES)
STYLE = 'width:100%;font-size:0.85em;line-height:1.3;font-variant-numeric:tabular-nums'


def timing_html(statuses: Sequence[Status]) -> str:
    """Stages in the order of time [ms], each with a bar from median over 99 % to the worst."""
    values = {key: value for status in statuses for key, value in status.values}
    rows = [_row(name, values) for name in NAMES if f'{name}_p50_ms' in values]
    if not rows:
        return '<div style="margin:6px 10px;color:#868e96">none received</div>'
    head = ''.join(f'<td style="text-align:right">{text}</td>' for text in SHOWN)
    counts = ', '.join(
        f'{escape(values[key])} {word}'
        for key, word in (('missed_steps', 'missed'), ('late_steps', 'late'))
        if key in values
    )
    steps = f'<div style="margin-top:3px">steps: {counts}</div>' if counts else ''
    return (
        f'<div style="margin:4px 10px"><table style="{STYLE}"><tr style="color:#868e96">'
        f'<td>[ms]</td>{head}</tr>{"".join(rows)}</table>{steps}</div>'
    )


def _row(name: str, values: dict[str, str]) -> str:
    numbers = [_number(values.get(f'{name}_{place}_ms', '')) for place in SHOWN]
    cells = ''.join(f'<td style="text-align:right">{number:.2f}</td>' for number in numbers)
    weight = ';font-weight:600' if name == AGE else ''
    return (
        f'<tr style="{weight}"><td style="color:#495057">{NAMES[name]}</td>{cells}</tr>'
        f'<tr><td colspan="4">{_bar(numbers)}</td></tr>'
    )


def _bar(numbers: Sequence[float]) -> str:
    """Thick from the median to 99 %, thin on to the worst."""
    median, most, worst = (_place(number) for number in numbers)
    parts = ((median, most, 4, GOOD), (most, worst, 2, WARN))
    spans = ''.join(
        f'<div style="position:absolute;left:{begin:.1f}%;width:{max(end - begin, 0.8):.1f}%;'
        f'height:{height}px;background:{color}"></div>'
        for begin, end, height, color in parts
    )
    return f'<div style="position:relative;height:4px;background:#f1f3f5">{spans}</div>'


def _place(value: float) -> float:
    """Where a duration [ms] lies on the bar [%]."""
    low, high = (math.log(end) for end in SCALE)
    place = (math.log(min(max(value, SCALE[0]), SCALE[1])) - low) / (high - low)
    return 100 * place


def _number(text: str) -> float:
    """Number of a diagnostic, NaN if it is none."""
    try:
        return float(text)
    except ValueError:
        return math.nan

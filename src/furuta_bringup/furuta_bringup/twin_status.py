# SPDX-License-Identifier: Apache-2.0
"""What the twin's page says in words and numbers, as HTML."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import NamedTuple

STALE_AFTER = 0.5  # [s]
GOOD, BAD, WAITING, WARN = '#2b8a3e', '#e03131', '#868e96', '#e8890c'
NOTE_STYLE = 'margin:4px 10px 8px;font-size:0.85em;line-height:1.4'
PROBLEM_STYLE = (
    'margin-top:6px;padding:4px 8px;font-size:0.9em;line-height:1.35;'
    'background:#f8f0e8;color:#212529'
)
TABLE_STYLE = (
    'width:100%;margin-top:4px;font-size:0.9em;line-height:1.35;font-variant-numeric:tabular-nums'
)
LEVEL_COLORS = (GOOD, WARN, BAD, WAITING)  # of diagnostic_msgs: ok, warn, error, stale


class Status(NamedTuple):
    """One status of `diagnostics`."""

    name: str
    level: int
    message: str
    values: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class View:
    """All that the page shows at one moment."""

    time: float  # [s] monotonic
    age: float | None  # [s] of the newest joint state, None = there was none
    is_new: bool  # a joint state came since the view before
    row: tuple[float, float, float, float, float]  # [rad] [rad] [rad/s] [rad/s] [V]
    statuses: Sequence[Status] = ()
    commanders: Sequence[str] = ()  # other nodes that publish commands
    has_motor: bool = False
    has_reset: bool = False


def status_html(view: View, turns: int) -> str:
    """The banner (live, stale or waiting), what is wrong, and the newest joint state's numbers.

    Args:
        view: what to show.
        turns: whole turns to take off the pendulum's angle.
    """
    color, text = _banner(view.age)
    banner = (
        f'<div style="background:{color};color:white;font-weight:600;padding:8px 10px;'
        f'border-radius:4px;text-align:center">{text}</div>'
    )
    arm, pendulum, arm_velocity, pendulum_velocity, voltage = view.row
    rows: tuple[tuple[str, ...], ...] = (
        ('arm', _degrees(arm), f'{arm_velocity:+.2f} rad/s'),
        (
            'pendulum',
            _degrees(pendulum - 2 * math.pi * turns),
            f'{pendulum_velocity:+.2f} rad/s',
        ),
        ('voltage', f'{voltage:+.2f} V', _motor_text(view.statuses)),
    )
    if view.age is None:
        rows = tuple((name, '-', '') for name, *_ in rows)
    faint = '' if view.age is not None and view.age < STALE_AFTER else ';opacity:0.35'
    parts = banner + _problems(view.statuses) + _disturbances(view.statuses) + _table(rows, faint)
    return f'<div style="margin:8px 10px">{parts}</div>'


def diagnostics_html(statuses: Sequence[Status]) -> str:
    """Each status with a dot in the colour of its level, message, values; bad ones first."""
    if not statuses:
        return '<div style="margin:6px 10px;color:#868e96">none received</div>'
    parts = []
    for status in sorted(statuses, key=lambda status: not status.level):
        dot = f'<span style="color:{_color(status)}">\N{BLACK CIRCLE}</span>'
        parts.append(
            f'<div style="margin:8px 10px 0">{dot} '
            f'<b>{escape(status.name)}</b>: {escape(status.message)}'
            f'{_table([(escape(key), escape(value)) for key, value in status.values])}</div>'
        )
    return ''.join(parts)


def drive_html(commanders: Sequence[str]) -> str:
    """How to drive, or who drives already."""
    if commanders:
        names = escape(', '.join(commanders))
        return (
            f'<div style="{NOTE_STYLE};color:{WARN}"><b>{names}</b> commands the motor. To drive '
            'by hand stop it, or start without a controller: <code>--controller none</code></div>'
        )
    return (
        f'<div style="{NOTE_STYLE};color:#868e96">Tick <i>drive</i>, then move the slider or hold '
        'an arrow key.</div>'
    )


def _banner(age: float | None) -> tuple[str, str]:
    if age is None:
        return WAITING, 'waiting for joint_states'
    if age < STALE_AFTER:
        return GOOD, f'live &nbsp;&middot;&nbsp; last message {age:.1f} s ago'
    return BAD, f'STALE &nbsp;&middot;&nbsp; no joint_states for {age:.1f} s'


def _problems(statuses: Sequence[Status]) -> str:
    """What a user must not overlook, whatever else there is to see."""
    return ''.join(
        f'<div style="{PROBLEM_STYLE};border-left:4px solid {_color(status)}">'
        f'<b>{escape(status.name)}</b>: {escape(status.message)}</div>'
        for status in statuses
        if status.level
    )


def _disturbances(statuses: Sequence[Status]) -> str:
    """What is done on purpose to messages or plant, which must not be taken for a fault."""
    texts = []
    for status in statuses:
        values = dict(status.values)
        if values.get('injection'):
            texts.append(f'<b>{escape(status.name)}</b> injects {escape(values["injection"])}')
        if 'drawn_plant' in values:
            number = escape(values['drawn_plant'])
            texts.append(f'<b>{escape(status.name)}</b> is drawn, number {number}')
    style = f'{PROBLEM_STYLE};border-left:4px solid {WAITING}'
    return ''.join(f'<div style="{style}">{text}</div>' for text in texts)


def _color(status: Status) -> str:
    return LEVEL_COLORS[min(status.level, 3)]


def _motor_text(statuses: Sequence[Status]) -> str:
    """Whether the motor is enabled, as a plant's diagnostics say."""
    for status in statuses:
        for key, value in status.values:
            if key == 'enabled':
                return 'motor on' if value == 'True' else 'motor off'
    return ''


def _degrees(angle: float) -> str:
    return f'{math.degrees(angle):+.1f}\N{DEGREE SIGN}'


def _table(rows: Sequence[tuple[str, ...]], style: str = '') -> str:
    cells = ''.join(
        '<tr>' + ''.join(_cell(text, column) for column, text in enumerate(row)) + '</tr>'
        for row in rows
    )
    return f'<table style="{TABLE_STYLE}{style}">{cells}</table>'


def _cell(text: str, column: int) -> str:
    style = 'color:#495057' if column == 0 else 'text-align:right;font-weight:500'
    return f'<td style="{style}">{text}</td>'

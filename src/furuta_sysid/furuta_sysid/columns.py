# SPDX-License-Identifier: Apache-2.0
"""CSV files that were recorded elsewhere, read by a column map.

A map says which column is which signal and in which unit, `time=t:ms arm=theta:deg
pendulum=-alpha:counts@1024`: `-` turns the sign, `@` is what the column reads at zero (arm
forward, pendulum hanging, no voltage). `counts` takes the encoder of the robot file, `counts/4096`
says how many there are in a turn.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from furuta_description.robot import Robot
from furuta_sysid.trajectory import (
    Floats,
    Recording,
    RecordingError,
    Stamped,
    hash_of,
    to_recording,
)

SIGNALS = ('time', 'voltage', 'arm', 'pendulum')
_ANGLES = {'rad': 1.0, 'deg': math.radians(1.0), 'rev': math.tau, 'mrad': 1e-3}
UNITS = {
    'time': {'s': 1.0, 'ms': 1e-3, 'us': 1e-6, 'ns': 1e-9},
    'voltage': {'V': 1.0, 'mV': 1e-3},
    'arm': _ANGLES,
    'pendulum': _ANGLES,
}
_MAP = re.compile(
    r'(?P<sign>-?)(?P<name>[^:@]+)(:(?P<unit>[^@]+))?(@(?P<zero>[-+0-9.eE]+))?', re.VERBOSE
)


@dataclass(frozen=True)
class Column:
    """One column: its signal is `sign (value - zero) unit`."""

    name: str
    unit: str = ''
    """one of `UNITS`, `counts` or `counts/N`; empty = SI"""
    sign: int = 1
    zero: float = 0.0
    """what the column reads at the signal's zero, in its own unit"""


@dataclass(frozen=True)
class Columns:
    """Which column is which signal; the defaults are names that say their SI units."""

    time: Column = Column('t_s')
    voltage: Column = Column('voltage_V')
    arm: Column = Column('theta_rad')
    pendulum: Column = Column('alpha_rad')


def parse_columns(texts: Sequence[str]) -> Columns:
    """Columns from `signal=name:unit` texts; a signal that is not named keeps its default.

    Raises:
        ValueError: a text is none; the message shows what is.
    """
    found = {}
    for text in texts:
        signal, _, rest = text.partition('=')
        match = _MAP.fullmatch(rest)
        if signal not in SIGNALS or not match:
            raise ValueError(
                f'column {text!r}: write SIGNAL=NAME, SIGNAL=NAME:UNIT or SIGNAL=-NAME:UNIT@ZERO '
                f'with SIGNAL one of {", ".join(SIGNALS)} (arm=theta:deg)'
            )
        column = Column(
            match['name'],
            match['unit'] or '',
            -1 if match['sign'] else 1,
            float(match['zero'] or 0.0),
        )
        _factor(signal, column, None)
        found[signal] = column
    return Columns(**found)


def read_csv(path: Path, columns: Columns | None = None, robot: Robot | None = None) -> Recording:
    """Read one recording; each voltage holds until the next row.

    Args:
        path: comma, semicolon or tab separated, with a line of column names.
        columns: the map; None = the default.
        robot: whose encoders `counts` are of.

    Raises:
        RecordingError: a column is missing, a value is no number or time does not rise.
    """
    columns = columns or Columns()
    names, rows, lines = _read_table(path)
    values = {
        signal: _signal(path, signal, getattr(columns, signal), robot, (names, rows, lines))
        for signal in SIGNALS
    }
    time = values['time']
    stamped = Stamped(time, values['arm'], values['pendulum'], time, values['voltage'])
    return to_recording(stamped, path, hash_of([path]))


def _read_table(path: Path) -> tuple[list[str], list[list[str]], list[int]]:
    """Column names, rows, and the line of the file that each row is."""
    try:
        text = path.read_text(encoding='utf-8-sig')
    except (OSError, UnicodeDecodeError) as error:
        raise RecordingError(f'{path}: cannot be read as a table: {error}') from error
    header = text.partition('\n')[0]
    delimiter = max(',;\t', key=header.count)
    reader = csv.reader(text.splitlines(), delimiter=delimiter)
    names = [name.strip() for name in next(reader, [])]
    rows, lines = [], []
    for row in reader:
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(names):
            raise RecordingError(
                f'{path}, line {reader.line_num}: {len(row)} values under {len(names)} columns'
            )
        rows.append(row)
        lines.append(reader.line_num)
    return names, rows, lines


def _signal(
    path: Path,
    signal: str,
    column: Column,
    robot: Robot | None,
    table: tuple[list[str], list[list[str]], list[int]],
) -> Floats:
    names, rows, lines = table
    if column.name not in names:
        raise RecordingError(
            f'{path}: no column {column.name!r} for {signal}; there are {", ".join(names)}. '
            f'Say which it is: --columns {signal}=NAME:UNIT'
        )
    index = names.index(column.name)
    values = np.empty(len(rows))
    for row, cells in enumerate(rows):
        try:
            values[row] = float(cells[index])
        except ValueError:
            values[row] = math.nan
        if not math.isfinite(values[row]):
            raise RecordingError(
                f'{path}, line {lines[row]}: {column.name} is {cells[index]!r}, not a number'
            )
    return column.sign * _factor(signal, column, robot) * (values - column.zero)


def _factor(signal: str, column: Column, robot: Robot | None) -> float:
    """What one unit of the column is in SI.

    Raises:
        ValueError: the unit is none of this signal's.
    """
    units = UNITS[signal]
    if not column.unit:
        return 1.0
    if column.unit in units:
        return units[column.unit]
    match = re.fullmatch(r'counts(?:/([1-9][0-9]*))?', column.unit)
    if match and units is _ANGLES:
        if match[1]:
            return math.tau / int(match[1])
        if robot is None:
            return math.nan  # only asked whether there is such a unit
        return math.tau / float(getattr(robot.sensors, f'{signal}_counts'))
    counts = ', counts, counts/N' if units is _ANGLES else ''
    raise ValueError(
        f'unit {column.unit!r} of {signal}: must be one of {", ".join(units)}{counts}'
    )

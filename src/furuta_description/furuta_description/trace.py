# SPDX-License-Identifier: Apache-2.0
"""Where the time of a control step goes, from the plant's sample to the voltage at the motor.

    sample     observed   taken     computed   published     arrived    applied
      |------ sensor age ---|- compute -|- publish -|--- wire ---|- applied -|
      plant       line           controller             line          plant

Rows are times [ns] of one clock, the system's. `observed` is when the plant published the sample.
The controller knows the first stages, the plant the last two; a command's publication number joins
their rows. `publish` ends when the call returns, `wire` begins when the middleware stamps the
message in the midst of it: they overlap by some 0.03 ms.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

WINDOW = 4096  # newest rows, which quantiles are of
PLACES = {'p50': 0.5, 'p99': 0.99, 'p999': 0.999, 'worst': 1.0}
Times = NDArray[np.int64]


class StepTimes(NamedTuple):
    """A controller's step; times in [ns]."""

    number: int  # publication number of its command
    stamp: int  # of its sample
    observed: int  # the plant had published the sample
    taken: int  # the controller had it
    computed: int
    published: int


class CommandTimes(NamedTuple):
    """A command on its way to a plant's motor; times in [ns]."""

    number: int  # its publication number
    published: int
    arrived: int  # at the plant's node
    applied: int  # first drives the motor


STEP_STAGES = {
    'sensor_age': ('stamp', 'taken'),
    'compute': ('taken', 'computed'),
    'publish': ('computed', 'published'),
}
COMMAND_STAGES = {'wire': ('published', 'arrived'), 'applied': ('arrived', 'applied')}
STAGES = (*STEP_STAGES, *COMMAND_STAGES)


class Trace:
    """Newest rows of one kind."""

    def __init__(self, kind: Any) -> None:
        """Take rows of `kind`, a NamedTuple of integers."""
        self.columns: tuple[str, ...] = kind._fields
        self._rows = np.zeros((WINDOW, len(self.columns)), np.int64)
        self._count = self._given = 0

    def add(self, row: tuple[int, ...]) -> None:
        """Take a row."""
        self._rows[self._count % WINDOW] = row
        self._count += 1

    def newest(self) -> Times:
        """The newest rows, at most `WINDOW`, in no order (n, columns)."""
        return self._rows[: min(self._count, WINDOW)]

    def new(self) -> Times:
        """Rows that were not given yet, oldest first (n, columns)."""
        first, self._given = max(self._given, self._count - WINDOW), self._count
        return self._rows[np.arange(first, self._count) % WINDOW]

    def report(self, spans: dict[str, tuple[str, str]]) -> dict[str, float]:
        """Quantiles of the time between two columns each, by `{name}_{place}_ms`."""
        rows = self.newest()
        figures = {}
        for name, (begin, end) in spans.items():
            between = rows[:, self.columns.index(end)] - rows[:, self.columns.index(begin)]
            for place, value in quantiles(between).items():
                figures[f'{name}_{place}_ms'] = value * 1e-6
        return figures


def quantiles(values: NDArray[Any]) -> dict[str, float]:
    """Median, 99 %, 99.9 % and worst of (n,) values, each a value that occurred; 0 of none."""
    ordered = np.sort(values) if len(values) else np.zeros(1)
    last = len(ordered) - 1
    return {name: float(ordered[round(place * last)]) for name, place in PLACES.items()}


def join(steps: Times, commands: Times) -> dict[str, Times]:
    """Columns of the steps whose command was applied, by name.

    Args:
        steps: rows of `StepTimes` (n, 6).
        commands: rows of `CommandTimes` (m, 4); its `published` is the middleware's, and is
            called `sent` in the result.
    """
    _, i, j = np.intersect1d(steps[:, 0], commands[:, 0], return_indices=True)
    taken = dict(zip(StepTimes._fields, steps[i].T, strict=True))
    return taken | {'sent': commands[j, 1], 'arrived': commands[j, 2], 'applied': commands[j, 3]}


def period_errors(times: Times, period: float) -> NDArray[np.float64]:
    """How far the time between successive events is from the period [s], (n - 1,)."""
    return np.abs(np.diff(times) * 1e-9 - period)


def histogram(values: NDArray[Any], edges: NDArray[Any]) -> NDArray[np.int64]:
    """How many values lie between the edges; the outermost bins take what is beyond them."""
    inside = np.clip(np.searchsorted(edges, values, 'right') - 1, 0, len(edges) - 2)
    return np.bincount(inside, minlength=len(edges) - 1)

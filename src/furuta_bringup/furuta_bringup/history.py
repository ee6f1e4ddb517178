# SPDX-License-Identifier: Apache-2.0
"""What the twin's plots show: the last 10 s, as columns."""

from __future__ import annotations

import math
from collections import deque

import numpy as np
import numpy.typing as npt

SPAN = 10.0  # [s] shown
GAP = 0.3  # [s] without a sample: the line is broken
FloatArray = npt.NDArray[np.float64]


class History:
    """The last `SPAN` seconds of (arm angle, pendulum angle, their velocities, voltage)."""

    def __init__(self) -> None:
        """Start empty."""
        self.turns = 0  # whole turns to take off the pendulum's angle for showing it
        self._rows: deque[tuple[float, ...]] = deque()

    def append(self, time: float, values: tuple[float, float, float, float, float]) -> None:
        """Keep `values` of monotonic `time` [s]: [rad], [rad], [rad/s], [rad/s], [V]."""
        if self._rows and time - self._rows[-1][0] > GAP:
            self._rows.append((self._rows[-1][0] + GAP, *[math.nan] * 5))
        self._rows.append((time, *values))
        self.turns = next_turns(self.turns, values[1])
        while self._rows[0][0] < time - SPAN:
            self._rows.popleft()

    def columns(self) -> FloatArray:
        """Columns (6, N): time before the newest sample [s], then the values as appended."""
        if not self._rows:
            return np.array([[-SPAN, 0.0], *[[math.nan] * 2] * 5])
        columns = np.array(self._rows).T
        columns[0] -= columns[0, -1]
        return columns


def next_turns(turns: int, pendulum_angle: float) -> int:
    """Whole turns to take off for showing the angle, given those taken off before.

    They change only beyond +-270 deg, so neither rest, hanging (0) nor upright (+-180), is near a
    jump, whichever way round the pendulum went up.

    Args:
        turns: taken off until now.
        pendulum_angle: unwrapped [rad].
    """
    turn = 2 * math.pi
    if abs(pendulum_angle - turn * turns) <= 0.75 * turn:
        return turns
    return round(pendulum_angle / turn)

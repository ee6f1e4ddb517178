# SPDX-License-Identifier: Apache-2.0
"""Notices counts that jump as no joint can move: a loose encoder wire, or disturbance on it.

What the counts jumped by stays in the angle, so the zero pose is off by it from then on. Too
small a jump passes for motion; one far too large trips the board's speed limit besides.
"""

from __future__ import annotations

import math

ACCELERATION_MAX = 3000.0  # [rad/s^2] a stalled motor moves the bare arm with a third of that
ROUNDING = 4  # [counts] quantisation of three samples


class EncoderWatch:
    """Looks at one encoder's counts, state by state."""

    def __init__(self, resolution: float) -> None:
        """Resolution of the encoder [rad/count]."""
        self._limit = ACCELERATION_MAX / resolution  # [counts/s^2]
        self._before: list[tuple[int, int]] = []  # up to two (time [us], counts)

    def restart(self) -> None:
        """What comes next need not go on from what was."""
        self._before.clear()

    def jump(self, time_us: int, counts: int) -> int:
        """By how many counts this sample is off what the joint could have done; 0 if it is not."""
        before, self._before = self._before, [*self._before[-1:], (time_us, counts)]
        if len(before) < 2:
            return 0
        (t0, c0), (t1, c1) = before
        step, dt = (time_us - t1) * 1e-6, (time_us - t0) * 1e-6
        expected = c1 + (c1 - c0) * step / max(t1 - t0, 1) * 1e6
        if abs(counts - expected) <= ROUNDING + self._limit * step * dt:
            return 0
        self._before = [(time_us, counts)]
        return math.trunc(counts - expected)

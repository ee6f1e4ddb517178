# SPDX-License-Identifier: Apache-2.0
"""When a loaded host holds up the bytes: at random, as often and for as long as the effects say.

Knows no clock: times [us] are passed in, never running backwards.
"""

from __future__ import annotations

import random

from furuta_hardware.effects import Effects


class Stalls:
    """The stalls of one host: a Poisson process with exponential durations."""

    def __init__(self, effects: Effects, seed: int, now_us: float = 0.0) -> None:
        """The first comes some time after now."""
        self._rate = effects.stall_rate if effects.stall_duration else 0.0
        self._duration = effects.stall_duration
        self._random = random.Random(seed)
        self._next_us = now_us
        self._draw()

    def until_us(self, now_us: float) -> float | None:
        """Until when a stall that has begun since the last call lasts; None if none has."""
        if now_us < self._next_us:
            return None
        until = self._next_us + self._random.expovariate(1 / self._duration) * 1e6
        self._draw()
        return until

    def _draw(self) -> None:
        self._next_us += self._random.expovariate(self._rate) * 1e6 if self._rate else float('inf')

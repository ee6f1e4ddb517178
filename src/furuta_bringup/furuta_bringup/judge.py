# SPDX-License-Identifier: Apache-2.0
"""Judges a run from its joint states: when upright, since when, how far the arm went."""

from __future__ import annotations

import math
from dataclasses import dataclass

UPRIGHT = math.radians(10)  # [rad] from upright that counts as upright
HOLD = 1.0  # [s] a pendulum must stay upright for the swing-up to count as done
GAP = 0.1  # [s] without a sample that counts as a gap


@dataclass
class Judge:
    """Feed it every sample of one run; times are of the plant, in s since the first."""

    time_to_upright: float | None = None
    falls: int = 0
    gaps: int = 0
    samples: int = 0
    arm_min: float = math.inf
    arm_max: float = -math.inf
    elapsed: float = 0.0
    _first: float | None = None
    _upright_from: float | None = None

    def add(self, stamp: float, arm_angle: float, pendulum_angle: float) -> None:
        """Take a sample: stamp [s], angles [rad]."""
        if self._first is None:
            self._first = stamp
        now = stamp - self._first
        if now - self.elapsed > GAP and self.samples:
            self.gaps += 1
        self.elapsed = now
        self.samples += 1
        self.arm_min = min(self.arm_min, arm_angle)
        self.arm_max = max(self.arm_max, arm_angle)
        error = pendulum_angle % (2 * math.pi) - math.pi
        if not abs(error) < UPRIGHT:
            if self.time_to_upright is not None and self._upright_from is not None:
                self.falls += 1
            self._upright_from = None
            return
        if self._upright_from is None:
            self._upright_from = now
        if self.time_to_upright is None and now - self._upright_from >= HOLD:
            self.time_to_upright = self._upright_from

    @property
    def upright_for(self) -> float:
        """How long it has been upright without a break [s]; 0 if it is not."""
        return 0.0 if self._upright_from is None else self.elapsed - self._upright_from

    def summary(self) -> dict[str, float | int | None]:
        """The figures, for a JSON file; angles in rad, times in s."""
        seen = self.samples > 0
        return {
            'elapsed': round(self.elapsed, 3),
            'time_to_upright': None
            if self.time_to_upright is None
            else round(self.time_to_upright, 3),
            'upright_for': round(self.upright_for, 3),
            'falls': self.falls,
            'arm_min': round(self.arm_min, 4) if seen else None,
            'arm_max': round(self.arm_max, 4) if seen else None,
            'samples': self.samples,
            'gaps': self.gaps,
        }

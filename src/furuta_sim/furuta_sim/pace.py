# SPDX-License-Identifier: Apache-2.0
"""Pace of a simulated plant: which wall time the next tick is due at, and what time it is there.

Deadlines are absolute, so that single delays do not add up. A plant held up by more than
`CATCH_UP` does not race to make it good: the missed time is dropped and counted. Clocks are
passed in as nanoseconds.
"""

from __future__ import annotations

CATCH_UP_NS = 50_000_000
SPEEDS = (0.01, 100.0)


class Pace:
    """Ticks of `period` plant seconds at `speed` plant seconds per second."""

    def __init__(self, period: float, speed: float, now_ns: int) -> None:
        """Start now.

        Raises:
            ValueError: speed or period is out of bounds.
        """
        if not 1e-4 <= period <= 1:
            raise ValueError(f'publish_rate_hz must be 1..10000, not {1 / period:g}')
        self.period_ns = round(period * 1e9)
        self.is_paused = False
        self.dropped = 0  # times the plant fell behind and dropped time
        self.ticks = 0
        self.plant_ns = now_ns  # plant's time; the wall's at the start
        self._due_ns = float(now_ns)
        self._report = (now_ns, 0)
        self.set_speed(speed, now_ns)

    def set_speed(self, speed: float, now_ns: int) -> None:
        """Go on at another speed from now.

        Raises:
            ValueError: speed is not within SPEEDS.
        """
        if not SPEEDS[0] <= speed <= SPEEDS[1]:
            raise ValueError(f'speed must be {SPEEDS[0]}..{SPEEDS[1]}, not {speed}')
        self.speed = speed
        self._wall_ns = self.period_ns / speed
        self._due_ns = now_ns

    def steps(self, dt: float) -> int:
        """Physics steps in a tick.

        Raises:
            ValueError: a tick is not a whole number of steps.
        """
        steps = round(self.period_ns / (dt * 1e9))
        if steps < 1 or abs(steps * dt * 1e9 - self.period_ns) > 1:
            raise ValueError('physics_rate_hz must be a whole multiple of publish_rate_hz')
        return steps

    def next(self, now_ns: int) -> int:
        """Move on to the next tick; the wall time it is due at [ns]."""
        due = self._due_ns + self._wall_ns
        if now_ns - due > CATCH_UP_NS:
            self.dropped += 1
            if self.speed == 1:  # the stamps stay the wall's time
                self.plant_ns += round(now_ns - due)
            due = now_ns
        self._due_ns = due
        if not self.is_paused or self.speed == 1:
            self.plant_ns += self.period_ns
        self.ticks += 1
        return round(due)

    def report(self, now_ns: int) -> dict[str, float]:
        """Rate since the last report and counts, for diagnostics."""
        then, ticks = self._report
        self._report = (now_ns, self.ticks)
        rate = (self.ticks - ticks) / max((now_ns - then) * 1e-9, 1e-9)
        return {'rate_hz': rate, 'dropped': self.dropped, 'speed': self.speed}

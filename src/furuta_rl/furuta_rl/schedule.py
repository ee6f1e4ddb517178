# SPDX-License-Identifier: Apache-2.0
"""When a controller that is paced by the plant's samples takes a step, and how that went.

Time is the samples' own stamp, so that the control rate follows the plant at any speed factor.
"""

from __future__ import annotations


class Schedule:
    """Picks from a stream of samples those to step on; counts missed steps."""

    def __init__(self, period: float) -> None:
        """Step every `period` [s] of the plant's time."""
        self.period = period
        self.has_jumped = False  # the last step came after a gap or a step back in time
        self.missed = 0  # steps whose sample came too late or never
        self._due: float | None = None
        self._steps = 0
        self._busy = 0.0
        self._slowest = 0.0
        self._first = self._last = 0.0

    def is_due(self, stamp: float) -> bool:
        """Whether to step on a sample of that stamp [s]."""
        self.has_jumped = False
        if self._due is None or not -0.25 < stamp - self._due < 0.25:
            self.has_jumped = self._due is not None
            self._due = stamp
        late = stamp - self._due
        if late < -0.25 * self.period:  # samples need not come exactly on our grid
            return False
        skipped = int((late + 0.25 * self.period) / self.period)
        self.missed += skipped
        self._due += (1 + skipped) * self.period
        self._last = stamp
        if self._steps == 0:
            self._first = stamp
        return True

    def done(self, duration: float) -> None:
        """The step took `duration` [s] of this computer's time."""
        self._steps += 1
        self._busy += duration
        self._slowest = max(self._slowest, duration)

    def report(self) -> dict[str, float]:
        """Steps since the last report: rate, missed, mean and worst duration."""
        steps, span = self._steps, self._last - self._first
        report = {
            'steps': steps,
            'rate_hz': (steps - 1) / span if steps > 1 and span > 0 else 0.0,
            'missed_steps': self.missed,
            'step_mean_us': 1e6 * self._busy / max(steps, 1),
            'step_worst_us': 1e6 * self._slowest,
        }
        self._steps, self._busy, self._slowest = 0, 0.0, 0.0
        return report

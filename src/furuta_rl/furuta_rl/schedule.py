# SPDX-License-Identifier: Apache-2.0
"""When a controller that is paced by the plant's samples takes a step, and how that went.

Time is the samples' own stamp, so that the control rate follows the plant at any speed factor.
"""

from __future__ import annotations

import math
from collections import deque

WINDOW = 1000  # steps that quantiles are taken over
SETTLING = 0.5  # [s] of samples without a gap before the motor is first driven


class Schedule:
    """Picks from a stream of samples those to step on; counts missed steps."""

    def __init__(self, period: float) -> None:
        """Step every `period` [s] of the plant's time."""
        self.period = period
        self.has_jumped = False  # the last step came after a gap or a step back in time
        self.missed = 0  # steps whose sample came too late or never
        self._due: float | None = None
        self._steps = 0
        self._first = self._last = 0.0
        self._settled = math.inf  # stamp from which on samples are trusted
        self._durations: deque[float] = deque(maxlen=WINDOW)
        self._ages: deque[float] = deque(maxlen=WINDOW)

    def is_due(self, stamp: float) -> bool:
        """Whether to step on a sample of that stamp [s]."""
        self.has_jumped = False
        if self._due is None or not -0.25 < stamp - self._due < 0.25:
            self.has_jumped = self._due is not None
            if not self.has_jumped or self._settled > stamp:
                self._settled = stamp + SETTLING
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

    @property
    def is_settled(self) -> bool:
        """Whether samples have once come for long enough without a gap to drive on them.

        A middleware whose ends have just met was seen to fall silent once more for 0.3 s, in which
        the first push flings the arm to its limit.
        """
        return self._last >= self._settled

    def done(self, duration: float, age: float) -> None:
        """The step took `duration` [s]; its sample was `age` [s] old when the command went out."""
        self._steps += 1
        self._durations.append(duration)
        self._ages.append(age)

    def report(self) -> dict[str, float]:
        """Figures for the diagnostics.

        Returns:
            Steps and their rate since the last report; missed steps so far; of the last `WINDOW`
            steps, how long they took and how old their samples were.
        """
        steps, span = self._steps, self._last - self._first
        report = {
            'steps': steps,
            'rate_hz': (steps - 1) / span if steps > 1 and span > 0 else 0.0,
            'missed_steps': self.missed,
            **_quantiles('step_{}_us', self._durations, 1e6),
            **_quantiles('observation_age_{}_ms', self._ages, 1e3),
        }
        self._steps = 0
        return report


def _quantiles(name: str, values: deque[float], scale: float) -> dict[str, float]:
    """Median, 99th percentile and worst, in the unit that `scale` leads to."""
    ordered = sorted(values) or [0.0]
    places = {'p50': 0.5, 'p99': 0.99, 'worst': 1.0}
    return {
        name.format(word): scale * ordered[round(place * (len(ordered) - 1))]
        for word, place in places.items()
    }

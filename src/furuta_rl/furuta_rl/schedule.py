# SPDX-License-Identifier: Apache-2.0
"""When a controller that is paced by the plant's samples takes a step, and how that went.

Time is the samples' own stamp, so that the control rate follows the plant at any speed factor.
"""

from __future__ import annotations

import math

from furuta_description.trace import STEP_STAGES, StepTimes, Trace

SPANS = {**STEP_STAGES, 'observation_age': ('stamp', 'published')}
PULL = 0.01  # share of a sample's lateness by which the next ones are expected later, too
SETTLING = 0.5  # [s] of samples without a gap before the motor is first driven


class Schedule:
    """Picks from a stream of samples those to step on; counts missed steps."""

    def __init__(self, period: float) -> None:
        """Step every `period` [s] of the plant's time."""
        self.period = period
        self.has_jumped = False  # the last step came after a gap or a step back in time
        self.missed = 0  # steps whose sample came too late or never
        self.late = 0  # steps whose command went out later than a period after its sample
        self.trace = Trace(StepTimes)
        self._due: float | None = None
        self._steps = 0  # taken since the last report
        self._due_steps = 0  # due since the stamp `_first`; an injected delay lies between the two
        self._first: float | None = None
        self._last = self._newest = 0.0  # stepped on, and come
        self._lag = 0.0  # [s] from a sample's stamp until it is here
        self._settled = math.inf  # stamp from which on samples are trusted

    def is_due(self, stamp: float) -> bool:
        """Whether to step on a sample of that stamp [s]."""
        self.has_jumped = False
        if self._due is None or not -0.25 < stamp - self._due < 0.25:
            self.has_jumped = self._due is not None
            if not self.has_jumped or self._settled > stamp:
                self._settled = stamp + SETTLING
            self._due = stamp
        late, spacing = stamp - self._due, abs(stamp - self._newest)
        self._newest = stamp
        # Samples need not come exactly on our grid: the one nearest to it counts.
        if late < -min(0.5 * spacing, 0.25 * self.period):
            return False
        skipped = int((late + 0.25 * self.period) / self.period)
        self.missed += skipped
        # Not by periods alone: clocks differ, and sums of seconds since 1970 lose 1e-7 s each.
        self._due += (1 + skipped) * self.period + PULL * (late - skipped * self.period)
        self._last = stamp
        if self._first is None:
            self._first = stamp
        else:
            self._due_steps += 1
        return True

    @property
    def is_settled(self) -> bool:
        """Whether samples have once come for long enough without a gap to drive on them.

        A middleware whose ends have just met was seen to fall silent once more for 0.3 s, in which
        the first push flings the arm to its limit.
        """
        return self._last >= self._settled

    @property
    def expected(self) -> float:
        """When the next sample to step on should be here [s], on the clock of `done`'s times."""
        return (self._due or 0.0) + self._lag

    def done(self, times: StepTimes) -> None:
        """A step was taken."""
        self._steps += 1
        self._lag += PULL * ((times.taken - times.stamp) * 1e-9 - self._lag)
        self.late += times.published - times.stamp > self.period * 1e9
        self.trace.add(times)

    def report(self) -> dict[str, float]:
        """Figures for the diagnostics.

        Returns:
            Steps and their rate since the last report; missed and late steps so far; of the newest
            steps, how long their stages took and how old their samples were.
        """
        span = 0.0 if self._first is None else self._last - self._first
        report = {
            'steps': self._steps,
            'rate_hz': self._due_steps / span if span > 0 else 0.0,
            'missed_steps': self.missed,
            'late_steps': self.late,
            **self.trace.report(SPANS),
        }
        self._steps = self._due_steps = 0
        self._first = None if self._first is None else self._last
        return report

# SPDX-License-Identifier: Apache-2.0
"""How a link does: states received and lost, their age, and how long a command is on its way.

Times are passed in as nanoseconds of one host clock.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from furuta_hardware.messages import State

RECENT = 2000  # samples that percentiles are of: 4 s at 500 Hz
IN_FLIGHT = 256  # commands whose echo is waited for
SEQUENCE_SPAN = 65536
NONE_SENT = (0, 0)  # (sequence, time [ns])


class LinkStatistics:
    """Counts over all connections; percentiles of the newest samples."""

    def __init__(self) -> None:
        """Start counting."""
        self.received = 0
        self.lost = 0  # states that the board numbered and that never came
        self._sequence: int | None = None
        self._sent = [NONE_SENT] * IN_FLIGHT  # by place, for two threads without a lock
        self._ages_ns: deque[int] = deque(maxlen=RECENT)
        self._round_trips_ns: deque[int] = deque(maxlen=RECENT)
        self._reported: tuple[int, int] | None = None

    def restart(self) -> None:
        """The board or its connection begins anew: what comes next is no gap."""
        self._sequence = None
        self._sent = [NONE_SENT] * IN_FLIGHT

    def sent(self, sequence: int, now_ns: int) -> None:
        """A command leaves."""
        self._sent[sequence % IN_FLIGHT] = (sequence, now_ns)

    def arrived(self, state: State, arrival_ns: int, stamp_ns: int) -> int:
        """A state has come, sampled at `stamp_ns`; how many were lost just before it."""
        lost = 0
        if self._sequence is not None:
            lost = (state.sequence - self._sequence - 1) % SEQUENCE_SPAN
        self._sequence = state.sequence
        self.received += 1
        self.lost += lost
        self._ages_ns.append(arrival_ns - stamp_ns)
        place = state.echo % IN_FLIGHT
        sequence, sent_ns = self._sent[place]
        if sequence == state.echo != 0:
            self._sent[place] = NONE_SENT
            # The time that the command lay on the board is not the link's.
            self._round_trips_ns.append(arrival_ns - sent_ns - state.command_age_us * 1000)
        return lost

    def report(self, now_ns: int) -> dict[str, float]:
        """Figures for diagnostics, the rate being that since the last report."""
        rate_hz = float('nan')
        if self._reported is not None:
            then, received = self._reported
            rate_hz = (self.received - received) / max((now_ns - then) * 1e-9, 1e-3)
        self._reported = (now_ns, self.received)
        return {
            'rate_hz': rate_hz,
            'lost_states': self.lost,
            'age_ms_p50': _percentile(self._ages_ns, 0.5) / 1e6,
            'age_ms_p99': _percentile(self._ages_ns, 0.99) / 1e6,
            'round_trip_ms_p50': _percentile(self._round_trips_ns, 0.5) / 1e6,
            'round_trip_ms_p99': _percentile(self._round_trips_ns, 0.99) / 1e6,
        }


def _percentile(values: Iterable[int], share: float) -> float:
    ordered = sorted(values)
    return float(ordered[round(share * (len(ordered) - 1))]) if ordered else float('nan')

# SPDX-License-Identifier: Apache-2.0
"""One time for stamps whose clock was set while it was recorded.

A clock that jumps shows in how far the stamps are from the arrivals: a message that comes late
does so for itself, after a jump all do. Stamps after a jump are put back onto the time before it,
and the moments around it count as lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter

from furuta_sysid.trajectory import MAX_HOLE, Floats

JUMP = 0.1  # [s]
NEAR = 3  # messages; a late one may stand beside a jump
WINDOW = 51  # messages, of which fewer than half may be late
MARGIN = MAX_HOLE + 2  # samples after a jump that are left out, so that it is a hole


@dataclass(frozen=True)
class Clock:
    """Segments between jumps: when each began to arrive, and what its stamps are ahead by."""

    epoch: int  # [ns] that is time 0
    since: NDArray[np.int64]  # (S,) [ns] of arrival
    ahead: Floats  # (S,) [s]
    blind: Floats  # (S,) [s] after the begin of each that counts as lost
    remarks: list[str]

    def read(
        self, stamps: Sequence[int], received: Sequence[int]
    ) -> tuple[Floats, NDArray[np.bool_]]:
        """Times of N messages, (N,) [s] from the first, and which of them can be used, (N,)."""
        arrival = np.asarray(received, np.int64)
        segment = np.searchsorted(self.since, arrival, side='right') - 1
        segment = np.clip(segment, 0, None)
        time = (np.asarray(stamps, np.int64) - self.epoch) * 1e-9 - self.ahead[segment]
        since_jump = (arrival - self.since[segment]) * 1e-9
        return time, (segment == 0) | (since_jump > self.blind[segment])


def make_clock(stamps: Sequence[int], received: Sequence[int]) -> Clock:
    """Find the jumps in the stamps [ns] of messages, in the order of their arrival [ns]."""
    stamp, arrival = np.asarray(stamps, np.int64), np.asarray(received, np.int64)
    offset = ((stamp - stamp[0]) - (arrival - arrival[0])) * 1e-9
    level = median_filter(offset, min(WINDOW, len(offset)), mode='nearest')
    jumps, sizes = _jumps(stamp, level)
    period = float(np.median(np.diff(arrival))) * 1e-9 if len(arrival) > 1 else 0.0
    remarks = [
        f'clock jumped by {size:+.3f} s after {(arrival[jump] - arrival[0]) * 1e-9:.3f} s'
        for jump, size in zip(jumps, sizes, strict=True)
    ]
    return Clock(
        epoch=int(stamp[0]),
        since=np.concatenate([arrival[:1], arrival[jumps]]),
        ahead=np.concatenate([[0.0], np.cumsum(sizes)]),
        blind=np.concatenate([[0.0], np.full(len(jumps), MARGIN * period)]),
        remarks=remarks,
    )


def _jumps(stamp: NDArray[np.int64], level: Floats) -> tuple[NDArray[np.intp], Floats]:
    """First messages after a jump, and the jumps' sizes [s].

    A crowded machine changes how late messages come and lost ones leave a gap in the stamps; a
    jump does both.
    """
    jumps: list[int] = []
    sizes: list[float] = []
    for at in (np.flatnonzero(np.abs(np.diff(stamp)) > JUMP * 1e9) + 1).tolist():
        size = float(level[min(at + NEAR, len(level) - 1)] - level[max(at - 1 - NEAR, 0)])
        if abs(size) > JUMP and not (jumps and at - jumps[-1] <= WINDOW):
            jumps.append(at)
            sizes.append(size)
    return np.array(jumps, np.intp), np.array(sizes)

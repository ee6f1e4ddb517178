# SPDX-License-Identifier: Apache-2.0
"""From the board's clock to the host's: when, in host time, was a sample taken?

A sample arrives at its time plus offset plus delay, and the delay is never less than what the
wire takes. So the line of the least delayed samples is what counts, and however long others are
held up, they do not move it. The line beneath all of them is an edge of their lower convex hull:
Moon, Skelly and Towsley, "Estimation and removal of clock skew from network delay measurements",
INFOCOM 1999, section IV. What the least delayed one takes (bytes on the wire) stays in the stamps.
"""

from __future__ import annotations

from collections import deque

BIN_US = 500_000  # of each bin the least delayed sample is kept
BINS = 20  # 10 s: long enough for the drift, short enough for a crystal that warms up
MIN_SPAN_US = 2_000_000  # below it, jitter would pass for drift
DRIFT_MAX = 1e-3  # of two crystals, and of a host clock that is being corrected


class ClockMap:
    """Offset and drift of one board's clock; forget it when the board restarts."""

    def __init__(self) -> None:
        """Know nothing yet: `add` a sample before asking."""
        self._points: deque[tuple[int, int]] = deque(maxlen=BINS)  # (board [us], offset [ns])
        self._anchor = (0, 0)
        self.drift = 0.0  # host seconds per board second, less one

    def add(self, board_us: int, arrival_ns: int) -> None:
        """Take a sample's time and when it arrived at the host."""
        offset = arrival_ns - board_us * 1000
        points = self._points
        if not points or board_us // BIN_US != points[-1][0] // BIN_US:
            points.append((board_us, offset))
        elif offset < points[-1][1] + self.drift * (board_us - points[-1][0]) * 1000:
            points[-1] = (board_us, offset)
        else:
            return
        self._fit()

    def to_host_ns(self, board_us: int) -> int:
        """Host time of a sample [ns]."""
        anchor_us, anchor_ns = self._anchor
        return board_us * 1000 + anchor_ns + round(self.drift * (board_us - anchor_us) * 1000)

    def _fit(self) -> None:
        """Lay the line beneath all points, as close to them as it can be."""
        points = self._points
        if points[-1][0] - points[0][0] >= MIN_SPAN_US:
            a, b = _edge(list(points))
            drift = (b[1] - a[1]) / ((b[0] - a[0]) * 1000)
            self.drift = min(max(drift, -DRIFT_MAX), DRIFT_MAX)
        self._anchor = min(
            points, key=lambda point: point[1] - self.drift * (point[0] - points[0][0]) * 1000
        )


def _edge(points: list[tuple[int, int]]) -> tuple[tuple[int, int], tuple[int, int]]:
    """Ends of the lower hull's edge over the points' mean time, where their distance is least."""
    hull: list[tuple[int, int]] = []
    for point in points:
        while len(hull) > 1 and _is_above(hull[-1], hull[-2], point):
            hull.pop()
        hull.append(point)
    mean = sum(x for x, _ in points) / len(points)
    right = next(i for i in range(1, len(hull)) if hull[i][0] >= mean)
    return hull[right - 1], hull[right]


def _is_above(point: tuple[int, int], left: tuple[int, int], right: tuple[int, int]) -> bool:
    """Whether a point lies on or above the line from left to right."""
    rise = (right[1] - left[1]) * (point[0] - left[0])
    return (point[1] - left[1]) * (right[0] - left[0]) >= rise

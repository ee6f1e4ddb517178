# SPDX-License-Identifier: Apache-2.0
"""Is the robot at rest? A pendulum that swings does not show where its zero is."""

from __future__ import annotations

import math
from collections.abc import Sequence

from furuta_hardware.session import Reading

STILL = 0.01  # [rad] moved by less in a second is at rest; so is what is but one count off


def moving(readings: Sequence[Reading]) -> str:
    """Which joint moved in that time, and how far; '' if both were still."""
    for name in ('arm', 'pendulum'):
        counts = [getattr(r.state, f'{name}_counts') for r in readings] or [0]
        angles = [getattr(r, f'{name}_angle') for r in readings] or [0.0]
        span = max(angles) - min(angles)
        if span > STILL and max(counts) - min(counts) > 1:
            return f'the {name} moves (by {math.degrees(span):.1f} deg)'
    return ''

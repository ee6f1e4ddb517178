# SPDX-License-Identifier: Apache-2.0
"""Array module of plain numbers: what `dynamics` and `motor` need of `xp` for one robot.

A physics step takes 15 us with it and 75 us with numpy (measured 2026-11, Python 3.11).
"""

from __future__ import annotations

from math import cos, exp, sin, sqrt

abs = abs
minimum = min
maximum = max

__all__ = ['abs', 'cos', 'exp', 'maximum', 'minimum', 'sign', 'sin', 'sqrt']


def sign(value: float) -> float:
    """-1, 0 or 1."""
    return (value > 0.0) - (value < 0.0)

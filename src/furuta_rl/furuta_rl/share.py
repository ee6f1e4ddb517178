# SPDX-License-Identifier: Apache-2.0
"""A share of what was counted, and how sure that is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 1.96  # standard deviations of the normal distribution that hold 95 %


@dataclass(frozen=True)
class Share:
    """A share of what was counted, with its interval of 95 % confidence."""

    hits: int
    count: int
    share: float
    low: float
    high: float

    def __str__(self) -> str:
        """In percent."""
        return (
            f'{100 * self.share:.1f} % ({100 * self.low:.1f} to {100 * self.high:.1f}) '
            f'of {self.count}'
        )


def share(hits: NDArray[Any]) -> Share:
    """Share of True (N,), NaN of none, with its Wilson score interval.

    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal
    of the American Statistical Association 22 (1927).
    """
    n, k, z2 = len(hits), int(np.sum(hits)), CONFIDENCE**2
    if n == 0:
        return Share(0, 0, math.nan, 0.0, 1.0)
    p = k / n
    middle = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = CONFIDENCE / (1 + z2 / n) * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n))
    return Share(k, n, p, max(middle - half, 0.0), min(middle + half, 1.0))

# SPDX-License-Identifier: Apache-2.0
"""Many episodes in a few numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from furuta_rl.criterion import ARM_LIMIT
from furuta_rl.episodes import Episodes
from furuta_rl.share import Share, share


@dataclass(frozen=True)
class Summary:
    """Of N episodes; what has a time or an RMS is of those that succeeded, NaN if none did."""

    success: Share
    time_to_upright_median: float  # [s]
    time_to_upright_p95: float  # [s]
    arm_rms: float  # [rad] from its target, of the last 5 s
    pendulum_rms: float  # [rad] from upright, of the last 5 s
    voltage_rms: float  # [V] commanded, of the last 5 s
    left_arm_limit: int  # episodes that failed so
    never_up: int
    fell: int  # was upright, did not stay


def summarize(episodes: Episodes) -> Summary:
    """Sum up episodes."""
    good = episodes.success
    times = episodes.time_to_upright[good]
    median, p95 = np.percentile(times, (50, 95)) if len(times) else (math.nan, math.nan)
    left = ~good & ~(episodes.arm_max <= ARM_LIMIT)
    never = ~good & ~left & ~episodes.was_up
    return Summary(
        success=share(good),
        time_to_upright_median=float(median),
        time_to_upright_p95=float(p95),
        arm_rms=_rms(episodes.arm_rms[good]),
        pendulum_rms=_rms(episodes.pendulum_rms[good]),
        voltage_rms=_rms(episodes.voltage_rms[good]),
        left_arm_limit=int(left.sum()),
        never_up=int(never.sum()),
        fell=int((~good & ~left & ~never).sum()),
    )


def _rms(values: NDArray[Any]) -> float:
    return float(np.sqrt(np.mean(values**2))) if len(values) else math.nan

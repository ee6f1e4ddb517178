# SPDX-License-Identifier: Apache-2.0
"""What became of one hidden plant.

The criterion is that of `furuta evaluate` (furuta_rl/criterion.py), on what the plant measures.
Whether this machine was too busy to say anything of the controller is told by gaps in what the
judge heard and by the control steps that were missed, or late: their command went out more than
a period after its sample. Of the stalls that plants are drawn with, one in a hundred lasts as
long as a period of 20 ms.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from furuta_rl.criterion import ARM_LIMIT, EPISODE, HOLD

HELD_UP = 0.02  # of the control steps of an episode
FIGURES = (
    'time_to_upright',
    'upright_for',
    'falls',
    'gaps',
    'control_rate_hz',
    'missed_steps',
    'late_steps',
)


@dataclass(frozen=True)
class Outcome:
    """What became of one plant; times in s, angles in rad."""

    plant: str
    success: bool
    time_to_upright: float | None
    upright_for: float
    falls: int
    arm_max: float
    gaps: int
    control_rate_hz: float | None
    missed_steps: float | None
    late_steps: float | None
    problems: dict[str, str]
    attempts: int = 1

    @property
    def is_held_up(self) -> bool:
        """Whether this machine, not the plant, held up the loop."""
        steps = EPISODE * (self.control_rate_hz or 0.0)
        return (
            self.gaps > 0
            or (self.late_steps or 0.0) + (self.missed_steps or 0.0) > HELD_UP * steps
        )

    @property
    def slowness(self) -> tuple[bool, float]:
        """Orders plants from the best to the worst."""
        return not self.success, self.time_to_upright or EPISODE


def judge(plant: str, figures: dict[str, Any]) -> Outcome:
    """Hold the figures of a run to the criterion."""
    arm_max = max(-figures['arm_min'], figures['arm_max'])
    since = figures['elapsed'] - figures['upright_for']
    held = figures['upright_for'] > 0 and since <= EPISODE - HOLD
    return Outcome(
        plant=plant,
        success=held and arm_max <= ARM_LIMIT,
        arm_max=arm_max,
        problems=figures['problems'],
        **{name: figures[name] for name in FIGURES},
    )

# SPDX-License-Identifier: Apache-2.0
"""What is asked of a plan. Launch files read it, so it needs the standard library only."""

from __future__ import annotations

from dataclasses import dataclass

SIGNAL_NAMES = ('free_swing', 'chirp_up', 'prbs', 'multi_sine', 'steps', 'chirp_down')
REST = 1.5  # [s] before, between and after the signals
LONGEST = 3600.0  # [s]


@dataclass(frozen=True)
class PlanOptions:
    """What to play."""

    duration: float = 60.0
    """of the whole plan [s]"""
    signals: str = ','.join(SIGNAL_NAMES)
    """which, in this order"""
    seed: int = 0
    """of what is random in them"""
    reach: float = 0.65
    """part of the arm's soft limit that may be reached"""
    spread: float = 0.3
    """how far the robot may differ from its file, relatively"""

    @property
    def names(self) -> list[str]:
        """Names of the signals."""
        return [name.strip() for name in self.signals.split(',')]

    def check(self) -> None:
        """Raise ValueError if a signal is none, or the options do not fit together."""
        for name in self.names:
            if name not in SIGNAL_NAMES:
                raise ValueError(f'signal {name!r}: must be among {", ".join(SIGNAL_NAMES)}')
        shortest = REST + len(self.names) * (REST + 1.0)
        if not shortest <= self.duration <= LONGEST:
            raise ValueError(
                f'duration {self.duration:g} s: {len(self.names)} signals with rests between them '
                f'take {shortest:g} to {LONGEST:g} s'
            )
        if not 0 < self.reach <= 0.9 or not 0 <= self.spread < 0.9:
            raise ValueError('reach must be above 0 to 0.9, spread 0 to below 0.9')

# SPDX-License-Identifier: Apache-2.0
"""The options of `furuta report`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import tyro

from furuta_rl.evaluating.options import LONGEST_DELAY, PICTURES
from furuta_rl.robustness.cells import Plan, quick


@dataclass(frozen=True)
class ReportOptions:
    """How far a policy holds: success, time and energy against all that can be wrong.

    Delay, jitter, losses, friction, mass, length, motor strength, encoder resolution, supply and
    pushes, one at a time and with every delay, on one HTML page and as JSON.
    """

    policy: Path | None = None
    """policy.onnx that `furuta train` wrote; by default the one that comes with the robot"""
    robot: str = 'furuta'
    """a name in config/ of furuta_description or in robots/, or a file"""
    baseline: Literal['classical', 'none'] = 'classical'
    """whom to draw beside it"""
    quick: bool = False
    """every second value, and no maps"""
    out: Path | None = None
    """folder for NAME.report.html and NAME.report.json; by default that of the policy, and
    runs/report for one that comes with the robot"""
    episodes: int = 1000
    """in each cell"""
    delay: float = Plan.delay
    """from sample to voltage, where another quantity is swept [s]"""
    spread: float = Plan.spreads[0]
    """relative, of every parameter that is not swept"""
    seed: int = 0
    """of the robots drawn; no training ever draws the same"""
    curve: Path | None = None
    """draw success over delay alone there: .png, .svg or .pdf"""
    cache: Path | None = Path(sys.prefix) / 'jax_cache'
    """where compiled programs are kept from one call to the next; None compiles anew"""

    def __post_init__(self) -> None:
        """Check the options.

        Raises:
            ValueError: which, and what is valid.
        """
        if self.episodes < 1:
            raise ValueError(f'--episodes {self.episodes}: must be at least 1')
        if not 0 <= self.delay <= LONGEST_DELAY:
            raise ValueError(f'--delay {self.delay} s: must be 0 to {LONGEST_DELAY}')
        if not 0 <= self.spread < 1:
            raise ValueError(f'--spread {self.spread}: must be 0 to below 1')
        if self.curve and self.curve.suffix not in PICTURES:
            raise ValueError(f'--curve {self.curve}: must end on {" ".join(PICTURES)}')

    @property
    def plan(self) -> Plan:
        """What is swept."""
        spreads = tuple(dict.fromkeys((self.spread, *Plan.spreads[1:])))
        plan = Plan(delay=self.delay, spreads=spreads)
        return quick(plan) if self.quick else plan

    @property
    def folder(self) -> Path:
        """Where the report goes."""
        return self.out or (self.policy.parent if self.policy else Path('runs') / 'report')


def parse(arguments: Sequence[str]) -> ReportOptions:
    """Options of a command line; ends the process on --help and on mistakes."""
    return tyro.cli(ReportOptions, args=arguments, prog='furuta report')

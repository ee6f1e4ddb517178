# SPDX-License-Identifier: Apache-2.0
"""The options of `furuta evaluate`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Literal

import tyro

from furuta_description.presets import load_preset
from furuta_description.randomization import Ranges
from furuta_rl.env import EnvConfig
from furuta_rl.evaluating.grid import Grid, with_spread
from furuta_rl.on_robot.limits import RobotLimits

PICTURES = ('.png', '.svg', '.pdf')
SIMULATED, ON_ROBOT = 1000, 10  # episodes by default
LONGEST_DELAY = 0.2  # [s]; nothing balances beyond
SHORTEST_STEP, LONGEST_STEP = 1e-4, 5e-3  # [s] of the physics


@dataclass(frozen=True)
class EvaluateOptions:
    """Judge a policy, or the classical controller, by many episodes.

    An episode succeeds if the pendulum, hanging at rest at first, is within 10 degrees of upright
    at every step of the last 5 s of 10 s, and the arm within +-120 degrees throughout.
    """

    policy: Path | None = None
    """policy.onnx that `furuta train` wrote; by default the one that comes with the robot"""
    controller: Literal['policy', 'classical'] = 'policy'
    """whom to judge"""
    robot: str = 'furuta'
    """a name in config/ of furuta_description or in robots/, or a file"""
    backend: Literal['analytic', 'mjx', 'mujoco', 'robot'] = 'analytic'
    """physics; robot: the plant that answers on the topics, `furuta sim` or `furuta real` with
    --controller none, judged by what it measures"""
    physics_dt: float = EnvConfig.physics_dt
    """physics step at most [s]; by default that of training, the simulated plant takes 0.001"""
    randomization: Literal['none', 'default', 'wide', 'identified'] = 'default'
    """how far robots, sensors and delays are drawn from the robot file; identified: as `furuta
    sysid identify` found for this one"""
    episodes: int | None = None
    """episodes, with --grid in each cell; by default 1000, on a robot 10"""
    seed: int = 0
    """of the robots drawn; no training ever draws the same"""
    delay: tuple[float, float] | None = None
    """delay from sample to voltage, drawn from..to, in place of the randomization's [s]"""
    spread: float | None = None
    """relative spread of every parameter, in place of the randomization's: 0.1 for +-10 %"""
    judge: bool = False
    """report also the share of those robots that an informed controller can bring up: one that
    knows each one's true parameters, delay and state"""
    grid: bool = False
    """every delay x spread of the parameters; a table and, with --plot, a heat map"""
    delays: tuple[float, ...] = Grid.delays
    """delays of the grid [s]"""
    spreads: tuple[float, ...] = Grid.spreads
    """relative spreads of the grid"""
    json: Path | None = None
    """write the figures there"""
    plot: Path | None = None
    """draw there: .png, .svg or .pdf"""
    limits: Annotated[RobotLimits, tyro.conf.arg(name='')] = field(default_factory=RobotLimits)
    """what a robot is spared"""
    cache: Path | None = Path(sys.prefix) / 'jax_cache'
    """where compiled programs are kept from one call to the next; None compiles anew"""

    def __post_init__(self) -> None:
        """Check the options.

        Raises:
            ValueError: which, and what is valid.
        """
        if self.count < 1:
            raise ValueError(f'--episodes {self.episodes}: must be at least 1')
        if self.is_on_robot and (self.grid or self.judge or self.delay or self.spread is not None):
            raise ValueError(
                '--backend robot takes the robot as it is, without --grid, --judge, --delay and '
                '--spread'
            )
        if not SHORTEST_STEP <= self.physics_dt <= LONGEST_STEP:
            raise ValueError(
                f'--physics-dt must be {SHORTEST_STEP} to {LONGEST_STEP} s, not {self.physics_dt}'
            )
        if self.policy and self.controller == 'classical':
            raise ValueError('--policy and --controller classical: give one of them')
        if self.grid and (self.delay or self.spread is not None):
            raise ValueError('--grid takes --delays and --spreads, not --delay or --spread')
        if self.plot and self.plot.suffix not in PICTURES:
            raise ValueError(f'--plot {self.plot}: must end on {" ".join(PICTURES)}')
        delay = self.delay or (0.0, 0.0)
        if delay[0] > delay[1]:
            raise ValueError(f'--delay {delay[0]} {delay[1]}: the shorter one comes first')
        for name in ('delays', 'spreads'):
            values = getattr(self, name)
            if not values or len(set(values)) < len(values):
                raise ValueError(f'--{name} must be different numbers, at least one')
        for value in (*delay, *self.delays):
            if not 0 <= value <= LONGEST_DELAY:
                raise ValueError(f'a delay of {value} s: must be 0 to {LONGEST_DELAY}')
        for value in (self.spread or 0.0, *self.spreads):
            if not 0 <= value < 1:
                raise ValueError(f'a spread of {value}: must be 0 to below 1')

    @property
    def is_on_robot(self) -> bool:
        """Whether a robot is asked for, over topics."""
        return self.backend == 'robot'

    @property
    def count(self) -> int:
        """Episodes, with a grid in each cell."""
        if self.episodes is None:
            return ON_ROBOT if self.is_on_robot else SIMULATED
        return self.episodes

    @property
    def ranges(self) -> Ranges:
        """What is drawn, of all cells if there are any."""
        ranges = load_preset(self.randomization, self.robot)
        if self.grid:
            return self.cells.ranges(ranges)
        if self.spread is not None:
            ranges = with_spread(ranges, self.spread)
        return replace(ranges, delay=self.delay) if self.delay else ranges

    @property
    def cells(self) -> Grid:
        """The grid."""
        return Grid(self.delays, self.spreads, self.count)


def parse(arguments: Sequence[str]) -> EvaluateOptions:
    """Options of a command line; ends the process on --help and on mistakes."""
    return tyro.cli(EvaluateOptions, args=arguments, prog='furuta evaluate')

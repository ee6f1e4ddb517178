# SPDX-License-Identifier: Apache-2.0
"""`furuta sysid validate`: any robot file held against any recordings."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from furuta_sysid.result import HORIZONS

if TYPE_CHECKING:
    from rich.table import Table

    from furuta_description.robot import Robot
    from furuta_sysid.replay import Windows
    from furuta_sysid.trajectory import Recording

Replays = tuple['Recording', 'list[Windows]']  # of one recording, one of each horizon
PICTURES = ('.png', '.svg', '.pdf')
CACHE = Path(sys.prefix) / 'jax_cache'  # of compiled programs, from one call to the next


@dataclass(frozen=True)
class ValidateOptions:
    """Replay recordings open loop with a robot file and tell how far it misses them.

    A recording is cut into windows of 0.5, 1, 3 and 10 s. Each starts in the state that explains
    its first half second best and goes on by the recorded voltage alone. fit is 100 for a perfect
    replay and 0 for one no better than the mean.
    """

    recordings: Annotated[tuple[Path, ...], tyro.conf.Positional]
    """bags, CSV files, or folders of them"""
    robot: str = 'furuta'
    """a name in config/ of furuta_description or in robots/, or a file"""
    columns: tuple[str, ...] = ()
    """which column of a CSV file is which signal: time=t:ms arm=theta:deg pendulum=-alpha"""
    json: Path | None = None
    """write the figures there"""
    plot: Path | None = None
    """draw measured and simulated there: .png, .svg or .pdf"""

    def __post_init__(self) -> None:
        """Check the options.

        Raises:
            ValueError: which, and what is valid.
        """
        if not self.recordings:
            raise ValueError('give at least one recording: a bag, a CSV file or a folder')
        if self.plot and self.plot.suffix not in PICTURES:
            raise ValueError(f'--plot {self.plot}: must end on {" ".join(PICTURES)}')


def main(arguments: Sequence[str]) -> int:
    """Run the command line; the exit status."""
    return run(tyro.cli(ValidateOptions, args=arguments, prog='furuta sysid validate'))


def run(options: ValidateOptions) -> int:
    """Replay, print and write; the exit status."""
    from rich.console import Console

    from furuta_description.robot import load_robot
    from furuta_description.whole_file import write_whole
    from furuta_sim.compiled import use_cache
    from furuta_sysid.checks import check_all
    from furuta_sysid.columns import parse_columns
    from furuta_sysid.sources import read_recordings

    console = Console(markup=False, highlight=False, soft_wrap=True)
    robot = load_robot(options.robot)
    columns = parse_columns(options.columns) if options.columns else None
    recordings = read_recordings(options.recordings, robot, columns)
    for name, remarks in check_all(recordings, robot).items():
        for remark in remarks:
            console.print(f'{name}: {remark}', style='yellow')
    use_cache(CACHE)
    replays = replay_all(robot, recordings)
    console.print(f'open-loop error of {robot.file}')
    for recording, horizons in replays:
        console.print(_table(recording.name, horizons))
    if options.json:
        figures = {
            'robot': robot.name,
            'robot_hash': robot.hash,
            'recordings': figures_of(replays),
        }
        write_whole(options.json, json.dumps(figures, indent=2).encode() + b'\n')
        console.print(f'figures in {options.json}')
    if options.plot:
        from furuta_sysid.plots import save, validation

        save(options.plot, validation(replays))
        console.print(f'picture in {options.plot}')
    return 0


def replay_all(robot: Robot, recordings: Sequence[Recording]) -> list[Replays]:
    """Windows of every horizon of each recording, with a progress bar."""
    from rich.progress import Progress

    from furuta_sysid.replay import replay

    with Progress(transient=True) as progress:
        return [
            (recording, replay(robot, recording, HORIZONS))
            for recording in progress.track(recordings, description='replay')
        ]


def figures_of(replays: Sequence[Replays]) -> list[dict[str, Any]]:
    """What the table says, one entry a recording and horizon."""
    return [
        {
            'recording': recording.name,
            'horizon': windows.horizon,
            'windows': len(windows.begin),
            'arm_rms': float(windows.rms[0]),
            'pendulum_rms': float(windows.rms[1]),
            'arm_fit_percent': float(windows.fit_percent[0]),
            'pendulum_fit_percent': float(windows.fit_percent[1]),
        }
        for recording, horizons in replays
        for windows in horizons
    ]


def _table(title: str, horizons: Sequence[Windows]) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(title=title, title_justify='left', box=box.SIMPLE)
    for name in (
        'horizon [s]',
        'windows',
        'arm [rad]',
        'pendulum [rad]',
        'arm fit',
        'pendulum fit',
    ):
        table.add_column(name, justify='right')
    for windows in horizons:
        table.add_row(
            f'{windows.horizon:.3g}',
            str(len(windows.begin)),
            *(f'{error:.4f}' for error in windows.rms),
            *(f'{percent:.1f} %' for percent in windows.fit_percent),
        )
    return table

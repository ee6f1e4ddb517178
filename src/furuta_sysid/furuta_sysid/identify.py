# SPDX-License-Identifier: Apache-2.0
"""`furuta sysid identify`: from recordings to a tuned robot file and a report."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from furuta_sysid.result import RESULT_FILE, SysidResult

if TYPE_CHECKING:
    from rich.console import Console

    from furuta_description.robot import Robot
    from furuta_sysid.comparison import Comparison
    from furuta_sysid.fit import Fit, FitOptions
    from furuta_sysid.trajectory import Recording

MEMORY = 'fit.pickle'  # in the folder: what an interrupted fit goes on from
CACHE = Path(sys.prefix) / 'jax_cache'  # of compiled programs, from one call to the next
KEPT_OUT = 3  # recordings from which one is kept out of the fit unasked


@dataclass(frozen=True)
class IdentifyOptions:
    """Find the parameters of a robot from recordings of its motion.

    Writes the tuned robot file, its URDF, its ranges for training and report.html into a folder.
    The recordings must be of one sample rate. Stopped by Ctrl-C, the same command goes on.
    """

    recordings: Annotated[tuple[Path, ...], tyro.conf.Positional]
    """bags, CSV files, or folders of them"""
    robot: str = 'furuta'
    """where to start: a name in config/ of furuta_description or in robots/, or a file"""
    validation: tuple[Path, ...] = ()
    """recordings that only judge; by default the last of three or more"""
    lock: tuple[str, ...] = ()
    """groups (motor, cable, friction, bodies, delay) or parameters that stay as they are"""
    only: tuple[str, ...] = ()
    """if given, just these groups or parameters are searched"""
    columns: tuple[str, ...] = ()
    """which column of a CSV file is which signal: time=t:ms arm=theta:deg pendulum=-alpha"""
    restarts: int = 3
    """searches at most, against a wrong valley"""
    seed: int = 0
    """of the search"""
    out: Path = field(
        default_factory=lambda: Path('runs/sysid', time.strftime('%Y-%m-%d_%H-%M-%S'))
    )
    """folder of the results"""

    def __post_init__(self) -> None:
        """Check the options.

        Raises:
            ValueError: which, and what is valid.
        """
        if not self.recordings:
            raise ValueError('give at least one recording: a bag, a CSV file or a folder')
        if self.restarts < 1:
            raise ValueError(f'--restarts {self.restarts}: must be at least 1')

    @property
    def choices(self) -> FitOptions:
        """Those of the fit."""
        from furuta_sysid.fit import FitOptions  # imports jax

        return FitOptions(self.lock, self.only, self.restarts, self.seed)


def main(arguments: Sequence[str]) -> int:
    """Run the command line; the exit status."""
    return run(tyro.cli(IdentifyOptions, args=arguments, prog='furuta sysid identify'))


def run(options: IdentifyOptions) -> int:
    """Read, fit, replay, write and print; the exit status."""
    from rich.console import Console

    from furuta_description.robot import load_robot
    from furuta_sim.compiled import use_cache
    from furuta_sysid.outputs import write_rest, write_tuned

    width = max(110, Console().width)  # of the table, in a pipe
    console = Console(markup=False, highlight=False, soft_wrap=True, width=width)
    robot = load_robot(options.robot)
    if (options.out / RESULT_FILE).exists():
        raise ValueError(f'{options.out}: holds a result already; give another --out')
    training, validation = _read(options, robot, console)
    use_cache(CACHE)
    options.out.mkdir(parents=True, exist_ok=True)
    try:
        found = _fit(options, robot, training, console)
    except KeyboardInterrupt:
        print(f'stopped; to go on: the same command with --out {options.out}', file=sys.stderr)
        return 130
    tuned = write_tuned(options.out, robot, found, len(training))
    comparisons = _compare(training, validation, (robot, tuned), console)
    result = write_rest((robot, tuned), found, comparisons, options.choices)
    show(result, options.out, console)
    return 0


def show(result: SysidResult, out: Path, console: Console) -> None:
    """Print what was found, what to beware of, and what to do next."""
    from rich import box
    from rich.table import Table

    from furuta_sysid.tuned_file import tuned_stem
    from furuta_sysid.verdict import judge, warnings

    name = tuned_stem(result.robot_file)
    table = Table(box=box.SIMPLE)
    for title in ('parameter', 'before', 'value', '95 % interval', 'unit', ''):
        table.add_column(title, justify='left' if title in ('parameter', 'unit', '') else 'right')
    for p in result.parameters:
        remark = '' if p.is_identified else 'not shown by the data'
        interval = f'{p.low:.4g} to {p.high:.4g}'
        table.add_row(p.name, f'{p.before:.4g}', f'{p.value:.4g}', interval, p.unit, remark)
    console.print(table)
    for warning in warnings(result):
        console.print(f'note: {warning}', style='yellow')
    verdict = judge(result)
    style = {'good': 'green', 'fair': 'yellow', 'bad': 'red'}[verdict.kind]
    console.print(verdict.text, style=f'bold {style}')
    console.print(
        f'look at it:  {out / "report.html"}\n'
        f'take it:     ./furuta sysid apply {out}\n'
        f'then train:  ./furuta train --robot {name} --randomization identified\n'
        f'or try it:   ./furuta sysid validate --robot {out / name}.yaml RECORDING'
    )


def _read(
    options: IdentifyOptions, robot: Robot, console: Console
) -> tuple[list[Recording], list[Recording]]:
    """Recordings to fit and to judge by, all checked."""
    from furuta_sysid.checks import check_all
    from furuta_sysid.columns import parse_columns
    from furuta_sysid.sources import read_recordings

    columns = parse_columns(options.columns) if options.columns else None
    training = read_recordings(options.recordings, robot, columns)
    judges = read_recordings(options.validation, robot, columns) if options.validation else []
    hashes = {recording.source_hash for recording in judges}
    training = [recording for recording in training if recording.source_hash not in hashes]
    if not training:
        raise ValueError('--validation holds every recording: there is none left to fit')
    for name, remarks in check_all([*training, *judges], robot).items():
        for remark in remarks:
            console.print(f'{name}: {remark}', style='yellow')
    if not judges and len(training) >= KEPT_OUT:
        *training, last = training
        judges = [last]
        console.print(f'{last.name}: kept out of the fit, to judge by (see --validation)')
    seconds = sum(recording.duration for recording in training)
    console.print(
        f'{len(training)} recordings with {seconds:.0f} s to fit, {len(judges)} to judge'
    )
    return training, judges


def _fit(
    options: IdentifyOptions, robot: Robot, recordings: Sequence[Recording], console: Console
) -> Fit:
    """Fit with a progress bar; an interrupted one is gone on with."""
    from rich.progress import BarColumn, Progress, TextColumn

    from furuta_sysid.fit import fit
    from furuta_sysid.progress import Progress as Report

    text = TextColumn('{task.description}')
    with Progress(text, BarColumn(), TextColumn('{task.fields[told]}'), console=console) as bar:
        task = bar.add_task('compiling', total=1.0, told='')

        def tell(report: Report) -> None:
            left = report.seconds_left
            told = f'best {report.loss:.2f} encoder steps'
            if left == left:  # known
                told += f', {left:.0f} s left'
            bar.update(task, description=report.stage, completed=report.share, told=told)

        found = fit(robot, recordings, options.choices, tell, options.out / MEMORY)
        bar.update(task, description='fitted', completed=1.0)
    return found


def _compare(
    training: Sequence[Recording],
    validation: Sequence[Recording],
    robots: tuple[Robot, Robot],
    console: Console,
) -> list[Comparison]:
    from rich.progress import Progress

    from furuta_sysid.comparison import compare

    parts = [(recording, 'training') for recording in training]
    parts += [(recording, 'validation') for recording in validation]
    with Progress(console=console, transient=True) as bar:
        tracked = bar.track(parts, description='replay')
        return [compare(recording, part, robots) for recording, part in tracked]

# SPDX-License-Identifier: Apache-2.0
# environment: train
"""Training by the command itself, a process a seed: time, speed, success; exit 0 if all hold.

The first seed is run once more before, with an empty cache of compiled programs.
"""

from __future__ import annotations

import json
import shlex
import statistics
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import output
import tyro
from rich.progress import Progress


@dataclass
class Options:
    """Options of the benchmark."""

    seeds: int = 10
    robot: str = 'furuta'
    """A name in config/ of furuta_description, or a file."""
    backend: Literal['analytic', 'mjx'] = 'analytic'
    randomization: Literal['none', 'default', 'wide'] = 'default'
    train: str = ''
    """More options of `furuta train`: --train="--ppo.iterations 30 --rounds 8"."""
    json: Path | None = None


class Bounds(NamedTuple):
    """What must hold; the success for each seed, all else for the median of the warm runs."""

    training: float  # [s]
    wall: float  # [s] from the start of the process to the exported policy
    cold_wall: float  # [s]
    speed: float  # control steps/s
    success: float  # of held-out episodes


def bounds_for(options: Options) -> Bounds:
    """As the suite promises them for 2 quiet cores."""
    if options.backend == 'mjx':
        return Bounds(90.0, 180.0, 180.0, 9e4, 0.99)
    if options.randomization == 'wide':
        # Of the robots that can be solved at all; `furuta evaluate --judge` tells them apart.
        return Bounds(300.0, 320.0, 340.0, 0.0, 0.97)
    return Bounds(2.0, 8.0, 30.0, 6e5, 0.99)


def main(options: Options) -> int:
    """Run, report, judge; the exit status."""
    bounds = bounds_for(options)
    with tempfile.TemporaryDirectory() as folder, Progress(transient=True) as progress:
        task = progress.add_task('training', total=options.seeds + 1)
        cache = Path(folder) / 'cache'
        cold = train(options, 0, Path(folder) / 'cold', cache)
        progress.advance(task)
        runs = []
        for seed in range(options.seeds):
            runs.append(train(options, seed, Path(folder) / f'seed_{seed}', cache))
            progress.advance(task)
    title = f'{options.robot}, {options.backend}, randomization {options.randomization}'
    show(title, cold, runs)
    failures = judge(bounds, cold, runs)
    figures = {'bounds': bounds._asdict(), 'cold': cold, 'warm': runs, 'failures': failures}
    about = {name: str(value) for name, value in asdict(options).items()}
    output.write(options.json, {'options': about, **figures})
    for failure in failures:
        print(f'does not hold: {failure}')
    return 1 if failures else 0


def train(options: Options, seed: int, runs: Path, cache: Path) -> dict[str, Any]:
    """Figures of one run of the command.

    Raises:
        SystemExit: the command failed.
    """
    chosen = ('--robot', options.robot, '--backend', options.backend)
    chosen += ('--randomization', options.randomization, '--seed', str(seed))
    command = [sys.executable, '-m', 'furuta_rl.train', *chosen, *shlex.split(options.train)]
    command += ['--runs', str(runs), '--cache', str(cache)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f'{" ".join(command)}\n{done.stdout}{done.stderr}')
    (file,) = runs.glob('*/*/evaluation.json')
    figures: dict[str, Any] = json.loads(file.read_text())
    return figures


def show(title: str, cold: dict[str, Any], runs: list[dict[str, Any]]) -> None:
    """A line for each run, and the median of the warm ones."""
    columns = ('seed', 'success [%]', 'training [s]', 'wall to policy [s]')
    columns += ('control steps', 'control steps/s', 'physics steps/s')
    rows = [row(f'{run["seed"]}', run) for run in runs]
    medians = [statistics.median(column) for column in zip(*(r[1:] for r in rows), strict=True)]
    rows.append(['median', *medians])
    output.show(title, columns, [row('0, cold', cold), *rows])


def row(name: str, run: dict[str, Any]) -> list[Any]:
    """One run in the order of the table."""
    rates = (run['control_steps_per_second'], run['physics_steps_per_second'])
    times = (run['training_seconds'], run['seconds_to_policy'])
    return [name, 100 * run['success']['share'], *times, run['control_steps'], *rates]


def judge(bounds: Bounds, cold: dict[str, Any], runs: list[dict[str, Any]]) -> list[str]:
    """What does not hold."""

    def median(name: str) -> float:
        return statistics.median(run[name] for run in runs)

    training, wall = median('training_seconds'), median('seconds_to_policy')
    speed, worst = median('control_steps_per_second'), min(r['success']['share'] for r in runs)
    late = cold['seconds_to_policy']
    found = {
        f'{training:.2f} s of training, not {bounds.training:g}': training > bounds.training,
        f'{wall:.1f} s to the policy, not {bounds.wall:g}': wall > bounds.wall,
        f'{late:.1f} s to the policy, cold, not {bounds.cold_wall:g}': late > bounds.cold_wall,
        f'{speed:,.0f} control steps/s, not {bounds.speed:,.0f}': speed < bounds.speed,
        f'{100 * worst:.1f} % success, not {100 * bounds.success:g}': worst < bounds.success,
    }
    return [name for name, is_so in found.items() if is_so]


if __name__ == '__main__':
    sys.exit(main(tyro.cli(Options)))

# SPDX-License-Identifier: Apache-2.0
"""`furuta rehearse`: a controller meets plants that nobody has seen, one after the other.

Leaves a folder: the plant files, the outcomes as JSON, and the worst cases as bags.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from furuta_bringup.outcome import Outcome
from furuta_bringup.processes import StackError
from furuta_bringup.rehearsal_config import RehearsalConfig
from furuta_description.robot import load_robot
from furuta_description.whole_file import write_whole
from furuta_hardware.hidden_plants import draw_plants
from furuta_hardware.plant_file import load_plant, save_plant
from furuta_rl.share import Share, share
from furuta_rl.shipped import policy_file

RESULT = 'rehearsal.json'
WORST = 'worst'  # folder of bags


def run_rehearsal(config: RehearsalConfig) -> int:
    """Meet all plants; the exit status, 130 if stopped before the last.

    Raises:
        ValueError: an option or a plant file is not usable; nothing was started.
    """
    console = Console(soft_wrap=True)
    if config.controller == 'policy':
        config = replace(config, policy=str(policy_file(config.robot, config.policy)))
    folder = Path(config.out or time.strftime('rehearsals/%Y-%m-%d_%H-%M-%S'))
    files = prepare(config, folder)
    outcomes: list[Outcome] = []
    status = 0
    try:
        with _progress(console) as progress:
            task = progress.add_task('', total=len(files))
            encounter = _encounter(config, progress.console)
            for outcome in meet(files, folder, config.worst, encounter):
                outcomes.append(outcome)
                up = f'{sum(o.success for o in outcomes)} of {len(outcomes)} up'
                progress.update(task, advance=1, description=up)
                _write(config, outcomes, folder)
    except KeyboardInterrupt:
        console.print(f'stopped after {len(outcomes)} of {len(files)} plants', style='yellow')
        status = 130
    except StackError as error:
        console.print(f'error: {error}', style='bold red', markup=False)
        status = 1
    _conclude(config, outcomes, folder, console)
    return status


def _encounter(config: RehearsalConfig, console: Console) -> Callable[[Path, Path], Outcome]:
    """Meets a plant over topics; what nodes complain about is shown."""
    from furuta_bringup.rehearsal import rehearse_plant

    def log(line: str) -> None:
        if '[INFO]' not in line:
            console.print(line, markup=False, highlight=False)

    return lambda file, bag: rehearse_plant(config, file, bag, log)


def prepare(config: RehearsalConfig, folder: Path) -> list[Path]:
    """Draw the plants, or copy those given, into the folder; their files there.

    Raises:
        ValueError: an option or a plant file is not usable.
    """
    robot = load_robot(config.robot)
    if folder.exists():
        raise ValueError(f'{folder} exists already and is not overwritten')
    if config.plants.isdecimal() and int(config.plants):
        drawn = draw_plants(robot, config.seed, int(config.plants))
        plants = {f'plant_{number:03}': plant for number, plant in enumerate(drawn)}
    else:
        plants = {path.stem: load_plant(path) for path in _given(Path(config.plants))}
    files = [folder / 'plants' / f'{name}.yaml' for name in plants]
    for file, plant in zip(files, plants.values(), strict=True):
        save_plant(plant, file)
    return files


def meet(
    files: Iterable[Path], folder: Path, worst: int, encounter: Callable[[Path, Path], Outcome]
) -> Iterator[Outcome]:
    """Outcome of each plant; the bags of the worst so far are kept.

    Args:
        files: of the plants.
        folder: of the rehearsal.
        worst: how many bags of the slowest to keep, besides those of the failures.
        encounter: meets a plant file, makes a bag.
    """
    kept: list[Outcome] = []
    for file in files:
        bag = folder / WORST / file.stem
        try:
            outcome = encounter(file, bag)
        except BaseException:
            shutil.rmtree(bag, ignore_errors=True)  # of a plant that was not met to its end
            raise
        kept.append(outcome)
        for dropped in _spare(kept, worst):
            kept.remove(dropped)
            shutil.rmtree(folder / WORST / dropped.plant)
        yield outcome


def _spare(kept: list[Outcome], worst: int) -> list[Outcome]:
    """Those that are neither failures nor among the slowest."""
    good = sorted((o for o in kept if o.success), key=lambda o: o.slowness, reverse=True)
    return good[worst:]


def _given(path: Path) -> list[Path]:
    files = sorted(path.glob('*.yaml')) if path.is_dir() else [path]
    if not files or not files[0].is_file():
        raise ValueError(
            f'plants {str(path)!r}: give how many to draw, a plant file, or a folder of them'
        )
    return files


def _progress(console: Console) -> Progress:
    return Progress(
        MofNCompleteColumn(),
        BarColumn(),
        TextColumn('{task.description}'),
        TimeElapsedColumn(),
        TextColumn('left:'),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )


def _write(config: RehearsalConfig, outcomes: list[Outcome], folder: Path) -> None:
    record = {
        'success': asdict(_share(outcomes)),
        'options': asdict(config),
        'outcomes': [asdict(outcome) for outcome in outcomes],
    }
    write_whole(folder / RESULT, (json.dumps(record, indent=2) + '\n').encode())


def _share(outcomes: list[Outcome]) -> Share:
    return share(np.array([outcome.success for outcome in outcomes], bool))


def _conclude(
    config: RehearsalConfig, outcomes: list[Outcome], folder: Path, console: Console
) -> None:
    """Say how it went and where things are."""
    if not outcomes:
        return
    console.print(_table(outcomes))
    console.print(
        f'upright all through the last 5 s of 10 s, arm within 120 degrees: '
        f'{_share(outcomes)} plants'
    )
    console.print(f'plants, outcomes and the bags of the worst cases are in {folder}')
    worst = max(outcomes, key=lambda outcome: outcome.slowness)
    console.print(
        f'the worst again: ./furuta real --robot {config.robot} --port emulator --enable '
        f'--hidden {folder}/plants/{worst.plant}.yaml',
        highlight=False,
    )


def _table(outcomes: list[Outcome]) -> Table:
    table = Table('plant', 'held', box=None)
    for title in ('upright after', 'falls', 'arm', 'missed steps'):
        table.add_column(title, justify='right')
    table.add_column('what was wrong')
    for o in outcomes:
        time_to_upright = '-' if o.time_to_upright is None else f'{o.time_to_upright:.2f} s'
        missed = '-' if o.missed_steps is None else f'{o.missed_steps:.0f}'
        table.add_row(
            o.plant,
            '[green]yes' if o.success else '[red]no',
            time_to_upright,
            str(o.falls),
            f'{np.degrees(o.arm_max):.0f} deg',
            missed,
            '; '.join(f'{name}: {text}' for name, text in o.problems.items()),
        )
    return table

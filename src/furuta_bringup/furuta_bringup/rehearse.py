# SPDX-License-Identifier: Apache-2.0
"""`furuta rehearse`: a controller meets plants that nobody has seen, one after the other.

Leaves a folder: the plant files, the outcomes as JSON, and the worst cases as bags.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from furuta_bringup.outcome import Outcome
from furuta_bringup.processes import StackError
from furuta_bringup.rehearsal_config import RehearsalConfig
from furuta_bringup.rehearsal_report import conclude, write_result
from furuta_description.files import robot_file
from furuta_description.robot import Robot, load_robot
from furuta_hardware.hidden_plants import draw_plants
from furuta_hardware.plant_file import Plant, load_plants, save_plant
from furuta_rl.shipped import policy_file

WORST = 'worst'  # folder of bags
Encounter = Callable[[Path, Path], Outcome]  # of a plant file and the bag to make
Log = Callable[[str], None]


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

    def log(line: str) -> None:
        if '[INFO]' not in line:
            console.print(line, markup=False, highlight=False)

    try:
        with _progress(console) as progress:
            task = progress.add_task('', total=len(files))
            encounter = patiently(_over_topics(config, log), config.again, log)
            for outcome in meet(files, folder, config.worst, encounter):
                outcomes.append(outcome)
                up = f'{sum(o.success for o in outcomes)} of {len(outcomes)} up'
                progress.update(task, advance=1, description=up)
                write_result(config, outcomes, folder)
    except KeyboardInterrupt:
        console.print(f'stopped after {len(outcomes)} of {len(files)} plants', style='yellow')
        status = 130
    except StackError as error:
        console.print(f'error: {error}', style='bold red', markup=False)
        status = 1
    if outcomes:
        conclude(config, outcomes, folder, console)
    return status


def _over_topics(config: RehearsalConfig, log: Log) -> Encounter:
    from furuta_bringup.rehearsal import rehearse_plant

    return lambda file, bag: rehearse_plant(config, file, bag, log)


def patiently(encounter: Encounter, again: int, log: Log) -> Encounter:
    """Meets a plant up to `again` times more, if it falls silent or this machine was too busy."""

    def patient(file: Path, bag: Path) -> Outcome:
        attempt = 1
        while True:
            is_last = attempt > again
            try:
                outcome = replace(encounter(file, bag), attempts=attempt)
                if is_last or not outcome.is_held_up:
                    return outcome
            except StackError as error:
                if is_last:
                    raise
                log(f'{file.stem}: {error}; it is met again')
            shutil.rmtree(bag, ignore_errors=True)
            attempt += 1

    return patient


def prepare(config: RehearsalConfig, folder: Path) -> list[Path]:
    """Draw the plants, or copy those given, into the folder; their files there.

    Raises:
        ValueError: an option or a plant file is not usable.
    """
    robot = load_robot(config.robot)
    if folder.exists():
        raise ValueError(f'{folder} exists already and is not overwritten')
    plants = _plants(config, robot)
    files = [folder / 'plants' / f'{name}.yaml' for name in plants]
    for file, plant in zip(files, plants.values(), strict=True):
        save_plant(plant, file)
    return files


def _plants(config: RehearsalConfig, robot: Robot) -> dict[str, Plant]:
    """Those to meet, by name."""
    if config.plants.isdecimal() and int(config.plants):
        drawn = draw_plants(robot, config.seed, int(config.plants))
        return {f'plant_{number:03}': plant for number, plant in enumerate(drawn)}
    plants: dict[str, Plant] = {}
    for path in _given(Path(config.plants)):
        plants |= load_plants(path)
    for name, plant in plants.items():
        if plant.values and robot_file(plant.robot) != robot.file:
            raise ValueError(
                f'plant {name} differs from robot {plant.robot}, not from {config.robot}: '
                f'give --robot {plant.robot}, and a policy for it'
            )
    return plants


def meet(
    files: Iterable[Path], folder: Path, worst: int, encounter: Encounter
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

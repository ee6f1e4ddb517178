# SPDX-License-Identifier: Apache-2.0
"""`furuta sysid capture`: a plant, what excites it and the recorder, until all is played."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from furuta_bringup.bring_up import monitored, start_plant
from furuta_bringup.monitor_node import MonitorNode
from furuta_bringup.processes import Processes, StackError
from furuta_bringup.stack import CaptureArguments, capture_stack
from furuta_description.robot import load_robot
from furuta_hardware.plant_file import load_plant

PLAYER, RECORDER = 'excitation_node', 'record_node'
REFRESH = 0.2  # [s]


def run_capture(arguments: CaptureArguments) -> int:
    """Play and record; the exit status, 0 if all was played.

    Raises:
        ValueError: an argument is not usable.
    """
    console = Console(soft_wrap=True)
    load_robot(arguments.robot)  # say what is wrong with it before anything starts
    if arguments.hidden:
        (load_plant if arguments.plant == 'real' else load_robot)(arguments.hidden)
    nodes = capture_stack(arguments)
    bag = Path(next(n.parameters['bag'] for n in nodes if n.name == RECORDER))
    if bag.exists():
        raise ValueError(f'{bag} exists already and is not overwritten')
    if arguments.plant == 'real' and not arguments.enable:
        if not _agrees(arguments, console):
            return 1
        nodes = capture_stack(replace(arguments, bag=str(bag), enable=True))

    def log(line: str) -> None:
        console.print(line, markup=False, highlight=False)

    try:
        with monitored() as monitor, Processes(nodes, log) as run:
            start_plant(monitor, run)
            run.start()
            status = _watch(monitor, run, console)
    except KeyboardInterrupt:
        status = 130
    except StackError as error:
        console.print(f'error: {error}', style='bold red', markup=False)
        status = 1
    _conclude(bag, status, arguments, console)
    return status


def _agrees(arguments: CaptureArguments, console: Console) -> bool:
    """Whether the motor may be switched on; there is no page to do it on."""
    if not sys.stdin.isatty():
        raise ValueError('the motor is off, and nobody can be asked here; give --enable')
    console.print(
        f'The arm will swing for {arguments.duration:g} s and the pendulum with it: keep clear. '
        'Ctrl-C stops it.'
    )
    return console.input('switch the motor on? \\[y/N] ').strip().lower() in ('y', 'yes')


def _watch(monitor: MonitorNode, run: Processes, console: Console) -> int:
    """Show how far it is until the player ends; its exit status."""
    columns = (TextColumn('{task.description}'), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task('starting', total=None)
        while (status := run.poll(PLAYER)) is None:
            run.check(may_end=PLAYER)
            _show(monitor.diagnostics.get('excitation', {}), progress, task)
            time.sleep(REFRESH)
    return status


def _show(values: dict[str, str], progress: Progress, task: TaskID) -> None:
    if not values:
        return
    waiting = values['waiting_for']
    text = f'waiting for {waiting}' if waiting else 'playing and recording'
    total, elapsed = float(values['duration']), float(values['elapsed'])
    progress.update(task, description=text, total=total, completed=elapsed)


def _conclude(bag: Path, status: int, arguments: CaptureArguments, console: Console) -> None:
    """Say where the recording is and what comes next."""
    if not (bag / 'metadata.yaml').is_file():
        console.print('nothing was recorded', style='red')
    elif status:
        console.print(f'not played to the end; what was recorded is in {bag}', style='red')
    else:
        console.print(f'recorded in {bag}', style='green')
        console.print(f'next: ./furuta sysid identify {bag} --robot {arguments.robot}')

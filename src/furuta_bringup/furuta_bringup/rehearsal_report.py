# SPDX-License-Identifier: Apache-2.0
"""What is left of a rehearsal to read: outcomes as JSON, and a table in the terminal."""

from __future__ import annotations

import json
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from furuta_bringup.outcome import Outcome
from furuta_bringup.rehearsal_config import RehearsalConfig
from furuta_description.whole_file import write_whole
from furuta_rl.share import Share, share

RESULT = 'rehearsal.json'


def write_result(config: RehearsalConfig, outcomes: list[Outcome], folder: Path) -> None:
    """Write the outcomes so far, whole or not at all."""
    record = {
        'success': asdict(_share(outcomes)),
        'options': asdict(config),
        'policy_sha256': sha256(Path(config.policy).read_bytes()).hexdigest()
        if config.controller == 'policy'
        else None,
        'outcomes': [asdict(outcome) for outcome in outcomes],
    }
    write_whole(folder / RESULT, (json.dumps(record, indent=2) + '\n').encode())


def _share(outcomes: list[Outcome]) -> Share:
    return share(np.array([outcome.success for outcome in outcomes], bool))


def conclude(
    config: RehearsalConfig, outcomes: list[Outcome], folder: Path, console: Console
) -> None:
    """Say how it went and where things are."""
    console.print(_table(outcomes))
    console.print(
        f'upright all through the last 5 s of 10 s, arm within 120 degrees: '
        f'{_share(outcomes)} plants'
    )
    again, busy = sum(o.attempts > 1 for o in outcomes), sum(o.is_held_up for o in outcomes)
    if again:
        console.print(
            f'{again} were met again because this machine held up the loop, and {busy} of them '
            'count although it did to the end: stop other programs, and see ./furuta doctor',
            style='yellow',
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
    for title in ('upright after', 'falls', 'arm', 'late, missed'):
        table.add_column(title, justify='right')
    table.add_column('what was wrong')
    for o in outcomes:
        time_to_upright = '-' if o.time_to_upright is None else f'{o.time_to_upright:.2f} s'
        late = '-' if o.late_steps is None else f'{o.late_steps:.0f}, {o.missed_steps:.0f}'
        table.add_row(
            o.plant,
            '[green]yes' if o.success else '[red]no',
            time_to_upright,
            str(o.falls),
            f'{np.degrees(o.arm_max):.0f} deg',
            f'[yellow]{late}' if o.is_held_up else late,
            '; '.join(f'{name}: {text}' for name, text in o.problems.items()),
        )
    return table

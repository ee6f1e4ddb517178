# SPDX-License-Identifier: Apache-2.0
"""What `furuta train` says at its end."""

from __future__ import annotations

import json
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from furuta_rl.episodes import Episodes
from furuta_rl.ppo.networks import Policy
from furuta_rl.summary import Summary
from furuta_rl.training.options import TrainOptions
from furuta_rl.training.run_folder import RunFolder


class Candidate(NamedTuple):
    """A trained policy and what it is worth."""

    seed: int
    policy: Policy
    episodes: Episodes
    summary: Summary


def show(
    options: TrainOptions,
    run: RunFolder,
    candidates: list[Candidate],
    best: Candidate,
    console: Console,
) -> None:
    """Success, times, where the files are, and what may come next."""
    if len(candidates) > 1:
        console.print(_table(candidates, best))
    summary, figures = best.summary, json.loads(run.evaluation.read_text())
    console.print(f'success   {summary.success}')
    if summary.success.hits:
        median, p95 = summary.time_to_upright_median, summary.time_to_upright_p95
        console.print(f'upright   after {median:.2f} s (median), {p95:.2f} s (p95)')
    console.print(
        f'training  {figures["training_seconds"]:.2f} s, '
        f'{figures["control_steps_per_second"]:,.0f} control steps/s; '
        f'{figures["seconds_to_policy"]:.1f} s from start to exported policy'
    )
    console.print(f'run       {run.folder}')
    for name, file in (('plot', run.plot), ('video', run.video)):
        if file.exists():
            console.print(f'{name:<9} {file}')
    robot = '' if options.robot == 'furuta' else f' --robot {options.robot}'
    console.print(f'next      ./furuta sim{robot} --policy {run.policy}')


def _table(candidates: list[Candidate], best: Candidate) -> Table:
    table = Table('seed', box=None)
    for title in ('success', 'up after (median)', 'p95'):
        table.add_column(title, justify='right')
    for c in candidates:
        s = c.summary
        times = (f'{t:.2f} s' for t in (s.time_to_upright_median, s.time_to_upright_p95))
        mark = '  best' if c is best else ''
        table.add_row(f'{c.seed}{mark}', str(s.success), *times)
    return table

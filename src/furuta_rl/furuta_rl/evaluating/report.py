# SPDX-License-Identifier: Apache-2.0
"""What `furuta evaluate` prints, writes and draws."""

from __future__ import annotations

import json
import math
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from furuta_description.whole_file import write_whole
from furuta_rl.criterion import EPISODE
from furuta_rl.episodes import Episodes
from furuta_rl.evaluating.contest import Contest
from furuta_rl.evaluating.options import EvaluateOptions
from furuta_rl.evaluating.robot_contest import RobotContest
from furuta_rl.evaluating.traces import some_of_both
from furuta_rl.share import Share, share
from furuta_rl.summary import Summary, summarize

AnyContest = Contest | RobotContest


def episodes(contest: AnyContest, options: EvaluateOptions, console: Console) -> None:
    """One set of conditions."""
    start = time.perf_counter()
    result = contest.evaluate()
    seconds = time.perf_counter() - start
    solvable = contest.solvable() if options.judge else None
    summary = summarize(result)
    console.print(_table(contest, summary, _of_solvable(result, solvable)))
    _print_speed(contest, seconds, console)
    _write(options, contest, {'seconds': seconds, **_figures(result, solvable)}, console)
    if options.plot:
        from furuta_rl.evaluating import plots  # imports matplotlib

        rows = some_of_both(result.success[contest.first])
        title = f'{contest.robot.name}, {contest.config.backend}, {contest.conditions}'
        figure = plots.episodes(
            *(result, contest.ranges, contest.trace(rows), result.success[rows]),
            f'{title}: {summary.success}\n{contest.name}',
        )
        plots.save(options.plot, figure)
        console.print(f'plot      {options.plot}')


def grid(contest: Contest, options: EvaluateOptions, console: Console) -> None:
    """Delay x spread."""
    start, cells = time.perf_counter(), options.cells
    result = contest.evaluate()
    seconds = time.perf_counter() - start
    solvable = contest.solvable() if options.judge else np.ones(contest.total, bool)
    pairs = cells.cells((result, solvable))
    shares = [[_of_solvable(*cell) for cell in row] for row in pairs]
    title = 'Success [%] of the robots that can be brought up' if options.judge else 'Success [%]'
    table = Table(
        title=f'{title} over delay and spread of the parameters: {contest.name}',
        title_justify='left',
    )
    table.add_column('delay')
    for spread in cells.spreads:
        table.add_column(f'+-{100 * spread:g} %', justify='right')
    for delay, row in zip(cells.delays, shares, strict=True):
        table.add_row(f'{1000 * delay:g} ms', *(_short(s) for s in row))
    console.print(table)
    _print_speed(contest, seconds, console)
    figures = [
        {'delay': delay, 'spread': spread, **_figures(*cell, is_judged=options.judge)}
        for delay, row in zip(cells.delays, pairs, strict=True)
        for spread, cell in zip(cells.spreads, row, strict=True)
    ]
    _write(options, contest, {'seconds': seconds, 'cells': figures}, console)
    if options.plot:
        from furuta_rl.evaluating import plots

        plots.save(options.plot, plots.grid(cells, shares, f'{title}\n{contest.short_name}'))
        console.print(f'plot      {options.plot}')


def _table(contest: AnyContest, summary: Summary, of_solvable: Share | None) -> Table:
    table = Table(
        title=f'{contest.robot.name}, {contest.config.backend}, {contest.conditions}: '
        f'{contest.name}',
        title_justify='left',
        show_header=False,
    )
    rows = {'success (95 % interval)': str(summary.success)}
    if of_solvable:
        rows['of those that can be solved'] = str(of_solvable)
    rows |= {
        'upright after': f'{summary.time_to_upright_median:.2f} s median, '
        f'{summary.time_to_upright_p95:.2f} s p95',
        'pendulum RMS, last 5 s': f'{math.degrees(summary.pendulum_rms):.2f} deg',
        'arm RMS, last 5 s': f'{math.degrees(summary.arm_rms):.2f} deg',
        'voltage RMS, last 5 s': f'{summary.voltage_rms:.2f} V',
        'failed': f'{summary.left_arm_limit} left the arm limit, {summary.never_up} never came '
        f'up, {summary.fell} fell or came up late',
    }
    for row in rows.items():
        table.add_row(*row)
    return table


def _of_solvable(result: Episodes, solvable: NDArray[Any] | None) -> Share | None:
    """Success among the robots that can be brought up."""
    return None if solvable is None else share(result.success[solvable])


def _short(cell: Share | None) -> str:
    assert cell is not None  # a grid counts all as solvable where nobody judged
    if not cell.count:
        return '-'
    return f'{100 * cell.share:.1f} ({100 * cell.low:.1f} to {100 * cell.high:.1f})'


def _figures(
    result: Episodes, solvable: NDArray[Any] | None, is_judged: bool = True
) -> dict[str, Any]:
    figures = asdict(summarize(result))
    if solvable is not None and is_judged:
        figures['solvable'] = asdict(share(solvable))
        figures['success_of_solvable'] = asdict(share(result.success[solvable]))
    return figures


def _print_speed(contest: AnyContest, seconds: float, console: Console) -> None:
    if contest.options.is_on_robot:
        console.print(f'{seconds:.0f} s on the robot')
        return
    speed = contest.total * EPISODE * contest.config.control_rate_hz / seconds
    console.print(f'{seconds:.1f} s, {speed:,.0f} control steps/s with compilation')


def _write(
    options: EvaluateOptions, contest: AnyContest, figures: dict[str, Any], console: Console
) -> None:
    if options.json is None:
        return
    about = {
        'options': {name: _plain(value) for name, value in asdict(options).items()},
        'controller': contest.name,
        'robot': contest.robot.name,
        'robot_hash': contest.robot.hash,
        'control_rate_hz': contest.config.control_rate_hz,
    }
    text = json.dumps(_plain(about | figures), indent=2, allow_nan=False) + '\n'
    write_whole(options.json, text.encode())
    console.print(f'figures   {options.json}')


def _plain(value: Any) -> Any:
    """As JSON can hold it: no path, and null for what is not a number."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, Path):
        return str(value)
    return None if isinstance(value, float) and math.isnan(value) else value

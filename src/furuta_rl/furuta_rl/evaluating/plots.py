# SPDX-License-Identifier: Apache-2.0
"""Pictures of evaluations."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from furuta_description.randomization import Ranges, drawn_names
from furuta_description.whole_file import write_whole
from furuta_rl.criterion import EPISODE, HOLD
from furuta_rl.episodes import Episodes
from furuta_rl.evaluating.grid import Grid
from furuta_rl.evaluating.traces import Traces
from furuta_rl.share import Share

GOOD, BAD = 'tab:blue', 'tab:red'


def episodes(
    result: Episodes, ranges: Ranges, traces: Traces, succeeded: NDArray[Any], title: str
) -> Figure:
    """Times to upright, trajectories, and failures over the two most telling parameters.

    Args:
        result: of all episodes.
        ranges: that their robots were drawn from.
        traces: of some of them, (B,).
        succeeded: (B,) whether these did.
        title: of the picture.
    """
    figure = Figure(figsize=(12, 8), layout='constrained')
    axes = figure.subplots(2, 2)
    _times(axes[0, 0], result)
    _failures(axes[0, 1], result, ranges)
    _trajectories(axes[1, 0], traces.time, np.degrees(traces.pendulum), succeeded)
    axes[1, 0].set_ylabel('pendulum from upright [deg]')
    axes[1, 0].axhspan(-10, 10, color='tab:green', alpha=0.2, linewidth=0)
    _trajectories(axes[1, 1], traces.time, np.degrees(traces.arm), succeeded)
    axes[1, 1].set_ylabel('arm [deg]')
    figure.suptitle(title, fontsize='medium')
    return figure


def grid(cells: Grid, shares: Sequence[Sequence[Share | None]], title: str) -> Figure:
    """Heat map of success over delay and spread."""
    percent = np.array([[100 * cell.share if cell else np.nan for cell in row] for row in shares])
    figure = Figure(
        figsize=(3 + len(cells.spreads), 2 + 0.6 * len(cells.delays)), layout='constrained'
    )
    axes = figure.subplots()
    image = axes.imshow(percent, cmap='RdYlGn', vmin=min(90, np.nanmin(percent)), vmax=100)
    for (i, j), value in np.ndenumerate(percent):
        axes.text(j, i, f'{value:.1f}', ha='center', va='center')
    axes.set_xticks(range(len(cells.spreads)), [f'{100 * s:g}' for s in cells.spreads])
    axes.set_yticks(range(len(cells.delays)), [f'{1000 * d:g}' for d in cells.delays])
    axes.set_xlabel('spread of every parameter [+-%]')
    axes.set_ylabel('delay [ms]')
    axes.set_title(title, fontsize='small')
    figure.colorbar(image, label='success [%]')
    return figure


def save(path: Path, figure: Figure) -> None:
    """Write a picture, in the format that its name ends on."""
    content = io.BytesIO()
    figure.savefig(content, format=path.suffix[1:], dpi=110)
    write_whole(path, content.getvalue())


def telling(result: Episodes, ranges: Ranges) -> tuple[list[str], NDArray[Any]]:
    """Names of what was drawn, the most telling of failures first, and the draws (N, n), -1..1.

    Telling is what has a mean far from 0 among the failures.
    """
    shortest, longest = ranges.delay
    names, drawn = drawn_names(ranges), result.deviations
    if longest > shortest:
        delay = 2 * (result.delay - shortest) / (longest - shortest) - 1
        names, drawn = [*names, 'delay'], np.column_stack((drawn, delay))
    failed = drawn[~result.success]
    order = np.argsort(-np.abs(failed.mean(axis=0))) if len(failed) else range(len(names))
    return [names[i] for i in order], drawn[:, order]


def _times(axes: Axes, result: Episodes) -> None:
    times = result.time_to_upright[~np.isnan(result.time_to_upright)]
    axes.hist(times, bins=np.linspace(0, EPISODE, 101).tolist(), color=GOOD)
    axes.axvline(EPISODE - HOLD, color=BAD, linestyle='--', label='too late for a success')
    axes.set_xlabel('upright for good after [s]')
    axes.set_ylabel('episodes')
    axes.legend()


def _failures(axes: Axes, result: Episodes, ranges: Ranges) -> None:
    names, drawn = telling(result, ranges)
    if len(names) < 2:
        axes.text(0.5, 0.5, 'nothing was drawn', ha='center', va='center')
        axes.set_axis_off()
        return
    for is_good, color, size in ((True, GOOD, 4), (False, BAD, 14)):
        chosen = drawn[result.success == is_good]
        label = f'{"succeeded" if is_good else "failed"} ({len(chosen)})'
        axes.scatter(chosen[:, 0], chosen[:, 1], s=size, color=color, label=label)
    axes.set_xlabel(f'{names[0]}, share of its range')
    axes.set_ylabel(f'{names[1]}, share of its range')
    axes.legend(loc='upper right')


def _trajectories(
    axes: Axes, time: NDArray[Any], values: NDArray[Any], succeeded: NDArray[Any]
) -> None:
    for column, is_good in zip(values.T, succeeded, strict=True):
        # No line across where an angle wraps.
        jumps = np.abs(np.diff(column, prepend=column[0])) > 180
        axes.plot(
            time,
            np.where(jumps, np.nan, column),
            color=GOOD if is_good else BAD,
            linewidth=0.8,
            alpha=0.6,
        )
    axes.set_xlabel('time [s]')

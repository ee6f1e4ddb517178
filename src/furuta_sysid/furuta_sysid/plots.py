# SPDX-License-Identifier: Apache-2.0
"""Pictures of recordings, replays and of what was identified."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from furuta_description.whole_file import write_whole
from furuta_sysid.replay import Windows
from furuta_sysid.result import HorizonError, SysidResult
from furuta_sysid.trajectory import Recording

MEASURED, BEFORE, AFTER = '#202124', '#d98c3f', '#1f77b4'
SIGNALS = ('arm', 'pendulum')
POINTS = 700  # of a line at most


def validation(replays: Sequence[tuple[Recording, list[Windows]]]) -> Figure:
    """Measured and simulated angles of every recording, windows of the longest horizon."""
    figure = Figure(figsize=(12, 2.6 * len(replays)), layout='constrained')
    rows = figure.subplots(len(replays), 2, squeeze=False)
    for axes, (recording, horizons) in zip(rows, replays, strict=True):
        for joint, signal in enumerate(SIGNALS):
            _lines(axes[joint], horizons[-1].measured, horizons[-1], joint, (MEASURED, 'measured'))
            _lines(axes[joint], horizons[-1].simulated, horizons[-1], joint, (AFTER, 'simulated'))
            title = f'{recording.name}, {signal} [rad]'
            axes[joint].set_title(title, fontsize='small', loc='left')
            axes[joint].margins(x=0)
    rows[0, 0].legend(fontsize='small')
    rows[-1, 0].set_xlabel('time [s]')
    return figure


def replayed(before: Windows, after: Windows) -> Figure:
    """One recording: both angles as measured and simulated, and what is left of them."""
    figure = Figure(figsize=(11, 4.6), layout='constrained')
    axes = figure.subplots(2, 2, sharex=True, height_ratios=(2, 1))
    for joint, signal in enumerate(SIGNALS):
        top, below = axes[0, joint], axes[1, joint]
        _lines(top, before.simulated, before, joint, (BEFORE, 'simulated before'))
        _lines(top, after.measured, after, joint, (MEASURED, 'measured'))
        _lines(top, after.simulated, after, joint, (AFTER, 'simulated after'))
        _limit(top, after.measured[:, :, joint])
        _lines(below, after.residual, after, joint, (AFTER, ''))
        below.axhline(0, color=MEASURED, linewidth=0.6)
        top.set_ylabel(f'{signal} [rad]')
        below.set_ylabel('residual [rad]')
        below.set_xlabel('time [s]')
        below.margins(x=0)
    axes[0, 0].legend(fontsize='small', loc='upper right')
    return figure


def horizons(errors: Sequence[HorizonError]) -> Figure:
    """Error against horizon, before and after, training and validation."""
    figure = Figure(figsize=(11, 3.4), layout='constrained')
    for axes, signal in zip(figure.subplots(1, 2), SIGNALS, strict=True):
        for part, style in (('training', '--'), ('validation', '-')):
            rows = [error for error in errors if error.part == part]
            time = [error.horizon for error in rows]
            for when, color in (('before', BEFORE), ('after', AFTER)):
                values = [getattr(error, f'{signal}_{when}') for error in rows]
                if rows:
                    axes.loglog(
                        time, values, style, marker='o', color=color, label=f'{when}, {part}'
                    )
        axes.set_xlabel('horizon [s]')
        axes.set_ylabel(f'{signal}, RMS error [rad]')
        axes.grid(which='both', color='#dddddd', linewidth=0.5)
        ticks = sorted({error.horizon for error in errors})
        axes.set_xticks(ticks, [f'{tick:.3g}' for tick in ticks])
        axes.minorticks_off()
    axes.legend(fontsize='small')
    return figure


def correlation(result: SysidResult) -> Figure:
    """Heat map of how far parameters can be told from each other."""
    names = [parameter.name for parameter in result.parameters]
    size = 2.2 + 0.36 * len(names)
    figure = Figure(figsize=(size + 1.4, size), layout='constrained')
    axes = figure.subplots()
    values = np.array(result.correlation).reshape(len(names), len(names))
    image = axes.imshow(values, cmap='RdBu', vmin=-1, vmax=1)
    for (i, j), value in np.ndenumerate(values):
        if i != j and abs(value) >= 0.5:
            color = 'white' if abs(value) > 0.75 else 'black'
            axes.text(j, i, f'{value:.1f}'.replace('0.', '.'), color=color, fontsize=7,
                      ha='center', va='center')  # fmt: skip
    axes.set_xticks(range(len(names)), names, rotation=90, fontsize='small')
    axes.set_yticks(range(len(names)), names, fontsize='small')
    figure.colorbar(image, shrink=0.7)
    return figure


def save(path: Path, figure: Figure) -> None:
    """Write a picture, in the format that its name ends on."""
    content = io.BytesIO()
    figure.savefig(content, format=path.suffix[1:], dpi=110)
    write_whole(path, content.getvalue())


def _lines(axes: Any, values: Any, windows: Windows, joint: int, look: tuple[str, str]) -> None:
    """One line a window; they start anew, so nothing joins them."""
    color, label = look
    step = max(1, len(windows.begin) * len(windows.time) // POINTS)
    gap = np.array([np.nan])
    x = [np.concatenate([(begin + windows.time)[::step], gap]) for begin in windows.begin]
    y = [np.concatenate([row[::step], gap]) for row in values[:, :, joint]]
    axes.plot(np.concatenate(x), np.concatenate(y), color=color, label=label, linewidth=1.0)


def _limit(axes: Any, measured: Any) -> None:
    """A simulation that runs away does not squeeze the measurement."""
    low, high = float(np.min(measured)), float(np.max(measured))
    margin = 0.35 * max(high - low, 0.02)
    axes.set_ylim(low - margin, high + margin)

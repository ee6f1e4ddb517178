# SPDX-License-Identifier: Apache-2.0
"""Recordings on a uniform grid: what the identification takes, wherever they come from.

Stamped values become a `Recording` here: one grid for all signals, holes marked as unknown, the
encoders' step found in the data. Samples that come regularly are counted, so that no clock's drift
moves them against the grid. bag.py and columns.py read the files.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from furuta_sysid.priors import LONGEST_DELAY

Floats = NDArray[np.float64]
MAX_HOLE = 3  # sample periods that are bridged by interpolation; beyond, the grid is unknown
FINEST = 1e-4  # [rad] resolution assumed of angles that show no steps
ROUND = 1e-6  # [rad] below which two readings are one
REGULAR = (0.25, 0.98)  # periods that samples lie off whole ones at most, and how many do so
CLOCKS = 3e-4  # that two clocks differ by at most
TYPICAL_PERIODS = (1e-4, 0.1)  # [s]


class RecordingError(ValueError):
    """A recording that cannot be used; the message says which file, what, when and the way out."""


@dataclass(frozen=True)
class Recording:
    """One recording; N samples on a uniform grid, joints ordered (arm, pendulum)."""

    name: str
    """of the file or bag, for tables and plots"""
    source: Path
    source_hash: str
    """SHA-256 of what was read"""
    dt: float
    """period of the grid [s]"""
    voltage: Floats
    """(N,) [V] at the motor, mean over [t_i, t_i + dt)"""
    arm_angle: Floats
    """(N,) [rad]"""
    pendulum_angle: Floats
    """(N,) [rad] unwrapped, 0 hangs"""
    is_known: NDArray[np.bool_]
    """(N,) whether this sample was recorded, and not lost"""
    resolution: tuple[float, float]
    """step of the encoders as the data show it [rad]"""
    remarks: tuple[str, ...] = ()
    """what a reader should know of it: losses, clock jumps, another robot"""

    def __len__(self) -> int:
        """Samples."""
        return len(self.voltage)

    @property
    def duration(self) -> float:
        """[s]."""
        return len(self) * self.dt

    @property
    def time(self) -> Floats:
        """(N,) [s] from the first sample."""
        return self.dt * np.arange(len(self), dtype=float)

    @property
    def angles(self) -> Floats:
        """(N, 2) [rad]."""
        return np.stack([self.arm_angle, self.pendulum_angle], axis=1)

    @property
    def parts(self) -> list[slice]:
        """The stretches without a hole, in order; what was applied in a hole acts no more."""
        edges = np.diff(np.concatenate([[False], self.is_known, [False]]).astype(int))
        starts, stops = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
        starts = np.where(starts > 0, starts + math.ceil(LONGEST_DELAY / self.dt), starts)
        starts, stops = starts[starts < stops], stops[starts < stops]
        return [slice(int(a), int(b)) for a, b in zip(starts, stops, strict=True)]

    def cut(self, part: slice) -> Recording:
        """The samples of one part."""
        return replace(
            self,
            voltage=self.voltage[part],
            arm_angle=self.arm_angle[part],
            pendulum_angle=self.pendulum_angle[part],
            is_known=self.is_known[part],
        )


@dataclass(frozen=True)
class Stamped:
    """Signals as they were recorded, each with its own stamps; sizes may differ."""

    time: Floats
    """(N,) [s] of the angles, rising"""
    arm_angle: Floats
    """(N,) [rad]"""
    pendulum_angle: Floats
    """(N,) [rad]"""
    voltage_time: Floats
    """(M,) [s], rising; a voltage holds from its time to the next one's"""
    voltage: Floats
    """(M,) [V]"""


def to_recording(
    stamped: Stamped, source: Path, source_hash: str, remarks: Sequence[str] = ()
) -> Recording:
    """Put stamped signals on one grid of the median period of the angles.

    Angles are interpolated, voltages averaged as they were held. What lies in a hole of more than
    `MAX_HOLE` periods of either signal is marked unknown.

    Raises:
        RecordingError: there are too few samples, or they are not rising in time.
    """
    time = stamped.time
    if len(time) < 2 or not len(stamped.voltage):
        raise RecordingError(
            f'{source}: {len(time)} angles and {len(stamped.voltage)} voltages: nothing to '
            'identify from; record while the robot moves (`furuta sysid capture`)'
        )
    _check_rising(time, source, 'angles')
    _check_rising(stamped.voltage_time, source, 'voltages')
    dt = _period(time, source)
    time, voltage_time = _counted(time, stamped.voltage_time, dt)
    first, last = max(time[0], voltage_time[0]), time[-1]
    start = time[np.searchsorted(time, first - 1e-9)] if first <= last else last
    grid = start + dt * np.arange(int((last - start) / dt + 1e-6) + 1)
    if len(grid) < 2:
        raise RecordingError(
            f'{source}: angles end at {last:.3f} s, before the first voltage at '
            f'{voltage_time[0]:.3f} s: stamps of different clocks?'
        )
    angles = [
        np.interp(grid, time, np.unwrap(values))
        for values in (stamped.arm_angle, stamped.pendulum_angle)
    ]
    return Recording(
        name=source.stem,
        source=source,
        source_hash=source_hash,
        dt=dt,
        voltage=_means(voltage_time, stamped.voltage, grid, dt),
        arm_angle=angles[0],
        pendulum_angle=angles[1],
        is_known=_near(grid, time, dt) & _near(grid, voltage_time, dt),
        resolution=(step_of(stamped.arm_angle), step_of(stamped.pendulum_angle)),
        remarks=tuple(remarks),
    )


def step_of(angles: Floats) -> float:
    """Step of the encoder that gave these angles [rad], at least `FINEST`.

    The distance between neighbouring levels, but for those that a fast motion has skipped.
    """
    levels = np.unique(np.round(angles / ROUND)) * ROUND
    steps = np.diff(levels)
    steps = steps[steps > 1.5 * ROUND]
    return max(float(np.quantile(steps, 0.2)), FINEST) if len(steps) else FINEST


def hash_of(files: Sequence[Path]) -> str:
    """SHA-256 over files, in this order."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _period(time: Floats, source: Path) -> float:
    """Period of the samples: of whole hertz if it may be, for clocks differ and stamps jitter."""
    dt = float(np.median(np.diff(time)))
    whole = _whole_steps(time, dt)
    if whole is not None:
        dt = float((time[-1] - time[0]) / whole.sum())
    rate = round(1 / max(dt, 1e-9))
    dt = 1 / rate if abs(rate * dt - 1) < CLOCKS and whole is not None else round(dt, 6)
    low, high = TYPICAL_PERIODS
    if not low <= dt <= high:
        raise RecordingError(
            f'{source}: a sample every {dt:g} s; {low:g} to {high:g} s can be used. Are the times '
            'in seconds? (a column map names the unit: time=t:ms)'
        )
    return dt


def _counted(time: Floats, voltage_time: Floats, dt: float) -> tuple[Floats, Floats]:
    """Times of angles and voltages by the count of samples, if those come regularly.

    The clocks of plant and stamps differ by parts in a million, which is a sample in a minute.
    """
    whole = _whole_steps(time, dt)
    if whole is None:
        return time, voltage_time
    counted = time[0] + dt * np.concatenate([[0.0], np.cumsum(whole)])
    return counted, voltage_time + np.interp(voltage_time, time, counted - time)


def _whole_steps(time: Floats, dt: float) -> Floats | None:
    """Periods from each sample to the next, if they come regularly."""
    steps = np.diff(time) / dt
    whole = np.maximum(1, np.round(steps))
    most, share = REGULAR
    return whole if np.mean(np.abs(steps - whole) < most) >= share else None


def _means(time: Floats, values: Floats, grid: Floats, dt: float) -> Floats:
    """Mean over each period of the grid of values that hold from their times on."""
    sums = np.concatenate([[0.0], np.cumsum(values[:-1] * np.diff(time))])
    edges = np.append(grid, grid[-1] + dt)
    index = np.clip(np.searchsorted(time, edges, side='right') - 1, 0, None)
    return np.asarray(np.diff(sums[index] + values[index] * (edges - time[index])) / dt)


def _check_rising(time: Floats, source: Path, what: str) -> None:
    steps = np.diff(time)
    if not np.all(np.isfinite(time)) or np.any(steps <= 0):
        index = int(np.argmin(np.where(np.isfinite(steps), steps, -np.inf)))
        raise RecordingError(
            f'{source}: time of the {what} does not rise at sample {index + 1} '
            f'({time[index]:.6f} s, then {time[index + 1]:.6f} s)'
        )


def _near(grid: Floats, time: Floats, dt: float) -> NDArray[np.bool_]:
    """(N,) whether the grid point lies in no hole of the stamps; see `MAX_HOLE`."""
    longest = (MAX_HOLE + 0.5) * max(dt, float(np.median(np.diff(time))) if len(time) > 1 else dt)
    after = np.searchsorted(time, grid - 0.01 * dt)
    before = np.clip(after - 1, 0, None)
    next_time = time[np.clip(after, 0, len(time) - 1)]
    is_hit = np.abs(next_time - grid) < 0.5 * dt
    is_bridged = (after > 0) & (next_time - time[before] <= longest)
    return np.asarray(is_hit | (is_bridged & (grid <= time[-1] + longest)))

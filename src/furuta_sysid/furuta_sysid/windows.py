# SPDX-License-Identifier: Apache-2.0
"""Recordings cut into windows of one length, each with the state it starts in.

A window is simulated on its own from its start, so errors cannot pile up over more than its
length: short windows make a smooth problem, long ones a sharp one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from furuta_sysid.priors import LONGEST_DELAY
from furuta_sysid.trajectory import Recording

Floats = NDArray[np.float64]
LONGEST_STEP = 1e-3  # [s] physics step of the simulation node, which the tuned robot is for
STILL = 0.03  # [s] chosen by the coverage of the intervals on simulated robots (bench sysid)
START_SPAN = 0.03  # [s] on either side, over which the starting velocity is read off


class Windows(NamedTuple):
    """W windows of T samples; the physics take `substeps` a sample."""

    voltage: Floats  # (pad + T substeps, W) [V] by physics steps, `pad` of them before the start
    angles: Floats  # (T, 2, W) [rad] measured, the first one a sample after the start
    weight: Floats  # (T, W) 1, or 0 where the window has no sample any more
    trust: Floats  # (T, 2, W) 0..1, root of what a sample counts in a fit; see `_trust`
    start: Floats  # (W, 4) arm and pendulum angle [rad] and velocity [rad/s], as read off
    resolution: Floats  # (2, W) [rad]
    recording: NDArray[np.int_]  # (W,) which one it is of
    dt: float  # physics step [s]
    substeps: int

    @property
    def pad(self) -> int:
        """Physics steps of voltage before the start."""
        return len(self.voltage) - len(self.angles) * self.substeps

    @property
    def samples(self) -> int:
        """Angles that count, of both joints."""
        return int(2 * self.weight.sum())


def make_windows(recordings: Sequence[Recording], length: float | None) -> Windows:
    """Cut every recording, leaving out its holes.

    Args:
        recordings: all of one sample period.
        length: of a window [s]; None takes each stretch without a hole as a whole.

    Raises:
        ValueError: sample periods differ, or no stretch is long enough.
    """
    dt = recordings[0].dt
    for recording in recordings:
        if abs(recording.dt - dt) > 1e-9:
            raise ValueError(
                f'{recording.source}: sample period {recording.dt:g} s, but {dt:g} s in '
                f'{recordings[0].source}: identify from recordings of one rate'
            )
    substeps = math.ceil(dt / LONGEST_STEP - 1e-6)
    pad = (math.ceil(LONGEST_DELAY / dt) + 1) * substeps
    spans = [
        (i, first, stop)
        for i, recording in enumerate(recordings)
        for part in recording.parts
        for first, stop in _spans(part, None if length is None else round(length / dt))
    ]
    if not spans:
        raise ValueError(
            f'no stretch of {length or dt:g} s without a hole in '
            f'{", ".join(str(r.source) for r in recordings)}'
        )
    size = max(stop - first for _, first, stop in spans) - 1
    trusts = [_trust(recording) for recording in recordings]
    return Windows(
        voltage=np.stack(
            [_voltage(recordings[i], first, size, substeps, pad) for i, first, _ in spans], -1
        ),
        angles=np.stack(
            [_cut(recordings[i].angles, first, stop, size) for i, first, stop in spans], -1
        ),
        weight=np.stack(
            [(np.arange(size) < stop - first - 1).astype(float) for _, first, stop in spans], -1
        ),
        trust=np.stack([_cut(trusts[i], first, stop, size) for i, first, stop in spans], -1),
        start=np.stack([_start(recordings[i], first) for i, first, _ in spans]),
        resolution=np.array([recordings[i].resolution for i, *_ in spans]).T,
        recording=np.array([i for i, *_ in spans]),
        dt=dt / substeps,
        substeps=substeps,
    )


def take(windows: Windows, chosen: NDArray[np.int_]) -> Windows:
    """Some of the windows."""
    return windows._replace(
        voltage=windows.voltage[:, chosen],
        angles=windows.angles[:, :, chosen],
        weight=windows.weight[:, chosen],
        trust=windows.trust[:, :, chosen],
        start=windows.start[chosen],
        resolution=windows.resolution[:, chosen],
        recording=windows.recording[chosen],
    )


def _spans(part: slice, size: int | None) -> list[tuple[int, int]]:
    """First sample and the one after the last, of each window in a stretch without a hole."""
    if size is None:
        return [(part.start, part.stop)] if part.stop - part.start > 1 else []
    return [(first, first + size + 1) for first in range(part.start, part.stop - size, size)]


def _voltage(recording: Recording, first: int, size: int, substeps: int, pad: int) -> Floats:
    """By physics steps; 0 V before the recording, the last one after it."""
    fine = np.concatenate([np.zeros(pad), np.repeat(recording.voltage, substeps)])
    begin = first * substeps
    found = fine[begin : begin + pad + size * substeps]
    return np.pad(found, (0, pad + size * substeps - len(found)), mode='edge')


def _cut(signal: Floats, first: int, stop: int, size: int) -> Floats:
    """Samples after the first, filled up to `size`; signal (N, 2)."""
    found = signal[first + 1 : stop]
    return np.pad(found, ((0, size - len(found)), (0, 0)), mode='edge')


def _trust(recording: Recording) -> Floats:
    """(N, 2): an encoder that stands still tells its one rounding error over and over.

    A reading that holds for longer than `STILL` counts as much as one that holds that long.
    """
    trust = np.empty((len(recording), 2))
    for joint, angle in enumerate(recording.angles.T):
        changes = np.abs(np.diff(angle)) > 0.5 * recording.resolution[joint]
        edges = np.concatenate([[0], np.flatnonzero(changes) + 1, [len(angle)]])
        lengths = np.diff(edges)
        trust[:, joint] = np.repeat(np.minimum(1, STILL / recording.dt / lengths), lengths)
    return np.sqrt(trust)


def _start(recording: Recording, first: int) -> Floats:
    """Angles and velocities at a sample, from a cubic through its neighbours; (4,)."""
    reach = max(3, round(START_SPAN / recording.dt))
    part = next(p for p in recording.parts if p.start <= first < p.stop)
    begin, end = max(part.start, first - reach), min(part.stop, first + reach + 1)
    near = recording.angles[begin:end]
    if first == begin and np.all(np.ptp(near[:4], axis=0) <= 2.1 * np.array(recording.resolution)):
        return np.concatenate([near[0], (0.0, 0.0)])  # at rest: a fit at one end is worse
    time = (np.arange(begin, end) - first) * recording.dt
    cubic = np.polynomial.polynomial.polyfit(time, near, min(3, len(near) - 1))
    return np.concatenate([cubic[0], cubic[1]])

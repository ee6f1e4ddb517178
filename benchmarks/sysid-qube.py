# SPDX-License-Identifier: Apache-2.0
# environment: train
"""Identification of a real QUBE-Servo from its recordings; exit 0 if held-out ones are predicted.

    ./furuta bench sysid-qube [--held-out FOLDER] [--data FOLDER] [--json FILE]

Fitted to chirps, from the published constants in qube_servo_2.yaml. One chirp of each sign is kept
out, the last: it is replayed open loop as a whole, from rest at its first sample. Energy swing-ups
are replayed in windows of 1 s; a window about upright falls off either way whatever the model, so
the median window counts. Recordings of --held-out judge in the same way. All of them are of one
device; they are no part of the project (see --data).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import output
import tyro
from rich.progress import Progress

from furuta_description.command import run_command
from furuta_description.robot import Robot, load_robot
from furuta_sim.compiled import use_cache
from furuta_sysid import parameters as space
from furuta_sysid.fit import Fit, FitOptions, fit
from furuta_sysid.parameters import Floats
from furuta_sysid.replay import replay
from furuta_sysid.simulate import Simulation
from furuta_sysid.sources import read_recordings
from furuta_sysid.trajectory import Recording
from furuta_sysid.windows import make_windows

BOUND = np.array([0.04, 0.016])  # [rad] RMS of arm and pendulum over a whole chirp
BETTER = 0.5  # of the error with published constants, over windows of a second
ROOT = Path(__file__).resolve().parents[1]
HANGING = 0.75 * np.pi  # [rad] that the pendulum of a chirp does not pass


@dataclass(frozen=True)
class Options:
    """What to fit and what judges."""

    data: Path = Path(os.environ.get('QUBE_SERVO_DATA', ROOT.parent / 'shared/data/qube_servo'))
    """Folder of the recordings; the environment variable QUBE_SERVO_DATA names another default."""
    held_out: Path | None = None
    """Folder of further recordings that only judge."""
    seed: int = 0
    """Of the search."""
    json: Path | None = None
    """Where to write the figures."""


def main() -> int:
    options = tyro.cli(Options, prog='furuta bench sysid-qube', description=__doc__)

    use_cache(Path(sys.prefix) / 'jax_cache')
    robot = load_robot('qube_servo_2')
    recordings = read_recordings([options.data], robot)
    chirps = [recording for recording in recordings if is_chirp(recording)]
    swings = [recording for recording in recordings if not is_chirp(recording)]
    kept = {max(names) for names in by_sign(chirps) if names}
    training = [recording for recording in chirps if recording.name not in kept]
    validation = [recording for recording in chirps if recording.name in kept]
    further = read_recordings([options.held_out], robot) if options.held_out else []
    found = run_fit(robot, training, options.seed)
    robots = (robot, found.tuned(robot))
    show_parameters(found)
    rows = [
        *judge_chirps(robots, validation, 'kept out'),
        *judge_swings(robots, swings, 'swing-up'),
        *judge_chirps(robots, [r for r in further if is_chirp(r)], 'further'),
        *judge_swings(robots, [r for r in further if not is_chirp(r)], 'further'),
    ]
    columns = ('recording', 'arm before', 'after', 'pendulum before', 'after', 'bound', '')
    output.show('Open-loop error [rad RMS]', columns, [row_text(row) for row in rows])
    has_met = all(row['met'] for row in rows) and bool(validation) and bool(swings)
    figures = {'seconds': found.seconds, 'trained_on': [r.name for r in training], 'rows': rows}
    output.write(options.json, figures)
    return 0 if has_met else 1


def is_chirp(recording: Recording) -> bool:
    return bool(np.abs(recording.pendulum_angle).max() < HANGING)


def by_sign(chirps: Sequence[Recording]) -> list[list[str]]:
    """Names of the chirps that begin with a positive voltage, and of the others."""
    is_positive = [recording.voltage[0] > 0 for recording in chirps]
    return [
        [r.name for r, sign in zip(chirps, is_positive, strict=True) if sign == wanted]
        for wanted in (True, False)
    ]


def run_fit(robot: Robot, training: Sequence[Recording], seed: int) -> Fit:
    with Progress(transient=True) as bar:
        task = bar.add_task('fit', total=1.0)
        found = fit(
            robot,
            training,
            FitOptions(seed=seed),
            lambda p: bar.update(task, completed=p.share, description=p.stage),
        )
    print(f'{len(training)} chirps fitted in {found.seconds:.1f} s')
    return found


def show_parameters(found: Fit) -> None:
    low, high = (
        space.to_values(found.parameters, end, np)
        for end in found.uncertainty.interval(found.unit)
    )
    rows = [
        (p.name, f'{p.before:.4g}', f'{v:.4g}', f'{a:.4g} .. {b:.4g}', p.unit)
        for p, v, a, b in zip(found.parameters, found.values, low, high, strict=True)
    ]
    output.show('Parameters', ('', 'published', 'found', '95 %', 'unit'), rows)


def judge_chirps(
    robots: tuple[Robot, Robot], recordings: Sequence[Recording], role: str
) -> list[dict]:
    rows = []
    for recording in recordings:
        before, after = (whole_error(robot, recording) for robot in robots)
        name = f'{role}: {recording.name}, {recording.duration:.0f} s'
        rows.append(make_row(name, before, after, BOUND))
    return rows


def judge_swings(
    robots: tuple[Robot, Robot], recordings: Sequence[Recording], role: str
) -> list[dict]:
    if not recordings:
        return []
    before, after = (
        np.median(np.concatenate([window_errors(robot, r) for r in recordings]), axis=0)
        for robot in robots
    )
    name = f'{role}: {len(recordings)} swing-ups, median window of 1 s'
    return [make_row(name, before, after, BETTER * before)]


def whole_error(robot: Robot, recording: Recording) -> Floats:
    """(2,) [rad] RMS over the recording, replayed from its first sample."""
    parameters = space.free_parameters(robot)
    simulation = Simulation(robot, parameters, make_windows([recording], None))
    one = np.ones_like(simulation.windows.resolution)
    start = space.start(parameters, 0.0)
    errors = simulation.residuals(start, simulation.local_start(), one)
    return np.sqrt((errors**2).mean((0, 2)))


def window_errors(robot: Robot, recording: Recording) -> Floats:
    """(W, 2) [rad] RMS of each window of a second."""
    (windows,) = replay(robot, recording, [1.0])
    return np.sqrt((windows.residual**2).mean(1))


def make_row(name: str, before: Floats, after: Floats, bound: Floats) -> dict:
    return {
        'name': name,
        'before': before.tolist(),
        'after': after.tolist(),
        'bound': bound.tolist(),
        'met': bool(np.all(after <= bound)),
    }


def row_text(row: dict) -> list[str]:
    (a0, p0), (a1, p1) = row['before'], row['after']
    bound = ', '.join(f'{x:.3f}' for x in row['bound'])
    numbers = [f'{x:.4f}' for x in (a0, a1, p0, p1)]
    return [row['name'], *numbers, bound, 'met' if row['met'] else 'MISSED']


if __name__ == '__main__':
    sys.exit(run_command(main))

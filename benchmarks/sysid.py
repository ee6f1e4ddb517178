# SPDX-License-Identifier: Apache-2.0
# environment: train
"""Identification of simulated robots: how near, how honest, how fast; exit 0 if the bounds hold.

    ./furuta bench sysid [--seeds N] [--json FILE]

Every hidden robot has all free parameters within +-30 % of the robot file, is driven by the plan
of `furuta sysid capture` and seen through its encoders. Coverage is the share of true values
within the 95 % intervals, over all parameters and seeds (200 seeds make it sharp). The plain way
to search is the same generations with one rollout of C MuJoCo per candidate, all windows of the
recording in it; as both give the same losses, its time to the same loss is its time per candidate
times their number.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import output
import tyro
from rich.progress import track

from furuta_description.command import run_command
from furuta_description.dynamics import State
from furuta_description.robot import Robot, load_robot
from furuta_sim.backends.mujoco import MujocoBackend
from furuta_sim.compiled import use_cache
from furuta_sysid import parameters as space
from furuta_sysid.excitation import make_plan
from furuta_sysid.fit import COARSE, QUANTISED, FitOptions, fit
from furuta_sysid.parameters import Floats
from furuta_sysid.plan_options import PlanOptions
from furuta_sysid.search import Search, SearchOptions
from furuta_sysid.simulate import Simulation
from furuta_sysid.simulated import hidden_robot, record
from furuta_sysid.windows import make_windows

SPREAD = 0.3
FLOOR = 1.1  # times the rounding error
NEAR, COVERAGE, SECONDS = 0.01, (0.90, 0.98), 10.0
PLAIN = 4  # candidates that the plain way is timed on


@dataclass(frozen=True)
class Options:
    """What to identify."""

    robot: str = 'furuta'
    """Robot: a name in config/ or a file."""
    seeds: int = 20
    """Hidden robots."""
    first_seed: int = 0
    """Number of the first."""
    duration: float = 30.0
    """Of each recording [s]."""
    json: Path | None = None
    """Where to write the figures."""


def main() -> int:
    options = tyro.cli(Options, prog='furuta bench sysid', description=__doc__)
    use_cache(Path(sys.prefix) / 'jax_cache')
    robot = load_robot(options.robot)
    voltage = make_plan(robot, PlanOptions(duration=options.duration)).voltage
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    runs = [
        identify(robot, seed, voltage, options.duration)
        for seed in track(seeds, 'hidden robots', transient=True)
    ]
    speed = measure_speed(robot, voltage, options.duration)
    figures = {**summary(runs), **speed}
    claims = {
        'at the floor': (
            f'{figures["at_floor"]} of {len(runs)}',
            figures['at_floor'] == len(runs),
        ),
        'median error of identified parameters': (
            f'{100 * figures["median_error"]:.2f} %',
            figures['median_error'] <= NEAR,
        ),
        'true values within the 95 % intervals': (
            f'{100 * figures["coverage"]:.1f} %',
            COVERAGE[0] <= figures['coverage'] <= COVERAGE[1],
        ),
        f'fit of {figures["parameters"]} parameters, warm, median': (
            f'{figures["warm_seconds"]:.1f} s (the first: {figures["first_seconds"]:.1f} s)',
            figures['warm_seconds'] <= SECONDS,
        ),
    }
    output.show(
        f'{len(runs)} hidden robots, {options.duration:g} s each',
        ('', 'measured', ''),
        [(name, text, 'met' if met else 'MISSED') for name, (text, met) in claims.items()],
    )
    output.show(
        'Search',
        ('', 'candidates/s', 'to the same loss [s]'),
        [
            ('one batch, compiled', f'{speed["batch_rate"]:.0f}', f'{speed["batch_seconds"]:.1f}'),
            (
                'one C MuJoCo rollout per candidate',
                f'{speed["plain_rate"]:.1f}',
                f'{speed["plain_seconds"]:.0f} ({speed["ratio"]:.0f} times)',
            ),
        ],
    )
    output.write(options.json, {**figures, 'runs': runs})
    return 0 if all(met for _, met in claims.values()) else 1


def identify(
    robot: Robot, seed: int, voltage: Callable[[float, float], float], duration: float
) -> dict:
    """One hidden robot, recorded and identified."""
    hidden, truth = hidden_robot(robot, SPREAD, seed)
    recording = record(hidden, voltage, duration)
    begin = time.perf_counter()
    found = fit(robot, [recording], FitOptions(seed=seed))
    seconds = time.perf_counter() - begin
    true = np.array([truth[p.name] for p in found.parameters])
    low, high = found.uncertainty.interval(found.unit)
    unit = space.to_unit(found.parameters, true)
    errors = np.abs(found.values / true - 1)
    return {
        'seed': seed,
        'seconds': seconds,
        'cost': max(found.costs),
        'window': found.window,
        'errors': dict(zip(truth, errors.tolist(), strict=True)),
        'identified': found.uncertainty.is_identified().tolist(),
        'within': ((low <= unit) & (unit <= high)).tolist(),
    }


def summary(runs: list[dict]) -> dict:
    """Over all runs; the first compiles."""
    errors = np.array([list(run['errors'].values()) for run in runs])
    identified = np.array([run['identified'] for run in runs])
    return {
        'at_floor': sum(run['cost'] < FLOOR * QUANTISED for run in runs),
        'median_error': float(np.median(errors[identified])),
        'coverage': float(np.mean([run['within'] for run in runs])),
        'parameters': errors.shape[1],
        'first_seconds': runs[0]['seconds'],
        'warm_seconds': float(np.median([run['seconds'] for run in runs[1:] or runs])),
    }


def measure_speed(
    robot: Robot, voltage: Callable[[float, float], float], duration: float
) -> dict[str, float]:
    """The search in one batch, and what the plain way needs for as many candidates."""
    hidden, _ = hidden_robot(robot, SPREAD, 0)
    windows = make_windows([record(hidden, voltage, duration)], 1.0)
    simulation = Simulation(robot, space.free_parameters(robot), windows)
    scale, choices = COARSE * windows.resolution, SearchOptions()
    begin = space.start(simulation.parameters, 0.05)
    Search(begin, choices, 0).advance(simulation, scale)  # compiles
    search, start = Search(begin, choices, 0), time.perf_counter()
    while not search.is_over:
        search.advance(simulation, scale)
    batch = time.perf_counter() - start
    count = search.generation * choices.population
    backend = MujocoBackend(windows.dt)
    points = np.random.default_rng(0).uniform(0.3, 0.7, (PLAIN, len(begin)))
    points[0] = search.best
    start = time.perf_counter()
    losses = [plain_loss(backend, simulation, robot, point, scale) for point in points]
    plain = (time.perf_counter() - start) / PLAIN
    np.testing.assert_allclose(losses[0], simulation.losses(points[:1], scale)[0], rtol=0.1)
    return {
        'batch_rate': count / batch,
        'batch_seconds': batch,
        'plain_rate': 1 / plain,
        'plain_seconds': count * plain,
        'ratio': count * plain / batch,
        'loss': search.loss,
    }


def plain_loss(
    backend: MujocoBackend, simulation: Simulation, robot: Robot, point: Floats, scale: Floats
) -> float:
    """Loss of one candidate by C MuJoCo, all windows side by side."""
    windows, parameters = simulation.windows, simulation.parameters
    named = dict(
        zip([p.name for p in parameters], space.to_values(parameters, point, np), strict=True)
    )
    steps = named.pop('delay') / windows.dt
    model = backend.prepare(space.with_parameters(robot.physics, named))
    state = State(*windows.start.T.copy(), np.zeros(len(windows.start)))
    whole, total = int(steps), 0.0
    for i, angles in enumerate(windows.angles):
        for j in range(windows.substeps):
            index = windows.pad + i * windows.substeps + j - whole
            late, later = windows.voltage[index], windows.voltage[index - 1]
            state = backend.step(model, state, late + (steps - whole) * (later - late))
        z = (np.stack(state[:2]) - angles) / scale
        total += float((windows.weight[i] * (np.sqrt(1 + z * z) - 1)).sum())
    return total / windows.samples


if __name__ == '__main__':
    sys.exit(run_command(main))

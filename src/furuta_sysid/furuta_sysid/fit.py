# SPDX-License-Identifier: Apache-2.0
"""From recordings to parameters.

A search by CMA-ES on windows of a second finds the valley; Levenberg-Marquardt goes down to its
floor, on windows that grow to whole recordings. Some restarts guard against a wrong valley. What
is not used for the fit judges it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from furuta_description.robot import Robot
from furuta_sysid import parameters as space
from furuta_sysid.parameters import Floats
from furuta_sysid.polish import Point, cost, polish
from furuta_sysid.priors import Parameter
from furuta_sysid.progress import Notebook, Report
from furuta_sysid.search import Search, SearchOptions
from furuta_sysid.simulate import Simulation
from furuta_sysid.trajectory import Recording
from furuta_sysid.uncertainty import Uncertainty, uncertainty
from furuta_sysid.windows import make_windows, take

QUANTISED = 12**-0.5  # standard deviation of a rounding error, in steps
RIGHT = 1.5  # residuals of a right model are at most so many times the rounding error
COARSE = 10.0  # encoder steps: scale of the search, far from the floor
LOST = 30.0  # times the error of shorter windows: longer ones are too unstable to be fitted
WORSE = 1.02  # times the error of shorter windows, where those are at the floor
SEARCHED = 0.7  # share of the work that the search is taken for


@dataclass(frozen=True)
class FitOptions:
    """How to fit."""

    lock: tuple[str, ...] = ()
    """groups or parameters that stay as they are"""
    only: tuple[str, ...] = ()
    """if given, just these are free"""
    restarts: int = 3
    """searches at most; a model that explains everything ends them"""
    seed: int = 0
    """of the search"""
    lengths: tuple[float, ...] = (1.0, 3.0)
    """lengths of the windows [s] before whole recordings"""
    most_windows: int = 40
    """that the search takes of the first length"""
    search: SearchOptions = field(default_factory=SearchOptions)
    """choices of the search"""


@dataclass(frozen=True)
class Fit:
    """What was found."""

    parameters: tuple[Parameter, ...]
    unit: Floats
    """(P,) in the unit cube of the prior ranges"""
    values: Floats
    """(P,)"""
    uncertainty: Uncertainty
    is_model_right: bool
    window: float
    """length of the longest windows [s]"""
    costs: tuple[float, ...]
    """root mean square residual of each training recording, in encoder steps"""
    seconds: float

    def tuned(self, robot: Robot) -> Robot:
        """The robot with what was found."""
        return robot.with_values(space.file_values(robot, self.parameters, self.values))


def fit(
    robot: Robot,
    recordings: Sequence[Recording],
    options: FitOptions | None = None,
    report: Report | None = None,
    memory: Path | None = None,
) -> Fit:
    """Find the free parameters.

    Args:
        robot: where to start.
        recordings: to fit, of one sample rate.
        options: how.
        report: called now and then.
        memory: file that a stopped fit goes on from; it is removed at the end.

    Raises:
        ParameterError: a locked or wanted name is unknown, or nothing is free.
        ValueError: the recordings cannot be put together.
    """
    options = options or FitOptions()
    parameters = space.free_parameters(robot, options.lock, options.only)
    notebook = Notebook(key_of(robot, recordings, options), memory, report)
    longest = max(part.stop - part.start - 1 for r in recordings for part in r.parts)
    length = min(options.lengths[0], longest * recordings[0].dt)
    windows = make_windows(recordings, length)
    chosen = np.linspace(0, len(windows.start) - 1, min(len(windows.start), options.most_windows))
    short = Simulation(robot, parameters, take(windows, chosen.round().astype(int)))
    if notebook.memory.unit is None:
        _search(short, options, notebook)
    simulation, point, scale = _grow(short, robot, recordings, options, notebook)
    is_right = _is_right(_rms(simulation, point))
    spread = uncertainty(simulation, point, scale, is_right)
    result = Fit(
        parameters=parameters,
        unit=point.unit,
        values=np.asarray(space.to_values(parameters, point.unit, np)),
        uncertainty=spread,
        is_model_right=is_right,
        window=len(simulation.windows.angles) * recordings[0].dt,
        costs=_costs(simulation, point, len(recordings)),
        seconds=notebook.seconds,
    )
    notebook.close()
    return result


def key_of(robot: Robot, recordings: Sequence[Recording], options: FitOptions) -> str:
    """Hash of all that decides a fit."""
    parts = (robot.hash, [recording.source_hash for recording in recordings], asdict(options))
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _search(simulation: Simulation, options: FitOptions, notebook: Notebook) -> None:
    """Restarts of CMA-ES, each polished; the best point goes into the memory."""
    memory, resolution = notebook.memory, simulation.windows.resolution
    total = options.restarts * options.search.generations
    while len(memory.found) < options.restarts:
        restart = len(memory.found)
        if memory.search is None:
            memory.search = Search(_begin(simulation, restart, options), options.search,
                                   options.seed + restart)  # fmt: skip
        search = memory.search
        while not search.is_over:
            search.advance(simulation, COARSE * resolution)
            done = restart * options.search.generations + search.generation
            loss = COARSE * np.sqrt(2 * search.loss)
            notebook.note(f'search {restart + 1}', SEARCHED * done / total, loss)
        point = _settle(simulation, search.best)
        point = polish(simulation, point, _scale(simulation, point))
        value = cost(simulation, point.unit, point.local, resolution)
        memory.found.append((value, point.unit))
        memory.search = None
        best = min(memory.found, key=lambda found: found[0])
        is_done = _is_right(_rms(simulation, point))
        share = SEARCHED * (1 if is_done else (restart + 1) / options.restarts)
        notebook.note(f'search {restart + 1}', share, float(_rms(simulation, point).max()), True)
        if is_done:
            break
    memory.unit = best[1]


def _begin(simulation: Simulation, restart: int, options: FitOptions) -> Floats:
    """The robot file first, random points then."""
    if restart == 0:
        return space.start(simulation.parameters, 0.05)
    random = np.random.default_rng((options.seed, restart))
    return random.uniform(0.1, 0.9, len(simulation.parameters))


def _grow(
    short: Simulation,
    robot: Robot,
    recordings: Sequence[Recording],
    options: FitOptions,
    notebook: Notebook,
) -> tuple[Simulation, Point, Floats]:
    """Polish on windows of growing length; the last that could be fitted, and its scale."""
    memory = notebook.memory
    assert memory.unit is not None
    lengths: list[float | None] = [*options.lengths[1:], None]
    longest = max(part.stop - part.start - 1 for r in recordings for part in r.parts)
    lengths = [x for x in lengths if x is None or x < 0.9 * longest * recordings[0].dt]
    simulation = short
    point = _settle(short, memory.unit)
    scale, before = _scale(short, point), _rms(short, point)
    for stage, length in enumerate(lengths):
        trial = Simulation(robot, short.parameters, make_windows(recordings, length))
        start = _settle(trial, memory.unit)
        if np.any(_rms(trial, start) > LOST * np.maximum(before, QUANTISED)):
            break
        if stage >= memory.stage:
            start = polish(trial, start, _scale(trial, start))
            if _is_right(before) and np.any(_rms(trial, start) > WORSE * before):
                break  # some windows are so unstable that they stick short of the floor
            memory.unit, memory.stage = start.unit, stage + 1
        simulation, point, scale = trial, start, _scale(trial, start)
        before = _rms(trial, point)
        share = SEARCHED + (1 - SEARCHED) * (stage + 1) / len(lengths)
        notebook.note(f'windows of {length or longest * recordings[0].dt:g} s', share,
                      float(before.max()), True)  # fmt: skip
    return simulation, point, scale


def _settle(simulation: Simulation, unit: Floats) -> Point:
    """The point with the windows' starts found for these parameters."""
    point = Point(unit, simulation.local_start(), np.inf)
    return polish(simulation, point, _scale(simulation, point), 6, is_fixed=True)


def _scale(simulation: Simulation, point: Point) -> Floats:
    """(2, W) [rad] spread of the residuals of each joint, at least the rounding error's."""
    floor = QUANTISED * simulation.windows.resolution
    one = np.ones_like(floor)
    residuals = np.abs(simulation.residuals(point.unit, point.local, one))
    known = np.repeat(simulation.windows.weight[:, None] > 0, 2, axis=1)
    spread = [1.483 * np.median(residuals[:, j][known[:, j]]) for j in (0, 1)]
    return np.asarray(np.maximum(floor, np.array(spread)[:, None]))


def _rms(simulation: Simulation, point: Point) -> Floats:
    """(2,) root mean square residual of each joint, in encoder steps."""
    z = simulation.residuals(point.unit, point.local, simulation.windows.resolution)
    return np.asarray(np.sqrt((z**2).sum((0, 2)) / simulation.windows.weight.sum()))


def _is_right(steps: Floats) -> bool:
    """Whether residuals, in encoder steps, are no more than rounding errors."""
    return bool(np.all(steps < RIGHT * QUANTISED))


def _costs(simulation: Simulation, point: Point, count: int) -> tuple[float, ...]:
    z = simulation.residuals(point.unit, point.local, simulation.windows.resolution)
    which, weight = simulation.windows.recording, simulation.windows.weight
    return tuple(
        float(np.sqrt((z[..., which == i] ** 2).sum() / (2 * weight[:, which == i].sum())))
        for i in range(count)
    )

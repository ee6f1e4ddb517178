# SPDX-License-Identifier: Apache-2.0
"""All cells of a report for a controller, a cell a thread, and each cell in a few numbers."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from furuta_description.randomization import drawn_names
from furuta_description.robot import Robot
from furuta_rl.env import EnvConfig
from furuta_rl.evaluating.contest import longest_step
from furuta_rl.evaluation import held_out_key, make_env
from furuta_rl.robustness.cells import Cell, line_of, ranges_of, world
from furuta_rl.robustness.players import Player
from furuta_rl.robustness.program import Outcome, Program
from furuta_rl.share import Share
from furuta_rl.summary import summarize
from furuta_rl.task import Task

SHORT = 0.04  # [s] of line; most cells need no more, and a long one takes up to twice the time


@dataclass(frozen=True)
class Figures:
    """A cell of N robots; time and energy are of those that succeeded, NaN if none did."""

    success: Share
    time_to_upright_median: float  # [s]
    time_to_upright_p95: float  # [s]
    energy_mean: float  # [J] over the episode


@dataclass(frozen=True)
class Contender:
    """Who is judged, with the task and the control rate that it acts at."""

    name: str
    task: Task
    rate_hz: float
    make_player: Callable[[float], Player]  # for delays up to so much [s]


def sweep(
    contender: Contender,
    robot: Robot,
    cells: list[Cell],
    episodes: int,
    seed: int,
    on_cell: Callable[[], None],
) -> dict[Cell, Figures]:
    """Judge a contender in all cells; every cell has the same robots.

    Args:
        contender: who.
        robot: the nominal one.
        cells: which.
        episodes: in each cell.
        seed: of the robots, as in `evaluate`.
        on_cell: called after each.
    """
    names = drawn_names(ranges_of(cells))
    programs: dict[Cell, Program] = {}
    groups = [
        [c for c in cells if (line_of(c) <= SHORT) == is_short] for is_short in (True, False)
    ]
    for group in filter(None, groups):
        program = _make_program(contender, robot, group, episodes)
        programs |= dict.fromkeys(group, program)
    key = held_out_key(seed)

    def judge(cell: Cell) -> Figures:
        figures = to_figures(programs[cell](world(cell, names), key))
        on_cell()
        return figures

    pool = ThreadPoolExecutor(os.cpu_count())
    try:
        return dict(zip(cells, pool.map(judge, cells), strict=True))
    finally:
        pool.shutdown(cancel_futures=True)  # on Ctrl-C, no further cell is begun


def to_figures(outcome: Outcome) -> Figures:
    """Sum a cell up."""
    summary, good = summarize(outcome.episodes), outcome.episodes.success
    return Figures(
        summary.success,
        summary.time_to_upright_median,
        summary.time_to_upright_p95,
        float(np.mean(outcome.energy[good])) if good.any() else math.nan,
    )


def _make_program(contender: Contender, robot: Robot, cells: list[Cell], episodes: int) -> Program:
    config = EnvConfig('analytic', contender.rate_hz, longest_step(contender.rate_hz))
    env = make_env(robot, contender.task, ranges_of(cells), config, episodes)
    return Program(env, contender.make_player(max(cell.delay for cell in cells)))

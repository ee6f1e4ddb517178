# SPDX-License-Identifier: Apache-2.0
"""What `furuta evaluate` is asked for: a controller, on the robots and in the world it is for."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from numpy.typing import NDArray
from rich.console import Console
from rich.progress import Progress, SpinnerColumn

from furuta_description.randomization import Ranges
from furuta_description.robot import load_robot
from furuta_rl.classical import ClassicalConfig
from furuta_rl.controllers import ExportedController, MeasuredClassical
from furuta_rl.criterion import EPISODE
from furuta_rl.env import EnvConfig
from furuta_rl.episodes import Episodes
from furuta_rl.evaluating.options import EvaluateOptions
from furuta_rl.evaluating.traces import Traces, trace
from furuta_rl.evaluation import Controller, chunks_of, evaluate
from furuta_rl.informed import solvable
from furuta_rl.policy_controller import PolicyController
from furuta_rl.shipped import policy_file
from furuta_rl.task import Task


class Contest:
    """A controller and what it is judged on; knows nothing of printing but the progress."""

    def __init__(self, options: EvaluateOptions, console: Console) -> None:
        """Load the robot and the controller.

        Raises:
            ValueError: one of them is not there, damaged, or they do not fit.
        """
        self.options = options
        self._console = console
        self.robot = load_robot(options.robot)
        self.controller: Controller
        if options.controller == 'classical':
            self.name = self.short_name = 'classical controller'
            self.task = Task(voltage_scale=self.robot.safety.voltage_limit)
            rate = ClassicalConfig.rate_hz
            self.controller = MeasuredClassical(self.robot, self.task.voltage_scale)
        else:
            file = policy_file(options.robot, str(options.policy or ''))
            player = PolicyController(file, self.robot)
            self.name, self.task, rate = str(file), player.task, player.rate_hz
            self.short_name = f'{file.parent.name}/{file.name}'  # a picture has no room for more
            self.controller = ExportedController(player.policy)
        self.config = EnvConfig(options.backend, rate, longest_step(rate, options.physics_dt))
        self._prepare = options.cells.prepare if options.grid else None
        self.total = options.cells.total if options.grid else options.count

    @property
    def ranges(self) -> Ranges:
        """What is drawn."""
        return self.options.ranges

    @property
    def conditions(self) -> str:
        """What the episodes are like, for a title."""
        options = self.options
        delay = f', delay {options.delay[0]:g} to {options.delay[1]:g} s' if options.delay else ''
        spread = '' if options.spread is None else f', parameters +-{100 * options.spread:g} %'
        return f'randomization {options.randomization}{delay}{spread}'

    def evaluate(self) -> Episodes:
        """All episodes."""
        with self._progress('evaluating', self._count()) as on_step:
            return evaluate(
                *(self.controller, self.robot, self.task, self.options.ranges, self.config),
                episodes=self.total,
                seed=self.options.seed,
                prepare=self._prepare,
                on_step=on_step,
            )

    def solvable(self) -> NDArray[Any]:
        """Which of the episodes' robots an informed controller can bring up, (N,) bool."""
        with self._progress('judging', None) as on_step:
            return solvable(
                *(self.robot, self.task, self.options.ranges, self.options.seed, self.total),
                prepare=self._prepare,
                on_step=on_step,
            )

    def trace(self, robots: NDArray[Any]) -> Traces:
        """What some robots of the first chunk did, once more."""
        chunk = chunks_of(self.total, self.options.seed)[0]
        world = (self.robot, self.task, self.options.ranges, self.config)
        return trace(self.controller, *world, chunk, robots)

    @property
    def first(self) -> slice:
        """The episodes whose robots `trace` can follow."""
        return slice(chunks_of(self.total, self.options.seed)[0].size)

    def _count(self) -> int:
        """Control steps of all robots together."""
        chunks = chunks_of(self.total, self.options.seed)
        steps = round(EPISODE * self.config.control_rate_hz)
        return len(chunks) * chunks[0].size * steps

    @contextmanager
    def _progress(self, name: str, total: int | None) -> Iterator[Callable[[int], None]]:
        columns = (SpinnerColumn(), *Progress.get_default_columns())
        shown = self._console.is_terminal
        with Progress(*columns, console=self._console, transient=True, disable=not shown) as bar:
            task = bar.add_task(name, total=total)
            yield lambda steps: bar.advance(task, steps)


def longest_step(rate_hz: float, at_most: float = EnvConfig.physics_dt) -> float:
    """Longest physics step [s] that divides the control period."""
    period = 1 / rate_hz
    return period / math.ceil(period / at_most - 1e-9)

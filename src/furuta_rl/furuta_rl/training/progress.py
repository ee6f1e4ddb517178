# SPDX-License-Identifier: Apache-2.0
"""What a training shows while it runs: a bar on a terminal, now and then a line elsewhere."""

from __future__ import annotations

import math
import time
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

LINE_PERIOD = 10.0  # [s] between two lines where there is no terminal


class TrainingProgress:
    """Iterations, speed, success, return and time left."""

    def __init__(self, console: Console, total: int, done: int) -> None:
        """Show `done` of `total` iterations."""
        self._console, self._total = console, total
        self._bar = Progress(
            TextColumn('{task.description}'),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn('{task.fields[figures]}'),
            TimeRemainingColumn(compact=True),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task('training', total=total, completed=done, figures='')
        self._last_line = time.monotonic()
        self._success = ''  # the last that is known

    def extend(self, total: int) -> None:
        """There are `total` iterations now."""
        self._total = total
        self._bar.update(self._task, total=total)

    def show(self, done: int, steps_per_second: float, total: float, success: float) -> None:
        """Show how far it is: mean return of episodes and validated success, NaN if not known."""
        if not math.isnan(success):
            self._success = f'  success {100 * success:.1f} %'
        figures = f'{steps_per_second:,.0f} steps/s  return {total:.1f}{self._success}'
        self._bar.update(self._task, completed=done, figures=figures)
        now = time.monotonic()
        if not self._console.is_terminal and now - self._last_line > LINE_PERIOD:
            self._last_line = now
            self._console.print(f'iteration {done} of {self._total}  {figures}')

    def __enter__(self) -> Self:
        """Begin to show."""
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Take the bar away."""
        self._bar.stop()

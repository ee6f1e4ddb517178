# SPDX-License-Identifier: Apache-2.0
"""Figures of a training as it goes: metrics.csv, and the same for TensorBoard.

Every line says its iteration. A training that is taken up again first drops the lines after its
checkpoint, so that none is missing and none is there twice; TensorBoard is told to do so.
"""

from __future__ import annotations

import io
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter

from furuta_description.whole_file import write_whole

FLUSH_PERIOD = 5  # [s] until TensorBoard sees a figure
Figures = dict[str, NDArray[Any]]  # name to (n, S): of n iterations and S seeds


class Metrics:
    """Appends to metrics.csv and to an event file beside it."""

    def __init__(self, csv: Path, seeds: Sequence[int], iteration: int) -> None:
        """Go on after an iteration, 0 for a new training."""
        self._csv, self._seeds = csv, seeds
        kept = _lines_until(csv.read_text(), iteration) if csv.exists() else ''
        self._has_head = bool(kept)
        if csv.exists():
            write_whole(csv, kept.encode())
        self._events = EventFileWriter(str(csv.parent), flush_secs=FLUSH_PERIOD)
        # What TensorBoard has of this iteration or later ones, it drops.
        start = SessionLog(status=SessionLog.START)
        self._events.add_event(Event(wall_time=time.time(), step=iteration + 1, session_log=start))

    def add(self, iteration: int, figures: Figures) -> None:
        """Write the figures of some iterations, the last of them the one given, counted from 1.

        They have the same names in every call.
        """
        text = io.StringIO()
        if not self._has_head:
            self._has_head = True
            text.write(','.join(('iteration', 'seed', *figures)) + '\n')
        columns = {name: np.asarray(figure, np.float64) for name, figure in figures.items()}
        count = len(next(iter(columns.values())))
        for row in range(count):
            number = iteration - count + 1 + row
            for s, seed in enumerate(self._seeds):
                # 9 digits bring back any float32, bit by bit.
                values = (f'{column[row, s]:.9g}' for column in columns.values())
                text.write(','.join((str(number), str(seed), *values)) + '\n')
            self._add_event(number, {name: column[row] for name, column in columns.items()})
        with self._csv.open('a') as file:
            file.write(text.getvalue())

    def save(self) -> None:
        """Have everything on disk."""
        self._events.flush()
        with self._csv.open('a') as file:
            os.fsync(file.fileno())

    def close(self) -> None:
        """End the event file."""
        self._events.close()

    def _add_event(self, iteration: int, figures: Mapping[str, NDArray[Any]]) -> None:
        """Median of the seeds, and their range where there are several."""
        values = []
        for name, figure in figures.items():
            known = figure[np.isfinite(figure)]
            if len(known):
                values.append(Summary.Value(tag=name, simple_value=np.median(known)))
            if len(known) > 1:
                values += [
                    Summary.Value(tag=f'{name}/lowest', simple_value=known.min()),
                    Summary.Value(tag=f'{name}/highest', simple_value=known.max()),
                ]
        summary = Summary(value=values)
        self._events.add_event(Event(wall_time=time.time(), step=iteration, summary=summary))


def _lines_until(text: str, iteration: int) -> str:
    """The whole lines of a metrics.csv up to an iteration, its head included."""
    head, *lines = text[: text.rfind('\n') + 1].splitlines(keepends=True) or ['']
    return head + ''.join(line for line in lines if int(line.split(',')[0]) <= iteration)

# SPDX-License-Identifier: Apache-2.0
"""A stack with its parameter `trace` set, and what became of its control steps."""

from __future__ import annotations

import contextlib
import math
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import rclpy
from numpy.typing import NDArray

from furuta_bringup import middleware
from furuta_bringup.processes import StackError
from furuta_bringup.stack import NodeSpec
from furuta_description import ros, ros_polling, trace

EDGES = np.geomspace(0.01, 20.48, 12)  # [ms], each twice the one before
BARS = ' ▁▂▃▄▅▆▇█'
SPANS = {  # what is shown of joined rows
    'sensor age': ('stamp', 'taken'),
    '  stamp to observation': ('stamp', 'observed'),
    'compute': ('taken', 'computed'),
    'publish': ('computed', 'published'),
    'wire': ('sent', 'arrived'),
    'applied': ('arrived', 'applied'),
    'observation to command': ('observed', 'sent'),
    'stamp to command': ('stamp', 'sent'),
    'stamp to voltage': ('stamp', 'applied'),
}
COLUMNS = ('[ms]', 'p50', 'p99', 'p99.9', 'worst', '0.01 to 20 ms')


def sim_with_classical(
    robot: str, rate_hz: float, priority: bool, samples_hz: float = 0.0
) -> list[NodeSpec]:
    """Simulated plant and classical controller, at one rate unless `samples_hz` is another."""
    shared = {'robot': robot, 'trace': True, 'priority': priority}
    return [
        NodeSpec(
            'furuta_sim', 'sim_node', {**shared, 'publish_rate_hz': samples_hz or float(rate_hz)}
        ),
        NodeSpec('furuta_rl', 'classical_node', {**shared, 'rate_hz': float(rate_hz)}),
    ]


@contextlib.contextmanager
def topics() -> Iterator[None]:
    """What a benchmark does with rclpy; Ctrl-C ends it with code 130, a failed stack with 2."""
    middleware.apply()
    rclpy.init(signal_handler_options=rclpy.SignalHandlerOptions.NO)
    try:
        yield
    except KeyboardInterrupt:
        sys.exit(130)
    except StackError as error:
        print(f'error: {error}')
        sys.exit(2)
    finally:
        rclpy.try_shutdown()


class Collector:
    """Takes the rows of both ends; keeps the newest diagnostics."""

    def __init__(self, node: Any) -> None:
        """Subscribe; a second of rows is one message."""
        kind, queue = ros.Int64MultiArray, 100
        self._ends = [
            ros_polling.poll(node, kind, topic, queue)
            for topic in (ros.TRACED_STEPS, ros.TRACED_COMMANDS)
        ]
        self._diagnostics = ros_polling.poll(node, ros.DiagnosticArray, ros.DIAGNOSTICS, queue)
        self._rows: list[list[trace.Times]] = [[], []]
        self.values: dict[str, dict[str, str]] = {}

    def take(self) -> None:
        """Take what has come."""
        for end, rows in zip(self._ends, self._rows, strict=True):
            new = (ros.rows_from(message) for message, _ in ros_polling.take(end))
            rows += [each for each in new if len(each)]
        for message, _ in ros_polling.take(self._diagnostics):
            for status in message.status:
                self.values[status.name] = {v.key: v.value for v in status.values}

    def reach(self, at_ns: int) -> bool:
        """Whether both ends have sent rows of commands published after a time [ns]."""
        columns = (trace.StepTimes, trace.CommandTimes)
        return all(
            rows and rows[-1][-1, kind._fields.index('published')] > at_ns
            for rows, kind in zip(self._rows, columns, strict=True)
        )

    def between(self, begin_ns: int, end_ns: int) -> Run:
        """Steps on samples of that time, and all commands."""
        steps, commands = (np.concatenate(rows) for rows in self._rows)
        return Run(steps, commands, (begin_ns, end_ns))


class Run:
    """What became of the steps on the samples of some time."""

    def __init__(self, steps: trace.Times, commands: trace.Times, span: tuple[int, int]) -> None:
        """Take rows of `StepTimes` and `CommandTimes`; the span is one of stamps [ns]."""
        stamps = steps[:, trace.StepTimes._fields.index('stamp')]
        self._grid_ns, self._span = int(stamps[0]), span
        self.steps = steps[(stamps >= span[0]) & (stamps < span[1])]
        self.commands = commands

    def judge(self, period: float) -> dict[str, float]:
        """How many steps there were, and how many had no command within a period [s]."""
        places = [math.ceil((end - self._grid_ns) * 1e-9 / period) for end in self._span]
        expected, taken = places[1] - places[0], len(self.steps)
        late = len(self.late(period))
        missed = max(expected - taken, 0) + late
        return {
            'steps': expected,
            'without a command': max(expected - taken, 0),
            'later than a period': late,
            'missed': missed,
            'on time [%]': 100 * (1 - missed / expected),
            'commands that never drove the motor': taken - len(self.joined['stamp']),
        }

    def late(self, period: float) -> list[tuple[float, float]]:
        """Of each step later than a period [s]: when it was [s] and how late after its sample."""
        columns = dict(zip(trace.StepTimes._fields, self.steps.T, strict=True))
        after = (columns['published'] - columns['stamp']) * 1e-9
        when = (columns['stamp'] - self._span[0]) * 1e-9
        return [(float(t), float(d)) for t, d in zip(when, after, strict=True) if d > period]

    @property
    def joined(self) -> dict[str, trace.Times]:
        """Columns of the steps whose command drove the motor."""
        return trace.join(self.steps, self.commands)

    def durations(self, period: float) -> dict[str, NDArray[np.float64]]:
        """Stages and period errors of every step [ms]."""
        columns = self.joined
        found = {
            name: (columns[end] - columns[begin]) * 1e-6 for name, (begin, end) in SPANS.items()
        }
        for who, column in (('observations', 'observed'), ('commands', 'sent')):
            found[f'period error of {who}'] = 1e3 * trace.period_errors(columns[column], period)
        return found


def row(name: str, values: NDArray[Any]) -> tuple[Any, ...]:
    """Row of a table with COLUMNS."""
    counts = trace.histogram(values, EDGES)
    heights = np.ceil(counts / max(counts.max(), 1) * (len(BARS) - 1)).astype(int)
    figures = (f'{value:.3f}' for value in trace.quantiles(values).values())
    return (name, *figures, ''.join(BARS[height] for height in heights))


def as_json(values: NDArray[Any]) -> dict[str, Any]:
    """The same for a file."""
    return {**trace.quantiles(values), 'histogram': trace.histogram(values, EDGES).tolist()}

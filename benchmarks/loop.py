# SPDX-License-Identifier: Apache-2.0
# environment: run
"""Control loop over topics, stage by stage, beside a bare C loop of the same rate; exit 0 if fit.

The simulated plant and the classical controller, both at the rate, as processes of their own. The
C loop only wakes up, at the same priority and the same time, and so tells what the machine can do.

- sensor age: from the sample's stamp until the controller has it; wire: from a command's
  publication until it has arrived at the plant; applied: from then until it drives the motor, as
  the plant's time tells; furuta_description/trace.py draws them
- missed step: no command, or one that went out later than a period after its sample's stamp; of
  the C loop: one that woke later than a period after its deadline
- observation to command: from the publication of the joint state by the plant to that of the
  command by the controller, both as the middleware stamps them
- period error: of the commands' publications

The bounds hold for a machine that has nothing else to do; with --load they are only shown.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import output
import rclpy
import traced
import tyro
from rich.progress import Progress

from furuta_bringup.processes import Processes, StackError
from furuta_description.realtime import PRIORITY
from furuta_hardware.core_library import compiler, run_compiler

SETTLING = 5.0  # [s] of the stack before anything counts
PATIENCE = 30.0  # [s] until both ends have sent rows
SOURCE = Path(__file__).with_name('bare_loop.c')
# Ends with its parent, however that ends.
BURNER = 'import os\np = os.getppid()\nwhile os.getppid() == p: sum(range(100_000))'
OBSERVATION, PERIOD = 'observation to command', 'period error of commands'


@dataclass
class Options:
    """Options of the benchmark."""

    rate: Literal[100, 200, 500] = 200
    """Control rate [Hz]."""
    seconds: float = 600.0
    load: bool = False
    """Two programs a core that do nothing but compute beside it."""
    priority: bool = True
    """Real-time priority for plant, controller and C loop, where the user may have it."""
    samples: float = 0.0
    """Joint states a second, a multiple of the rate; 0 = the rate. At 1000 the plant computes less
    between a stamp and its publication."""
    robot: str = 'furuta'
    json: Path | None = None


@contextlib.contextmanager
def burning(is_on: bool) -> Iterator[None]:
    """Load on every core."""
    count = 2 * len(os.sched_getaffinity(0)) if is_on else 0
    burners = [
        subprocess.Popen([sys.executable, '-c', BURNER], start_new_session=True)
        for _ in range(count)
    ]
    try:
        yield
    finally:
        for burner in burners:
            burner.kill()
            burner.wait()


class BareLoop:
    """The C loop, compiled for this run."""

    def __init__(self, folder: str) -> None:
        """Compile it."""
        self._file = Path(folder) / 'bare_loop'
        run_compiler(
            [compiler(), '-std=gnu11', '-O2', '-Wall', str(SOURCE), '-o', str(self._file)]
        )

    def run(self, options: Options, wait) -> np.ndarray:
        """How late each step woke [ns]; `wait` is called now and then."""
        steps = round(options.seconds * options.rate)
        words = (options.rate, steps, PRIORITY if options.priority else 0)
        with (
            tempfile.TemporaryFile() as out,
            subprocess.Popen(
                [str(self._file), *map(str, words)], stdout=out, start_new_session=True
            ) as process,
        ):
            try:
                while process.poll() is None:
                    wait()
            finally:
                process.kill()
            out.seek(0)
            return np.frombuffer(out.read(), np.int64)


def measure(options: Options) -> tuple[traced.Run, np.ndarray]:
    """Rows of the stack and lateness of the C loop [ns], over the same time."""
    nodes = traced.sim_with_classical(
        options.robot, options.rate, options.priority, options.samples
    )
    with (
        tempfile.TemporaryDirectory() as folder,
        burning(options.load),
        Processes(nodes, print) as stack,
        Progress() as progress,
    ):
        collector = traced.Collector(rclpy.create_node('bench'))
        bare = BareLoop(folder)
        stack.start()

        def wait(seconds: float = 0.5) -> None:
            time.sleep(seconds)
            stack.check()
            collector.take()

        deadline = time.monotonic() + PATIENCE
        while not collector.reach(0):
            if time.monotonic() > deadline:
                raise StackError(f'no steps within {PATIENCE:g} s')
            wait()
        wait(SETTLING)
        began_ns = time.time_ns()
        task = progress.add_task(f'{options.rate} Hz', total=options.seconds)

        def wait_and_show() -> None:
            wait()
            progress.update(task, completed=(time.time_ns() - began_ns) * 1e-9)

        late = bare.run(options, wait_and_show)
        ended_ns = time.time_ns()
        while not collector.reach(ended_ns):
            wait(0.1)
        return collector.between(began_ns, ended_ns), late


def verdicts(figures: dict[str, Any], rate: int) -> list[tuple[str, float, str, float, bool]]:
    """Name, value, 'at most' or 'at least', bound, and whether it holds."""
    stages = figures['stages [ms]']
    bounds = [
        ('observation to command p50 [ms]', stages[OBSERVATION]['p50'], 'at most', 0.5),
        ('observation to command p99 [ms]', stages[OBSERVATION]['p99'], 'at most', 2.0),
    ]
    if rate <= 200:
        bounds += [
            ('missed, C loop: + 1', figures['missed'], 'at most', figures['C loop']['missed'] + 1),
            ('period error p99 [ms]', stages[PERIOD]['p99'], 'at most', 0.3),
        ]
    else:
        bounds += [('on time [%]', figures['on time [%]'], 'at least', 99.9)]
    return [
        (name, value, word, bound, value <= bound if word == 'at most' else value >= bound)
        for name, value, word, bound in bounds
    ]


def main(options: Options) -> int:
    """Measure and print; 0 if every bound holds, or with --load."""
    with traced.topics():
        run, late = measure(options)
    period = 1 / options.rate
    stages, judged = run.durations(period), run.judge(period)
    bare = {
        'C loop: woke after its deadline': late * 1e-6,
        'C loop: period error': np.abs(np.diff(late)) * 1e-6,
    }
    figures = {
        **judged,
        'stages [ms]': {name: traced.as_json(values) for name, values in stages.items()},
        'late steps [s]': run.late(period),
        'C loop': {
            'missed': int(np.sum(late > period * 1e9)),
            'late wakes [s]': [
                (float(step * period), float(late[step] * 1e-9))
                for step in np.flatnonzero(late > period * 1e9)
            ],
            'stages [ms]': {name: traced.as_json(values) for name, values in bare.items()},
        },
        'histogram edges [ms]': traced.EDGES.tolist(),
        'load of the machine at the end': os.getloadavg(),
    }
    title = (
        f'{options.rate} Hz for {options.seconds:g} s, {"" if options.load else "no "}load, '
        f'{"" if options.priority else "no "}real-time priority, classical controller'
    )
    output.show(
        title,
        traced.COLUMNS,
        [traced.row(name, values) for name, values in (stages | bare).items()],
    )
    rows = [*judged.items(), ('missed by the C loop', figures['C loop']['missed'])]
    output.show('steps', ('', ''), [*rows, ('load average', os.getloadavg()[0])])
    found = verdicts(figures, options.rate)
    output.show(
        'bounds of a machine with nothing else to do',
        ('', 'found', '', 'bound', ''),
        [(*row, 'holds' if holds else 'BROKEN') for *row, holds in found],
    )
    holds = all(holds for *_, holds in found)
    output.write(options.json, {**figures, 'holds': holds, 'rate [Hz]': options.rate})
    return 0 if holds or options.load else 1


if __name__ == '__main__':
    sys.exit(main(tyro.cli(Options, prog='furuta bench loop', description=__doc__)))

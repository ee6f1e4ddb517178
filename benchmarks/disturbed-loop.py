# SPDX-License-Identifier: Apache-2.0
# environment: run
"""Control loop with its node paused, a slow subscriber, a recorder, browsers; exit 0 if it held.

Simulated plant and policy, as `furuta sim` starts them. In each case: steps without a command in
time, how old the command was that drove the motor, whether the pendulum fell and stood again.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import disturbances
import numpy as np
import output
import rclpy
import traced
import tyro
from rich.progress import Progress

from furuta_bringup.judge import UPRIGHT
from furuta_bringup.processes import Processes, StackError
from furuta_bringup.stack import SimArguments, sim_stack
from furuta_description import ros, ros_polling, trace
from furuta_description.robot import load_robot
from furuta_rl.policy import load_card
from furuta_rl.shipped import policy_file

PAUSE_EVERY = 5.0  # [s]
SLACK = 0.03  # [s] beyond the time-out: link, tick, machine
PATIENCE = 20.0  # [s] until it stands, at first and after a case
STANDS = 2.0  # [s] upright that count as standing
QUEUE = 2000  # messages


@dataclass
class Options:
    """Options of the benchmark."""

    cases: tuple[str, ...] = ('nothing', 'paused', 'slow', 'recorder', 'browsers')
    seconds: float = 20.0
    """For each case."""
    robot: str = 'furuta'
    json: Path | None = None


class Watch(traced.Collector):
    """Keeps what the plant publishes, too."""

    def __init__(self, node: Any) -> None:
        """Subscribe."""
        super().__init__(node)
        self._joints = ros_polling.poll(node, ros.JointState, ros.JOINT_STATES, QUEUE)
        self._motor = ros_polling.poll(node, ros.BatteryState, ros.MOTOR_STATE, QUEUE)
        self.angles: list[tuple[int, float]] = []  # stamp [ns], of the pendulum from upright [rad]
        self.voltages: list[tuple[int, float]] = []  # stamp [ns], [V]

    def take(self) -> None:
        """See `Collector`."""
        super().take()
        for message, _ in ros_polling.take(self._joints):
            off = ros.sample_from(message).pendulum_angle % (2 * np.pi) - np.pi
            self.angles.append((ros.nanoseconds(message.header.stamp), off))
        for message, _ in ros_polling.take(self._motor):
            self.voltages.append((ros.nanoseconds(message.header.stamp), message.voltage))

    def upright_for(self) -> float:
        """How long it has been standing [s]."""
        fallen = next((t for t, off in reversed(self.angles) if abs(off) > UPRIGHT), None)
        if not self.angles or fallen is None:
            return 0.0
        return (self.angles[-1][0] - fallen) * 1e-9


def run_case(name: str, options: Options, progress: Progress) -> dict[str, Any]:
    """Figures of one case, with nodes of its own."""
    nodes = sim_stack(SimArguments(robot=options.robot, twin=False, trace=True))
    period = 1 / load_card(policy_file(options.robot, '')).control_rate_hz
    with Processes(nodes, print) as stack:
        watch = Watch(rclpy.create_node('watch'))
        stack.start()
        task = progress.add_task(name, total=options.seconds)

        def wait(seconds: float) -> None:
            end = time.monotonic() + seconds
            while (left := end - time.monotonic()) > 0:
                time.sleep(min(left, 0.05))
                stack.check()
                watch.take()

        def until_standing() -> bool:
            deadline = time.monotonic() + PATIENCE
            while watch.upright_for() < STANDS and time.monotonic() < deadline:
                wait(0.1)
            return watch.upright_for() >= STANDS

        if not until_standing():
            raise StackError(f'it did not stand within {PATIENCE:g} s, before anything was done')
        with disturbances.beside(name, options.robot):
            began_ns, began = time.time_ns(), time.monotonic()
            while (elapsed := time.monotonic() - began) < options.seconds:
                progress.update(task, completed=elapsed)
                if name == 'paused':
                    disturbances.pause(stack.pid('policy_node'))
                wait(PAUSE_EVERY)
            ended_ns = time.time_ns()
            while not watch.reach(ended_ns):
                wait(0.1)
            progress.update(task, completed=options.seconds)
        stands = until_standing()
        return evaluate(watch, (began_ns, ended_ns), period) | {'stands at the end': stands}


def evaluate(watch: Watch, span: tuple[int, int], period: float) -> dict[str, Any]:
    """What became of the steps, the motor and the pendulum between two times [ns]."""
    run = watch.between(*span)
    durations = run.durations(period)
    age = trace.quantiles(durations['observation to command'])
    off = [abs(off) > UPRIGHT for t, off in watch.angles if span[0] <= t < span[1]]
    stamps = np.array([t for t, _ in watch.voltages if span[0] <= t < span[1]])
    return run.judge(period) | {
        'observation to command p50 [ms]': age['p50'],
        'observation to command p99 [ms]': age['p99'],
        'period error p99 [ms]': trace.quantiles(durations['period error of commands'])['p99'],
        'oldest command that drove the motor [s]': oldest_command(watch, run.commands, span),
        'longest time without a sample [s]': float(np.max(np.diff(stamps))) * 1e-9,
        'falls': int(np.sum(np.diff(np.array(off, int)) == 1)),
    }


def oldest_command(watch: Watch, commands: trace.Times, span: tuple[int, int]) -> float:
    """Greatest age of the command that drove the motor [s of the plant's own time].

    Counted in samples: a simulated plant that was held up has stood still as a whole.
    """
    stamps, voltages = np.array(watch.voltages).T
    applied = np.sort(commands[:, trace.CommandTimes._fields.index('applied')])
    newest = applied[np.maximum(np.searchsorted(applied, stamps, 'right') - 1, 0)]
    age = np.arange(len(stamps)) - np.searchsorted(stamps, newest)
    driven = (voltages != 0) & (stamps >= span[0]) & (stamps < span[1])
    return float(np.max(age[driven]) * np.median(np.diff(stamps))) * 1e-9


def main(options: Options) -> int:
    """Run the cases and print; 0 if the time-out held in all and it stood again."""
    figures: dict[str, dict[str, Any]] = {}
    with traced.topics(), Progress() as progress:
        for name in options.cases:
            figures[name] = run_case(name, options, progress)
    bound = load_robot(options.robot).safety.command_timeout + SLACK
    rows = [
        (key, *(case[key] for case in figures.values())) for key in next(iter(figures.values()))
    ]
    output.show(f'{options.seconds:g} s of each case', ('', *figures), rows)
    output.write(options.json, figures)
    holds = all(
        case['oldest command that drove the motor [s]'] <= bound and case['stands at the end']
        for case in figures.values()
    )
    print(
        f'time-out {bound - SLACK:g} s', 'held' if holds else 'BROKEN, or it did not stand again'
    )
    return 0 if holds else 1


if __name__ == '__main__':
    sys.exit(main(tyro.cli(Options, prog='furuta bench disturbed-loop', description=__doc__)))

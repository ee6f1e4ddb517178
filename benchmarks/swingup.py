# SPDX-License-Identifier: Apache-2.0
# environment: run
"""Swing-up over topics: the whole bring-up, each seed from hanging at rest; exit 0 if all hold."""

from __future__ import annotations

import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import output
import rclpy
import tyro
from rcl_interfaces.srv import SetParameters
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter
from rich.progress import Progress
from std_srvs.srv import Trigger

from furuta_bringup import middleware
from furuta_bringup.monitor_node import MonitorNode
from furuta_bringup.processes import Processes
from furuta_bringup.stack import SimArguments, sim_stack
from furuta_description import ros


@dataclass
class Options:
    """Options of the benchmark."""

    robots: tuple[str, ...] = ('furuta', 'qube_servo_2')
    seeds: int = 20
    seconds: float = 20.0
    long: float = 600.0
    """One more run of this length with the first robot [s]; 0 = none."""
    limit: float = 5.0
    """Time in which the pendulum must be upright [s]."""
    controller: str = 'policy'
    """What drives the motor: policy (the one that comes with the robot) or classical."""
    json: Path | None = None
    runs: list = field(default_factory=list, init=False)


class Bench:
    """Services of the plant, and the monitor that judges the runs."""

    def __init__(self):
        rclpy.init()
        self.monitor = MonitorNode()
        self._reset = self.monitor.create_client(Trigger, ros.RESET)
        self._set = self.monitor.create_client(SetParameters, 'sim_node/set_parameters')
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self.monitor)
        self._thread = threading.Thread(target=self._executor.spin)
        self._thread.start()

    def close(self) -> None:
        self._executor.shutdown()
        self._thread.join()
        rclpy.shutdown()

    def begin(self, seed: int) -> None:
        """Hanging at rest, in the pose drawn with this seed."""
        seed_parameter = Parameter('start.seed', value=seed).to_parameter_msg()
        self._call(self._set, SetParameters.Request(parameters=[seed_parameter]))
        self._call(self._reset, Trigger.Request())
        self.monitor.restart()

    def _call(self, client, request):
        if not client.wait_for_service(10):
            raise RuntimeError(f'no service {client.srv_name}')
        future = client.call_async(request)
        while not future.done():
            time.sleep(0.001)


def run_robot(bench: Bench, options: Options, robot: str, runs, progress) -> None:
    nodes = sim_stack(SimArguments(robot=robot, twin=False, controller=options.controller))
    task = progress.add_task(robot, total=sum(seconds for _, seconds in runs))
    with Processes(nodes, progress.console.print) as stack:
        stack.start()
        while not bench.monitor.judge.samples or 'controller' not in bench.monitor.diagnostics:
            time.sleep(0.1)
            stack.check()
        for seed, seconds in runs:
            bench.begin(seed)
            while bench.monitor.judge.elapsed < seconds:
                time.sleep(0.05)
                stack.check()
            figures = bench.monitor.figures()
            taken = figures['time_to_upright']
            held = taken is not None and taken <= options.limit and not figures['falls']
            held = held and figures['upright_for'] > 0
            options.runs.append({'robot': robot, 'seed': seed, 'held': held, **figures})
            progress.advance(task, seconds)
    bench.monitor.restart()
    bench.monitor.diagnostics.clear()


def main(options: Options) -> int:
    """Run all and print; 0 if every run was upright in time and stayed so."""
    middleware.apply()
    bench = Bench()
    try:
        with Progress() as progress:
            for robot in options.robots:
                runs = [(seed, options.seconds) for seed in range(options.seeds)]
                if options.long and robot == options.robots[0]:
                    runs.append((options.seeds, options.long))
                run_robot(bench, options, robot, runs, progress)
    finally:
        bench.close()
    rows = [
        (
            f'{r["robot"]} {r["seed"]}',
            r['held'],
            r['time_to_upright'] or '-',
            r['elapsed'],
            r['falls'],
            max(-r['arm_min'], r['arm_max']),
            r['missed_steps'],
        )
        for r in options.runs
    ]
    columns = (
        'robot, seed',
        'held',
        'upright after [s]',
        'of [s]',
        'falls',
        'arm [rad]',
        'missed steps so far',
    )
    output.show(f'swing-up over topics, {options.controller}', columns, rows)
    held = sum(r['held'] for r in options.runs)
    print(f'{held} of {len(options.runs)} upright within {options.limit} s and held')
    output.write(options.json, {'held': held, 'runs': options.runs})
    return 0 if held == len(options.runs) else 1


if __name__ == '__main__':
    sys.exit(main(tyro.cli(Options, prog='furuta bench swingup', description=__doc__)))

# SPDX-License-Identifier: Apache-2.0
# environment: run
"""Swing-up over topics: the whole bring-up, each seed from hanging at rest; exit 0 if all hold."""

from __future__ import annotations

import math
import random
import sys
import threading
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import output
import rclpy
import tyro
from rcl_interfaces.srv import SetParameters
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter
from rich.progress import Progress
from std_srvs.srv import SetBool, Trigger

from furuta_bringup import middleware
from furuta_bringup.monitor_node import MonitorNode
from furuta_bringup.processes import Processes
from furuta_bringup.stack import RealArguments, SimArguments, real_stack, sim_stack
from furuta_description import ros
from furuta_hardware.emulator_process import EmulatorProcess

SPREAD = 0.05  # [rad] about hanging at rest, as the simulated plant draws


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
    policy: str = ''
    """Policy file; empty = the one that comes with the robot."""
    plant: Literal['sim', 'emulator'] = 'sim'
    hidden: str = ''
    """Robot that the emulator really is; empty = the same."""
    json: Path | None = None
    runs: list = field(default_factory=list, init=False)


class Bench:
    """The monitor that judges the runs, and calls to the plant's services."""

    def __init__(self):
        rclpy.init()
        self.monitor = MonitorNode()
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self.monitor)
        self._thread = threading.Thread(target=self._executor.spin)
        self._thread.start()

    def close(self) -> None:
        self._executor.shutdown()
        self._thread.join()
        rclpy.shutdown()

    def call(self, kind, name: str, request):
        client = self.monitor.create_client(kind, name)
        if not client.wait_for_service(10):
            raise RuntimeError(f'no service {name}')
        future = client.call_async(request)
        while not future.done():
            time.sleep(0.001)
        self.monitor.destroy_client(client)


class SimPlant:
    """The simulated plant."""

    def __init__(self, robot: str, options: Options):
        self.nodes = sim_stack(
            SimArguments(
                robot=robot, twin=False, controller=options.controller, policy=options.policy
            )
        )

    def begin(self, bench: Bench, seed: int) -> None:
        """Hanging at rest, in the pose drawn with this seed."""
        parameter = Parameter('start.seed', value=seed).to_parameter_msg()
        request = SetParameters.Request(parameters=[parameter])
        bench.call(SetParameters, 'sim_node/set_parameters', request)
        bench.call(Trigger, ros.RESET, Trigger.Request())

    def close(self) -> None:
        pass


class EmulatedPlant:
    """The firmware on an emulated machine, behind a serial port."""

    def __init__(self, robot: str, options: Options):
        hidden = {'hidden': options.hidden} if options.hidden else {}
        self._emulator = EmulatorProcess(robot=robot, **hidden)
        self.nodes = real_stack(
            RealArguments(
                robot=robot,
                port=self._emulator.port,
                twin=False,
                controller=options.controller,
                policy=options.policy,
            )
        )

    def begin(self, bench: Bench, seed: int) -> None:
        """Taken by hand to the pose drawn with this seed, let go, enabled."""
        bench.call(SetBool, ros.ENABLE, SetBool.Request(data=False))
        draw = random.Random(seed)
        turns = round(self._emulator.state()['pendulum_angle'] / math.tau)
        pose = [draw.uniform(-SPREAD, SPREAD), math.tau * turns + draw.uniform(-SPREAD, SPREAD)]
        self._emulator.tell(f'place {pose[0]} {pose[1]}')
        while self._emulator.state()['is_held']:
            time.sleep(0.01)
        bench.call(Trigger, ros.CLEAR_FAULT, Trigger.Request())
        bench.call(SetBool, ros.ENABLE, SetBool.Request(data=True))

    def close(self) -> None:
        self._emulator.close()


PLANTS = {'sim': SimPlant, 'emulator': EmulatedPlant}


def run_robot(bench: Bench, options: Options, robot: str, runs, progress) -> None:
    plant = PLANTS[options.plant](robot, options)
    task = progress.add_task(robot, total=sum(seconds for _, seconds in runs))
    with closing(plant), Processes(plant.nodes, progress.console.print) as stack:
        stack.start()
        while not bench.monitor.judge.samples or 'controller' not in bench.monitor.diagnostics:
            time.sleep(0.1)
            stack.check()
        for seed, seconds in runs:
            plant.begin(bench, seed)
            bench.monitor.restart()
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
            f'{Path(r["robot"]).stem} {r["seed"]}',
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
    output.show(f'swing-up over topics, {options.plant}, {options.controller}', columns, rows)
    held = sum(r['held'] for r in options.runs)
    print(f'{held} of {len(options.runs)} upright within {options.limit} s and held')
    output.write(options.json, {'held': held, 'runs': options.runs})
    return 0 if held == len(options.runs) else 1


if __name__ == '__main__':
    sys.exit(main(tyro.cli(Options, prog='furuta bench swingup', description=__doc__)))

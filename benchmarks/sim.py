# SPDX-License-Identifier: Apache-2.0
# environment: run
"""Simulated plant in real time: speed factor, period error, worst gap, CPU share."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import output
import rclpy
import tyro
from rclpy.executors import SingleThreadedExecutor
from rich.progress import track

from furuta_bringup import middleware
from furuta_bringup.processes import Processes
from furuta_bringup.stack import SimArguments, sim_stack
from furuta_description import ros


@dataclass
class Options:
    """Options of the benchmark."""

    robot: str = 'furuta'
    seconds: int = 60
    controller: str = 'none'
    """Controller to run too: policy or classical."""
    json: Path | None = None


class Recorder:
    """Stamp, time of publishing and time of arrival of every joint state [ns]."""

    def __init__(self, node):
        self.times = []
        node.create_subscription(ros.JointState, ros.JOINT_STATES, self._on_message, 1000)

    def _on_message(self, message, info):
        stamp = message.header.stamp
        stamp_ns = stamp.sec * 10**9 + stamp.nanosec
        self.times.append((stamp_ns, info['source_timestamp'], time.time_ns()))


def cpu_seconds(pid: int) -> float:
    fields = Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def main(options: Options) -> None:
    """Measure and print."""
    middleware.apply()
    arguments = SimArguments(robot=options.robot, twin=False, controller=options.controller)
    nodes = sim_stack(arguments)
    rclpy.init()
    node = rclpy.create_node('bench')
    recorder = Recorder(node)
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    with Processes(nodes, print) as stack:
        stack.start()
        while len(recorder.times) < 500:
            executor.spin_once(timeout_sec=0.1)
        recorder.times.clear()
        pid = stack.pid('sim_node')
        began, cpu = time.monotonic(), cpu_seconds(pid)
        for second in track(range(options.seconds), description='measuring'):
            while time.monotonic() < began + second + 1:
                executor.spin_once(timeout_sec=0.01)
        elapsed, cpu = time.monotonic() - began, cpu_seconds(pid) - cpu
    executor.shutdown()
    rclpy.shutdown()
    figures = evaluate(np.array(recorder.times), cpu / elapsed)
    output.show(
        f'{options.robot}, {options.seconds} s at 1 kHz physics, 500 Hz joint states',
        ('figure', 'value'),
        list(figures.items()),
    )
    output.write(options.json, figures)


def evaluate(times: np.ndarray, cpu_share: float) -> dict[str, float]:
    """Figures of (n, 3) stamps, publishing times and arrival times [ns]."""
    stamp, published, arrived = times.T
    expected = len(stamp) - 1
    ideal = (stamp[-1] - stamp[0]) / 2e6
    period = np.diff(published) * 1e-6  # [ms]
    late = (published - stamp) * 1e-6
    return {
        'joint states': len(stamp),
        'lost joint states': float(round(ideal) - expected),
        'speed factor': float((stamp[-1] - stamp[0]) / (published[-1] - published[0])),
        'period error p50 [ms]': float(np.quantile(np.abs(period - 2), 0.5)),
        'period error p99 [ms]': float(np.quantile(np.abs(period - 2), 0.99)),
        'worst gap [ms]': float(np.max(period)),
        'publishing after its stamp p99 [ms]': float(np.quantile(late, 0.99)),
        'arrival after publishing p50 [ms]': float(np.median(arrived - published) * 1e-6),
        'CPU share of a core': cpu_share,
    }


if __name__ == '__main__':
    main(tyro.cli(Options, prog='furuta bench sim', description=__doc__))

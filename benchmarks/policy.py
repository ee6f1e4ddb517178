# SPDX-License-Identifier: Apache-2.0
# environment: run
"""One step of a policy, and its command's way over topics; exit 0 if both are within bounds."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import output
import rclpy
import tyro
from rich.progress import track
from std_msgs.msg import Float64MultiArray

from furuta_bringup import middleware
from furuta_bringup.processes import Processes
from furuta_bringup.stack import SimArguments, sim_stack
from furuta_description import ros, ros_polling
from furuta_description.robot import load_robot
from furuta_rl.policy_controller import PolicyController
from furuta_rl.shipped import policy_file

BOUNDS = {
    'step p50 [us]': 25.0,
    'step p99 [us]': 80.0,
    'stamp to command p50 [ms]': 1.0,
    'stamp to command p99 [ms]': 3.0,
    'missed steps': 0.0,
}
WARM_UP = 2.0  # [s] of the node's first steps that are not looked at
TAKE_PERIOD = 0.1  # [s]
QUEUE = 1000  # messages, 2 s at 500 Hz


@dataclass
class Options:
    """Options of the benchmark."""

    robot: str = 'furuta'
    policy: str = ''
    """Policy file; empty = the one that comes with the robot."""
    steps: int = 20_000
    seconds: float = 60.0
    """Time over topics [s]; 0 = steps alone."""
    json: Path | None = None


def measure_steps(controller: PolicyController, steps: int) -> dict[str, float]:
    """Observation, network and voltage, on a pendulum that swings."""
    times = np.arange(steps + 1000) / controller.rate_hz
    samples = np.stack((times, 0.5 * np.sin(7 * times), 3 * np.sin(5 * times)), axis=1).tolist()
    durations = []
    for sample in samples:
        began = time.perf_counter()
        controller.step(*sample)
        durations.append(time.perf_counter() - began)
    p50, p99, worst = 1e6 * np.quantile(durations[1000:], (0.5, 0.99, 1.0))
    return {'step p50 [us]': p50, 'step p99 [us]': p99, 'step worst [us]': worst}


def measure_topics(options: Options, rate_hz: float) -> dict[str, float]:
    """From the stamp of the observation to its command's publication, heard from outside."""
    nodes = sim_stack(
        SimArguments(robot=options.robot, controller='policy', policy=options.policy, twin=False)
    )
    middleware.apply()
    rclpy.init()
    node = rclpy.create_node('bench')
    joint_states = ros_polling.poll(node, ros.JointState, ros.JOINT_STATES, QUEUE)
    commands = ros_polling.poll(node, Float64MultiArray, ros.COMMANDS, QUEUE)
    with Processes(nodes, print) as stack:
        stack.start()
        while not list(ros_polling.take(commands)):
            stack.check()
            time.sleep(TAKE_PERIOD)
        time.sleep(WARM_UP)
        list(ros_polling.take(commands)), list(ros_polling.take(joint_states))
        samples, published = [], []
        for _ in track(range(round(options.seconds / TAKE_PERIOD)), description='over topics'):
            time.sleep(TAKE_PERIOD)
            stack.check()
            samples += [
                (_nanoseconds(message.header.stamp), info['source_timestamp'])
                for message, info in ros_polling.take(joint_states)
            ]
            published += [info['source_timestamp'] for _, info in ros_polling.take(commands)]
    node.destroy_node()
    rclpy.shutdown()
    return judge(np.array(samples), np.array(published), rate_hz)


def judge(samples: np.ndarray, published: np.ndarray, rate_hz: float) -> dict[str, float]:
    """Figures of joint states (n, 2), stamped and published, and of commands published [ns].

    The node steps on every n-th sample; which of the n it is, most commands show. So a command
    that comes later than the next sample is still told from an early one.
    """
    stamps = samples[:, 0]
    dt = np.median(np.diff(stamps))
    n = round(1e9 / rate_hz / dt)
    published = published[(published > stamps[n]) & (published < stamps[-1])]
    newest = np.searchsorted(stamps, published, 'right') - 1
    number = np.round((stamps[newest] - stamps[0]) / dt).astype(int)
    phase = np.argmax(np.bincount(number % n))
    number -= (number - phase) % n
    age = (published - stamps[0] - number * dt) * 1e-6
    p50, p99, worst = np.quantile(age, (0.5, 0.99, 1.0))
    steps = np.diff(number) // n
    return {
        'commands': len(published),
        'stamp to joint state p50 [ms]': np.median(samples[:, 1] - stamps) * 1e-6,
        'stamp to command p50 [ms]': p50,
        'stamp to command p99 [ms]': p99,
        'stamp to command worst [ms]': worst,
        'missed steps': float(np.sum(np.maximum(steps - 1, 0))),
    }


def _nanoseconds(stamp) -> int:
    return stamp.sec * 10**9 + stamp.nanosec


def main(options: Options) -> int:
    """Measure and print; 0 if all figures are within their bounds."""
    controller = PolicyController(
        policy_file(options.robot, options.policy), load_robot(options.robot)
    )
    figures = measure_steps(controller, options.steps)
    if options.seconds:
        figures |= measure_topics(options, controller.rate_hz)
    rows = [(name, value, BOUNDS.get(name, '')) for name, value in figures.items()]
    output.show(
        f'{options.robot}, policy at {controller.rate_hz:.0f} steps/s',
        ('figure', 'value', 'at most'),
        rows,
    )
    output.write(options.json, figures)
    return (
        0
        if all(figures[name] <= bound for name, bound in BOUNDS.items() if name in figures)
        else 1
    )


if __name__ == '__main__':
    sys.exit(main(tyro.cli(Options, prog='furuta bench policy', description=__doc__)))

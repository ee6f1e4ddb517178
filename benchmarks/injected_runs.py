# SPDX-License-Identifier: Apache-2.0
"""The parts of `furuta bench injection` that run over topics."""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rclpy
import tyro
from numpy.typing import NDArray
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter
from rich.progress import Progress, track
from scipy import stats
from std_srvs.srv import SetBool, Trigger
from traced import Collector

from furuta_bringup import middleware
from furuta_bringup.bring_up import monitored
from furuta_bringup.node_spec import NodeSpec
from furuta_bringup.processes import Processes
from furuta_bringup.stack import SimArguments, sim_stack
from furuta_description import ros, ros_polling
from furuta_description.command import run_command
from furuta_description.robot import load_robot
from furuta_description.trace import StepTimes
from furuta_rl.criterion import ARM_LIMIT, EPISODE, HOLD
from furuta_rl.policy import load_card
from furuta_rl.policy_node import PolicyNode
from furuta_rl.share import share
from furuta_rl.shipped import policy_file
from furuta_rl.task import UPRIGHT
from furuta_sim.sim_node import SimConfig

RATE_HZ = 50.0  # a message under way at a time: none overtakes another
DELAYS = (0.0, 0.005, 0.020, 0.040)  # [s]
WAYS = {'observation': ('observed', 'taken'), 'command': ('computed', 'arrived')}
JITTERS: dict[str, tuple[dict[str, Any], Any]] = {
    '0 to 10 ms': ({'jitter': 0.010}, stats.uniform(0, 0.010)),
    'gamma of 4 ms, shape 2': (
        {'jitter': 0.004, 'distribution': 'gamma'},
        stats.gamma(2.0, scale=0.002),
    ),
}
SETTLED = 1.0  # [s] after a change until it is measured
ROUNDING = 0.5 / SimConfig.physics_rate_hz  # [s] a drawn delay ends within a step, on average
NOISE = 0.001  # [rad] of the angles, as in `default`


@dataclass(frozen=True)
class Options:
    """What to measure."""

    what: tyro.conf.Positional[str]
    """timing, cost, base or runs"""
    robot: str = 'furuta'
    seconds: float = 8.0
    runs: int = 50
    delay: float = 0.0
    """Of base and runs, half of it on either way [s]."""
    seed: int = 0
    json: Path | None = None


class Bench:
    """Calls to the services of a stack that runs."""

    def __init__(self, node: Any) -> None:
        """Call in the name of a node that is spun elsewhere."""
        self._node = node
        self._clients: dict[str, Any] = {}

    def call(self, kind: Any, name: str, request: Any) -> Any:
        """Answer of a service."""
        if name not in self._clients:
            self._clients[name] = self._node.create_client(kind, name)
        client = self._clients[name]
        if not client.wait_for_service(20):
            raise SystemExit(f'no service {name}')
        future = client.call_async(request)
        while not future.done():
            time.sleep(0.001)
        return future.result()

    def set(self, node: str, values: dict[str, Any]) -> None:
        """Set parameters one by one."""
        for name, value in values.items():
            parameter = Parameter(name, value=value).to_parameter_msg()
            request = SetParameters.Request(parameters=[parameter])
            (result,) = self.call(SetParameters, f'{node}/set_parameters', request).results
            if not result.successful:
                raise SystemExit(result.reason)


def measure_timing(options: Options) -> dict[str, Any]:
    """Times on either way under each setting."""
    settings: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = []
    for way in WAYS:
        for delay in DELAYS:
            settings.append((way, '', {'delay': delay}, {'delay': 0.0}))
        for what, (values, _) in JITTERS.items():
            settings.append((way, what, values, {'jitter': 0.0, 'distribution': 'uniform'}))
    delays, jitters, medians = [], [], {}
    with monitored() as monitor:
        bench, collector = Bench(monitor), Collector(monitor)
        with running(traced_nodes(options.robot), collector):
            for way, what, values, back in track(settings, 'delays'):
                bench.set('classical_node', {f'{way}.{n}': v for n, v in values.items()})
                columns = measure(collector, options.seconds * (2 if what else 1))
                times = (columns[WAYS[way][1]] - columns[WAYS[way][0]]) * 1e-9
                bench.set('classical_node', {f'{way}.{n}': v for n, v in back.items()})
                median = float(np.median(times))
                if what:
                    jitters.append(judge_jitter(way, what, times - medians[way]))
                    continue
                if values['delay'] == 0.0:
                    medians[way] = median
                delays.append(
                    {'way': way, 'set_ms': 1e3 * values['delay'], 'p50_ms': 1e3 * median}
                )
    return {'delays': delays, 'jitters': jitters}


@contextmanager
def running(nodes: list[NodeSpec], collector: Collector) -> Iterator[None]:
    """A stack whose ends both tell their steps."""
    with Processes(nodes, print) as stack:
        stack.start()
        while not collector.reach(0):
            collector.take()
            stack.check()
            time.sleep(0.1)
        yield


def traced_nodes(robot: str) -> list[NodeSpec]:
    """Simulated plant at its own rate, classical controller at `RATE_HZ`."""
    shared = {'robot': robot, 'trace': True}
    controller = {**shared, 'rate_hz': RATE_HZ}
    return [
        NodeSpec('furuta_sim', 'sim_node', shared),
        NodeSpec('furuta_rl', 'classical_node', controller),
    ]


def judge_jitter(way: str, what: str, times: NDArray[Any]) -> dict[str, Any]:
    """Distance of the times' distribution from what was set."""
    found = stats.kstest(times, JITTERS[what][1].cdf)
    return {'way': way, 'what': what, 'ks': float(found.statistic), 'count': len(times)}


def measure(collector: Collector, seconds: float) -> dict[str, NDArray[Any]]:
    """Columns of the steps of some seconds from now on."""
    time.sleep(SETTLED)
    begin = time.time_ns()
    end = begin + round(seconds * 1e9)
    while not collector.reach(end):
        collector.take()
        time.sleep(0.05)
    return collector.between(begin, end).joined


def plain_step(node: Any, message: Any, info: dict[str, Any]) -> bool:
    """What `ControllerNode` does with a sample, had it no injection."""
    taken = node._now_ns()
    sample = ros.sample_from(message)
    if sample is None:
        return False
    node.heard = time.monotonic()
    if not node.schedule.is_due(sample.stamp):
        node.rehearse()
        return False
    if node.schedule.has_jumped:
        node.reset()
    voltage = node.step(sample) if node.schedule.is_settled else 0.0
    computed = node._now_ns()
    node._publish(voltage)
    observed, stamp = info['source_timestamp'], ros.nanoseconds(message.header.stamp)
    node.schedule.done(
        StepTimes(node._published, stamp, observed, taken, computed, node._now_ns())
    )
    node.urgent.expect(node.schedule.expected - node._now_ns() * 1e-9)
    return True


def measure_cost(options: Options) -> dict[str, Any]:
    """Steps of a policy node with and without the code of injection, in turns, at random."""
    rclpy.init(args=['bench', '--ros-args', '-p', f'robot:={options.robot}'])
    node = PolicyNode()
    ways = (type(node)._on_joint_state, plain_step)
    period_ns, begin = round(1e9 / node.controller.rate_hz), time.time_ns()
    durations: tuple[list[float], list[float]] = ([], [])
    turns = np.random.default_rng(options.seed).integers(0, 2, 40_000).tolist()
    for step, which in enumerate(track(turns, 'steps')):
        stamp = ros.time_message(begin + step * period_ns)
        angle = 0.5 * math.sin(0.1 * step)
        message = ros.joint_state_message(stamp, ros.Sample(0.0, angle, angle, 0.0, 0.0), 0.0)
        started = time.perf_counter()
        ways[which](node, message, {'source_timestamp': begin})
        durations[which].append(time.perf_counter() - started)
    rclpy.shutdown()
    ours, plain = (float(np.median(values[500:])) for values in durations)
    return {'ratio': ours / plain, 'with_us': 1e6 * ours, 'without_us': 1e6 * plain}


def measure_runs(options: Options) -> dict[str, Any]:
    """Episodes of the criterion on drawn plants, half of the delay on either way."""
    half = options.delay / 2
    arguments = SimArguments(
        robot=options.robot,
        twin=False,
        randomization='default',
        seed=options.seed,
        observation_delay=half,
        command_delay=half,
        observation_noise=NOISE,
    )
    successes: list[bool] = []
    with monitored() as monitor, Progress() as progress:
        bench = Bench(monitor)
        joint_states = ros_polling.poll(monitor, ros.JointState, ros.JOINT_STATES, 1000)
        with Processes(sim_stack(arguments), progress.console.print) as stack:
            stack.start()
            while 'controller' not in monitor.diagnostics:
                stack.check()
                time.sleep(0.1)
            for _ in progress.track(range(options.runs), description='runs'):
                bench.call(SetBool, ros.ENABLE, SetBool.Request(data=False))
                bench.call(Trigger, ros.CLEAR_FAULT, Trigger.Request())
                bench.call(Trigger, ros.RESET, Trigger.Request())
                time.sleep(0.1)
                list(ros_polling.take(joint_states))  # from before
                bench.call(SetBool, ros.ENABLE, SetBool.Request(data=True))
                successes.append(succeeded(watch(joint_states, stack), options.robot))
    return asdict(share(np.array(successes))) | {'successes': successes}


def watch(joint_states: Any, stack: Processes) -> NDArray[Any]:
    """Time since the first, arm and pendulum angle of an episode's samples (n, 3)."""
    samples: list[ros.Sample] = []
    while not samples or samples[-1].stamp - samples[0].stamp < EPISODE:
        stack.check()
        time.sleep(0.02)
        samples += [ros.sample_from(message) for message, _ in ros_polling.take(joint_states)]
    rows = np.array(samples)[:, :3]
    return rows - [rows[0, 0], 0, 0]


def succeeded(rows: NDArray[Any], robot: str) -> bool:
    """Whether an episode was one of the criterion, as judged at every control step."""
    rate_hz = load_card(policy_file(robot, '')).control_rate_hz
    steps = rows[np.searchsorted(rows[:, 0], np.arange(EPISODE * rate_hz) / rate_hz)]
    times, arm, pendulum = steps.T
    is_upright = np.abs(np.mod(pendulum, math.tau) - math.pi) < UPRIGHT
    return bool(is_upright[times >= EPISODE - HOLD].all() and (np.abs(arm) <= ARM_LIMIT).all())


def measure_base(options: Options) -> dict[str, float]:
    """What the loop takes over the delay that is set, half of it on either way, and its link's."""
    half = options.delay / 2
    shared = {'robot': options.robot, 'trace': True}
    controller = {**shared, 'observation.delay': half, 'command.delay': half}
    nodes = [
        NodeSpec('furuta_sim', 'sim_node', shared),
        NodeSpec('furuta_rl', 'policy_node', controller),
    ]
    with monitored() as monitor:
        collector = Collector(monitor)
        with running(nodes, collector):
            columns = measure(collector, options.seconds)
    total = float(np.median(columns['applied'] - columns['stamp'])) * 1e-9
    given = load_robot(options.robot).timing.link_delay + options.delay
    return {'base': total - given + ROUNDING}


def main() -> int:
    options = tyro.cli(Options, description=__doc__)
    middleware.apply()
    measured = {
        'timing': measure_timing,
        'cost': measure_cost,
        'base': measure_base,
        'runs': measure_runs,
    }
    figures = measured[options.what](options)
    text = json.dumps(figures, indent=2)
    if options.json:
        options.json.write_text(text)
    else:
        print(text)
    return 0


if __name__ == '__main__':
    sys.exit(run_command(main))

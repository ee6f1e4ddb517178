# SPDX-License-Identifier: Apache-2.0
"""`furuta sim` and `furuta real`: start a bring-up, report in the terminal, end it cleanly."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rich.console import Console
from rich.live import Live
from rich.table import Table

from furuta_bringup import middleware
from furuta_bringup.monitor_node import MonitorNode
from furuta_bringup.node_spec import NodeSpec
from furuta_bringup.processes import Processes, StackError
from furuta_bringup.stack import BringUpArguments
from furuta_description.robot import load_robot
from furuta_description.whole_file import write_whole

HELD = 5.0  # [s] upright at the end for a run to count as a success
START_PATIENCE = 20.0  # [s] until the plant must have spoken
DISCOVERY = 0.5  # [s] in which a plant that runs already usually makes itself known
NEWCOMER = 5.0  # [s] after which it is another one that came later and has to go
POLL = 0.02  # [s]
SILENCE = 3.0  # [s] of wall time without a sample that ends a run
REFRESH = 0.2  # [s] between looks at the run
LINE_PERIOD = 5.0  # [s] between status lines where there is no terminal


def run_bring_up(
    arguments: BringUpArguments,
    stack: Callable[[Any], list[NodeSpec]],
    duration: float,
    summary: Path,
) -> int:
    """Run the nodes of `stack` until Ctrl-C, or for `duration` [s of the plant] if that is not 0.

    Returns:
        Exit status: 0 after Ctrl-C, or if the pendulum was upright for the last 5 s of `duration`.

    Raises:
        ValueError: an argument is not usable.
    """
    console = Console()
    load_robot(arguments.robot)  # say what is wrong with it before anything starts
    nodes = stack(arguments)
    with monitored() as monitor:
        figures = monitor.figures()
        try:
            with Processes(
                nodes,
                lambda line: console.print(line, markup=False, highlight=False, soft_wrap=True),
            ) as run:
                if arguments.twin:
                    page = f'http://{_shown(arguments.twin_host)}:{arguments.twin_port}'
                    console.print(f'twin: [link]{page}[/link]')
                console.print('Ctrl-C stops everything.')
                try:
                    start_plant(monitor, run, sum(node.is_plant for node in nodes))
                    run.start()
                    status = _watch(monitor, run, duration, console)
                finally:
                    figures = monitor.figures()  # a plant without its controller falls
        except KeyboardInterrupt:
            status = 130 if duration else 0
        except StackError as error:
            console.print(f'error: {error}', style='bold red', markup=False)
            status = 1
    if duration:
        return _conclude(figures, arguments, duration, summary, status, console)
    if figures['elapsed'] and not console.is_terminal:
        console.print(_line(figures), highlight=False, soft_wrap=True)
    return status


@contextlib.contextmanager
def monitored() -> Iterator[MonitorNode]:
    """A monitor on the topics, in a thread of its own."""
    middleware.apply()
    rclpy.init(signal_handler_options=rclpy.SignalHandlerOptions.NO)
    monitor = MonitorNode()
    executor = SingleThreadedExecutor()
    executor.add_node(monitor)
    spinner = threading.Thread(target=spin, args=(executor,), daemon=True)
    spinner.start()
    try:
        yield monitor
    finally:
        executor.shutdown()
        monitor.destroy_node()
        rclpy.try_shutdown()
        spinner.join(1.0)


def refuse_second_plant(monitor: MonitorNode, ours: int) -> None:
    """Two plants on the same topics would both be driven by both controllers."""
    if monitor.plants > ours:
        raise StackError(
            'a plant runs already: stop it, or set ROS_DOMAIN_ID to a number of its own '
            '(ROS_DOMAIN_ID=7 ./furuta sim)'
        )


def start_plant(monitor: MonitorNode, run: Processes, count: int = 1) -> None:
    """Start the plant, `count` nodes, alone: nothing moves before the monitor can see it."""
    for _ in range(round(DISCOVERY / POLL)):
        refuse_second_plant(monitor, 0)
        time.sleep(POLL)
    run.start(count)
    deadline = time.monotonic() + START_PATIENCE
    while not monitor.is_ready:
        run.check()
        refuse_second_plant(monitor, 1)
        if time.monotonic() > deadline:
            raise StackError(
                f'no joint states within {START_PATIENCE:.0f} s: is the loopback interface up and '
                'free for ROS 2 discovery (multicast)? `furuta doctor` checks it'
            )
        time.sleep(POLL)


def _watch(monitor: MonitorNode, run: Processes, duration: float, console: Console) -> int:
    """Report until the end; the exit status so far."""
    seen, began = 0, time.monotonic()
    seen_at = line_at = began
    with Live(console=console, auto_refresh=False, transient=bool(duration)) as live:
        while not duration or monitor.judge.elapsed < duration:
            time.sleep(REFRESH)
            now = time.monotonic()
            run.check()
            if now - began < NEWCOMER:
                refuse_second_plant(monitor, 1)
            if monitor.judge.samples != seen:
                seen, seen_at = monitor.judge.samples, now
            if duration and now - seen_at > SILENCE:
                raise StackError(f'no joint states for {SILENCE:.0f} s')
            if console.is_terminal:
                live.update(_table(monitor.figures(), now - seen_at), refresh=True)
            elif now - line_at > LINE_PERIOD:
                line_at = now
                console.print(_line(monitor.figures()), highlight=False, soft_wrap=True)
    return 0


def _conclude(
    figures: dict[str, Any],
    arguments: BringUpArguments,
    duration: float,
    summary: Path,
    status: int,
    console: Console,
) -> int:
    success = status == 0 and figures['upright_for'] >= min(HELD, duration)
    record = {'success': success, 'duration': duration, **figures, 'arguments': asdict(arguments)}
    write_whole(summary, (json.dumps(record, indent=2) + '\n').encode())
    console.print(_line(figures), highlight=False, soft_wrap=True)
    verdict = 'upright for the last 5 s' if success else 'not upright for the last 5 s'
    console.print(f'{verdict}; summary in {summary}', style='green' if success else 'red')
    return status or (0 if success else 1)


def _table(figures: dict[str, Any], silent: float) -> Table:
    table = Table(show_header=False, box=None)
    for name, value in _rows(figures):
        table.add_row(name, value)
    if silent > 0.5:
        table.add_row('joint states', f'[bold red]none for {silent:.1f} s')
    for name, problem in figures['problems'].items():
        table.add_row(name, f'[yellow]{problem}')
    return table


def _line(figures: dict[str, Any]) -> str:
    return ', '.join(f'{name} {value}' for name, value in _rows(figures))


def _rows(f: dict[str, Any]) -> list[tuple[str, str]]:
    arm = '-' if f['arm_min'] is None else f'{f["arm_min"]:+.2f} .. {f["arm_max"]:+.2f} rad'
    return [
        ('running', f'{f["elapsed"]:.1f} s'),
        ('time to upright', _or_dash(f['time_to_upright'], '.2f', ' s')),
        ('upright since', f'{f["upright_for"]:.1f} s' if f['upright_for'] else '-'),
        ('falls', str(f['falls'])),
        ('arm range', arm),
        ('loop rate', _or_dash(f['control_rate_hz'], '.1f', ' Hz')),
        ('missed steps', _or_dash(f['missed_steps'], '.0f', '')),
        (
            'stamp to command',
            _or_dash(f['observation_age_p50_ms'], '.2f', ' ms')
            + f', p99 {_or_dash(f["observation_age_p99_ms"], ".2f", " ms")}',
        ),
        (
            'plant',
            _or_dash(f['plant_rate_hz'], '.1f', ' Hz')
            + f', missed deadlines {_or_dash(f["plant_dropped"], ".0f", "")}',
        ),
    ]


def _or_dash(value: float | None, style: str, unit: str) -> str:
    return '-' if value is None else format(value, style) + unit


def _shown(host: str) -> str:
    return 'localhost' if host in ('127.0.0.1', '0.0.0.0') else host


def spin(executor: SingleThreadedExecutor) -> None:
    """Serve an executor's nodes until it, or one of them, says that it is over."""
    with contextlib.suppress(ExternalShutdownException):
        executor.spin()

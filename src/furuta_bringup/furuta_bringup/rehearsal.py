# SPDX-License-Identifier: Apache-2.0
"""One hidden plant over topics: bring-up, swing-up, verdict and bag.

The plant's node is told the robot file, the emulator behind its port the hidden plant.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import rclpy.logging
from rclpy.executors import SingleThreadedExecutor

from furuta_bringup.bring_up import monitored, refuse_second_plant, spin
from furuta_bringup.monitor_node import MonitorNode
from furuta_bringup.outcome import Outcome, judge
from furuta_bringup.processes import Processes, StackError
from furuta_bringup.record_config import RecordConfig
from furuta_bringup.record_node import RecordNode
from furuta_bringup.rehearsal_config import RehearsalConfig
from furuta_bringup.stack import CAPTURED, RealArguments, real_stack
from furuta_rl.criterion import EPISODE

START_PATIENCE = 30.0  # [s] until the controller must drive
SILENCE = 10.0  # [s] without a sample; what DDS has lost it asks for again every 3 s
REFRESH = 0.05  # [s]


def rehearse_plant(
    config: RehearsalConfig, file: Path, bag: Path, log: Callable[[str], None]
) -> Outcome:
    """Meet one plant.

    Args:
        config: who drives.
        file: of the plant.
        bag: folder to make and record into.
        log: gets each line that a node prints.

    Raises:
        StackError: a node ended, or the plant fell silent.
        ValueError: an argument is not usable.
    """
    nodes = real_stack(
        RealArguments(
            robot=config.robot,
            controller=config.controller,
            policy=config.policy if config.controller == 'policy' else '',
            port='emulator',
            hidden=str(file),
            enable=True,
            twin=False,
        )
    )
    with monitored() as monitor, recorded(bag), Processes(nodes, log) as run:
        run.start()
        figures = _watch(monitor, run)
    return judge(file.stem, figures)


@contextlib.contextmanager
def recorded(bag: Path) -> Iterator[None]:
    """All that a replay needs, from now to the end of the block, in a bag."""
    rclpy.logging.set_logger_level('record_node', rclpy.logging.LoggingSeverity.WARN)
    recorder = RecordNode(RecordConfig(bag=str(bag), topics=CAPTURED))
    executor = SingleThreadedExecutor()
    executor.add_node(recorder)
    spinner = threading.Thread(target=spin, args=(executor,), daemon=True)
    spinner.start()
    try:
        yield
    finally:
        recorder.is_stopping = True  # it ends the spinning by itself, between two chunks
        spinner.join()
        recorder.close()
        recorder.destroy_node()


def _watch(monitor: MonitorNode, run: Processes) -> dict[str, Any]:
    """The figures of one episode, which begins when the motor is first driven."""
    began = time.monotonic()
    while not monitor.has_voltage:
        run.check()
        refuse_second_plant(monitor, 1)
        if time.monotonic() - began > START_PATIENCE:
            raise StackError(f'the motor was not driven within {START_PATIENCE:.0f} s')
        time.sleep(REFRESH)
    seen, seen_at = 0, time.monotonic()
    while monitor.judge.elapsed < EPISODE:
        run.check()
        if monitor.judge.samples != seen:
            seen, seen_at = monitor.judge.samples, time.monotonic()
        if time.monotonic() - seen_at > SILENCE:
            raise StackError(f'no joint states for {SILENCE:.0f} s')
        time.sleep(REFRESH)
    return monitor.figures()

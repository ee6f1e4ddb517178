# SPDX-License-Identifier: Apache-2.0
"""Starts the nodes of a bring-up as plain processes and ends them all, whatever happens.

What `ros2 launch` does where ROS is installed. Each node is a session of its own, so that Ctrl-C
reaches it once, through us; should we be killed, the kernel ends it.
"""

from __future__ import annotations

import ctypes
import functools
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from furuta_bringup.node_spec import NodeSpec
from furuta_description.parameters import parameter_arguments

PATIENCE = 3.0  # [s] between the first SIGINT and SIGKILL
INTERRUPT_PERIOD = 0.1  # [s]
_SET_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of linux/prctl.h


class StackError(RuntimeError):
    """A node could not be started or ended by itself."""


class Processes:
    """The running nodes of one bring-up; a context manager that leaves none behind."""

    def __init__(self, nodes: list[NodeSpec], log: Callable[[str], None]) -> None:
        """Start nothing yet; `log` gets each line that a node prints.

        Raises:
            StackError: a node needs a ROS installation that is not there.
        """
        self._waiting = [(node.name, _command(node)) for node in nodes]
        self._log = log
        self._running: list[tuple[str, subprocess.Popen[str]]] = []
        self._readers: list[threading.Thread] = []

    def __enter__(self) -> Processes:
        """Start nothing yet."""
        return self

    def __exit__(self, *error: Any) -> None:
        """End the nodes."""
        self.stop()

    def start(self, count: int | None = None) -> None:
        """Start the next `count` nodes, or all that are left."""
        starting, self._waiting = self._waiting[:count], self._waiting[count:] if count else []
        for name, command in starting:
            self._start(name, command)

    def check(self, may_end: str = '') -> None:
        """Raise StackError if a node has ended, but the one that may."""
        for name, process in self._running:
            status = process.poll()
            if status is not None and name != may_end:
                raise StackError(
                    f'{name} ended by itself, {_describe(status)}; its lines are above'
                )

    def pid(self, name: str) -> int:
        """Process id of a node that runs."""
        return dict(self._running)[name].pid

    def poll(self, name: str) -> int | None:
        """Exit status of a node, None while it runs."""
        return dict(self._running)[name].poll()

    def kill(self, name: str) -> None:
        """End one node at once, as a crash would."""
        process = dict(self._running)[name]
        process.kill()
        process.wait()

    def stop(self) -> None:
        """Interrupt every node until it ends, kill what is left."""
        deadline = time.monotonic() + PATIENCE
        try:
            while self._alive() and time.monotonic() < deadline:
                for process in self._alive():
                    process.send_signal(signal.SIGINT)
                time.sleep(INTERRUPT_PERIOD)
        finally:  # a second Ctrl-C ends the patience
            for process in self._alive():
                process.kill()
                process.wait()
        for reader in self._readers:
            reader.join(1.0)
        self._running, self._readers = [], []

    def _start(self, name: str, command: list[str]) -> None:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors='replace',
            start_new_session=True,
            preexec_fn=functools.partial(_prepare, os.getpid()),
        )
        reader = threading.Thread(target=self._read, args=(name, process), daemon=True)
        reader.start()
        self._running.append((name, process))
        self._readers.append(reader)

    def _read(self, name: str, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self._log(f'[{name}] {line.rstrip()}')

    def _alive(self) -> list[subprocess.Popen[str]]:
        return [process for _, process in self._running if process.poll() is None]


def _command(node: NodeSpec) -> list[str]:
    settings = parameter_arguments(node.parameters, node.remappings + node.renaming)
    if node.is_ours:
        return [
            sys.executable,
            '-m',
            f'{node.package}.{node.executable}',
            *node.arguments,
            *settings,
        ]
    if shutil.which('ros2') is None:
        raise StackError(f'{node.package} comes with a ROS installation, and there is none')
    return ['ros2', 'run', node.package, node.executable, *node.arguments, *settings]


def _prepare(parent: int) -> None:
    """In the new process: end with the parent, and leave SIGINT to the node.

    Python would answer a SIGINT with a traceback while the node's modules are still imported;
    `ros.run` takes it up once the node is there.
    """
    ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGTERM)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if os.getppid() != parent:  # it died before the line above
        os._exit(1)


def _describe(status: int) -> str:
    return f'killed by {signal.Signals(-status).name}' if status < 0 else f'exit status {status}'

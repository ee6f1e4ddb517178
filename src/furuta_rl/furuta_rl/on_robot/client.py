# SPDX-License-Identifier: Apache-2.0
"""The trainer's end of `robot_env_node`: starts it in `.venv/run`, asks for episodes.

The environment that trains has no rclpy and the one with the topics has no torch. Both ends hold
a socket that nobody else can reach; whichever process dies, the other one sees it at once.
"""

from __future__ import annotations

import dataclasses
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NoReturn, Self

from furuta_description.parameters import parameter_arguments
from furuta_description.training_environment import find_checkout, run_environment
from furuta_rl.on_robot.limits import RobotLimits
from furuta_rl.on_robot.recording import (
    Order,
    Recording,
    pack_order,
    recording_from,
    unpack,
)

PATIENCE = 3.0  # [s] for the node's end
LOOK_PERIOD = 0.1  # [s] between looks at whether to go on waiting


class RobotError(RuntimeError):
    """No episode can be had from the robot; the message says why and what to do."""


class RobotClient:
    """A robot that does episodes; a context manager that leaves it at 0 V."""

    def __init__(
        self, settings: Mapping[str, Any], limits: RobotLimits, say: Callable[[str], None]
    ) -> None:
        """Start the node.

        Args:
            settings: parameters of the node.
            limits: what the robot is spared.
            say: called with what the robot is about, whenever that changes.

        Raises:
            RobotError: there is no environment to run it in.
        """
        checkout = find_checkout(Path(__file__))
        if checkout is None:
            raise RobotError('--backend robot needs a checkout: run it by ./furuta')
        python, environment = run_environment(checkout)
        if not Path(python).exists():
            raise RobotError(
                f'{python} is missing: start the plant first, by ./furuta sim or real'
            )
        given = {f'limits.{k}': v for k, v in dataclasses.asdict(limits).items()}
        words = parameter_arguments({**settings, **given})
        ours, theirs = socket.socketpair()
        self._say, self._end = say, time.monotonic() + 60 * limits.robot_minutes
        with theirs:
            self._process = subprocess.Popen(
                [python, '-P', '-m', 'furuta_bringup.cli', 'robot-env', *words],
                stdin=theirs.fileno(),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,  # Ctrl-C is for us, who end it in order
            )
        self._connection = Connection(ours.detach())

    @property
    def is_time_up(self) -> bool:
        """Whether no further episode may begin."""
        return time.monotonic() > self._end

    def order(self, order: Order) -> None:
        """Ask for an episode; the robot comes to rest and does it."""
        try:
            self._connection.send_bytes(pack_order(order))
        except OSError:
            self._fail()

    def wait(self, is_stopped: Callable[[], bool] = lambda: False) -> Recording | None:
        """The episode that was asked for; None once it `is_stopped`.

        Raises:
            RobotError: there will be none.
        """
        while not is_stopped():
            try:
                if not self._connection.poll(LOOK_PERIOD):
                    continue
                kind, content = unpack(self._connection.recv_bytes())
            except (EOFError, OSError):
                self._fail()
            if kind == 'episode':
                return recording_from(content)
            if kind == 'error':
                raise RobotError(str(content['text']))
            self._say(str(content['text']))
        return None

    def close(self) -> None:
        """Have the node leave the motor at 0 V and end."""
        self._connection.close()
        assert self._process.stdout is not None
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._process.stdout.close()

    def __enter__(self) -> Self:
        """Nothing further."""
        return self

    def __exit__(self, *_: object) -> None:
        """See `close`."""
        self.close()

    def _fail(self) -> NoReturn:
        assert self._process.stdout is not None
        lines = self._process.stdout.read().decode(errors='replace').strip().splitlines()
        raise RobotError('the robot_env_node ended by itself:\n' + '\n'.join(lines[-12:]))

# SPDX-License-Identifier: Apache-2.0
"""An emulator as a child process, from the side of who uses it: its port, and what it is told."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

EMULATOR = 'emulator'  # where a port is asked for: one of these, please
FOLDER = 'furuta-emulator-'  # under the system's temporary one, behind it a random part
PATIENCE = 5.0  # [s] for an answer, and for an end


class EmulatorError(ValueError):
    """The emulator did not start, or refused a command; the message says why."""


class EmulatorProcess:
    """A running emulator; a context manager that leaves nothing behind."""

    def __init__(self, **options: Any) -> None:
        """Start it, with options of `emulator.Options` by name, and wait for its port.

        Raises:
            EmulatorError: it did not start.
        """
        self._folder = Path(tempfile.mkdtemp(prefix=FOLDER))
        self.port = str(self._folder / 'port')
        settings = ['--link', self.port, '--on-leash']
        settings += [
            f'--{name.replace("_", "-")}={value}'
            for name, value in options.items()
            if not isinstance(value, bool)
        ]
        settings += [
            f'--{"" if value else "no-"}{name.replace("_", "-")}'
            for name, value in options.items()
            if isinstance(value, bool)
        ]
        self.process = subprocess.Popen(
            [sys.executable, '-m', 'furuta_hardware.emulator', *settings],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,  # Ctrl-C is for the one who started us
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line.startswith('ready'):
            reason = line + self.process.stdout.read()
            self.close()
            raise EmulatorError(f'the emulator did not start: {reason.strip()}')
        self.epoch_ns = int(line.split()[1])  # host's monotonic time of its time 0

    def __enter__(self) -> EmulatorProcess:
        """It runs already."""
        return self

    def __exit__(self, *error: Any) -> None:
        """End it."""
        self.close()

    def tell(self, line: str) -> str:
        """Have it do what a line of emulator_commands.py says; its answer.

        Raises:
            EmulatorError: it cannot do that; with its own words.
        """
        return tell(self.port, line)

    def state(self) -> dict[str, float]:
        """The truth about the machine."""
        truth: dict[str, float] = json.loads(self.tell('state'))
        return truth

    def last_driven_ns(self) -> int:
        """Host's monotonic time at which the motor last had a voltage."""
        return self.epoch_ns + int(self.state()['driven_us']) * 1000

    def close(self) -> None:
        """End it and remove what it left."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def tell(port: str, line: str) -> str:
    """Say a line to the emulator that offers this port; its answer.

    Raises:
        EmulatorError: there is none, or it cannot do that.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as control:
        control.bind(f'\0furuta-{os.getpid()}-{id(control)}')  # abstract: no file to remove
        control.settimeout(PATIENCE)
        try:
            control.sendto(line.encode(), f'{port}.control')
            answer = control.recv(65536).decode()
        except OSError as error:
            raise EmulatorError(f'no emulator answers at {port}: {error}') from error
    if answer.startswith('error:'):
        raise EmulatorError(answer.removeprefix('error: '))
    return answer


def tell_running(line: str) -> str:
    """Say a line to the one emulator that runs here; its answer.

    Raises:
        EmulatorError: there is none or there are several, or it cannot do that.
    """
    found = sorted(Path(tempfile.gettempdir()).glob(f'{FOLDER}*/port.control'))
    if len(found) != 1:
        raise EmulatorError(
            f'{len(found)} emulators run; it takes one: ./furuta real --port emulator'
        )
    return tell(str(found[0].with_suffix('')), line)

# SPDX-License-Identifier: Apache-2.0
"""Serial ports: open one, find the same device again, and say in plain words what is wrong."""

from __future__ import annotations

import contextlib
import errno
import grp
import os
import stat
import termios
from pathlib import Path

import serial
from serial.tools import list_ports

BAUD_RATE = 921600
READ_TIMEOUT = 0.05  # [s] after which the reader looks at what else there is to do
BY_ID = Path('/dev/serial/by-id')


class PortError(ValueError):
    """A port cannot be used; the message says why and what to do."""


def open_port(port: str) -> serial.Serial:
    """Open a port for us alone.

    Raises:
        PortError: it cannot be opened.
    """
    _check(port)
    try:
        opened = serial.Serial(
            port, BAUD_RATE, timeout=READ_TIMEOUT, write_timeout=0, exclusive=True
        )
        # DTR and RTS stay as they are, both on: boards with a reset circuit start anew, and lose
        # their zero pose, while only one of them is.
        with contextlib.suppress(ValueError, OSError):  # FTDI chips else wait 16 ms for more bytes
            opened.set_low_latency_mode(True)
        opened.reset_input_buffer()  # what was sent before we listened is old
        return opened
    except serial.SerialException as error:
        raise PortError(_explain(port, error)) from error
    except (OSError, termios.error) as error:  # gone between two looks
        raise PortError(f'{port}: {error}') from error


def name_that_stays(port: str) -> str:
    """The device's name in /dev/serial/by-id, which it keeps wherever it is plugged in."""
    if BY_ID.is_dir():
        device = os.path.realpath(port)
        for link in sorted(BY_ID.iterdir()):
            if os.path.realpath(link) == device:
                return str(link)
    return port


def _check(port: str) -> None:
    try:
        mode = os.stat(port).st_mode
    except FileNotFoundError:
        raise PortError(f'{port}: no such port; {_others()}') from None
    except OSError as error:
        raise PortError(f'{port}: {error.strerror}') from None
    if not stat.S_ISCHR(mode):
        raise PortError(f'{port} is no serial port; {_others()}')
    if not os.access(port, os.R_OK | os.W_OK):
        raise PortError(_no_permission(port))


def _explain(port: str, error: serial.SerialException) -> str:
    if error.errno in (errno.EACCES, errno.EPERM):
        return _no_permission(port)
    if 'lock' in str(error) or error.errno in (errno.EBUSY, errno.EAGAIN):
        holders = ', '.join(_holders(port)) or 'another process'
        return f'{port} is held by {holders}: stop that first (a port has one master)'
    if error.errno == errno.ENOTTY or 'configure' in str(error):
        return f'{port} is no serial port; {_others()}'
    reason = os.strerror(error.errno) if error.errno else error
    return f'{port} cannot be opened: {reason}; {_others()}'


def _no_permission(port: str) -> str:
    try:
        group = grp.getgrgid(os.stat(port).st_gid).gr_name
    except (KeyError, OSError):
        group = 'dialout'
    return (
        f'{port}: no permission: sudo usermod -aG {group} $USER, then log out and in again '
        '(ports belong to a group)'
    )


def _others() -> str:
    found = [port.device for port in list_ports.comports() if port.vid is not None]
    if found:
        return f'there are {", ".join(found)}'
    return (
        'no USB serial port is there: is the board plugged in, with a cable that carries data? '
        '`--port emulator` runs without one'
    )


def _holders(port: str) -> list[str]:
    """Who has the port open, as far as /proc lets us see."""
    device, holders = os.path.realpath(port), []
    for process in Path('/proc').glob('[0-9]*'):
        try:
            files = [os.readlink(fd) for fd in (process / 'fd').iterdir()]
            command, *words = (process / 'cmdline').read_text().split('\0')
        except OSError:
            continue
        if device in files and process.name != str(os.getpid()):
            words = [Path(command).name, *words[:2]]
            holders.append(f'process {process.name} ({" ".join(words).strip()})')
    return holders

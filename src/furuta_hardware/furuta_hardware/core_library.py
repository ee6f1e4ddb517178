# SPDX-License-Identifier: Apache-2.0
"""The firmware's core on this machine: the same C, compiled when needed and called in-process.

`Board` runs it against a `BoardIO`, as the glue of firmware/esp32 runs it against the chip. The
library is kept in a folder of this user under the system's temporary one, named by its sources.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from furuta_description.robot import Robot
from furuta_hardware.configuration import to_c_struct
from furuta_hardware.messages import ResetReason
from furuta_hardware.paths import FIRMWARE_DIR

SOURCES = sorted([*FIRMWARE_DIR.glob('core/*.c'), FIRMWARE_DIR / 'host' / 'host.c'])
HEADERS = sorted(FIRMWARE_DIR.glob('core/*.h'))
WARNINGS = ('-Wall', '-Wextra', '-Werror', '-Wconversion')
# Without contraction, or a fused multiply-add would round otherwise than the Python twins.
FLAGS = ('-std=c11', '-O2', *WARNINGS, '-ffp-contract=off', f'-I{FIRMWARE_DIR / "core"}')
COMPILERS = ('gcc', 'clang', 'cc')


class CoreError(RuntimeError):
    """The core cannot be compiled here; the message says why and what to do."""


class BoardIO(Protocol):
    """What the board is connected to; firmware/core/board.h says what each must do."""

    def now_us(self) -> int:
        """Time since the board started [us], never running backwards."""

    def registers(self) -> tuple[int, int]:
        """The 16-bit pulse counters of arm and pendulum."""

    def current(self) -> float:
        """Motor current [A]; NaN if it is not measured."""

    def drive(self, duty: float) -> None:
        """Put this part of the supply voltage on the motor, -1..1."""

    def receive(self, size: int) -> bytes:
        """At most `size` bytes that have arrived; never waits."""

    def send(self, data: bytes) -> bool:
        """Send all of it, or nothing and say False; never waits."""


def compiler() -> str:
    """Path of the C compiler.

    Raises:
        CoreError: there is none.
    """
    for name in COMPILERS:
        if path := shutil.which(name):
            return path
    raise CoreError(
        f'no C compiler ({", ".join(COMPILERS)}) for the firmware core: sudo apt-get install gcc'
    )


def run_compiler(arguments: list[str]) -> None:
    """Compile something.

    Raises:
        CoreError: it does not compile; with the compiler's own words.
    """
    result = subprocess.run(arguments, capture_output=True, text=True)
    if result.returncode:
        raise CoreError(f'{" ".join(arguments)}\nfailed:\n{result.stderr}')


@functools.cache
def load() -> ctypes.CDLL:
    """The core as a library, compiled if this version of it has not been before.

    Raises:
        CoreError: there is no compiler, or the core does not compile.
    """
    command = [compiler(), *FLAGS, '-shared', '-fPIC', *map(str, SOURCES)]
    made_of = [' '.join(command).encode(), *(file.read_bytes() for file in [*SOURCES, *HEADERS])]
    name = hashlib.sha256(b'\0'.join(made_of)).hexdigest()[:16]
    file = _cache_folder() / f'core-{name}.so'
    if not file.exists():
        new = file.with_suffix(f'.{os.getpid()}')
        run_compiler([*command, '-o', str(new)])
        new.replace(file)  # whole or not there, whoever else compiles it just now
    return _declare(ctypes.CDLL(str(file)))


def _cache_folder() -> Path:
    folder = Path(tempfile.gettempdir()) / f'furuta-{os.getuid()}'
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise CoreError(f'{folder} belongs to another user: remove it, or set TMPDIR')
    return folder


def _declare(library: ctypes.CDLL) -> ctypes.CDLL:
    pointer, size = ctypes.c_void_p, ctypes.c_size_t
    library.board_start.argtypes = [pointer, pointer, pointer, ctypes.c_uint64, ctypes.c_int]
    library.board_start.restype = None
    library.board_step.argtypes = [pointer]
    library.board_step.restype = None
    library.host_board_size.restype = library.host_configuration_size.restype = size
    return library


Context = ctypes.c_void_p
Bytes = ctypes.POINTER(ctypes.c_uint8)
NOW_US = ctypes.CFUNCTYPE(ctypes.c_uint64, Context)
READ_ENCODERS = ctypes.CFUNCTYPE(None, Context, ctypes.POINTER(ctypes.c_uint16))
READ_CURRENT = ctypes.CFUNCTYPE(ctypes.c_float, Context)
DRIVE = ctypes.CFUNCTYPE(None, Context, ctypes.c_float)
RECEIVE = ctypes.CFUNCTYPE(ctypes.c_size_t, Context, Bytes, ctypes.c_size_t)
SEND = ctypes.CFUNCTYPE(ctypes.c_bool, Context, Bytes, ctypes.c_size_t)


class _IO(ctypes.Structure):
    """`struct board_io`."""

    _fields_ = (
        ('context', Context),
        ('now_us', NOW_US),
        ('read_encoders', READ_ENCODERS),
        ('read_current', READ_CURRENT),
        ('drive', DRIVE),
        ('receive', RECEIVE),
        ('send', SEND),
    )


class Board:
    """One board, running the firmware's core."""

    def __init__(
        self,
        robot: Robot,
        io: BoardIO,
        board_id: int = 1,
        reset_reason: ResetReason = ResetReason.POWER_ON,
    ) -> None:
        """Switch the board on, with the numbers of this robot.

        Raises:
            CoreError: the core cannot be compiled here.
        """
        self._core = load()
        self._error: BaseException | None = None
        configuration = to_c_struct(robot)
        assert len(configuration) == self._core.host_configuration_size()
        self._configuration = ctypes.create_string_buffer(configuration, len(configuration))
        self._io = self._callbacks(io)
        self._board = ctypes.create_string_buffer(self._core.host_board_size())
        self._core.board_start(
            self._board, self._configuration, ctypes.byref(self._io), board_id, reset_reason
        )
        self._raise()

    def step(self) -> None:
        """One period of the board's loop; raises what the `BoardIO` raised."""
        self._core.board_step(self._board)
        if self._error is not None:
            self._raise()

    def _raise(self) -> None:
        error, self._error = self._error, None
        if error is not None:
            raise error

    def _callbacks(self, io: BoardIO) -> _IO:
        def read_encoders(_: Any, registers: Any) -> None:
            registers[0], registers[1] = io.registers()

        def receive(_: Any, to: Any, size: int) -> int:
            data = io.receive(size)
            ctypes.memmove(to, data, len(data))
            return len(data)

        return _IO(
            None,
            NOW_US(self._guarded(lambda _: io.now_us())),
            READ_ENCODERS(self._guarded(read_encoders)),
            READ_CURRENT(self._guarded(lambda _: io.current())),
            DRIVE(self._guarded(lambda _, duty: io.drive(duty))),
            RECEIVE(self._guarded(receive)),
            SEND(self._guarded(lambda _, data, size: io.send(ctypes.string_at(data, size)))),
        )

    def _guarded(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """An exception cannot pass through C: kept until the step is over, 0 in its place."""

        def guarded(*arguments: Any) -> Any:
            try:
                return function(*arguments)
            except BaseException as error:
                self._error = self._error or error
                return 0

        return guarded

# SPDX-License-Identifier: Apache-2.0
# environment: train
"""Size of the board's core for RISC-V (rv32imc), and the time of a step of it on this machine.

    ./furuta bench firmware [--json FILE]

The core is compiled freestanding, as for a chip without floating-point unit. The step is timed as
the emulator runs it: called from Python, with a command in and a state out each time.
"""

from __future__ import annotations

import math
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import output
import tyro

from furuta_description.robot import load_robot
from furuta_hardware.core_library import FLAGS, Board, run_compiler
from furuta_hardware.messages import Command, Enable, SetRate, SetZero
from furuta_hardware.paths import FIRMWARE_DIR
from furuta_hardware.protocol import encode

COMPILER = 'riscv64-unknown-elf-gcc'
TARGET = ('-march=rv32imc', '-mabi=ilp32', '-ffreestanding', '-Os')
STEPS = 20_000


@dataclass(frozen=True)
class Options:
    """What to do with the figures."""

    json: Path | None = None
    """Where to write them."""


class Wire:
    """Nothing but what a board needs to run: still encoders, a clock, a command each step."""

    def __init__(self) -> None:
        self.time_us = 0
        self.sequence = 0
        self.sent = b''
        self.first = b''.join(map(encode, (SetZero(1), Enable(2, 1), SetRate(3, 1000))))

    def now_us(self) -> int:
        return self.time_us

    def registers(self) -> tuple[int, int]:
        return self.time_us // 1000 % 4, 0

    def current(self) -> float:
        return math.nan

    def drive(self, duty: float) -> None:
        self.duty = duty

    def receive(self, size: int) -> bytes:
        first, self.first = self.first, b''
        self.sequence = (self.sequence + 1) % 65536
        return first or encode(Command(self.sequence, 1.0))

    def send(self, data: bytes) -> bool:
        self.sent = data
        return True


def sizes(folder: Path) -> dict[str, list[int]]:
    """Bytes of code and constants, data, zeroed data of each source."""
    found = {}
    for source in sorted(FIRMWARE_DIR.glob('core/*.c')):
        out = folder / f'{source.stem}.o'
        run_compiler([COMPILER, *FLAGS, *TARGET, '-c', str(source), '-o', str(out)])
        size = [COMPILER.replace('gcc', 'size'), str(out)]
        printed = subprocess.run(size, capture_output=True, text=True, check=True).stdout
        found[source.name] = list(map(int, printed.splitlines()[1].split()[:3]))
    return found


def step_times() -> np.ndarray:
    """Time of each step [us]."""
    wire = Wire()
    board = Board(load_robot('furuta'), wire)
    times = np.zeros(STEPS)
    for i in range(STEPS):
        wire.time_us += 1000
        start = time.perf_counter()
        board.step()
        times[i] = (time.perf_counter() - start) * 1e6
    assert wire.duty != 0, 'the motor was to be driven'
    return times


def main(options: Options) -> None:
    if not shutil.which(COMPILER):
        sys.exit(f'no {COMPILER}: sudo apt-get install gcc-riscv64-unknown-elf')
    with tempfile.TemporaryDirectory() as folder:
        found = sizes(Path(folder))
    total = [sum(column) for column in zip(*found.values(), strict=True)]
    rows = [[name, *size] for name, size in [*found.items(), ('all', total)]]
    output.show('core for rv32imc', ['bytes', 'code and constants', 'data', 'zeroed'], rows)
    p50, p99 = np.percentile(step_times(), (50, 99))
    output.show('a step on this machine, from Python', ['us', 'p50', 'p99'], [['step', p50, p99]])
    output.write(options.json, {'bytes': found, 'total': total, 'step_us': [p50, p99]})


if __name__ == '__main__':
    main(tyro.cli(Options, description=__doc__))

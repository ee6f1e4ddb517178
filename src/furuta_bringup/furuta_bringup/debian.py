# SPDX-License-Identifier: Apache-2.0
"""What the suite uses of the operating system, and the Debian packages that hold it."""

from __future__ import annotations

import ctypes.util
import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from typing import NamedTuple

CHROMIUM_COMMANDS = ('chromium', 'chromium-browser', 'google-chrome')


class Need(NamedTuple):
    """Something that the tests need, the packages with it, and how to see whether it is there."""

    what: str
    packages: tuple[str, ...]
    is_present: Callable[[], bool]


def find_command(*names: str) -> str | None:
    """Path of the first of these commands that there is."""
    return next((path for name in names if (path := shutil.which(name))), None)


def _command(what: str, package: str, *names: str) -> Need:
    return Need(what, (package,), lambda: find_command(*names or (package,)) is not None)


def _has_offscreen_gl() -> bool:
    return any(ctypes.util.find_library(name) for name in ('EGL', 'OSMesa'))


NEEDS = (
    _command('browser tests', 'chromium', *CHROMIUM_COMMANDS),
    _command('URDF check', 'liburdfdom-tools', 'check_urdf'),
    Need('offscreen rendering', ('libegl1', 'libgl1', 'libgl1-mesa-dri'), _has_offscreen_gl),
    _command('C compiler', 'gcc'),
    _command('C++ compiler', 'g++'),
    Need(
        'libFuzzer for the firmware',
        ('clang', 'libclang-rt-dev'),
        lambda: bool(find_command('clang')),
    ),
    _command('C compiler for RISC-V', 'gcc-riscv64-unknown-elf', 'riscv64-unknown-elf-gcc'),
)


def missing(needs: Sequence[Need] = NEEDS) -> list[Need]:
    """Those of the needs that this machine does not have."""
    return [need for need in needs if not need.is_present()]


def apt_line(needs: Sequence[Need]) -> str:
    """The one command that installs what is missing."""
    packages = ' '.join(package for need in needs for package in need.packages)
    return f'sudo apt-get install -y {packages}'


def install(needs: Sequence[Need]) -> bool:
    """Install the needs' packages, as root or by sudo; whether that worked."""
    prefix = [] if os.geteuid() == 0 else ['sudo']
    apt = [
        *prefix,
        'env',
        'DEBIAN_FRONTEND=noninteractive',
        'apt-get',
        '-qq',
        '-o',
        'DPkg::Lock::Timeout=120',
    ]
    packages = [package for need in needs for package in need.packages]
    for command in (['update'], ['install', '-y', '--no-install-recommends', *packages]):
        if subprocess.run([*apt, *command], stdout=subprocess.DEVNULL).returncode:
            return False
    return True

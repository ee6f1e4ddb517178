# SPDX-License-Identifier: Apache-2.0
"""Where a result comes from: version of the suite, of the libraries, and the time it took."""

from __future__ import annotations

import platform
import subprocess
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

LIBRARIES = ('jax', 'jaxlib', 'optax', 'numpy', 'mujoco', 'mujoco-mjx', 'onnx', 'torch', 'skrl')
_IMPORTED = time.time()


class Revision(NamedTuple):
    """Version of the suite; empty where it is no git checkout."""

    commit: str
    is_dirty: bool


def revision() -> Revision:
    """Commit of the checkout that this file lies in."""
    folder = Path(__file__).resolve().parent
    try:
        commit = _git(folder, 'rev-parse', 'HEAD')
        return Revision(commit, bool(_git(folder, 'status', '--porcelain', '-uno')))
    except (OSError, subprocess.CalledProcessError):
        return Revision('', False)


def versions() -> dict[str, str]:
    """Versions of Python and of the libraries that are installed."""
    found = {'python': platform.python_version(), 'machine': platform.machine()}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def seconds_of_process() -> float:
    """Time since this process was started [s], to 0.01 s; elsewhere than on Linux since import."""
    try:
        uptime = float(Path('/proc/uptime').read_text().split()[0])
        # Field 22, counted after the name, which may hold blanks: proc(5).
        started = Path('/proc/self/stat').read_text().rpartition(')')[2].split()[19]
        return uptime - int(started) / 100  # USER_HZ, 100 on every Linux
    except OSError:
        return time.time() - _IMPORTED


def _git(folder: Path, *arguments: str) -> str:
    command = ['git', '-C', str(folder), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.strip()

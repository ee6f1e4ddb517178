# SPDX-License-Identifier: Apache-2.0
"""Episodes as a film: MuJoCo renders without a screen, by EGL or OSMesa, into an mp4 file.

Rendering happens in a process of its own: the kind of GL is chosen when MuJoCo is imported, and a
driver that fails may take its process with it.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 480, 360  # of each robot's picture
LONGEST_RATE_HZ = 30.0  # pictures a second, at most
KINDS = ('egl', 'osmesa')


class VideoError(RuntimeError):
    """There is no film; the message says why and what may help."""


def write_video(
    path: Path,
    robot_file: Path,
    angles: NDArray[Any],
    rate_hz: float,
    on_frame: Callable[[int, int], None] | None = None,
    environment: Mapping[str, str] = os.environ,
) -> None:
    """Film some robots side by side.

    Args:
        path: the .mp4 file.
        robot_file: what they look like.
        angles: (T, B, 2) [rad] of arm and pendulum.
        rate_hz: of their first axis.
        on_frame: called with how many pictures are done, of how many.
        environment: of the process that renders; its MUJOCO_GL is used if it has one.

    Raises:
        VideoError: no kind of GL works here.
    """
    stride = math.ceil(rate_hz / LONGEST_RATE_HZ)
    kinds = (environment['MUJOCO_GL'],) if environment.get('MUJOCO_GL') else KINDS
    with TemporaryDirectory(prefix='.video.', dir=path.parent) as folder:
        states, film = Path(folder) / 'states.npy', Path(folder) / 'film.mp4'
        np.save(states, angles[::stride])
        command = [sys.executable, '-m', 'furuta_sim.render', str(robot_file)]
        command += [str(states), str(film), str(rate_hz / stride)]
        reasons = []
        for kind in kinds:
            reason = _render(command, {**environment, 'MUJOCO_GL': kind}, on_frame)
            if not reason:
                film.replace(path)
                return
            reasons.append(f'{kind}: {reason}')
    raise VideoError(
        f'no video, MuJoCo cannot render here ({"; ".join(reasons)}); '
        'sudo apt-get install libegl1 libgl1 libgl1-mesa-dri'
    )


def _render(
    command: list[str],
    environment: Mapping[str, str],
    on_frame: Callable[[int, int], None] | None,
) -> str:
    """Run the process that renders; why it failed, empty if it did not."""
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout and process.stderr
    try:
        for line in process.stdout:
            if on_frame:
                on_frame(*map(int, line.split()))
        lines = process.stderr.read().strip().splitlines()
        status = process.wait()
        errors = [line for line in lines if line.startswith('error: ')] or lines
        reason = errors[-1].removeprefix('error: ') if errors else f'exit status {status}'
        return reason if status else ''
    finally:
        process.kill()
        process.wait()

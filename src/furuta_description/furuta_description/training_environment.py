# SPDX-License-Identifier: Apache-2.0
"""From one environment of a checkout to the other: `.venv/train` trains, `.venv/run` has rclpy.

An installed executable runs in ROS's Python and hands its command over; a training on a robot
starts the node that has its topics. The environments lie in the checkout; a workspace is built in
one, or has one below its src.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

PYTHON = Path('.venv/train/bin/python')
RUN_PYTHON = Path('.venv/run/bin/python')


def run_there(module: str, arguments: Sequence[str], near: Path = Path(__file__)) -> int:
    """Become `python -m module arguments` of the checkout near a file.

    Returns:
        2 if there is none; else not at all.
    """
    checkout = find_checkout(near)
    if checkout is None:
        command = module.rpartition('.')[2]
        print(
            f'error: {module} runs in the environment .venv/train of a checkout, and there is '
            f'none near {near}: run `./furuta {command} --help` once in the checkout, which makes '
            'it, and build the workspace with `colcon build --symlink-install` or from there',
            file=sys.stderr,
        )
        return 2
    sources = os.pathsep.join(_sources(checkout))
    python = str(checkout / PYTHON)
    environment = {**os.environ, 'PYTHONPATH': sources}
    os.execve(python, [python, '-P', '-m', module, *arguments], environment)


def run_environment(checkout: Path) -> tuple[Path, dict[str, str]]:
    """Python of `.venv/run`, and the variables to start a node of this suite with."""
    python = checkout / RUN_PYTHON
    prefixes = map(Path, filter(None, os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep)))
    # An installed ROS's modules, which the training environment was kept from.
    installed = [str(p) for prefix in prefixes for p in prefix.glob('lib/python3*/site-packages')]
    path = os.pathsep.join([*_sources(checkout), *installed])
    return python, {**os.environ, 'PYTHONPATH': path}


def _sources(checkout: Path) -> list[str]:
    return [str(folder) for folder in sorted((checkout / 'src').glob('furuta_*'))]


def find_checkout(near: Path) -> Path | None:
    """The checkout with a training environment that a file, or its workspace, belongs to."""
    for parent in near.resolve().parents:
        for folder in (parent, *sorted(parent.glob('src/*'))):
            if (folder / PYTHON).is_file() and (folder / 'furuta').is_file():
                return folder
    return None

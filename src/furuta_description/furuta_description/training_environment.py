# SPDX-License-Identifier: Apache-2.0
"""Hands a command over to `.venv/train`, for an installed executable runs in ROS's Python.

The environment lies in the checkout; a workspace is built in one, or has one below its src.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

PYTHON = Path('.venv/train/bin/python')


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
    sources = os.pathsep.join(map(str, sorted((checkout / 'src').glob('furuta_*'))))
    python = str(checkout / PYTHON)
    environment = {**os.environ, 'PYTHONPATH': sources}
    os.execve(python, [python, '-P', '-m', module, *arguments], environment)


def find_checkout(near: Path) -> Path | None:
    """The checkout with a training environment that a file, or its workspace, belongs to."""
    for parent in near.resolve().parents:
        for folder in (parent, *sorted(parent.glob('src/*'))):
            if (folder / PYTHON).is_file() and (folder / 'furuta').is_file():
                return folder
    return None

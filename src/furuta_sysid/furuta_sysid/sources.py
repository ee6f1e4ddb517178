# SPDX-License-Identifier: Apache-2.0
"""Recordings as a command line names them: bags, CSV files, folders of either."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from furuta_description.robot import Robot
from furuta_sysid.bag import SUFFIXES, read_bag
from furuta_sysid.columns import Columns, read_csv
from furuta_sysid.trajectory import Recording, RecordingError

METADATA = 'metadata.yaml'


def find_recordings(paths: Sequence[Path]) -> list[Path]:
    """Bags and CSV files among the paths and, for a folder that is no bag, in it.

    Raises:
        RecordingError: a path holds none.
    """
    found: list[Path] = []
    for path in paths:
        if _is_recording(path):
            found.append(path)
            continue
        inside = sorted(filter(_is_recording, path.iterdir())) if path.is_dir() else []
        if not inside:
            kind = 'holds no recording' if path.exists() else 'does not exist'
            raise RecordingError(
                f'{path} {kind}: give bags (folders), CSV files or folders of them'
            )
        found += inside
    return found


def read_recordings(
    paths: Sequence[Path], robot: Robot, columns: Columns | None = None
) -> list[Recording]:
    """Read recordings of a robot, in the order given.

    Raises:
        RecordingError: one cannot be read; the message says which and why.
    """
    return [
        read_csv(path, columns, robot) if path.suffix == '.csv' else read_bag(path, robot)
        for path in find_recordings(paths)
    ]


def _is_recording(path: Path) -> bool:
    if path.is_dir():
        return (path / METADATA).is_file() or any(
            file.suffix in SUFFIXES for file in path.iterdir()
        )
    return path.is_file() and path.suffix in ('.csv', *SUFFIXES)

# SPDX-License-Identifier: Apache-2.0
"""Robots that were applied: put into robots/ of the workspace, the older ones kept.

`--robot NAME` finds what is there by its name. What came before lies in robots/previous/NAME/,
numbered, and comes back by `undo`.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from furuta_description.presets import ranges_file
from furuta_description.whole_file import write_whole

PREVIOUS = 'previous'


def install(robot: Path, robots: Path) -> Path:
    """Put a robot file and its ranges into the folder; what was there is kept.

    Returns:
        Where the robot file is now.
    """
    place = robots / robot.name
    if place.is_file():
        _keep(place)
    _copy(robot, place)
    return place


def undo(place: Path) -> bool:
    """Bring back what was there before; if there was nothing, the robot is no longer there.

    Returns:
        Whether there was something.

    Raises:
        FileNotFoundError: there is nothing to undo.
    """
    if not place.is_file():
        raise FileNotFoundError(2, 'never applied, or undone already', str(place))
    kept = _kept(place)
    if not kept:
        ranges_file(place).unlink(missing_ok=True)
        place.unlink()
        return False
    _copy(kept[-1] / place.name, place)
    shutil.rmtree(kept[-1])
    return True


def _keep(place: Path) -> None:
    kept = _kept(place)
    number = int(kept[-1].name) + 1 if kept else 1
    _copy(place, place.parent / PREVIOUS / place.stem / f'{number:03}' / place.name)


def _kept(place: Path) -> list[Path]:
    """Folders of the robots that were there before, the newest last."""
    return sorted(
        file.parent for file in (place.parent / PREVIOUS / place.stem).glob(f'*/{place.name}')
    )


def _copy(robot: Path, place: Path) -> None:
    """The ranges first: a robot file that is there has its own."""
    if ranges_file(robot).is_file():
        write_whole(ranges_file(place), ranges_file(robot).read_bytes())
    else:
        ranges_file(place).unlink(missing_ok=True)
    write_whole(place, robot.read_bytes())

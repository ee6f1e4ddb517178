# SPDX-License-Identifier: Apache-2.0
"""Where the robots' files are. Needs the standard library only, for launch files read it too."""

from __future__ import annotations

from pathlib import Path

PACKAGE_DIR = Path(__file__).parent
CONFIG_DIR = PACKAGE_DIR / 'config'
ROBOTS_DIR = PACKAGE_DIR.resolve().parents[2] / 'robots'  # the user's, beside src
XACRO_FILE = PACKAGE_DIR / 'urdf' / 'furuta.urdf.xacro'


class RobotError(ValueError):
    """A robot file cannot be used; the message says which file, which key and what is valid."""


def robot_names() -> list[str]:
    """Names of the robots that come with the package."""
    return sorted(path.stem for path in CONFIG_DIR.glob('*.yaml'))


def own_names() -> list[str]:
    """Names of the user's robots; one that comes with the package keeps its name."""
    return sorted({path.stem for path in ROBOTS_DIR.glob('*.yaml')} - set(robot_names()))


def robot_file(robot: str | Path) -> Path:
    """Path of a robot file, given a name from config/ or robots/, or a path.

    Raises:
        RobotError: there is no such robot; the message lists those there are.
    """
    path = Path(robot)
    for folder, known in ((CONFIG_DIR, robot_names), (ROBOTS_DIR, own_names)):
        if str(robot) in known():
            path = folder / f'{robot}.yaml'
    if not path.is_file():
        names = ', '.join([*robot_names(), *own_names()])
        raise RobotError(f'no robot {str(robot)!r}: give a file, or one of: {names}')
    return path.resolve()

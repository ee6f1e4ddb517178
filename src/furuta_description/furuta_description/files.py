# SPDX-License-Identifier: Apache-2.0
"""Where the robots' files are. Needs the standard library only, for launch files read it too."""

from __future__ import annotations

from pathlib import Path

PACKAGE_DIR = Path(__file__).parent
CONFIG_DIR = PACKAGE_DIR / 'config'
XACRO_FILE = PACKAGE_DIR / 'urdf' / 'furuta.urdf.xacro'


class RobotError(ValueError):
    """A robot file cannot be used; the message says which file, which key and what is valid."""


def robot_names() -> list[str]:
    """Names of the robots that come with the package."""
    return sorted(path.stem for path in CONFIG_DIR.glob('*.yaml'))


def robot_file(robot: str | Path) -> Path:
    """Path of a robot file, given a name from config/ or a path.

    Raises:
        RobotError: there is no such robot; the message lists those there are.
    """
    path = CONFIG_DIR / f'{robot}.yaml' if str(robot) in robot_names() else Path(robot)
    if not path.is_file():
        names = ', '.join(robot_names())
        raise RobotError(f'no robot {str(robot)!r}: give a file, or one of: {names}')
    return path.resolve()

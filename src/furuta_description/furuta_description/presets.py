# SPDX-License-Identifier: Apache-2.0
"""Presets of randomization by name: those for any robot, and `identified`, this one's own.

An identified robot file has its ranges beside it: `furuta_tuned.yaml`, `furuta_tuned.ranges.json`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from furuta_description.files import robot_file
from furuta_description.randomization import PRESETS, Ranges
from furuta_description.whole_file import write_whole

IDENTIFIED = 'identified'
SUFFIX = '.ranges.json'
_ADAPTER: TypeAdapter[Ranges] = TypeAdapter(Ranges)


def load_preset(name: str, robot: str | Path) -> Ranges:
    """The ranges of a preset for a robot, by name or file.

    Raises:
        ValueError: there is no such preset, or the robot's identified ranges are not whole.
        RobotError: there is no such robot.
    """
    if name in PRESETS:
        return PRESETS[name]
    if name != IDENTIFIED:
        valid = ', '.join((*PRESETS, IDENTIFIED))
        raise ValueError(f'randomization {name!r}: must be one of {valid}')
    path = ranges_file(robot_file(robot))
    if not path.is_file():
        raise ValueError(
            f'robot {str(robot)!r} has no identified ranges ({path} is not there): tune it by '
            f'`./furuta sysid identify`, or take --randomization {" or ".join(PRESETS)}'
        )
    try:
        return _ADAPTER.validate_json(path.read_bytes())
    except ValidationError as error:
        detail = error.errors()[0]
        where = '.'.join(str(part) for part in detail['loc'])
        raise ValueError(
            f'{path}: {where}: {detail["msg"]}; `./furuta sysid apply` writes it anew'
        ) from None


def to_ranges(values: Any) -> Ranges:
    """Ranges from what JSON made of them.

    Raises:
        ValueError: that is something else.
    """
    return _ADAPTER.validate_python(values)


def save_ranges(ranges: Ranges, robot: Path) -> None:
    """Write the identified ranges of a robot file beside it."""
    write_whole(ranges_file(robot), _ADAPTER.dump_json(ranges, indent=2) + b'\n')


def ranges_file(robot: Path) -> Path:
    """Where the identified ranges of a robot file are."""
    return robot.with_name(robot.stem + SUFFIX)

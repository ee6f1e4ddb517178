# SPDX-License-Identifier: Apache-2.0
"""Plant files: what an emulated machine really is, so that it can be met again exactly.

robot: furuta                      # that the firmware and the controller believe it is
values:                            # where it differs from that robot's file, in SI
  physics.pendulum.mass: 0.051
  timing.link_delay: 0.012
effects: {backlash: 0.02}          # sizes of effects.py
seed: 7                            # of jitter and stalls
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import yaml
from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked_dataclass

from furuta_description.files import robot_file
from furuta_description.robot import Robot, load_robot
from furuta_description.whole_file import write_whole
from furuta_hardware.effects import NONE, Effects


@dataclass(frozen=True)
class Plant:
    """One machine, known by what differs from a robot file."""

    robot: str
    values: dict[str, Any]
    effects: Effects = NONE
    seed: int = 0

    def machine(self) -> Robot:
        """The robot that the machine is.

        Raises:
            RobotError: there is no such robot, or a value is not physical.
        """
        return load_robot(self.robot).with_values(self.values)


@checked_dataclass(frozen=True, config=ConfigDict(extra='forbid'))
class _File:
    robot: str
    values: dict[str, float | int | list[float]] = field(default_factory=dict)
    effects: dict[str, float] = field(default_factory=dict)
    seed: int = 0


_ADAPTER: TypeAdapter[_File] = TypeAdapter(_File)


def load_plant(file: str | Path) -> Plant:
    """Read the one plant of a file; a robot, by name or file, is a plant without effects.

    Raises:
        ValueError: it cannot be used; with the file, the key and what is valid.
    """
    plants = load_plants(file)
    if len(plants) != 1:
        raise ValueError(f'{file}: holds {len(plants)} plants; this takes one')
    return next(iter(plants.values()))


def load_plants(file: str | Path) -> dict[str, Plant]:
    """Read all plants of a file, by their names: that of the file, numbered if it has a list.

    Raises:
        ValueError: see `load_plant`.
    """
    path = robot_file(file)
    document = _read(path)
    if isinstance(document, list):
        return {
            f'{path.stem}_{number:03}': _plant(entry, f'{path}: plant {number}')
            for number, entry in enumerate(document)
        }
    if isinstance(document, dict) and 'robot' in document:
        return {path.stem: _plant(document, str(path))}
    return {path.stem: Plant(str(load_robot(path).file), {})}


def _plant(document: Any, where: str) -> Plant:
    try:
        fields = _ADAPTER.validate_python(document)
    except ValidationError as error:
        detail = error.errors()[0]
        key = '.'.join(str(part) for part in detail['loc'])
        raise ValueError(f'{where}: {key}: {detail["msg"]} (found {detail["input"]!r})') from None
    plant = Plant(fields.robot, fields.values, _effects(where, fields.effects), fields.seed)
    plant.machine()  # say now what is wrong with it
    return plant


def save_plant(plant: Plant, path: Path) -> None:
    """Write a plant file, whole or not at all; numbers are kept to their last bit."""
    text = yaml.safe_dump(asdict(plant), sort_keys=False)
    write_whole(path, text.encode())


def _read(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f'{path}: not valid yaml: {error}') from error


def _effects(where: str, sizes: dict[str, float]) -> Effects:
    known = asdict(NONE)
    for name in sizes:
        if name not in known:
            raise ValueError(f'{where}: effects.{name}: unknown; valid are {", ".join(known)}')
    try:
        return Effects(**sizes)
    except ValueError as error:
        raise ValueError(f'{where}: effects.{error}') from None

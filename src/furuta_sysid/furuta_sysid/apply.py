# SPDX-License-Identifier: Apache-2.0
"""`furuta sysid apply`: make a tuned robot one that every command takes by name."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from furuta_description import files
from furuta_description.robot import load_robot
from furuta_sysid import installed_robots
from furuta_sysid.result import RESULT_FILE, SysidResult, load_result
from furuta_sysid.tuned_file import diff, tuned_stem


@dataclass(frozen=True)
class ApplyOptions:
    """Show what changes, ask, and put the tuned robot into robots/ under its name.

    From then on `--robot NAME` is this robot in every command. The robot that was there is kept;
    --undo brings it back.
    """

    result: Annotated[Path, tyro.conf.Positional]
    """sysid_result.json that `furuta sysid identify` wrote, or its folder"""
    yes: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """do not ask"""
    undo: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """bring back the robot that was there before"""


def main(arguments: Sequence[str]) -> int:
    """Run the command line; the exit status."""
    options = tyro.cli(ApplyOptions, args=arguments, prog='furuta sysid apply')
    file = options.result / RESULT_FILE if options.result.is_dir() else options.result
    if not file.is_file():
        raise ValueError(f'{file} does not exist: give the folder that `identify` has left')
    result = load_result(file)
    if options.undo:
        return _undo(files.ROBOTS_DIR / f'{tuned_stem(result.robot_file)}.yaml')
    return _apply(result, file.parent / f'{tuned_stem(result.robot_file)}.yaml', options.yes)


def _apply(result: SysidResult, tuned: Path, is_agreed: bool) -> int:
    robot = load_robot(tuned)  # it must be whole before anything changes
    place = files.ROBOTS_DIR / tuned.name
    old = place if place.is_file() else Path(result.robot_file)
    if old.is_file():
        lines = diff(old.read_text(), tuned.read_text(), (str(old), str(place)))
        print('\n'.join(lines) if lines else f'{old}: the same already')
    if not is_agreed and not _agrees(place):
        print('nothing changed')
        return 1
    installed_robots.install(tuned, files.ROBOTS_DIR)
    print(f'{place}: --robot {place.stem} is this robot now.{next_steps(place.stem, robot.hash)}')
    return 0


def next_steps(name: str, robot_hash: str) -> str:
    """What a user must know after a robot has changed."""
    return f"""
Policies carry the hash of the robot that they were trained for, so none that exists runs on this
one ({robot_hash[:12]}), the one that comes with the suite included. Train one within the ranges
that were identified, or run the classical controller, which takes any robot:
  ./furuta train --robot {name} --randomization identified
  ./furuta sim --robot {name} --policy runs/swing_up/<time>/policy.onnx
  ./furuta sim --robot {name} --controller classical"""


def _undo(place: Path) -> int:
    if installed_robots.undo(place):
        print(f'{place}: the one before; its hash is {load_robot(place).hash[:12]}')
    else:
        print(f'{place}: gone; there was none before it')
    return 0


def _agrees(place: Path) -> bool:
    if not sys.stdin.isatty():
        raise ValueError(f'{place} was not changed: nobody can be asked here; give --yes')
    return input(f'write {place}? [y/N] ').strip().lower() in ('y', 'yes')

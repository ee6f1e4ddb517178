# SPDX-License-Identifier: Apache-2.0
"""The trained policies that come with the suite; standard library only, launch files read it."""

from __future__ import annotations

from pathlib import Path

from furuta_description.files import CONFIG_DIR, robot_file

POLICY_DIR = Path(__file__).parent / 'policies'


def shipped_policies() -> dict[str, Path]:
    """Policy file of each robot that comes with one."""
    return {path.stem: path for path in sorted(POLICY_DIR.glob('*.onnx'))}


def policy_file(robot: str | Path, policy: str) -> Path:
    """Path of the policy to run: the file asked for, or the one that comes with the robot.

    Args:
        robot: name, or path of a robot file.
        policy: path of a policy; empty for the robot's own.

    Raises:
        ValueError: there is none; the message says which there are and what else can be done.
    """
    if policy:
        path = Path(policy).expanduser().resolve()
        if not path.is_file():
            raise ValueError(f'no policy {policy!r}: give an .onnx file that `furuta train` wrote')
        return path
    file = robot_file(robot)
    shipped = shipped_policies()
    if file.parent == CONFIG_DIR.resolve() and file.stem in shipped:
        return shipped[file.stem]
    raise ValueError(
        f'no policy comes with robot {str(robot)!r} (there is one for: '
        f'{", ".join(shipped) or "none"}); train one with `./furuta train --robot {robot}` and '
        'give it as policy:=FILE, or run controller:=classical'
    )

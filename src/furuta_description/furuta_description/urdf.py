# SPDX-License-Identifier: Apache-2.0
"""The robot file as URDF text, by xacro."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import xacro
import yaml

from furuta_description.files import XACRO_FILE

if TYPE_CHECKING:
    from furuta_description.robot import Robot


def make_urdf(robot: Robot) -> str:
    """URDF of the robot, values of `with_values` included."""
    with tempfile.NamedTemporaryFile('w', suffix='.yaml') as file:
        yaml.safe_dump(dict(robot.document), file)
        file.flush()
        return urdf_of_file(Path(file.name))


def urdf_of_file(file: Path) -> str:
    """URDF of a robot file that is known to be good."""
    document = xacro.process_file(str(XACRO_FILE), mappings={'file': str(file)})
    return str(document.toprettyxml(indent='  '))


def is_same(one: str, other: str) -> bool:
    """Whether two URDF texts say the same; xacro's comment names the checkout it was run in."""
    try:
        texts = {ElementTree.canonicalize(urdf, strip_text=True) for urdf in (one, other)}
    except ElementTree.ParseError:
        return False
    return len(texts) == 1

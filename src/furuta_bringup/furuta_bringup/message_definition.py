# SPDX-License-Identifier: Apache-2.0
"""Full text of a message type, as rosbag2 stores it in a recording (schema encoding `ros2msg`).

The .msg file as installed, comments included, then every type it needs, each behind a line of 80
equal signs and its name; the order is rosbag2's (local_message_definition_source.cpp, Jazzy).
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path

ENCODING = 'ros2msg'
PRIMITIVES = {
    'bool', 'byte', 'char', 'float32', 'float64', 'int8', 'uint8', 'int16', 'uint16', 'int32',
    'uint32', 'int64', 'uint64', 'string', 'wstring',
}  # fmt: skip
FIELD_TYPE = re.compile(r'^[ \t]*([a-zA-Z0-9_/]+)(?:\[[^\]]*\])?[ \t]+', re.MULTILINE)


def installed_prefixes() -> list[Path]:
    """Where this process finds ROS packages: the sourced workspaces, then the environment.

    The wheels of the messages put their .msg files below the virtual environment.
    """
    sourced = os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep)
    return [Path(prefix) for prefix in [*sourced, sys.prefix] if prefix]


def load_message_definition(type_name: str, prefixes: Iterable[Path]) -> str:
    """Definition of `type_name` (`sensor_msgs/msg/JointState`) with all types it needs.

    Args:
        type_name: package, optionally `msg`, and name, separated by slashes.
        prefixes: folders that hold `share/<package>/msg/<name>.msg`; the first that does wins.

    Raises:
        FileNotFoundError: No prefix has the file of this type or of one that it needs.
    """
    return _text_with_needed(type_name, tuple(prefixes), set())


def _text_with_needed(type_name: str, prefixes: tuple[Path, ...], seen: set[str]) -> str:
    text = _find(type_name, prefixes).read_text(encoding='utf-8')
    package = type_name.split('/')[0]
    parts = [text]
    for needed in sorted(_needed_types(text, package)):
        if needed not in seen:
            seen.add(needed)
            parts.append(f'\n{"=" * 80}\nMSG: {needed}\n')
            parts.append(_text_with_needed(needed, prefixes, seen))
    return ''.join(parts)


def _needed_types(text: str, package: str) -> set[str]:
    names = set(FIELD_TYPE.findall(text)) - PRIMITIVES
    return {name if '/' in name else f'{package}/{name}' for name in names}


def _find(type_name: str, prefixes: tuple[Path, ...]) -> Path:
    package, *_, name = type_name.split('/')
    for prefix in prefixes:
        path = prefix / 'share' / package / 'msg' / f'{name}.msg'
        if path.is_file():
            return path
    looked = ', '.join(map(str, prefixes)) or 'no prefix given'
    raise FileNotFoundError(f'no share/{package}/msg/{name}.msg in {looked}')

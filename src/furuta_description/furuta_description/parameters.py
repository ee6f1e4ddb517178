# SPDX-License-Identifier: Apache-2.0
"""Values of ROS parameters as a node's command line takes them; standard library only."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any


def parameter_arguments(
    parameters: Mapping[str, Any], remappings: Sequence[tuple[str, str]] = ()
) -> list[str]:
    """Parameters, and names with what takes their place, as a node's command line takes them."""
    settings = [['-p', f'{name}:={_text(value)}'] for name, value in parameters.items()]
    settings += [['-r', f'{name}:={other}'] for name, other in remappings]
    return ['--ros-args', *itertools.chain(*settings)]


def _text(value: Any) -> str:
    """The value in yaml, as rcl parses it; quotes keep a text that looks like a number a text."""
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return str(value).lower() if isinstance(value, bool) else str(value)

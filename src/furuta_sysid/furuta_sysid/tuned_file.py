# SPDX-License-Identifier: Apache-2.0
"""The tuned robot file: the old one's text with other values and sources, all else untouched."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from furuta_description.files import RobotError


class Edit(NamedTuple):
    """A piece of the text that becomes another."""

    start: int
    stop: int
    text: str


def tuned_stem(robot: str | Path) -> str:
    """Name of a tuned robot, and of its files; one that is tuned again keeps it."""
    return f'{Path(robot).stem.removesuffix("_tuned")}_tuned'


def tuned_text(text: str, values: Mapping[str, float | list[float]], source: str) -> str:
    """Text of the robot file with what was found.

    Comments, order and layout stay, and what the value was already.

    Args:
        text: of the robot file that was identified.
        values: path of a quantity to its new value.
        source: where they come from.

    Raises:
        RobotError: the text has no such quantity.
    """
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    edits = []
    for path, value in values.items():
        quantity = _child(root, path.split('.'), path)
        node, new = _child(quantity, ['value'], path), _number(value)
        if yaml.safe_load(text[node.start_mark.index : node.end_mark.index]) != yaml.safe_load(
            new
        ):
            said = json.dumps(source, ensure_ascii=False)
            edits += [_edit(node, new), _edit(_child(quantity, ['source'], path), said)]
    for edit in sorted(edits, reverse=True):
        text = text[: edit.start] + edit.text + text[edit.stop :]
    return text


def diff(before: str, after: str, names: tuple[str, str]) -> list[str]:
    """The lines that differ, as `diff -U0` shows them."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), *names, lineterm='', n=0)
    return list(lines)


def _child(node: Any, keys: Iterable[str], path: str) -> Any:
    for key in keys:
        pairs = node.value if isinstance(node, yaml.MappingNode) else []
        found = [value for name, value in pairs if name.value == key]
        if len(found) != 1:
            raise RobotError(f'{path}: the robot file has no such quantity')
        node = found[0]
    return node


def _edit(node: Any, text: str) -> Edit:
    return Edit(node.start_mark.index, node.end_mark.index, text)


def _number(value: float | list[float], digits: int = 6) -> str:
    """As yaml reads it back: `1e-05` would be a text to yaml.

    Six digits; ten in vectors, or the inertia of a thin body would break the triangle inequality.
    """
    if isinstance(value, list):
        return f'[{", ".join(_number(x, 10) for x in value)}]'
    text = f'{value:.{digits}g}'
    mantissa, _, exponent = text.partition('e')
    if '.' not in mantissa:
        mantissa += '.0'
    return f'{mantissa}e{int(exponent):+d}' if exponent else mantissa

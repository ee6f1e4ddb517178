# SPDX-License-Identifier: Apache-2.0
"""Reads `{value, unit, source}` trees against the classes that say what must be in them.

Keys and units are checked here, types and bounds by pydantic afterwards; every complaint names
the file, the key and what is valid.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_type_hints

from pydantic import BaseModel

from furuta_description.files import RobotError
from furuta_description.quantities import VECTORS, Unit


def to_values(node: Any, kind: Any, path: Path, key: str) -> Any:
    """Reduce `{value, unit, source}` to value, checking keys and units against `kind`."""
    fields = _fields(kind)
    if fields is None:
        return node
    if not isinstance(node, dict):
        raise RobotError(f'{path}: {key}: must be a group with the keys {", ".join(fields)}')
    unknown = [str(name) for name in node if name not in fields]
    if unknown:
        where = key or 'top level'
        raise RobotError(
            f'{path}: {where}: unknown key {", ".join(unknown)}; valid are {", ".join(fields)}'
        )
    values = {}
    for name, child in node.items():
        unit = _unit(fields[name])
        label = f'{key}.{name}' if key else name
        values[name] = (
            _value(child, unit, path, label)
            if unit
            else to_values(child, fields[name], path, label)
        )
    return values


def _value(node: Any, unit: str, path: Path, key: str) -> Any:
    if not isinstance(node, dict) or set(node) != {'value', 'unit', 'source'}:
        raise RobotError(f'{path}: {key}: must be {{value: ..., unit: {unit}, source: ...}}')
    if str(node['unit']) != unit:
        raise RobotError(f'{path}: {key}: unit must be {unit}, not {node["unit"]}')
    if not isinstance(node['source'], str) or not node['source'].strip():
        raise RobotError(f'{path}: {key}: source must say where the value comes from')
    return node['value']


def _fields(kind: Any) -> dict[str, Any] | None:
    if not isinstance(kind, type) or not (issubclass(kind, BaseModel) or hasattr(kind, '_fields')):
        return None
    hints = get_type_hints(kind, include_extras=True)
    return {name: hint for name, hint in hints.items() if name != 'model_config'}


def _unit(hint: Any) -> str | None:
    """Unit of a quantity, None for a group; a vector's unit is that of its components."""
    for mark in getattr(hint, '__metadata__', ()):
        if isinstance(mark, Unit):
            return mark.symbol
    if hint in VECTORS:
        return _unit(next(iter(get_type_hints(hint, include_extras=True).values())))
    return None


def explain(detail: Any, path: Path) -> str:
    key = '.'.join(str(part) for part in detail['loc'])
    if detail['type'] == 'missing':
        return f'{path}: {key}: missing'
    return f'{path}: {key}: {detail["msg"]} (found {detail["input"]!r})'

# SPDX-License-Identifier: Apache-2.0
"""skrl's own configuration from the command line: `learning_epochs=8 mini_batches=4`."""

from __future__ import annotations

import ast
import dataclasses
import inspect
from collections.abc import Sequence
from typing import Any

import pydantic
import skrl.resources.noises.torch
import skrl.resources.schedulers.torch
import torch

# What this trainer decides: its own folders, and the normalization that an export can hold.
_RESERVED = ('experiment', 'rewards_shaper', 'exploration_scheduler')


def fields(configuration: type) -> tuple[str, ...]:
    """Names of the entries of an agent's configuration."""
    return tuple(field.name for field in dataclasses.fields(configuration))


def choosable(configuration: type) -> tuple[str, ...]:
    """Names of the entries that may be chosen."""
    return tuple(
        name
        for name in fields(configuration)
        if name not in _RESERVED and 'preprocessor' not in name
    )


def parse(configuration: type, chosen: Sequence[str]) -> dict[str, Any]:
    """Read entries of an agent's configuration.

    Args:
        configuration: skrl's dataclass of the agent.
        chosen: `name=value` each; a value is a number, True, False, None, a tuple, a dictionary
            or the name of a learning rate scheduler or noise of skrl or PyTorch.

    Raises:
        ValueError: which entry, and what would be valid.
    """
    valid = choosable(configuration)
    values = {}
    for entry in chosen:
        name, is_pair, text = entry.partition('=')
        if not is_pair or name not in valid:
            raise ValueError(
                f'{entry!r} sets nothing of {configuration.__name__}; valid: NAME=VALUE with NAME '
                f'one of {", ".join(valid)}'
            )
        values[name] = _classes().get(text) or _literal(text)
    try:
        checked: Any = pydantic.TypeAdapter(configuration).validate_python(values)
    except pydantic.ValidationError as error:
        problems = (f'{e["loc"][0]}={e["input"]!r}: {e["msg"]}' for e in error.errors())
        raise ValueError(f'{configuration.__name__}: {"; ".join(problems)}') from error
    return {name: getattr(checked, name) for name in values}


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text  # which no entry takes: the check says what it should be


def _classes() -> dict[str, type]:
    """Schedulers and noises by name."""
    modules = (
        torch.optim.lr_scheduler,
        skrl.resources.schedulers.torch,
        skrl.resources.noises.torch,
    )
    return {
        name: value
        for module in modules
        for name, value in vars(module).items()
        if inspect.isclass(value) and not name.startswith('_')
    }

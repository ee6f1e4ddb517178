# SPDX-License-Identifier: Apache-2.0
"""The options of `furuta train`: all choices of a training in one dataclass, to and from JSON.

The defaults of the nested choices depend on the task and the randomization (`defaults_for`), so
these are read first from the command line.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import tyro

from furuta_description.randomization import PRESETS, Ranges
from furuta_rl.env import EnvConfig
from furuta_rl.ppo.config import PPOConfig
from furuta_rl.task import TASKS, Task

PROG = 'furuta train'
Value = TypeVar('Value')


@dataclass(frozen=True)
class Choice:
    """What the defaults of all other options depend on."""

    resume: Path | None = None
    """run folder of a training that was stopped or killed: go on there, with its options"""
    trainer: Literal['fused', 'skrl'] = 'fused'
    """fused: PPO in one JAX program, on analytic and mjx; skrl: skrl's algorithms in torch"""
    task_name: Annotated[Literal['swing_up', 'follow'], tyro.conf.arg(name='task')] = 'swing_up'
    """swing_up: swing up and balance; follow: balance, the arm at a commanded angle"""
    randomization: Literal['none', 'default', 'wide'] = 'default'
    """how far robots, sensors and delays are drawn from the robot file; single ones by --ranges"""


@dataclass(frozen=True)
class TrainOptions(Choice):
    """Train a policy, check it and export it into runs/<task>/<time>."""

    robot: str = 'furuta'
    """a name in config/ of furuta_description, or a file"""
    robots: int = 1024
    """robots that are simulated at once, for each seed"""
    seed: int = 0
    """seed of the first training"""
    seeds: int = 1
    """trainings at once, with seeds one apart; the best is exported"""
    checkpoint_every: int = 50
    """iterations after which everything is saved, to go on with --resume"""
    evaluation_episodes: int = 1000
    """held-out episodes that the finished policy is judged by"""
    runs: Path = Path('runs')
    """folder of all run folders"""
    cache: Path | None = Path(sys.prefix) / 'jax_cache'
    """where compiled programs are kept from one call to the next; None compiles anew"""
    env: Annotated[EnvConfig, tyro.conf.arg(name='')] = field(default_factory=EnvConfig)
    """environment"""
    task: Task = field(default_factory=Task)
    """what is wanted"""
    ppo: PPOConfig = field(default_factory=PPOConfig)
    """PPO of the fused trainer"""
    ranges: Ranges = field(default_factory=Ranges)
    """what is drawn for each episode; --randomization sets them all"""


def defaults_for(choice: Choice) -> TrainOptions:
    """Options before the command line's word."""
    return TrainOptions(
        **_fields(choice),
        env=EnvConfig(is_staggered=True),
        task=TASKS[choice.task_name](),
        ranges=PRESETS[choice.randomization],
    )


def parse(arguments: Sequence[str]) -> TrainOptions:
    """Options of a command line; ends the process on --help and on mistakes."""
    choice, _ = tyro.cli(
        Choice, args=arguments, prog=PROG, add_help=False, return_unknown_args=True
    )
    defaults = defaults_for(choice)
    return tyro.cli(TrainOptions, args=arguments, prog=PROG, default=defaults)


def to_json(options: Any) -> Any:
    """Dataclasses as what JSON can hold."""
    if dataclasses.is_dataclass(options):
        return {name: to_json(value) for name, value in _fields(options).items()}
    if isinstance(options, tuple):
        return [to_json(value) for value in options]
    return str(options) if isinstance(options, Path) else options


def differences(one: Any, other: Any, path: str = '') -> Iterator[str]:
    """What differs between two `to_json`, as `ppo.clip: 0.1, not 0.2`."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for key in [*one, *(key for key in other if key not in one)]:
            below = f'{path}.{key}' if path else key
            yield from differences(one.get(key), other.get(key), below)
    elif one != other:
        yield f'{path}: {one}, not {other}'


def _fields(options: Any) -> dict[str, Any]:
    return {f.name: getattr(options, f.name) for f in dataclasses.fields(options)}

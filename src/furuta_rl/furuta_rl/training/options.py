# SPDX-License-Identifier: Apache-2.0
"""The options of `furuta train`: all choices of a training in one dataclass, to and from JSON.

The defaults of the nested choices depend on the task and the randomization (`defaults_for`), so
these are read first from the command line.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import tyro

from furuta_description.presets import load_preset
from furuta_description.randomization import Ranges
from furuta_rl.env import EnvConfig
from furuta_rl.on_robot.limits import RobotLimits
from furuta_rl.ppo.config import PPOConfig
from furuta_rl.recipes import make_recipe
from furuta_rl.skrl_trainer.options import SCALES, Algorithm, SkrlOptions
from furuta_rl.task import Task
from furuta_rl.training.robot_defaults import ROBOT, robot_defaults

PROG = 'furuta train'
# What a resumed training may be given anew: nothing of it changes what is trained.
FREE = ('resume', 'runs', 'cache', 'evaluation_episodes', 'video', 'limits')
Template = TypeVar('Template')


class RunError(ValueError):
    """A folder cannot be used as a run's; the message says which and why."""


@dataclass(frozen=True)
class Choice:
    """What the defaults of all other options depend on."""

    resume: Path | None = None
    """run folder of a training that was stopped or killed: go on there, with its options"""
    trainer: Literal['fused', 'skrl'] = 'fused'
    """fused: PPO in one JAX program, on analytic and mjx; skrl: skrl's algorithms in torch, also
    on mujoco and, SAC, on a robot: `--backend robot` is the plant that answers on the topics,
    `furuta sim` or `furuta real` with --controller none"""
    algorithm: Algorithm = 'PPO'
    """of the skrl trainer, by its name there"""
    task_name: Annotated[Literal['swing_up', 'follow'], tyro.conf.arg(name='task')] = 'swing_up'
    """swing_up: swing up and balance; follow: balance, the arm at a commanded angle"""
    robot: str = 'furuta'
    """a name in config/ of furuta_description or in robots/, or a file"""
    randomization: Literal['none', 'default', 'wide', 'identified'] = 'default'
    """how far robots, sensors and delays are drawn from the robot file, identified: as `furuta
    sysid identify` found for this one; single ones by --ranges"""
    start: Path | None = None
    """with --backend robot, policy.onnx to start from: the agent's policy takes its layers and
    normalization, does --skrl.warm-up episodes as it is, with a deviation of 0.1, while the
    critics learn from them, and only then is changed, at first for the worse; by default from
    nothing"""


@dataclass(frozen=True)
class TrainOptions(Choice):
    """Train a policy, check it and export it into runs/<task>/<time>."""

    robots: int = 1024
    """robots that are simulated at once, for each seed"""
    seed: int = 0
    """seed of the first training"""
    seeds: int = 1
    """trainings at once, with seeds one apart; the best is exported"""
    rounds: int = 4
    """rounds of --ppo.iterations at most; after each of them the success decides on another"""
    goal: float = 0.996
    """share of validated episodes that must succeed for the training to be over before"""
    checkpoint_every: int = 50
    """iterations after which everything is saved, to go on with --resume"""
    validate_every: int = 100
    """iterations between two looks at the success on robots not trained on; 0 for none"""
    evaluation_episodes: int = 1000
    """held-out episodes that the finished policy is judged by"""
    video: bool = False
    """render some episodes of the finished policy into video.mp4"""
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
    skrl: SkrlOptions = field(default_factory=SkrlOptions)
    """the skrl trainer"""
    limits: Annotated[RobotLimits, tyro.conf.arg(name='')] = field(default_factory=RobotLimits)
    """what a robot is spared"""
    ranges: Ranges = field(default_factory=Ranges)
    """what is drawn for each episode; --randomization sets them all"""

    def __post_init__(self) -> None:
        """Check the choices.

        Raises:
            ValueError: a number that counts something is not positive.
        """
        for name in ('robots', 'seeds', 'checkpoint_every', 'evaluation_episodes'):
            if getattr(self, name) < 1:
                raise ValueError(f'{name} is {getattr(self, name)}; valid: at least 1')
        if self.is_on_robot and self.trainer != 'skrl':
            raise ValueError('--backend robot needs --trainer skrl --algorithm SAC')
        if self.start and not self.is_on_robot:
            raise ValueError(f'--start {self.start}: needs --backend robot')

    @property
    def is_on_robot(self) -> bool:
        """Whether a robot is trained on, over topics."""
        return self.env.backend == ROBOT

    @property
    def iterations(self) -> int:
        """Iterations of the trainer that is asked for, at most."""
        is_fused = self.trainer == 'fused'
        return self.rounds * self.ppo.iterations if is_fused else self.skrl.iterations


@dataclass(frozen=True)
class _Given(Choice):
    """What is read first from the command line."""

    backend: str = EnvConfig.backend


def defaults_for(choice: Choice, backend: str = EnvConfig.backend) -> TrainOptions:
    """Options before the command line's word.

    Raises:
        PolicyError: the policy to start from is none.
    """
    if backend == ROBOT:
        given = _fields(replace(choice, randomization='none'))
        return TrainOptions(**given, **robot_defaults(choice.start))
    recipe = make_recipe(choice.task_name, choice.randomization)
    options = TrainOptions(
        **_fields(choice),
        **_fields(recipe),
        ranges=load_preset(choice.randomization, choice.robot),
    )
    if choice.trainer == 'fused':
        return options
    scale = SCALES[choice.algorithm]
    return replace(options, robots=scale.robots, skrl=SkrlOptions(scale.iterations))


def parse(arguments: Sequence[str]) -> TrainOptions:
    """Options of a command line; ends the process on --help and on mistakes.

    Raises:
        RunError: --resume, and there is no run or it has other options.
    """
    given, _ = tyro.cli(
        _Given, args=arguments, prog=PROG, add_help=False, return_unknown_args=True
    )
    if given.resume is None:
        values = _fields(given)
        backend = values.pop('backend')
        defaults = defaults_for(Choice(**values), backend)
        return tyro.cli(TrainOptions, args=arguments, prog=PROG, default=defaults)
    stored = load_config(given.resume)['options']
    defaults = from_json(stored, given.resume)
    options = tyro.cli(TrainOptions, args=arguments, prog=PROG, default=defaults)
    lines = differences(to_json(options), stored)
    different = [line for line in lines if line.split()[0].split('.')[0] not in FREE]
    if different:
        raise RunError(
            f'{given.resume}: goes on only with the options it has: {"; ".join(different)}'
        )
    return options


def load_config(folder: Path) -> dict[str, Any]:
    """The config.json of a run.

    Raises:
        RunError: there is none, or it is damaged.
    """
    path = folder / 'config.json'
    try:
        config: dict[str, Any] = json.loads(path.read_text())
        if not {'options', 'robot'} <= config.keys():
            raise ValueError('it has no options')
    except FileNotFoundError:
        raise RunError(f'{folder}: no run of `{PROG}`: it has no config.json') from None
    except (ValueError, AttributeError) as error:
        raise RunError(f'{path}: not that of a run: {error}') from error
    return config


def from_json(stored: Mapping[str, Any], folder: Path) -> TrainOptions:
    """The options that `to_json` was given, to go on in a folder.

    Raises:
        RunError: they are of another version of the suite.
    """
    try:
        names = {f.name: stored[f.name] for f in dataclasses.fields(Choice)}
        start = Path(names['start']) if names['start'] else None
        choice = Choice(**names | {'resume': folder, 'start': None})
        defaults = defaults_for(choice, stored['env']['backend'])
        return _with_values(defaults, {**stored, 'resume': folder, 'start': start})
    except (KeyError, TypeError, ValueError) as error:
        raise RunError(f'{folder}: of another version of the suite: {error}') from error


def to_json(options: Any) -> Any:
    """Dataclasses as what JSON can hold."""
    if dataclasses.is_dataclass(options):
        return {name: to_json(value) for name, value in _fields(options).items()}
    if isinstance(options, tuple):
        return [to_json(value) for value in options]
    return str(options) if isinstance(options, Path) else options


def differences(one: Any, other: Any, path: str = '') -> Iterator[str]:
    """What differs between two `to_json`, as `ppo.clip = 0.1, not 0.2`."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for key in [*one, *(key for key in other if key not in one)]:
            below = f'{path}.{key}' if path else key
            yield from differences(one.get(key), other.get(key), below)
    elif one != other:
        yield f'{path} = {one}, not {other}'


def _with_values(template: Template, values: Mapping[str, Any]) -> Template:
    """A dataclass with values of a `to_json`, nested ones included.

    Raises:
        KeyError: a value is missing, or there is one too many.
    """

    def convert(old: Any, new: Any) -> Any:
        if dataclasses.is_dataclass(old):
            return _with_values(old, new)
        if isinstance(old, Path) and isinstance(new, str):
            return Path(new)
        return tuple(new) if isinstance(new, list) else new

    known = _fields(template)
    if known.keys() != values.keys():
        raise KeyError(', '.join(sorted(known.keys() ^ values.keys())))
    new = {name: convert(old, values[name]) for name, old in known.items()}
    return type(template)(**new)


def _fields(options: Any) -> dict[str, Any]:
    return {f.name: getattr(options, f.name) for f in dataclasses.fields(options)}

# SPDX-License-Identifier: Apache-2.0
"""What is done on purpose to the messages between a plant and its controller: the settings.

The fields are the ROS parameters `observation.*`, `command.*` and `injection.seed` of controllers
and relays, and what an injection file holds. `channel.py` says what they do. Standard library
and yaml only, for launch files read it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml

DISTRIBUTIONS = ('fixed', 'uniform', 'gamma', 'recorded')
LONGEST = 10.0  # [s] that a delay may be


def _setting(default: Any, text: str) -> Any:
    return field(default=default, metadata={'help': text})


@dataclass(frozen=True)
class Transit:
    """How long messages take on a way and which are lost."""

    delay: float = _setting(0.0, 'each message takes this long [s]')
    jitter: float = _setting(
        0.0, 'and this much longer [s]: at most (uniform), or on average (gamma)'
    )
    distribution: str = _setting(
        'uniform', f'of what is added to the delay: {", ".join(DISTRIBUTIONS)}'
    )
    gamma_shape: float = _setting(2.0, 'shape of gamma: 1 is exponential, large ones are narrow')
    recording: str = _setting('', 'file of recorded times, for distribution recorded')
    dropout: float = _setting(0.0, 'probability that a message is lost')
    burst: float = _setting(
        0.0, 'mean number of messages lost in a row; 0 = each is lost by itself'
    )

    def __post_init__(self) -> None:
        """Raise ValueError for what no link can be; the message says what is valid."""
        for name in ('delay', 'jitter', 'noise', 'velocity_noise', 'resolution'):
            _check(self, name, 0.0, LONGEST)
        _check(self, 'dropout', 0.0, 1.0)
        _check(self, 'gamma_shape', 0.1, 1000.0)
        for name in ('bias', 'arm_bias', 'pendulum_bias', 'scale'):
            _check(self, name, -100.0, 100.0)
        if self.distribution not in DISTRIBUTIONS:
            raise ValueError(
                f'distribution {self.distribution!r}: must be one of {", ".join(DISTRIBUTIONS)}'
            )
        if self.jitter and self.distribution in ('fixed', 'recorded'):
            raise ValueError(
                f'jitter {self.jitter}: must be 0 with distribution {self.distribution}; '
                'uniform and gamma take one'
            )
        if (self.distribution == 'recorded') != bool(self.recording):
            raise ValueError('distribution recorded and a recording need each other')
        self._check_burst()

    def _check_burst(self) -> None:
        if not self.burst:
            return
        least = max(1.0, self.dropout / (1 - self.dropout)) if self.dropout < 1 else math.inf
        if not least <= self.burst <= 1e6:
            raise ValueError(
                f'burst must be 0 or, with dropout {self.dropout}, at least {least:g}, '
                f'not {self.burst}'
            )

    @property
    def is_on(self) -> bool:
        """Whether anything is done to the messages."""
        return any(getattr(self, f.name) != f.default for f in fields(self) if f.name in _EFFECTS)

    @property
    def changes_values(self) -> bool:
        """Whether messages arrive with other values than they were sent with."""
        return any(getattr(self, f.name) != f.default for f in fields(self) if f.name in _VALUES)

    def __str__(self) -> str:
        """What differs from nothing, in the words of the settings."""
        differing = (f for f in fields(self) if getattr(self, f.name) != f.default)
        return ', '.join(f'{f.name} {getattr(self, f.name)}' for f in differing)


@dataclass(frozen=True)
class Observation(Transit):
    """What happens to joint states on their way to the controller; lost ones are held."""

    noise: float = _setting(0.0, 'standard deviation of what is added to both angles [rad]')
    velocity_noise: float = _setting(0.0, 'the same for both velocities [rad/s]')
    arm_bias: float = _setting(0.0, "added to the arm's angle [rad]")
    pendulum_bias: float = _setting(0.0, "added to the pendulum's angle [rad]")
    resolution: float = _setting(0.0, 'angles come in multiples of this [rad]; 0 = as they are')


@dataclass(frozen=True)
class Command(Transit):
    """What happens to voltages on their way to the motor."""

    hold: bool = _setting(
        True, 'a lost command leaves the one before, until the time-out; false = it is 0 V'
    )
    noise: float = _setting(0.0, 'standard deviation of what is added [V]')
    bias: float = _setting(0.0, 'what is added [V]')
    scale: float = _setting(1.0, 'the voltage is multiplied by this')
    resolution: float = _setting(0.0, 'voltages come in multiples of this [V]; 0 = as they are')


@dataclass(frozen=True)
class Injection:
    """Both ways and the seed of what is drawn."""

    observation: Observation = field(default_factory=Observation)
    command: Command = field(default_factory=Command)
    seed: int = 0

    @property
    def is_on(self) -> bool:
        """Whether anything is done to any message."""
        return self.observation.is_on or self.command.is_on

    def __str__(self) -> str:
        """What is done, in the words of the settings; empty if nothing is."""
        ways = {'observation': self.observation, 'command': self.command}
        return '; '.join(f'{name}: {way}' for name, way in ways.items() if way.is_on)

    def with_values(self, values: Mapping[str, Any]) -> Injection:
        """The same with other settings, by the names of their ROS parameters.

        Raises:
            ValueError: a name or value is not valid; the message says which are.
        """
        groups: dict[str, dict[str, Any]] = {
            'observation': asdict(self.observation),
            'command': asdict(self.command),
            'injection': {'seed': self.seed},
        }
        for name, value in values.items():
            group, _, key = name.partition('.')
            if key not in groups.get(group, ()):
                raise ValueError(f'{name}: there is no such setting; there are {", ".join(NAMES)}')
            groups[group][key] = _as_kind(name, value, groups[group][key])
        seed = groups['injection']['seed']
        if not 0 <= seed < 2**32:
            raise ValueError(f'injection.seed must be 0..{2**32 - 1}, not {seed}')
        return Injection(
            _made(Observation, 'observation', groups['observation']),
            _made(Command, 'command', groups['command']),
            seed,
        )

    def parameters(self) -> dict[str, Any]:
        """All settings by the names of their ROS parameters."""
        return dict(_flat(self))


def load_injection(file: str | Path) -> dict[str, Any]:
    """Settings of an injection file, by the names of their ROS parameters.

    The file is yaml: `observation: {delay: 0.02}`, `command: {...}`, `injection: {seed: 1}`.

    Raises:
        ValueError: it is not there or holds something else; the message says what is valid.
    """
    path = Path(file).expanduser()
    try:
        content = yaml.safe_load(path.read_text())
    except OSError as error:
        raise ValueError(f'injection {str(file)!r}: {error.strerror}') from None
    except yaml.YAMLError as error:
        raise ValueError(f'injection {str(file)!r}: no yaml: {error}') from None
    if not isinstance(content, dict) or not all(isinstance(v, dict) for v in content.values()):
        raise ValueError(
            f'injection {str(file)!r}: must have the groups observation, command and injection, '
            'such as `observation: {delay: 0.02}`'
        )
    values = {f'{g}.{key}': value for g, group in content.items() for key, value in group.items()}
    recordings = [name for name in values if name.endswith('.recording') and values[name]]
    for name in recordings:  # beside the file, wherever the node runs
        values[name] = str((path.parent / Path(str(values[name])).expanduser()).resolve())
    try:
        checked = Injection().with_values(values).parameters()
    except ValueError as error:
        raise ValueError(f'injection {str(file)!r}: {error}') from None
    return {name: checked[name] for name in values}


_VALUES = (
    *('noise', 'velocity_noise', 'arm_bias', 'pendulum_bias', 'bias', 'scale', 'resolution'),
)
_EFFECTS = ('delay', 'jitter', 'recording', 'dropout', *_VALUES)


def _check(settings: Any, name: str, low: float, high: float) -> None:
    value = getattr(settings, name, low)
    if not low <= value <= high:  # not a number is not
        raise ValueError(f'{name} must be {low:g} to {high:g}, not {value}')


def _as_kind(name: str, value: Any, old: Any) -> Any:
    if isinstance(old, float) and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if type(value) is not type(old):
        raise ValueError(f'{name} must be of type {type(old).__name__}, not {value!r}')
    return value


def _made(kind: Any, group: str, values: dict[str, Any]) -> Any:
    try:
        return kind(**values)
    except ValueError as error:
        raise ValueError(f'{group}.{error}') from None


def _flat(injection: Injection) -> Iterator[tuple[str, Any]]:
    for group in ('observation', 'command'):
        for name, value in asdict(getattr(injection, group)).items():
            yield f'{group}.{name}', value
    yield 'injection.seed', injection.seed


NAMES = tuple(Injection().parameters())

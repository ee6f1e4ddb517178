# SPDX-License-Identifier: Apache-2.0
"""What a report sweeps: values, what they change of a robot or its line, what was trained on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter

from furuta_description.randomization import PRESETS, Ranges

Range = tuple[float, float]
PUSH_RATE = PRESETS['wide'].push_rate  # [1/s]; how hard they are is swept


@dataclass(frozen=True)
class Axis:
    """One thing that can be wrong."""

    name: str
    title: str
    unit: str  # of what is shown
    values: tuple[float, ...]  # SI, or a factor; rising
    nominal: float  # with nothing wrong
    trained: Callable[[Ranges], Range]  # between what training drew it
    parameters: tuple[str, ...] = ()  # that the value is a factor of, as in `drawn_names`
    shown: float = 1.0  # of what is shown, in a unit of the values

    def show(self, value: float) -> str:
        """A value for people."""
        return f'{value * self.shown:.3g} {self.unit}' if self.unit != 'x' else f'x {value:.3g}'


def _factor(*parameters: str) -> Callable[[Ranges], Range]:
    """What all of these parameters were drawn from."""

    def trained(ranges: Ranges) -> Range:
        spread = min(attrgetter(name)(ranges) for name in parameters)
        return 1 - spread, 1 + spread

    return trained


def _parameters(name: str, title: str, values: tuple[float, ...], *moved: str) -> Axis:
    return Axis(name, title, 'x', values, 1.0, _factor(*moved), moved)


_FRICTION = tuple(
    f'{joint}.{kind}' for joint in ('arm', 'pendulum') for kind in ('coulomb', 'static', 'viscous')
)
_FACTORS = (0.4, 0.55, 0.7, 0.85, 1.0, 1.15, 1.3, 1.5, 1.8)
_MS, _PERCENT = 1000.0, 100.0

DELAY = Axis(
    'delay', 'delay from sample to voltage', 'ms',
    (0.0, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08), 0.0,
    lambda ranges: (ranges.delay[0], ranges.longest_delay), shown=_MS,
)  # fmt: skip
JITTER = Axis(
    'jitter', 'commands come up to so much later', 'ms',
    (0.0, 0.002, 0.005, 0.01, 0.015, 0.02, 0.025, 0.03, 0.04), 0.0,
    lambda ranges: (0.0, ranges.delay_jitter), shown=_MS,
)  # fmt: skip
DROPOUT = Axis(
    'dropout', 'lost measurements and commands', '%',
    (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5), 0.0,
    lambda ranges: (0.0, min(ranges.measurement_dropout, ranges.command_dropout)),
    shown=_PERCENT,
)  # fmt: skip
PUSH = Axis(
    'push', f'pushes of the pendulum, {PUSH_RATE:g} a second, up to', 'rad/s',
    (0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0), 0.0,
    lambda ranges: (0.0, ranges.push_velocity if ranges.push_rate else 0.0),
)  # fmt: skip
COARSENESS = Axis(
    'coarseness', 'step of both encoders', 'x',
    (1.0, 2.0, 4.0, 8.0, 16.0, 24.0, 32.0, 48.0, 64.0), 1.0, lambda ranges: (1.0, 1.0),
)  # fmt: skip
AXES = (
    DELAY,
    JITTER,
    DROPOUT,
    _parameters(
        'friction', 'friction of both joints', (0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0),
        *_FRICTION,
    ),
    _parameters('mass', 'mass of the pendulum', _FACTORS, 'pendulum.mass'),
    _parameters('length', 'length of the pendulum', _FACTORS, 'pendulum.length'),
    _parameters('motor', 'motor strength', _FACTORS, 'motor.gear_gain'),
    COARSENESS,
    _parameters(
        'supply', 'supply voltage', (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.85, 1.0, 1.15),
        'motor.supply_voltage',
    ),
    PUSH,
)  # fmt: skip

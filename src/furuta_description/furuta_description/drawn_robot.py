# SPDX-License-Identifier: Apache-2.0
"""One robot drawn within ranges, as numbers: for a plant that becomes another at each reset.

Drawn are the physical parameters and the delay of the link to the motor. What else ranges have
(jitter, losses, noise, pushes) happens on the way between plant and controller: `injection.py`.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np

from furuta_description.presets import load_preset
from furuta_description.quantities import Inertia, Vector
from furuta_description.randomization import count_spreads, draw
from furuta_description.robot import Physics, Robot


class DrawnRobot:
    """Which robot a plant is: the nominal one or, with a preset, another at each reset.

    A seed gives a series of them; a longer series begins with the same ones.
    """

    def __init__(self, nominal: Robot, preset: str, seed: int) -> None:
        """Begin with the first one.

        Raises:
            ValueError: there is no such preset.
        """
        self.nominal = nominal
        self.number = 0  # in the series
        self._preset, self._seed = preset, seed
        self._ranges = load_preset(preset, nominal.file)

    @property
    def is_drawn(self) -> bool:
        """Whether it is another one at each reset."""
        return self._preset != 'none'

    @property
    def robot(self) -> Robot:
        """The one whose turn it is; its safety limits are the nominal one's."""
        if not self.is_drawn:
            return self.nominal
        random = np.random.default_rng((self._seed, self.number))
        deviations = random.uniform(-1, 1, (1, count_spreads(self._ranges)))
        physics = draw(self.nominal.physics, self._ranges, deviations)
        timing = self.nominal.timing
        if self._ranges.longest_delay:
            drawn = random.uniform(*self._ranges.delay)  # in total
            timing = timing._replace(link_delay=max(drawn - timing.torque_delay, 0.0))
        return replace(self.nominal, physics=_numbers(physics), timing=timing)

    def restart(self, seed: int) -> None:
        """Take another series, whose first one comes with the next reset."""
        self._seed, self.number = seed, -1

    def text(self) -> str:
        """What was drawn, as JSON: preset, seed, number in the series, values by their paths."""
        robot = self.robot
        values = values_of(robot.physics) | {'timing.link_delay': robot.timing.link_delay}
        which = {'randomization': self._preset, 'seed': self._seed, 'number': self.number}
        return json.dumps({**which, 'values': values})


def values_of(physics: Physics) -> dict[str, Any]:
    """Values by their paths in a robot file, as `physics.arm.mass`; of the first of B robots."""
    return dict(_leaves(physics, 'physics'))


def _leaves(node: Any, path: str) -> list[tuple[str, Any]]:
    if isinstance(node, Vector | Inertia):
        return [(path, [_number(value) for value in node])]
    if not isinstance(node, tuple):
        return [(path, _number(node))]
    return [
        leaf
        for name, child in zip(node._fields, node, strict=True)  # type: ignore[attr-defined]
        for leaf in _leaves(child, f'{path}.{name}')
    ]


def _numbers(node: Any) -> Any:
    if isinstance(node, tuple):
        return type(node)(*(_numbers(child) for child in node))
    return _number(node)


def _number(value: Any) -> float:
    return float(np.ravel(value)[0])

# SPDX-License-Identifier: Apache-2.0
"""Controllers as pure functions, so that a whole episode is one program.

They do what those of `controllers.py` do, which a test holds them to.

What a player knows goes into the program as an argument: one program serves all policies of a
shape, and the classical controller at every delay that it is told.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple, Protocol

import jax.numpy as jnp
import numpy as np

from furuta_description.robot import Robot
from furuta_rl.classical import ClassicalConfig, ClassicalController, Gains, Past
from furuta_rl.controllers import Tracked, make_tracked, track
from furuta_rl.env import EnvState
from furuta_rl.export import read_network
from furuta_rl.ppo.networks import Layer, Mlp, apply_mlp
from furuta_rl.ppo.normalization import BOUND

Array = Any  # jax array


class Player(Protocol):
    """Acts for B robots, without a state of its own."""

    def knowledge(self, delay: float) -> Any:
        """What it knows where the delay from sample to voltage is `delay` [s]."""

    def start(self, knowledge: Any, state: EnvState) -> Any:
        """Its memory as new episodes begin."""

    def act(self, knowledge: Any, memory: Any, state: EnvState) -> tuple[Array, Any]:
        """Actions (B, 1) in -1..1, and the memory with them."""


class Network(NamedTuple):
    """A policy's numbers."""

    mean: Array  # (n,) of the observations
    scale: Array  # (n,)
    layers: Mlp


class PolicyPlayer:
    """An exported policy."""

    def __init__(self, file: Path) -> None:
        """Read the file, which `Policy` has checked.

        Raises:
            PolicyError: it is not of our making.
        """
        mean, scale, layers = read_network(file)
        self._network = Network(
            jnp.asarray(mean),
            jnp.asarray(scale),
            tuple(Layer(*map(jnp.asarray, x)) for x in layers),
        )

    def knowledge(self, delay: float) -> Network:
        """See `Player.knowledge`; a policy is told no delay."""
        return self._network

    def start(self, knowledge: Network, state: EnvState) -> None:
        """See `Player.start`; the observation holds it all."""

    def act(self, knowledge: Network, memory: None, state: EnvState) -> tuple[Array, None]:
        """See `Player.act`."""
        z = (state.observation - knowledge.mean) * knowledge.scale
        return jnp.tanh(apply_mlp(knowledge.layers, jnp.clip(z, -BOUND, BOUND))), None


class ClassicalPlayer:
    """The classical controller on the nominal robot, told the nominal delay."""

    def __init__(self, robot: Robot, voltage_scale: float, longest_delay: float) -> None:
        """Take the longest delay that it will be told [s]."""
        self._robot, self._voltage_scale = robot, voltage_scale
        self._controller = self._make(longest_delay)
        self._commands = self._controller.gains.oldest.shape[-1]

    def _make(self, delay: float) -> ClassicalController:
        return ClassicalController(self._robot, delay=delay)

    def knowledge(self, delay: float) -> Gains:
        """See `Player.knowledge`; as many commands under way as the longest delay has."""
        gains = self._make(delay).gains
        more = self._commands - gains.oldest.shape[-1]
        padded = Gains(
            np.pad(gains.gain, (0, more)),
            np.pad(gains.cost, (0, more)),
            gains.undelay,
            np.pad(gains.oldest, (0, more)),
        )
        return Gains(*(jnp.asarray(x, x.dtype if x.dtype == bool else np.float32) for x in padded))

    def start(self, knowledge: Gains, state: EnvState) -> tuple[Past, Tracked]:
        """See `Player.start`."""
        count = len(state.tick)
        past = Past(jnp.zeros((count, self._commands)), jnp.zeros(count, bool))
        return past, make_tracked(state, jnp)

    def act(
        self, knowledge: Gains, memory: tuple[Past, Tracked], state: EnvState
    ) -> tuple[Array, tuple[Past, Tracked]]:
        """See `Player.act`."""
        past, tracked = memory
        bandwidth = self._robot.sensors.velocity_bandwidth
        tracked = track(tracked, state, bandwidth, 1 / ClassicalConfig.rate_hz, jnp)
        sample = (*tracked.measured, *tracked.velocity)
        voltage, past = self._controller.command(knowledge, past, sample, jnp)
        return (voltage / self._voltage_scale)[:, None], (past, tracked)

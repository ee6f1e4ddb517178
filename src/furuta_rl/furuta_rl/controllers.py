# SPDX-License-Identifier: Apache-2.0
"""Who may act in an evaluation: each knows of the robots of an `Env` what it would over topics."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import jax
import numpy as np

from furuta_description.robot import Robot
from furuta_rl.classical import ClassicalConfig, ClassicalController
from furuta_rl.env import EnvState
from furuta_rl.policy import Policy as PolicyFile
from furuta_rl.ppo.networks import Policy, act

Array = Any  # numpy or jax array
_act = jax.jit(act)  # one program for all policies of a shape


class TrainedController:
    """The trainer's own network."""

    def __init__(self, policy: Policy) -> None:
        """Take arrays of one seed."""
        self._policy = policy

    def start(self, state: EnvState) -> None:
        """Nothing to remember: the observation holds it all."""

    def act(self, state: EnvState) -> Array:
        """See `Controller.act`."""
        return _act(self._policy, state.observation)


class ExportedController:
    """An exported policy, all robots in one call."""

    def __init__(self, policy: PolicyFile) -> None:
        """Take a loaded policy."""
        self._policy = policy

    def start(self, state: EnvState) -> None:
        """Nothing to remember: the observation holds it all."""

    def act(self, state: EnvState) -> Array:
        """See `Controller.act`."""
        return self._policy.act_batch(np.asarray(state.observation))


class Tracked(NamedTuple):
    """Arm and pendulum as a controller follows them that measures once per control step."""

    measured: Array  # (2, B) [rad]
    position: Array  # (2, B) [rad]
    velocity: Array  # (2, B) [rad/s]


def make_tracked(state: EnvState, xp: Any) -> Tracked:
    """At rest where they were measured first."""
    measured = _measured(state, xp)
    return Tracked(measured, measured, xp.zeros_like(measured))


def track(tracked: Tracked, state: EnvState, bandwidth: float, period: float, xp: Any) -> Tracked:
    """One control step on.

    The board finds velocities from counts at 1 kHz. An environment measures once per control
    step, so the same tracking loop (`sensing.py`: both poles at the bandwidth, hence the same
    lag) runs once per control step here, discretised exactly as the board's is too coarse then.
    """
    pole, measured = math.exp(-bandwidth * period), _measured(state, xp)
    ahead = tracked.position + period * tracked.velocity
    error = measured - ahead
    return Tracked(
        measured,
        ahead + (1 - pole**2) * error,
        tracked.velocity + (1 - pole) ** 2 / period * error,
    )


class MeasuredClassical:
    """The classical controller as its node runs it: nominal robot and delay, measured angles."""

    def __init__(
        self, robot: Robot, voltage_scale: float, config: ClassicalConfig | None = None
    ) -> None:
        """Solve for the gains; the environment's control rate must be that of `config`."""
        self._controller = ClassicalController(robot, config)
        self._voltage_scale = voltage_scale
        self._loop = (robot.sensors.velocity_bandwidth, 1 / self._controller.config.rate_hz)

    def start(self, state: EnvState) -> None:
        """See `Controller.start`."""
        self._controller.reset((len(state.tick),))
        self._tracked = make_tracked(state, np)

    def act(self, state: EnvState) -> Array:
        """See `Controller.act`."""
        self._tracked = track(self._tracked, state, *self._loop, np)
        voltage = self._controller.step(*self._tracked.measured, *self._tracked.velocity)
        return (voltage / self._voltage_scale)[:, None]


def _measured(state: EnvState, xp: Any) -> Array:
    """Arm and pendulum angle as the controller knows them, (2, B) [rad]."""
    return xp.stack([state.memory.arm_angle, state.memory.pendulum_angle]).astype(float)

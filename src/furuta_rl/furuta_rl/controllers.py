# SPDX-License-Identifier: Apache-2.0
"""Who may act in an evaluation: each knows of the robots of an `Env` what it would over topics."""

from __future__ import annotations

import math
from typing import Any

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


class MeasuredClassical:
    """The classical controller as its node runs it: nominal robot and delay, measured angles.

    The board finds velocities from counts at 1 kHz. An environment measures once per control
    step, so the same tracking loop (`sensing.py`: both poles at the bandwidth, hence the same
    lag) runs once per control step here, discretised exactly as the board's is too coarse then.
    """

    def __init__(
        self, robot: Robot, voltage_scale: float, config: ClassicalConfig | None = None
    ) -> None:
        """Solve for the gains; the environment's control rate must be that of `config`."""
        self._controller = ClassicalController(robot, config)
        self._voltage_scale = voltage_scale
        self._period = 1 / self._controller.config.rate_hz
        pole = math.exp(-robot.sensors.velocity_bandwidth * self._period)
        self._gains = (1 - pole**2, (1 - pole) ** 2 / self._period)  # of position and velocity

    def start(self, state: EnvState) -> None:
        """See `Controller.start`."""
        self._controller.reset((len(state.tick),))
        self._position = _measured(state)
        self._velocity = np.zeros_like(self._position)

    def act(self, state: EnvState) -> Array:
        """See `Controller.act`."""
        measured = _measured(state)
        ahead = self._position + self._period * self._velocity
        self._position = ahead + self._gains[0] * (measured - ahead)
        self._velocity = self._velocity + self._gains[1] * (measured - ahead)
        voltage = self._controller.step(*measured, *self._velocity)
        return (voltage / self._voltage_scale)[:, None]


def _measured(state: EnvState) -> Array:
    """Arm and pendulum angle as the controller knows them, (2, B) [rad]."""
    return np.array([state.memory.arm_angle, state.memory.pendulum_angle], np.float64)

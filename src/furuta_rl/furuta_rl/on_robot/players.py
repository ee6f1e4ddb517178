# SPDX-License-Identifier: Apache-2.0
"""Who may act in an episode on the robot: the controllers of the other nodes, or an explorer."""

from __future__ import annotations

import json
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from furuta_description.robot import Robot
from furuta_rl.classical import ClassicalConfig, ClassicalController
from furuta_rl.on_robot.explorer import Explorer
from furuta_rl.on_robot.recording import Order
from furuta_rl.policy_controller import PolicyController, TaskController
from furuta_rl.task import Task


class Reading(NamedTuple):
    """One sample of the plant, with the newest of its motor."""

    stamp: float  # [s]
    arm_angle: float  # [rad]
    pendulum_angle: float  # [rad]
    arm_velocity: float  # [rad/s]
    pendulum_velocity: float  # [rad/s]
    applied: float  # [V]
    current: float  # [A], NaN if not measured


class Player(Protocol):
    """Acts through an episode."""

    @property
    def observation(self) -> NDArray[Any]:
        """What it saw in the last step, (n,)."""

    @property
    def action(self) -> float:
        """What it did in the last step, -1..1."""

    def start(self, order: Order) -> None:
        """An episode begins."""

    def step(self, reading: Reading) -> float:
        """Voltage for a sample [V]."""


class PolicyPlayer:
    """A trained policy, as `policy_node` runs it, or one under training."""

    def __init__(self, controller: TaskController) -> None:
        """Take a controller that is ready."""
        self._controller = controller

    @property
    def observation(self) -> NDArray[Any]:
        """See `Player`."""
        return self._controller.observation

    @property
    def action(self) -> float:
        """See `Player`."""
        return self._controller.action

    def start(self, order: Order) -> None:
        """See `Player`."""
        self._controller.reset()

    def step(self, reading: Reading) -> float:
        """See `Player`."""
        return self._controller.step(reading.stamp, reading.arm_angle, reading.pendulum_angle)


class ExploringPlayer(PolicyPlayer):
    """The policy that comes with each order."""

    def __init__(self, robot: Robot, task: Task) -> None:
        """Take the task."""
        self._robot, self._task = robot, task

    def start(self, order: Order) -> None:
        """See `Player`."""
        explorer = Explorer(order.network, order.seed)
        self._controller = TaskController(self._task, explorer.act, self._robot)


class ClassicalPlayer:
    """The classical controller, as `classical_node` runs it."""

    observation: NDArray[Any] = np.zeros(0)

    def __init__(self, robot: Robot) -> None:
        """Solve for the gains."""
        self._controller = ClassicalController(robot)
        self._limit = robot.safety.voltage_limit
        self.action = 0.0

    def start(self, order: Order) -> None:
        """See `Player`."""
        self._controller.reset()

    def step(self, reading: Reading) -> float:
        """See `Player`."""
        voltage = float(self._controller.step(*reading[1:5]))
        self.action = voltage / self._limit
        return voltage


class Cast(NamedTuple):
    """Who acts, how often, and on which task."""

    player: Player
    rate_hz: float
    task: Task


def make_cast(robot: Robot, controller: str, policy: str) -> Cast:
    """The classical controller, or a policy file's.

    Raises:
        ValueError: the policy cannot be used.
    """
    if controller == 'classical':
        task = Task(voltage_scale=robot.safety.voltage_limit)
        return Cast(ClassicalPlayer(robot), ClassicalConfig.rate_hz, task)
    player = PolicyController(policy, robot)
    return Cast(PolicyPlayer(player), player.rate_hz, player.task)


EXPLORER = 'explorer'


def make_explorer(robot: Robot, task: str, rate_hz: float) -> Cast:
    """A policy under training; `task` as JSON of `Task`'s fields."""
    chosen = Task(**json.loads(task))
    return Cast(ExploringPlayer(robot, chosen), rate_hz, chosen)

# SPDX-License-Identifier: Apache-2.0
"""A trained policy as a controller of one robot: measured angles with their stamps in, volts out.

Observation, memory and volts are the task's functions, which the policy was trained through. All
that is known of the task stands in the policy's card.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from furuta_description.robot import Robot
from furuta_rl.policy import Policy, PolicyCard, PolicyError, Requirements, load_card
from furuta_rl.task import MAX_HISTORY, TASKS, Array, Memory, Task

SLOWEST, FASTEST = 10.0, 500.0  # [Hz] steps that make sense; plants sample at 500 Hz


class TaskController:
    """Runs whatever acts on a task's observations, on one robot's samples."""

    def __init__(
        self, task: Task, act: Callable[[NDArray[Any]], NDArray[Any]], robot: Robot
    ) -> None:
        """Take a task and what gives the action (1,) for an observation (n,)."""
        self.task = task
        self.observation = np.zeros(task.observation_size)  # (n,) of the last step
        self.refused_samples = 0  # those that are no numbers
        self.restarts = 0  # of the memory, since the plant was set elsewhere
        self._act = act
        self._speed_limits = (robot.safety.arm_speed_limit, robot.safety.pendulum_speed_limit)
        self._target: Array = np.float64(0)
        self._memory: Memory | None = None
        self._stamp = 0.0
        self._action = np.float32(0)

    @property
    def action(self) -> float:
        """Action of the last step, -1..1."""
        return float(self._action)

    def reset(self) -> None:
        """Forget what was measured and done."""
        self._memory = None

    def step(self, stamp: float, arm_angle: float, pendulum_angle: float) -> float:
        """Voltage for a sample [s], [rad], [rad]; 0 if one of them is not a number."""
        if not (math.isfinite(stamp + arm_angle) and math.isfinite(pendulum_angle)):
            self.refused_samples += 1
            self.reset()
            return 0.0
        self._memory = self._remember(stamp, np.float64(arm_angle), np.float64(pendulum_angle))
        self._stamp = stamp
        return self._decide(self._memory)

    def step_blind(self) -> float:
        """Voltage where a sample was lost [V]: the last one is held, as in training."""
        memory = self._memory
        if memory is None:
            return 0.0
        held = (memory.arm_angle, memory.pendulum_angle)
        self._memory = self.task.remember(memory, self._action, *held, 1.0, np, np.False_)
        return self._decide(self._memory)

    def rehearse(self) -> None:
        """Act on the last observation once more, to no effect.

        A network whose numbers have left the caches answers in 250 us instead of 20 us.
        """
        self._act(self.observation)

    def _decide(self, memory: Memory) -> float:
        self.observation = self.task.observation(memory, self._target, np)
        self._action = self._act(self.observation)[0]
        return float(self.task.voltage(self._action, np))

    def _remember(self, stamp: float, arm_angle: Array, pendulum_angle: Array) -> Memory:
        memory, elapsed = self._memory, stamp - self._stamp
        if memory is None:
            return self.task.start(arm_angle, pendulum_angle, np)
        moved = (arm_angle - memory.arm_angle, pendulum_angle - memory.pendulum_angle)
        # No plant turns faster than its limits: it was reset, or its zero was set.
        if any(abs(d) >= v * elapsed for d, v in zip(moved, self._speed_limits, strict=True)):
            self.restarts += 1
            return self.task.start(arm_angle, pendulum_angle, np)
        return self.task.remember(memory, self._action, arm_angle, pendulum_angle, elapsed, np)


class PolicyController(TaskController):
    """Runs a policy on one robot's samples."""

    def __init__(self, file: str | Path, robot: Robot) -> None:
        """Load and check a policy for this robot.

        Raises:
            PolicyError: it is damaged, or made for something else.
        """
        card = load_card(file)
        task = task_of(card, file)
        self.rate_hz = card.control_rate_hz
        if not SLOWEST <= self.rate_hz <= FASTEST:
            raise PolicyError(
                f'{file}: made for {self.rate_hz} steps/s; valid: {SLOWEST:.0f} to {FASTEST:.0f}'
            )
        supply = robot.physics.motor.supply_voltage
        if not 0 < card.voltage_scale <= supply:
            raise PolicyError(
                f'{file}: made for up to {card.voltage_scale} V; valid: above 0, at most {supply}'
            )
        needed = Requirements(card.task, task.layout, self.rate_hz, robot.hash)
        self.policy = Policy(file, needed)
        super().__init__(task, self.policy.act, robot)

    def aim(self, arm_angle: float) -> None:
        """Have the arm follow this angle [rad].

        Raises:
            ValueError: the policy's task takes none, or not this one.
        """
        span = self.task.target_span
        if not abs(arm_angle) <= span:
            valid = f'within +-{span} rad' if span else f'0: the task {self._card.task} has none'
            raise ValueError(f'target_arm_angle {arm_angle}: must be {valid}')
        self._target = np.float64(arm_angle)

    @property
    def _card(self) -> PolicyCard:
        return self.policy.card


def task_of(card: PolicyCard, file: str | Path) -> Task:
    """The task of a policy, with the history that its observation shows.

    Raises:
        PolicyError: this version has no such task or observation.
    """
    if card.task not in TASKS:
        raise PolicyError(f'{file}: made for task {card.task!r}; there are: {", ".join(TASKS)}')
    for history in range(MAX_HISTORY + 1):
        task = TASKS[card.task](voltage_scale=card.voltage_scale, history=history)
        if task.layout == card.layout:
            return task
    raise PolicyError(
        f'{file}: made for observation layout {", ".join(card.layout)}, which the task '
        f'{card.task!r} of this version does not have; train and export again'
    )

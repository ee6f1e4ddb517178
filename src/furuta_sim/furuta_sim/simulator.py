# SPDX-License-Identifier: Apache-2.0
"""The simulated plant: one robot with its sensing, its link delay and its safety rules.

Like the board, it samples the encoders, applies the safety rules and drives the motor once per
physics step. It has its own clock and no real time: whoever calls `advance` paces it.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from furuta_description import dynamics, motor, sensing
from furuta_description.robot import Robot
from furuta_description.safety import Safety, fault_texts
from furuta_sim.backends.base import Backend


@dataclass(frozen=True)
class Start:
    """Pose after a reset: the given one, plus a uniform spread on every entry."""

    arm_angle: float = field(default=0.0, metadata={'help': 'arm angle after a reset [rad]'})
    pendulum_angle: float = field(
        default=0.0, metadata={'help': 'pendulum angle after a reset, 0 hangs [rad]'}
    )
    arm_velocity: float = field(default=0.0, metadata={'help': 'after a reset [rad/s]'})
    pendulum_velocity: float = field(default=0.0, metadata={'help': 'after a reset [rad/s]'})
    spread: float = field(
        default=0.05, metadata={'help': 'half width of what is drawn onto the four [rad, rad/s]'}
    )
    seed: int = field(default=0, metadata={'help': 'seed of the draws'})

    def __post_init__(self) -> None:
        """Raise ValueError for a pose that no machine can have."""
        for name, value in vars(self).items():
            if not math.isfinite(value) or (name in ('spread', 'seed') and value < 0):
                kind = 'at least 0' if name in ('spread', 'seed') else 'a finite number'
                raise ValueError(f'start.{name} must be {kind}, not {value}')


class Measurement(NamedTuple):
    """What the plant reports of one sample, in SI."""

    arm_angle: float
    pendulum_angle: float
    arm_velocity: float
    pendulum_velocity: float
    motor_torque: float
    voltage: float


class Simulator:
    """One robot on a backend; `measurement` is its newest sample."""

    def __init__(
        self, robot: Robot, backend: Backend[Any], start: Start, enabled: bool = True
    ) -> None:
        """Make the plant at rest in its start pose.

        Raises:
            ValueError: the velocity filter is unstable at the backend's step.
        """
        self.backend = backend
        self.start = start
        self.time_us = 0
        self.diverged = 0  # times the physics ran away and the plant was reset
        self.safety = Safety(robot.safety, enabled)
        self._dt_us = round(backend.dt * 1e6)
        self._random = np.random.default_rng(start.seed)
        self._offset = np.zeros(2, np.int32)  # [counts] of the zero pose
        self._link: deque[tuple[int, float | None, Any]] = deque()
        self.delivered: list[tuple[int, Any]] = []  # when [us] the motor got the command of a mark
        self._voltage = np.float32(0)  # [V] mean since the sample before
        self._late: deque[float] = deque()  # [V] that act later, oldest first
        self.use(robot)
        self.reset()

    def use(self, robot: Robot) -> None:
        """Go on as this robot: same pose, other physics."""
        self.robot = robot
        self._model = self.backend.prepare(robot.physics)
        self._counts = (robot.sensors.arm_counts, robot.sensors.pendulum_counts)
        self._trackers = [
            sensing.make_tracker(counts, robot.sensors.velocity_bandwidth, self.backend.dt)
            for counts in self._counts
        ]
        self._delay_us = round(robot.timing.link_delay * 1e6)
        self._late_steps = round(robot.timing.torque_delay / self.backend.dt)

    def reset(self) -> None:
        """Put the machine into its start pose; enable switch and faults stay as they are."""
        start = self.start
        pose = (start.arm_angle, start.pendulum_angle, start.arm_velocity, start.pendulum_velocity)
        drawn = np.array(pose) + self._random.uniform(-start.spread, start.spread, 4)
        self.state = dynamics.make_state(*(np.array([value]) for value in drawn))
        self._link.clear()
        self._late.clear()
        self._encoders = [sensing.start(reading) for reading in self._readings()]
        self._before = self.state

    def command(self, voltage: float | None, mark: Any = None) -> None:
        """A command [V] enters the link; None is one that was no single finite number.

        One with a mark is found in `delivered` once it drives the motor; clear that when read.
        """
        self._link.append((self.time_us + self._delay_us, voltage, mark))

    def set_zero(self) -> str:
        """Make the present pose the zero pose; the reason if that is refused, else ''."""
        if self.safety.enabled:
            return 'disable the motor first'
        self._offset = np.array([encoder.counts[0] for encoder in self._encoders])
        return ''

    def advance(self, steps: int = 1) -> None:
        """From one sample to the next, in physics steps; its voltage is their mean."""
        self._voltage = np.float32(0)
        for step in range(steps):
            self._step()
            self._voltage += (self.safety.voltage - self._voltage) / np.float32(step + 1)

    def _step(self) -> None:
        """Safety rules on the newest reading, motor and dynamics, next reading."""
        self._deliver()
        voltage = self.safety.update(self.time_us, self._angles()[0], *self._velocities())
        self._before = self.state
        self.state = self.backend.step(self._model, self.state, np.array([self._acting(voltage)]))
        self.time_us += self._dt_us
        if not all(math.isfinite(value[0]) for value in self.state):
            self.diverged += 1
            self.reset()
            return
        self._encoders = [
            sensing.track(encoder, reading, tracker)
            for encoder, reading, tracker in zip(
                self._encoders, self._readings(), self._trackers, strict=True
            )
        ]

    @property
    def measurement(self) -> Measurement:
        """The newest sample."""
        physics = self.robot.physics
        direction = motor.smooth_sign(physics.arm.friction, self._before.arm_velocity, np)
        torque = motor.gear_torque(physics.motor, self.state.current, direction, np)
        (arm, pendulum), (arm_velocity, pendulum_velocity) = self._angles(), self._velocities()
        return Measurement(
            *(arm, pendulum, arm_velocity, pendulum_velocity),
            *(float(torque[0]), float(self._voltage)),
        )

    @property
    def upright_error(self) -> float:
        """True angle from upright [rad], -pi..pi; for judges, not for controllers."""
        return float(sensing.wrap_angle(self.state.pendulum_angle[0] - math.pi, np))

    def restart_from(self, changes: dict[str, Any]) -> None:
        """Use other start values from the next reset on; a new seed starts a new series."""
        self.start = replace(self.start, **changes)
        if 'seed' in changes:
            self._random = np.random.default_rng(self.start.seed)

    def problems(self) -> list[str]:
        """What is wrong, in plain words."""
        problems = fault_texts(self.safety.faults)
        if self.diverged:
            problems.append(
                f'physics diverged {self.diverged} times and was reset: a parameter is too stiff '
                f'for steps of {self.backend.dt:g} s'
            )
        return problems

    def report(self) -> dict[str, Any]:
        """State of the safety rules, for diagnostics."""
        s = self.safety
        return {
            'enabled': s.enabled,
            'faults': int(s.faults),
            'refused_commands': s.refused,
            'limited_commands': s.limited,
            'command_timeouts': s.timeouts,
        }

    def _acting(self, voltage: float) -> float:
        """The voltage that acts now [V], once this one is applied."""
        self._late.append(voltage)
        while len(self._late) > self._late_steps + 1:
            self._late.popleft()
        return self._late[0] if len(self._late) > self._late_steps else 0.0

    def _deliver(self) -> None:
        while self._link and self._link[0][0] <= self.time_us:
            _, voltage, mark = self._link.popleft()
            if mark is not None:
                self.delivered.append((self.time_us, mark))
            if voltage is None:
                self.safety.refuse()
            else:
                self.safety.command(voltage, self.time_us)

    def _readings(self) -> list[Any]:
        angles = (self.state.arm_angle, self.state.pendulum_angle)
        return [
            sensing.register(angle, counts, np)
            for angle, counts in zip(angles, self._counts, strict=True)
        ]

    def _angles(self) -> list[float]:
        measured = zip(self._encoders, self._offset, self._trackers, strict=True)
        return [float(sensing.angle(*encoder)[0]) for encoder in measured]

    def _velocities(self) -> list[float]:
        measured = zip(self._encoders, self._trackers, strict=True)
        return [float(sensing.velocity(*encoder)[0]) for encoder in measured]

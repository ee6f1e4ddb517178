# SPDX-License-Identifier: Apache-2.0
"""Back to rest: the arm to its centre, the pendulum hanging still, out of any motion.

About hanging, with time in units of 1/w (w of small swings), x = arm and y = pendulum / coupling,
every Furuta pendulum whose arm's acceleration is commanded is x'' = a, y'' = -y - a. `GAINS` are
the LQR of that for costs of 1 on x, y, y' and a, hence the same for all robots. Far from hanging
the pendulum's part is bounded, which brings down whatever spins, too.
"""

from __future__ import annotations

import math

from furuta_description import dynamics, motor, scalars
from furuta_description.dynamics import State
from furuta_description.robot import Robot

GAINS = (1.0, -1.397, 2.19, -0.218)  # of x, y, x', y'
LARGEST = 0.8  # acceleration that the pendulum's part may ask for [w^2 rad]
LIMIT_PART = 0.7  # of the voltage limit
STILL_ARM, STILL_PENDULUM = 0.1, 0.05  # [rad] where the evaluation's episodes begin
STILL_ARM_VELOCITY, STILL_PENDULUM_VELOCITY = 0.15, 0.3  # [rad/s]
STAYS = 2.0  # times these velocities: within, the still counts as still; encoders are coarse
STILL_TIME = 0.3  # [s]


class Rest:
    """Voltage that brings one robot to rest, and whether it is there."""

    def __init__(self, robot: Robot) -> None:
        """Take the robot's nominal numbers."""
        self._physics = robot.physics
        self._limit = LIMIT_PART * robot.safety.voltage_limit
        self._k = k = dynamics.make_coefficients(robot.physics)
        self._coupling = k.coupling_cos / k.pendulum
        self._frequency = math.sqrt(-k.weight_z / k.pendulum)  # [rad/s]
        self._since: float | None = None

    def voltage(self, state: State) -> float:
        """Voltage for a measured state [V]; 0 once the pendulum hangs still at the centre."""
        if self._is_still(state):
            return 0.0
        k, w, angle = self._k, self._frequency, state.pendulum_angle
        swing = GAINS[1] * math.sin(angle)
        swing += GAINS[3] * math.cos(angle) * state.pendulum_velocity / w
        wanted = -min(max(swing / self._coupling, -LARGEST), LARGEST)
        wanted -= GAINS[0] * state.arm_angle + GAINS[2] * state.arm_velocity / w
        # The torque for that acceleration: the equations of motion are affine in it.
        free, _ = dynamics.acceleration(k, state, 0.0, 0.0, scalars)
        pushed, _ = dynamics.acceleration(k, state, 1.0, 0.0, scalars)
        torque = (wanted * w**2 - free) / (pushed - free)
        voltage = motor.voltage_for(self._physics, torque, state.arm_velocity, scalars)
        return min(max(voltage, -self._limit), self._limit) if math.isfinite(voltage) else 0.0

    def has_come(self, stamp: float, state: State) -> bool:
        """Whether the robot has been at rest for some time, up to this stamp [s]."""
        if not self._is_still(state):
            self._since = None
            return False
        if self._since is None or stamp < self._since:
            self._since = stamp
        return stamp - self._since >= STILL_TIME

    def forget(self) -> None:
        """It moves from now on."""
        self._since = None

    def _is_still(self, state: State) -> bool:
        slack = 1.0 if self._since is None else STAYS
        return (
            abs(state.arm_angle) < STILL_ARM
            and abs(math.remainder(state.pendulum_angle, math.tau)) < STILL_PENDULUM
            and abs(state.arm_velocity) < slack * STILL_ARM_VELOCITY
            and abs(state.pendulum_velocity) < slack * STILL_PENDULUM_VELOCITY
        )

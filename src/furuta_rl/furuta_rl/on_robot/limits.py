# SPDX-License-Identifier: Apache-2.0
"""What a robot is spared: time in use, heat of its motor; and how to tell that the motor is off.

The safety rules of the plant are other ones and hold whatever happens here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from furuta_description.robot import Robot

CONTINUOUS_PART = 0.25  # of the stall current: what makers of small gear motors allow for long
RESTART_LOAD = 0.7  # an episode begins below this load
OFF_VOLTAGE, OFF_TIME = 0.5, 0.15  # [V] commanded for so long [s] while 0 V are applied: it is off


@dataclass(frozen=True)
class RobotLimits:
    """With --backend robot: what the robot is spared."""

    robot_minutes: float = 30.0
    """--backend robot: no new episode begins after this time [min]"""
    heat_current: float = 0.0
    """--backend robot: current that the motor bears for ever [A]; 0: a quarter of its stall
    current, by voltage and resistance of the robot file"""
    heat_time: float = 60.0
    """--backend robot: time constant of the motor's winding [s]; assumed, not measured"""
    rest_seconds: float = 30.0
    """--backend robot: longest way back to rest between two episodes [s]"""
    enable: bool = False
    """--backend robot: enable the motor at the start, and after a fault, which is cleared, without
    asking; one that you switch off stays off until you switch it on"""

    def __post_init__(self) -> None:
        """Check the limits.

        Raises:
            ValueError: which, and what is valid.
        """
        for name in ('robot_minutes', 'heat_time', 'rest_seconds'):
            if not getattr(self, name) > 0:
                raise ValueError(f'{name} is {getattr(self, name)}; valid: above 0')
        if not self.heat_current >= 0:
            raise ValueError(f'heat_current is {self.heat_current}; valid: 0 or more')


class MotorHeat:
    """How warm the winding is: 0 cold, 1 as warm as the continuous current makes it.

    One mass that is heated by I^2 and cools in proportion: tau dx/dt = (I / I_c)^2 - x.
    """

    def __init__(self, robot: Robot, limits: RobotLimits) -> None:
        """Start cold."""
        motor = robot.physics.motor
        self.current = limits.heat_current or (
            CONTINUOUS_PART * motor.supply_voltage / motor.resistance
        )
        self.load = 0.0
        self._motor = motor
        self._time_constant = limits.heat_time

    def update(self, elapsed: float, voltage: float, arm_velocity: float, current: float) -> None:
        """Some time [s] at a voltage [V] and velocity [rad/s].

        Without a measured current [A], NaN, the steady one of the motor model counts.
        """
        if math.isnan(current):
            emf = self._motor.back_emf_constant * self._motor.gear_ratio * arm_velocity
            current = (voltage - emf) / self._motor.resistance if voltage else 0.0
        if math.isfinite(current):
            share = 1 - math.exp(-elapsed / self._time_constant)
            self.load += share * ((current / self.current) ** 2 - self.load)


class OffWatch:
    """Tells that the motor was switched off, or its plant refuses, sooner than diagnostics do."""

    def __init__(self) -> None:
        """Nothing was commanded yet."""
        self._since: float | None = None

    def is_off(self, stamp: float, commanded: float, applied: float) -> bool:
        """Whether it has been off for some time, by what was last commanded and is applied."""
        if applied != 0.0 or abs(commanded) < OFF_VOLTAGE:
            self._since = None
            return False
        if self._since is None:
            self._since = stamp
        return stamp - self._since > OFF_TIME

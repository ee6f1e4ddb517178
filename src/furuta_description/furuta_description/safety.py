# SPDX-License-Identifier: Apache-2.0
"""The safety rules of the board: what voltage the motor gets, given commands and measurements.

The simulated plant keeps them with this class, the robot with its C twin in the firmware, which
is the authority. Time is passed in as whole microseconds; arithmetic is float32 in a fixed order.
A rule never raises: a bad command is refused and counted, a stale one becomes 0 V, a fault
switches the motor off until it is cleared and the motor is enabled again.
"""

from __future__ import annotations

import enum
from typing import Any

import numpy as np

from furuta_description.robot import SafetyLimits

F = np.float32
ZERO = F(0)
STALL_PART = F(0.5)  # of the voltage limit: driven harder than this, a free arm moves
STALL_ANGLE = F(0.05)  # [rad] this far at least
STALL_US = 200_000  # within this time; turning round at full voltage takes half of it


class Fault(enum.IntFlag):
    """Reasons that latch the motor off."""

    NONE = 0
    ARM_LIMIT = 1
    ARM_SPEED = 2
    PENDULUM_SPEED = 4
    MEASUREMENT = 8  # an angle or velocity that is not a number
    CURRENT = 16  # only a board that measures it has this one
    STALL = 32  # driven hard without moving


FAULT_TEXT = {
    Fault.ARM_LIMIT: 'arm beyond its limit: turn it back by hand, then clear the fault',
    Fault.ARM_SPEED: 'arm too fast',
    Fault.PENDULUM_SPEED: 'pendulum too fast',
    Fault.MEASUREMENT: 'a measurement is not a number: check the encoders',
    Fault.STALL: 'the arm does not move though driven hard: is it blocked, is its encoder '
    'connected, is the motor supplied?',
    Fault.CURRENT: 'motor current beyond what a healthy motor draws: check for a short circuit',
}


def fault_texts(faults: Fault) -> list[str]:
    """Each fault in plain words."""
    return [text for fault, text in FAULT_TEXT.items() if fault in faults]


class Safety:
    """Enable switch, latched faults, command time-out, voltage, slew and arm limits."""

    def __init__(self, limits: SafetyLimits, enabled: bool) -> None:
        """Start with no command; `enabled` as the plant starts."""
        self.limits = limits
        self.enabled = enabled
        self.faults = Fault.NONE
        self.refused = 0  # commands that were no finite number
        self.limited = 0  # commands beyond the voltage limit
        self.timeouts = 0  # times a stream of commands ran dry
        self.voltage = ZERO  # [V] applied
        self._command: Any = None
        self._command_us = 0
        self._update_us: int | None = None
        self._active = Fault.NONE
        self._still_angle = ZERO  # [rad] where the arm was when it last moved, or was free to
        self._still_us = 0
        self._timeout_us = round(limits.command_timeout * 1e6)
        self._limit = F(limits.voltage_limit)
        self._slew = F(limits.slew_rate)
        self._soft = F(limits.arm_soft_limit)
        self._span = F(limits.arm_limit) - F(limits.arm_soft_limit)
        self._lookahead = F(limits.arm_lookahead)

    def command(self, voltage: float, now_us: int) -> bool:
        """Take a command [V]; False if it is not a finite number, which is refused and counted."""
        value = F(voltage) if abs(voltage) < 1e30 else F(np.nan)  # also inf and NaN
        if not np.isfinite(value):
            self.refused += 1
            return False
        if abs(value) > self._limit:
            self.limited += 1
        if self.enabled:
            self._command, self._command_us = value, now_us
        return True

    def refuse(self) -> None:
        """Count a command that had no single value."""
        self.refused += 1

    def enable(self, on: bool) -> str:
        """Switch the motor on or off; the reason if that is refused, else ''."""
        if on and self.faults:
            return 'clear the fault first: ' + '; '.join(fault_texts(self.faults))
        self.enabled = on
        self._command = None  # whatever came before the switch does not count
        return ''

    def clear_fault(self) -> str:
        """Forget the latched faults; the reason if one still holds, else ''. Enables nothing."""
        if self._active:
            return 'still there: ' + '; '.join(fault_texts(self._active))
        self.faults = Fault.NONE
        return ''

    def update(
        self, now_us: int, arm_angle: float, arm_velocity: float, pendulum_velocity: float
    ) -> float:
        """Voltage for the motor until the next update [V].

        Args:
            now_us: time of the sample [us], never running backwards.
            arm_angle: [rad] from the zero pose.
            arm_velocity: [rad/s].
            pendulum_velocity: [rad/s].
        """
        angle, arm, pendulum = F(arm_angle), F(arm_velocity), F(pendulum_velocity)
        self._active = self._check(angle, arm, pendulum) | self._check_stall(now_us, angle)
        self.faults |= self._active
        if self.faults:
            self.enabled = False
        elapsed = 0 if self._update_us is None else now_us - self._update_us
        self._update_us = now_us
        if self._command is not None and now_us - self._command_us > self._timeout_us:
            self._command = None
            self.timeouts += 1
        if not self.enabled or self._command is None:
            self._command = None
            self.voltage = ZERO  # at once: off does not wait for the slew limit
            return 0.0
        target = self._soft_stop(self._clip(self._command, self._limit), angle, arm)
        change = self._slew * (F(elapsed) * F(1e-6))
        voltage = self.voltage + self._clip(target - self.voltage, change)
        self.voltage = self._clip(voltage, self._limit)  # the sum may round to beyond it
        return float(self.voltage)

    def _check(self, angle: Any, arm: Any, pendulum: Any) -> Fault:
        if not np.isfinite(angle + arm + pendulum):
            return Fault.MEASUREMENT
        active = Fault.NONE
        if abs(angle) > F(self.limits.arm_limit):
            active |= Fault.ARM_LIMIT
        if abs(arm) > F(self.limits.arm_speed_limit):
            active |= Fault.ARM_SPEED
        if abs(pendulum) > F(self.limits.pendulum_speed_limit):
            active |= Fault.PENDULUM_SPEED
        return active

    def _check_stall(self, now_us: int, angle: Any) -> Fault:
        is_driven = abs(self.voltage) > STALL_PART * self._limit
        if is_driven and abs(angle - self._still_angle) < STALL_ANGLE:
            return Fault.STALL if now_us - self._still_us > STALL_US else Fault.NONE
        self._still_angle, self._still_us = angle, now_us
        return Fault.NONE

    def _soft_stop(self, voltage: Any, angle: Any, velocity: Any) -> Any:
        """Bound the voltage that drives the arm outward: a spring stop with look-ahead.

        With p the part of the way from soft to hard limit where the arm will be after the look
        ahead, the outward voltage is at most limit (1 - 2 p): none at half the way, and from
        there on pushing back, up to the full voltage at the hard limit.
        """
        outward = F(1) if angle >= 0 else F(-1)
        ahead = angle * outward + velocity * outward * self._lookahead
        bound = self._limit * (F(1) - F(2) * (ahead - self._soft) / self._span)
        bound = bound if bound > -self._limit else -self._limit
        return voltage if voltage * outward <= bound else bound * outward

    @staticmethod
    def _clip(value: Any, bound: Any) -> Any:
        return bound if value > bound else -bound if value < -bound else value

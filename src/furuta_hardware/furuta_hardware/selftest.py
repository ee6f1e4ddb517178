# SPDX-License-Identifier: Apache-2.0
"""Is a robot built and wired as its file says? Moves it a little, finds what is not, says why.

The checks come in the order in which each may rely on those before: first nothing moves, then
little, and what must stop the motor comes last. The motor is off afterwards.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from furuta_description.robot import Robot
from furuta_hardware import messages
from furuta_hardware.link_statistics import SEQUENCE_SPAN
from furuta_hardware.messages import Flag
from furuta_hardware.rest import moving
from furuta_hardware.session import Reading
from furuta_hardware.wiring import (
    OFF_ZERO,
    Finding,
    Push,
    judge_counts,
    judge_directions,
    judge_swing,
    off_zero,
)

REST = 0.5  # [s] looked at before anything moves
SETTLED = 0.2  # [rad/s] of the pendulum, slower is no swinging
RAMP = 2.0  # [V/s] up to where the arm starts
RAMP_END = 4.0  # [V] an arm that has not started by then will not
STARTED = 0.02  # [rad]
PUSH_RATIO = 4.0  # of the voltage at which the arm starts
PUSH = 0.15  # [s] at most
PUSHED = 0.1  # [rad] that is enough
SWING = 2.5  # [s] of the pendulum, more than two periods
TRAVEL = 3.0  # [s] at most to drive the arm to its limit, or back
AGE_END = 65535  # [us] an age that says: older
TICK = 0.01  # [s] of driving between two looks


class Rig(Protocol):
    """The robot at the other end of a link."""

    def run(self, seconds: float, voltage: float | None = None) -> list[Reading]:
        """Let time pass, commanding a voltage or nothing; the readings of that time."""

    def ask(self, kind: Any, *values: int) -> str:
        """Have the board do something; why it refuses, or ''."""

    def request(self, kind: Any, *values: int) -> Any:
        """Ask the board for something."""


class Selftest:
    """The checks of one robot."""

    def __init__(self, rig: Rig, robot: Robot) -> None:
        """Check this robot, whose pendulum hangs at rest and whose arm points forward."""
        self._rig, self._robot = rig, robot
        self._start_voltage = 0.0
        self._push = Push(0.0, 0.0)

    def run(self) -> Iterator[Finding]:
        """Each finding as it is made; a failure that the next checks cannot do without ends it."""
        checks: tuple[tuple[Callable[[], Finding], bool], ...] = (
            (self._loop, False),
            (self._stillness, True),
            (self._zero_pose, True),
            (self._disabled, True),
            (self._start, True),
            (self._directions, True),
            (lambda: judge_counts(self._push, self._robot), False),
            (self._swing, False),
            (self._voltage_limit, True),
            (self._time_out, True),
            (self._arm_limit, True),
        )
        try:
            for check, is_needed in checks:
                finding = check()
                yield finding
                if is_needed and not finding.is_good:
                    return
        finally:
            self._rig.ask(messages.Enable, 0)

    # --- at rest ---

    def _loop(self) -> Finding:
        late_before = self._rig.request(messages.QueryCounters).late_steps
        readings = self._rig.run(1.0, 0.0)
        counters = self._rig.request(messages.QueryCounters)
        late = counters.late_steps - late_before
        lost = sum(
            (b.state.sequence - a.state.sequence - 1) % SEQUENCE_SPAN
            for a, b in itertools.pairwise(readings)
        )
        text = f'{len(readings)} states in 1 s, {lost} lost; {late} steps of the board late'
        if late or lost > len(readings) // 100 or not readings:
            text += ': check the cable; nothing else may run on the board'
            return Finding('loop and link', False, text)
        return Finding('loop and link', True, text)

    def _stillness(self) -> Finding:
        if motion := moving(self._rig.run(REST)):
            return Finding(
                'encoders at rest',
                False,
                f'{motion}: let it hang still; if it does, its encoder is disturbed: check '
                'shield and supply of the encoder',
            )
        return Finding('encoders at rest', True, 'no count moves')

    def _zero_pose(self) -> Finding:
        reading = self._rig.run(REST)[-1]
        if not reading.state.flags & Flag.ZERO_IS_SET:
            refusal = self._rig.ask(messages.SetZero)
            return Finding('zero pose', not refusal, refusal or 'set where it hangs now')
        off = math.degrees(off_zero(reading.pendulum_angle))
        if abs(off) > math.degrees(OFF_ZERO):
            return Finding(
                'zero pose',
                False,
                f'the pendulum rests {off:+.1f} deg off zero: it is stuck there, or zero was set '
                'while it did not hang. Free it, let it hang still, then `furuta zero`',
            )
        return Finding('zero pose', True, f'rests {off:+.1f} deg off')

    def _disabled(self) -> Finding:
        self._rig.ask(messages.Enable, 0)
        voltage = max(abs(r.voltage) for r in self._rig.run(0.2, RAMP_END))
        if voltage:
            return Finding('disabled motor', False, f'gets {voltage:.1f} V: do not use this board')
        return Finding('disabled motor', True, 'gets 0 V whatever is commanded')

    # --- small motions ---

    def _start(self) -> Finding:
        if refusal := self._rig.ask(messages.Enable, 1):
            return Finding('motor', False, f'cannot be enabled: {refusal}')
        forward, backward = self._ramp(1), self._ramp(-1)
        if forward is None or backward is None:
            return Finding(
                'motor',
                False,
                f'the arm does not move up to {RAMP_END:g} V: is the motor supply on, are both '
                'motor wires on, is the arm free, is its encoder connected?',
            )
        self._start_voltage = max(forward, backward)
        return Finding('motor', True, f'starts at +{forward:.2f} V and -{backward:.2f} V')

    def _ramp(self, sign: int) -> float | None:
        """Voltage at which the arm starts to move."""
        origin = self._rig.run(2 * TICK, 0.0)[-1].arm_angle
        voltage = 0.0
        while voltage < RAMP_END:
            voltage += RAMP * TICK
            if any(
                abs(r.arm_angle - origin) > STARTED for r in self._rig.run(TICK, sign * voltage)
            ):
                self._rig.run(REST, 0.0)
                return voltage
        self._rig.run(TICK, 0.0)
        return None

    def _directions(self) -> Finding:
        self._settle()
        readings = self._rig.run(2 * TICK, 0.0)[-1:]
        for _ in range(round(PUSH / TICK)):
            readings += self._rig.run(TICK, PUSH_RATIO * self._start_voltage)
            if abs(readings[-1].arm_angle - readings[0].arm_angle) > PUSHED:
                break
        self._rig.run(TICK, 0.0)
        first, last = readings[0], readings[-1]
        self._push = Push(
            last.arm_angle - first.arm_angle, last.pendulum_angle - first.pendulum_angle
        )
        return judge_directions(self._push, self._robot)

    def _swing(self) -> Finding:
        return judge_swing(self._rig.run(SWING, 0.0))

    def _settle(self) -> None:
        """Wait until the pendulum hardly swings."""
        for _ in range(40):
            if max(abs(r.pendulum_velocity) for r in self._rig.run(REST, 0.0)) < SETTLED:
                return

    # --- what must stop the motor ---

    def _voltage_limit(self) -> Finding:
        limit = self._robot.safety.voltage_limit
        readings = self._rig.run(TICK, 10 * limit) + self._rig.run(0.2, 0.0)
        highest = max(abs(r.voltage) for r in readings)
        if highest > limit * 1.001:
            return Finding('voltage limit', False, f'{highest:.1f} V got through, not {limit:g} V')
        return Finding('voltage limit', True, f'{highest:.1f} V of {10 * limit:g} V commanded')

    def _time_out(self) -> Finding:
        timeout = self._robot.safety.command_timeout
        self._rig.run(0.1, 0.5 * self._start_voltage)
        readings = self._rig.run(3 * timeout)
        commanded_us = max(
            r.state.time_us - r.state.command_age_us
            for r in readings
            if r.state.command_age_us < AGE_END
        )
        driven_us = max((r.state.time_us for r in readings if r.voltage), default=commanded_us)
        driven = (driven_us - commanded_us) * 1e-6
        if readings[-1].voltage or not 0 < driven < timeout + TICK:
            return Finding('time-out', False, f'driven {driven:.3f} s after the last command')
        return Finding('time-out', True, f'0 V {driven * 1e3:.0f} ms after the last command')

    def _arm_limit(self) -> Finding:
        limits = self._robot.safety
        readings = self._rig.run(TRAVEL, PUSH_RATIO * self._start_voltage)
        furthest = max(r.arm_angle for r in readings)
        self._drive_back()
        text = f'stopped at {furthest:.2f} rad, soft limit {limits.arm_soft_limit:g} rad'
        if furthest > limits.arm_limit or readings[-1].state.faults:
            return Finding('arm limit', False, f'the arm ran on to {furthest:.2f} rad')
        if furthest < 0.8 * limits.arm_soft_limit:
            return Finding('arm limit', False, f'{text}: what holds the arm before it?')
        return Finding('arm limit', True, text)

    def _drive_back(self) -> None:
        """Arm forward again."""
        for _ in range(round(TRAVEL / TICK)):
            angle = self._rig.run(TICK, 0.0)[-1].arm_angle
            if abs(angle) < PUSHED:
                break
            self._rig.run(2 * TICK, -math.copysign(2 * self._start_voltage, angle))
        self._rig.run(TICK, 0.0)

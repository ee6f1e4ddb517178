# SPDX-License-Identifier: Apache-2.0
"""Plays a plan sample by sample, and gives up before anything is at risk.

Time is that of the samples. What it is told of the plant (whether it is enabled, what ails it)
comes from outside; it opens and publishes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from furuta_description.robot import Robot
from furuta_sysid.excitation import Plan

STOP_PART = 0.95  # of the arm's soft limit at which it gives up, before the soft stop interferes
AT_REST = (0.3, 0.2, 1.0)  # [rad] of the arm, of the pendulum and [rad/s] of both to begin
GAP = 0.25  # [s] between samples, or a step back, at which the plan waits for its plant
SILENCE = 2.0  # [s] without a sample after which it gives up


@dataclass(frozen=True)
class Position:
    """What one sample says: [s], [rad], [rad], [rad/s], [rad/s]."""

    stamp: float
    arm_angle: float
    pendulum_angle: float
    arm_velocity: float
    pendulum_velocity: float


class Player:
    """Waits for a plant that is enabled and hangs at rest, then plays."""

    def __init__(self, plan: Plan, robot: Robot) -> None:
        """Nothing is played yet."""
        self.plan = plan
        self.is_over = False
        self.failure = ''  # why it gave up
        self.waiting_for = 'samples of the plant'  # until it begins
        self.is_recorded = True  # whoever is to record hears it
        self._limit = STOP_PART * robot.safety.arm_soft_limit
        self._is_enabled = False
        self._began: float | None = None
        self._last = 0.0

    @property
    def elapsed(self) -> float:
        """Time of the plan [s]; 0 until it begins."""
        return 0.0 if self._began is None else self._last - self._began

    def hear(self, is_enabled: bool, problems: str) -> None:
        """What the plant says of itself."""
        self._is_enabled = is_enabled
        if self._began is not None and not is_enabled:
            self._give_up(f'the motor was switched off at {self.elapsed:.2f} s: {problems}')

    def step(self, sample: Position) -> float:
        """Voltage for a sample [V]; 0 before it begins and when it is over."""
        if self.is_over:
            return 0.0
        if self._began is None:
            self.waiting_for = self._missing(sample)
            if self.waiting_for:
                return 0.0
            self._began = self._last = sample.stamp
        if not 0 <= sample.stamp - self._last < GAP:
            self._began += sample.stamp - self._last
        self._last = sample.stamp
        if abs(sample.arm_angle) > self._limit:
            self._give_up(
                f'arm at {sample.arm_angle:+.2f} rad after {self.elapsed:.2f} s, its soft limit '
                f'is {self._limit / STOP_PART:.2f} rad: play less (reach:=0.4, or leave a signal '
                'out) or check its zero (`furuta zero`)'
            )
            return 0.0
        if self.elapsed >= self.plan.duration:
            self.is_over = True
            return 0.0
        return self.plan.voltage(self.elapsed, sample.arm_angle)

    def meet(self, others: Sequence[str]) -> None:
        """Who else commands the motor, by name."""
        if others and not self.is_over:
            self._give_up(
                f'{" and ".join(others)} commands the motor, too, and two would fight over it: '
                'end it, or start the plant with `--controller none`'
            )

    def silence(self, duration: float) -> None:
        """No sample has come for this time [s]."""
        if self._began is not None and not self.is_over and duration > SILENCE:
            self._give_up(f'no samples for {duration:.2f} s')

    def _missing(self, sample: Position) -> str:
        arm, pendulum, speed = AT_REST
        if not self.is_recorded:
            return 'the recorder'
        if not self._is_enabled:
            return 'the motor to be enabled (--enable, motor/enable, or the page of `furuta twin`)'
        if abs(sample.arm_angle) > arm:
            return f'the arm to be in the middle, it is at {sample.arm_angle:+.2f} rad'
        if abs(sample.pendulum_angle) > pendulum:
            return f'the pendulum to hang, it is at {sample.pendulum_angle:+.2f} rad'
        if max(abs(sample.arm_velocity), abs(sample.pendulum_velocity)) > speed:
            return 'both joints to come to rest'
        return ''

    def _give_up(self, reason: str) -> None:
        self.is_over = True
        self.failure = self.failure or reason

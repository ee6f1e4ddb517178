# SPDX-License-Identifier: Apache-2.0
"""The emulated machine: motor, dynamics and encoders of one robot, and what may go wrong there.

Stands where the real machine would: it takes the duty of the motor's bridge and gives the
registers of the pulse counters. Has no clock of its own; its owner steps it. Defects are what is
broken, effects (effects.py) what is as it should be and yet not in the robot file.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

from furuta_description import dynamics, motor, scalars
from furuta_description.robot import Motor, Physics, Robot
from furuta_description.sensing import REGISTER_SPAN
from furuta_hardware.effects import NONE, Effects, cogging, sagged_supply
from furuta_hardware.play import LooseShaft

STEP = 1e-3  # [s] of physics
HAND_SPEED = 2.0  # [rad/s] at which a hand moves the joints to where it wants them


@dataclass
class Defects:
    """What is wrong with the machine; may change at any time."""

    arm_sign: int = 1  # -1 = the encoder's wires A and B are swapped
    pendulum_sign: int = 1
    motor_sign: int = 1  # -1 = the motor's two wires are swapped
    is_stuck: bool = False  # something holds the pendulum
    is_motor_off: bool = False  # a wire of the motor is off
    arm_glitch: int = 0  # [counts] that the pulse counter has beyond the joint's
    pendulum_glitch: int = 0
    heat: float = 0.0  # [K] of the winding above what the robot file was made at


class Machine:
    """One robot with its defects and effects."""

    def __init__(self, robot: Robot, effects: Effects = NONE) -> None:
        """Rest in the zero pose; a duty acts `timing.torque_delay` after the board gave it."""
        self.defects = Defects()
        self.voltage = 0.0  # [V] that acts at the motor
        self.state = dynamics.make_state(0.0, 0.0, 0.0, 0.0)
        self._robot = robot
        self._hand: tuple[float, float] | None = None
        steps = round(robot.timing.torque_delay / STEP)
        self._late = deque([0.0] * steps)  # duties that act later, oldest first
        self._coefficients = dynamics.make_coefficients(robot.physics)
        self.effects = effects

    @property
    def effects(self) -> Effects:
        """What it has beyond its robot file; may change at any time."""
        return self._effects

    @effects.setter
    def effects(self, effects: Effects) -> None:
        physics, play = self._robot.physics, effects.backlash
        self._shaft = LooseShaft(physics, play, self.state) if play else None
        self._effects = effects

    @property
    def is_held(self) -> bool:
        """Whether a hand is still moving the joints."""
        return self._hand is not None

    def place(self, arm_angle: float, pendulum_angle: float) -> None:
        """A hand takes both joints there, and lets go."""
        self._hand = (arm_angle, pendulum_angle)

    def step(self, duty: float) -> None:
        """One step of the physics with this part of the supply on the motor."""
        physics = self._robot.physics
        defects = self.defects
        self._late.append(duty)
        self.voltage = self._bridge(self._late.popleft())
        voltage = self.voltage * defects.motor_sign
        physics = physics._replace(motor=hot(physics.motor, defects.heat))
        if self._hand is not None:
            self._move_by_hand(self._hand)
        elif defects.is_stuck:
            self._step_stuck(physics, voltage)
        else:
            self._step_free(physics, voltage)
            return
        if self._shaft:
            self._shaft.follow(self.state)

    def _bridge(self, duty: float) -> float:
        """Voltage that the bridge puts on the motor's wires [V]."""
        if self.defects.is_motor_off:
            return 0.0
        current = self.state.current * self.defects.motor_sign
        return duty * sagged_supply(self._robot.physics.motor, self._effects, duty, current)

    def _step_free(self, physics: Physics, voltage: float) -> None:
        """One step with nobody's hands on it."""
        ripple = 0.0
        if self._effects.cogging_torque:
            ripple = cogging(physics.motor, self._effects, *self._shaft_motion(), STEP)
        if self._shaft:
            self.state = self._shaft.step(physics, self.state, voltage, ripple, STEP)
            return
        drive = motor.drive(physics, self.state, voltage, STEP, scalars)
        torques = drive.arm_torque + ripple, drive.pendulum_torque
        accelerations = dynamics.acceleration(self._coefficients, self.state, *torques, scalars)
        self.state = dynamics.advance(self.state, *accelerations, drive.current, STEP)

    def _shaft_motion(self) -> tuple[float, float]:
        """Angle and velocity of the motor's shaft, counted at the arm [rad, rad/s]."""
        if self._shaft:
            return self._shaft.angle, self._shaft.velocity
        return self.state.arm_angle, self.state.arm_velocity

    def _step_stuck(self, physics: Physics, voltage: float) -> None:
        """One step with the pendulum held by whatever torque that takes."""
        state = self.state._replace(pendulum_velocity=0.0)
        drive = motor.drive(physics, state, voltage, STEP, scalars)

        def accelerations(torque: float) -> tuple[float, float]:
            return dynamics.acceleration(
                self._coefficients, state, drive.arm_torque, torque, scalars
            )

        free, pushed = accelerations(0.0)[1], accelerations(1.0)[1]
        arm, pendulum = accelerations(free / (free - pushed))
        self.state = dynamics.advance(state, arm, pendulum, drive.current, STEP)

    def registers(self) -> tuple[int, int]:
        """What the 16-bit pulse counters read; the arm's sits on the motor's shaft."""
        sensors, defects = self._robot.sensors, self.defects
        return (
            _register(
                self._shaft_motion()[0], sensors.arm_counts, defects.arm_sign, defects.arm_glitch
            ),
            _register(
                self.state.pendulum_angle,
                sensors.pendulum_counts,
                defects.pendulum_sign,
                defects.pendulum_glitch,
            ),
        )

    def _move_by_hand(self, goal: tuple[float, float]) -> None:
        arm = _towards(self.state.arm_angle, goal[0])
        pendulum = _towards(self.state.pendulum_angle, goal[1])
        self.state = dynamics.make_state(arm, pendulum, 0.0, 0.0)
        if (arm, pendulum) == goal:
            self._hand = None


def hot(cold: Motor, heat: float) -> Motor:
    """The motor with its winding and magnets warmer by `heat` [K].

    Copper's resistance rises by 0.39 % a kelvin, a ferrite magnet weakens by 0.2 %.
    """
    strength = 1 - 0.002 * heat
    return cold._replace(
        resistance=cold.resistance * (1 + 0.0039 * heat),
        torque_constant=cold.torque_constant * strength,
        back_emf_constant=cold.back_emf_constant * strength,
    )


def _towards(value: float, goal: float) -> float:
    step = HAND_SPEED * STEP
    return goal if abs(goal - value) <= step else value + math.copysign(step, goal - value)


def _register(angle: float, counts: int, sign: int, glitch: int) -> int:
    """`sensing.register` for one robot, without numpy."""
    return (sign * math.floor(angle * counts / math.tau + 0.5) + glitch) % REGISTER_SPAN

# SPDX-License-Identifier: Apache-2.0
"""Every quantity that can be free, and the range in which it is looked for.

Ranges are in proportion to the machine: torques to what the motor gives at the voltage limit, the
pendulum's friction to its weight, its damping to the critical one, the arm's damping to what the
motor itself brakes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from furuta_description.robot import Link, Motor, Robot

LONGEST_DELAY = 0.04  # [s]
CONSTANTS = ('torque_constant', 'back_emf_constant')
MOST_SOFTENING = 5.0  # [1/rad^2]
FARTHEST_REST = 2.0  # [rad]


@dataclass(frozen=True)
class Parameter:
    """One quantity that can be free."""

    name: str
    unit: str
    paths: tuple[str, ...]
    """quantities of the robot file that it moves, the one it is measured by first"""
    before: float
    """its value in the robot file"""
    low: float
    high: float
    is_log: bool
    """whether it is searched by ratio; else by difference"""


def all_parameters(robot: Robot) -> dict[str, Parameter]:
    """By name, with their prior ranges."""
    found = [*_bodies(robot), *_frictions(robot), *_drive(robot)]
    return {parameter.name: parameter for parameter in found}


def center_distance(link: Link) -> float:
    """Distance of the centre of mass from the joint [m]."""
    return math.hypot(*link.center_of_mass)


def braking(motor: Motor, torque_constant: Any) -> Any:
    """Damping of the arm by the motor with this constant, its terminals joined [N m s/rad]."""
    ratio = motor.gear_ratio**2 * motor.gear_gain_driving / motor.resistance
    return ratio * motor.back_emf_constant / motor.torque_constant * torque_constant**2


def _bodies(robot: Robot) -> list[Parameter]:
    arm, pendulum = robot.physics.arm, robot.physics.pendulum
    name, center = 'pendulum', center_distance(pendulum)
    return [
        _ratio('arm.mass', 'kg', _of('arm', 'mass', 'inertia'), arm.mass, 6.0),
        _ratio('pendulum.mass', 'kg', _of(name, 'mass', 'inertia'), pendulum.mass, 2.0),
        _ratio('pendulum.center_of_mass', 'm', _of(name, 'center_of_mass'), center, 1.5),
        _ratio('pendulum.inertia', 'kg m^2', _of(name, 'inertia'), pendulum.inertia.xx, 3.0),
    ]


def _frictions(robot: Robot) -> list[Parameter]:
    physics = robot.physics
    arm, pivot = physics.arm.friction, physics.pendulum.friction
    torque = _torque_per_volt(robot) * robot.safety.voltage_limit
    damping_of_motor = braking(physics.motor, physics.motor.torque_constant)
    center, mass = center_distance(physics.pendulum), physics.pendulum.mass
    weight = mass * physics.gravity * center
    damping = 2 * math.sqrt((physics.pendulum.inertia.xx + mass * center**2) * weight)
    of_arm, of_pivot = 'arm.friction', 'pendulum.friction'
    of_damping = (*_of(of_arm, 'viscous'), *_of('motor', 'resistance', 'torque_limit', *CONSTANTS))
    most, excess, speed = 0.1 * torque, arm.static - arm.coulomb, arm.stribeck_velocity
    viscous = 'N m s/rad'
    return [
        _level('arm.coulomb', 'N m', _of(of_arm, 'coulomb', 'static'), arm.coulomb, most),
        _level('arm.static', 'N m', _of(of_arm, 'static'), excess, most),
        _ratio('arm.stribeck_velocity', 'rad/s', _of(of_arm, 'stribeck_velocity'), speed, 10.0),
        _offset('arm.viscous', viscous, of_damping, arm.viscous, damping_of_motor),
        _level(
            'pendulum.coulomb',
            'N m',
            _of(of_pivot, 'coulomb', 'static'),
            pivot.coulomb,
            0.03 * weight,
        ),
        _level(
            'pendulum.viscous', viscous, _of(of_pivot, 'viscous'), pivot.viscous, 0.1 * damping
        ),
    ]


def _drive(robot: Robot) -> list[Parameter]:
    motor, cable = robot.physics.motor, robot.physics.cable
    volts = robot.safety.voltage_limit
    stiffest = 0.2 * _torque_per_volt(robot) * volts  # [N m/rad]
    bias, rest = motor.voltage_bias, cable.rest_angle
    return [
        _ratio('motor.constant', 'N m/A', _of('motor', *CONSTANTS), motor.torque_constant, 2.0),
        _offset('motor.voltage_bias', 'V', _of('motor', 'voltage_bias'), bias, 0.1 * volts),
        _level('motor.dead_zone', 'V', _of('motor', 'dead_zone'), motor.dead_zone, 0.15 * volts),
        _level('cable_stiffness', 'N m/rad', _of('cable', 'stiffness'), cable.stiffness, stiffest),
        _offset('cable_rest_angle', 'rad', _of('cable', 'rest_angle'), rest, FARTHEST_REST),
        _level(
            'cable_softening',
            '1/rad^2',
            _of('cable', 'softening'),
            cable.softening,
            MOST_SOFTENING,
        ),
        _level('delay', 's', ('timing.torque_delay',), robot.timing.torque_delay, LONGEST_DELAY),
    ]


def _torque_per_volt(robot: Robot) -> float:
    motor = robot.physics.motor
    ratio = motor.torque_constant * motor.gear_ratio * motor.gear_gain_driving
    return float(ratio / motor.resistance)


def _of(group: str, *keys: str) -> tuple[str, ...]:
    return tuple(f'physics.{group}.{key}' for key in keys)


def _ratio(name: str, unit: str, paths: tuple[str, ...], value: float, most: float) -> Parameter:
    """Up to `most` times more or less."""
    return Parameter(name, unit, paths, value, value / most, value * most, True)


def _level(name: str, unit: str, paths: tuple[str, ...], value: float, most: float) -> Parameter:
    """From nothing up to `most`."""
    return Parameter(name, unit, paths, value, 0.0, max(most, 2 * value), False)


def _offset(name: str, unit: str, paths: tuple[str, ...], value: float, most: float) -> Parameter:
    """Up to `most` to either side."""
    return Parameter(name, unit, paths, value, min(-most, value), max(most, value), False)

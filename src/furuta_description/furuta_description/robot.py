# SPDX-License-Identifier: Apache-2.0
"""The robot: every number of one machine, read once from its yaml file and checked.

A robot file holds `{value, unit, source}` for each quantity; the classes below say which
quantities there are, in which unit and within which bounds. `Physics` is what the equations
take; its leaves may be replaced by arrays of shape (B,) for a batch of robots.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from furuta_description import schema
from furuta_description.files import RobotError, robot_file
from furuta_description.quantities import (
    Acceleration,
    Angle,
    BackEmfConstant,
    Bandwidth,
    Color,
    Counts,
    Duration,
    Inertia,
    Lag,
    Length,
    Mass,
    MomentOfInertia,
    PositiveAngle,
    PositiveRatio,
    PositiveVoltage,
    Resistance,
    SlewRate,
    Softening,
    Speed,
    Stiffness,
    Torque,
    TorqueConstant,
    TorqueLimit,
    Vector,
    ViscousFriction,
    Voltage,
    VoltageBand,
)

JOINT_NAMES = ('arm_joint', 'pendulum_joint')


class Friction(NamedTuple):
    """Friction of one joint; see `motor.friction_torque`."""

    coulomb: Torque
    static: Torque
    stribeck_velocity: Speed
    viscous: ViscousFriction
    smoothing_velocity: Speed


class Link(NamedTuple):
    """One moving body. `length` runs from its joint to the next joint or to its tip."""

    length: Length
    mass: Mass
    center_of_mass: Vector
    inertia: Inertia
    friction: Friction


class Motor(NamedTuple):
    """Brushed motor, gear and driver, from command voltage to joint torque; see `motor.py`."""

    supply_voltage: PositiveVoltage
    voltage_bias: Voltage
    dead_zone: VoltageBand
    resistance: Resistance
    torque_constant: TorqueConstant
    back_emf_constant: BackEmfConstant
    time_constant: Lag
    gear_ratio: PositiveRatio
    gear_gain_driving: PositiveRatio
    gear_gain_backdriven: PositiveRatio
    torque_limit: TorqueLimit
    rotor_inertia: MomentOfInertia


class Cable(NamedTuple):
    """Spring that the encoder cable puts on the arm; see `motor.cable_torque`."""

    stiffness: Stiffness
    rest_angle: Angle
    softening: Softening


class Physics(NamedTuple):
    """Everything the equations of motion take; leaves are floats or arrays of shape (B,)."""

    gravity: Acceleration
    arm: Link
    pendulum: Link
    motor: Motor
    cable: Cable


class Sensors(NamedTuple):
    """Encoders and the filter that makes velocities of them; see `sensing.py`."""

    arm_counts: Counts
    pendulum_counts: Counts
    velocity_bandwidth: Bandwidth


class SafetyLimits(NamedTuple):
    """Limits that the firmware and the simulated plant keep; see `safety.py`."""

    command_timeout: Duration
    voltage_limit: PositiveVoltage
    slew_rate: SlewRate
    arm_soft_limit: PositiveAngle
    arm_limit: PositiveAngle
    arm_lookahead: Lag
    arm_speed_limit: Speed
    pendulum_speed_limit: Speed


class Timing(NamedTuple):
    """Dead times of the loop: of the line, both ways together, and from voltage to torque.

    What a plant reports as its voltage lies between the two.
    """

    link_delay: Lag
    torque_delay: Lag

    @property
    def delay(self) -> float:
        """From sample to torque [s], without what a controller takes."""
        return self.link_delay + self.torque_delay


class Shape(NamedTuple):
    """What the machine looks like; nothing here moves it."""

    base_width: Length
    base_height: Length
    motor_radius: Length
    joint_height: Length
    arm_width: Length
    arm_height: Length
    encoder_radius: Length
    encoder_length: Length
    pendulum_radius: Length
    tip_radius: Length
    tip_length: Length
    base_color: Color
    arm_color: Color
    pendulum_color: Color


class _File(BaseModel):
    """Layout of a robot file once each `{value, unit, source}` is reduced to its value."""

    model_config = ConfigDict(extra='forbid', frozen=True)
    name: str = Field(pattern=r'^[a-z][a-z0-9_]*$')
    description: str = Field(min_length=1)
    physics: Physics
    sensors: Sensors
    safety: SafetyLimits
    timing: Timing
    shape: Shape


@dataclass(frozen=True)
class Robot:
    """One machine. Load it with `load_robot`; change it with `with_values`."""

    name: str
    description: str
    file: Path
    physics: Physics
    sensors: Sensors
    safety: SafetyLimits
    timing: Timing
    shape: Shape
    document: Mapping[str, Any]

    @property
    def hash(self) -> str:
        """SHA-256 over every number but the looks, so that a policy knows its robot."""
        parts = (self.physics, self.sensors, self.safety, self.timing)
        return hashlib.sha256(repr(parts).encode()).hexdigest()

    def quantities(self) -> Iterator[tuple[str, Any, str, str]]:
        """Yield (path, value, unit, source) of every quantity, path as `physics.arm.mass`."""
        yield from _quantities(self.document, '')

    def with_values(self, values: Mapping[str, Any]) -> Robot:
        """Return this robot with other values, checked as a file is.

        Args:
            values: path (`physics.arm.mass`) to number, or to a list for vectors.

        Raises:
            RobotError: a path is unknown or a value is not physical.
        """
        document = copy.deepcopy(dict(self.document))
        for path, value in values.items():
            node: Any = document
            for key in path.split('.'):
                if not isinstance(node, dict) or key not in node or 'value' in node:
                    known = ', '.join(name for name, *_ in self.quantities())
                    raise RobotError(f'{self.file}: unknown quantity {path!r}; valid are {known}')
                node = node[key]
            if not isinstance(node, dict) or 'value' not in node:
                raise RobotError(f'{self.file}: {path!r} is a group, not one quantity')
            node['value'] = value
        return _make_robot(document, self.file)


def load_robot(robot: str | Path) -> Robot:
    """Load a robot by name (a file in config/) or by path.

    Raises:
        RobotError: no such robot, or a key is unknown, missing, in the wrong unit or unphysical.
    """
    path = robot_file(robot)
    try:
        document = yaml.safe_load(path.read_text())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise RobotError(f'{path}: not valid yaml: {error}') from error
    if not isinstance(document, dict):
        keys = ', '.join(_File.model_fields)
        raise RobotError(f'{path}: must be a mapping with the keys {keys}')
    return _make_robot(document, path)


def _quantities(node: Any, path: str) -> Iterator[tuple[str, Any, str, str]]:
    if isinstance(node, dict):
        if 'value' in node:
            yield path, node['value'], node['unit'], node['source']
        else:
            for key, child in node.items():
                yield from _quantities(child, f'{path}.{key}' if path else key)


def _make_robot(document: dict[str, Any], path: Path) -> Robot:
    try:
        fields = _File.model_validate(schema.to_values(document, _File, path, ''))
    except ValidationError as error:
        raise RobotError(
            '\n'.join(schema.explain(detail, path) for detail in error.errors())
        ) from None
    _check_consistency(fields, path)
    return Robot(
        **{name: getattr(fields, name) for name in _File.model_fields},
        file=path,
        document=document,
    )


def _check_consistency(robot: _File, path: Path) -> None:
    for name, link in (('arm', robot.physics.arm), ('pendulum', robot.physics.pendulum)):
        where = f'{path}: physics.{name}'
        _check_inertia(link.inertia, f'{where}.inertia')
        if link.friction.static < link.friction.coulomb:
            raise RobotError(f'{where}.friction.static: must be at least coulomb')
    motor = robot.physics.motor
    if motor.gear_gain_backdriven < motor.gear_gain_driving:
        raise RobotError(
            f'{path}: physics.motor.gear_gain_backdriven: must be at least gear_gain_driving, '
            'or the gear would make energy'
        )
    if robot.safety.voltage_limit > motor.supply_voltage:
        raise RobotError(f'{path}: safety.voltage_limit: must be at most motor.supply_voltage')
    if robot.safety.arm_soft_limit >= robot.safety.arm_limit:
        raise RobotError(f'{path}: safety.arm_soft_limit: must be less than arm_limit')


def _check_inertia(inertia: Inertia, where: str) -> None:
    """Principal moments of a real body are positive and none exceeds the sum of the others."""
    i = inertia
    moments = np.linalg.eigvalsh([[i.xx, i.xy, i.xz], [i.xy, i.yy, i.yz], [i.xz, i.yz, i.zz]])
    if moments[0] <= 0:
        raise RobotError(f'{where}: principal moments {moments} must be positive')
    if moments[2] > (moments[0] + moments[1]) * (1 + 1e-9):
        raise RobotError(
            f'{where}: principal moments {moments} break the triangle inequality: '
            'none may exceed the sum of the other two'
        )

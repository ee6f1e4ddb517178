# SPDX-License-Identifier: Apache-2.0
"""Kinds of quantity in a robot file: unit and bounds of each, and the vectors made of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple

from pydantic import Field


@dataclass(frozen=True)
class Unit:
    """Unit a quantity must be given in, as written in the robot file."""

    symbol: str


_FINITE: dict[str, Any] = {'allow_inf_nan': False}
Acceleration = Annotated[float, Unit('m/s^2'), Field(gt=0, **_FINITE)]
Mass = Annotated[float, Unit('kg'), Field(gt=0, **_FINITE)]
Length = Annotated[float, Unit('m'), Field(gt=0, **_FINITE)]
Coordinate = Annotated[float, Unit('m'), Field(**_FINITE)]
MomentOfInertia = Annotated[float, Unit('kg m^2'), Field(ge=0, **_FINITE)]
ProductOfInertia = Annotated[float, Unit('kg m^2'), Field(**_FINITE)]
Torque = Annotated[float, Unit('N m'), Field(ge=0, **_FINITE)]
TorqueLimit = Annotated[float, Unit('N m'), Field(gt=0, **_FINITE)]
ViscousFriction = Annotated[float, Unit('N m s/rad'), Field(ge=0, **_FINITE)]
Stiffness = Annotated[float, Unit('N m/rad'), Field(ge=0, **_FINITE)]
Softening = Annotated[float, Unit('1/rad^2'), Field(ge=0, **_FINITE)]
Angle = Annotated[float, Unit('rad'), Field(**_FINITE)]
PositiveAngle = Annotated[float, Unit('rad'), Field(gt=0, **_FINITE)]
Speed = Annotated[float, Unit('rad/s'), Field(gt=0, **_FINITE)]
Resistance = Annotated[float, Unit('ohm'), Field(gt=0, **_FINITE)]
TorqueConstant = Annotated[float, Unit('N m/A'), Field(gt=0, **_FINITE)]
BackEmfConstant = Annotated[float, Unit('V s/rad'), Field(gt=0, **_FINITE)]
PositiveRatio = Annotated[float, Unit('1'), Field(gt=0, **_FINITE)]
Voltage = Annotated[float, Unit('V'), Field(**_FINITE)]
PositiveVoltage = Annotated[float, Unit('V'), Field(gt=0, **_FINITE)]
VoltageBand = Annotated[float, Unit('V'), Field(ge=0, **_FINITE)]
SlewRate = Annotated[float, Unit('V/s'), Field(gt=0, **_FINITE)]
Duration = Annotated[float, Unit('s'), Field(gt=0, **_FINITE)]
Lag = Annotated[float, Unit('s'), Field(ge=0, **_FINITE)]
Bandwidth = Annotated[float, Unit('rad/s'), Field(gt=0, **_FINITE)]
Counts = Annotated[int, Unit('counts/rev'), Field(gt=0)]
Channel = Annotated[float, Unit('1'), Field(ge=0, le=1)]


class Vector(NamedTuple):
    """A point in the link's frame."""

    x: Coordinate
    y: Coordinate
    z: Coordinate


class Inertia(NamedTuple):
    """Inertia matrix about the centre of mass, in the axes of the link's frame."""

    xx: MomentOfInertia
    yy: MomentOfInertia
    zz: MomentOfInertia
    xy: ProductOfInertia
    xz: ProductOfInertia
    yz: ProductOfInertia


class Color(NamedTuple):
    """Red, green, blue."""

    red: Channel
    green: Channel
    blue: Channel


VECTORS = (Vector, Inertia, Color)  # given as one `{value: [...], unit, source}`

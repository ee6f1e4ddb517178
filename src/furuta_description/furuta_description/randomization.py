# SPDX-License-Identifier: Apache-2.0
"""How far robots differ from the robot file, and one robot drawn within that.

What belongs together moves together: a link that gets longer moves its centre of mass and raises
its inertia with the square, a heavier one raises it in proportion; so do both constants of the
motor. An inertia is only ever scaled as a whole, so it stays that of a real body. Smoothing
velocities are numerical choices and stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from operator import attrgetter
from typing import Any

from furuta_description.quantities import Inertia, Vector
from furuta_description.robot import Cable, Friction, Link, Motor, Physics

Array = Any  # numpy or jax array of shape (B,), or a float


@dataclass(frozen=True)
class LinkRanges:
    """Relative spread of a link's quantities: 0.1 draws a factor within 0.9..1.1."""

    length: float = 0.0
    """length; centre of mass in proportion, inertia with the square"""
    mass: float = 0.0
    """mass; inertia in proportion"""
    center_of_mass: float = 0.0
    """distance of the centre of mass from the joint, by itself"""
    inertia: float = 0.0
    """inertia about the centre of mass, by itself"""
    coulomb: float = 0.0
    """Coulomb friction"""
    static: float = 0.0
    """what static friction has over Coulomb friction"""
    stribeck_velocity: float = 0.0
    """velocity at which static friction has fallen halfway to Coulomb friction"""
    viscous: float = 0.0
    """viscous friction"""


@dataclass(frozen=True)
class MotorRanges:
    """Relative spread of the motor's quantities, but for the bias."""

    constant: float = 0.0
    """torque and back-EMF constant, which are one"""
    gear_gain: float = 0.0
    """mean of the gear's driving and backdriven gain"""
    gear_loss: float = 0.0
    """difference of the two"""
    supply_voltage: float = 0.0
    """voltage at which commands are cut"""
    voltage_bias: float = 0.0
    """[V] added to or taken from the bias: a spread of its own unit, the bias being 0"""
    dead_zone: float = 0.0
    """dead zone"""
    resistance: float = 0.0
    """resistance"""
    time_constant: float = 0.0
    """lag of the current"""
    gear_ratio: float = 0.0
    """gear ratio"""
    torque_limit: float = 0.0
    """torque limit"""
    rotor_inertia: float = 0.0
    """inertia of the rotor"""


@dataclass(frozen=True)
class Ranges:
    """Everything that is drawn. The default of every field is the robot file, ideal sensors."""

    gravity: float = 0.0
    """relative spread of gravity"""
    arm: LinkRanges = LinkRanges()
    """relative spread of the arm's quantities"""
    pendulum: LinkRanges = LinkRanges()
    """relative spread of the pendulum's quantities"""
    motor: MotorRanges = MotorRanges()
    """spread of the motor's quantities"""
    cable_stiffness: float = 0.0
    """relative spread of the cable's stiffness"""
    cable_rest_angle: float = 0.0
    """relative spread of the angle at which the cable pulls nowhere"""
    cable_softening: float = 0.0
    """relative spread of how the cable gives way; in no preset, for only tuned robots have it"""
    quantised: bool = False
    """whether angles are measured in encoder counts"""
    angle_noise: float = 0.0
    """standard deviation of what is added to measured angles [rad]"""
    delay: tuple[float, float] = (0.0, 0.0)
    """from sample to voltage at the motor in total, drawn per episode, from..to [s]"""
    delay_jitter: float = 0.0
    """each command comes up to this much later [s]"""
    period_jitter: float = 0.0
    """each control step comes up to this share of the control period too early"""
    measurement_dropout: float = 0.0
    """probability that a measurement is lost; the controller holds the last"""
    command_dropout: float = 0.0
    """probability that a command is lost; the motor holds the last"""
    dropout_burst: float = 0.0
    """mean number of measurements, or of commands, lost in a row; 0: each is lost by itself"""
    push_rate: float = 0.0
    """pushes against the pendulum [1/s]"""
    push_velocity: float = 0.0
    """by which a push changes the pendulum's velocity, up to [rad/s]"""

    @property
    def longest_delay(self) -> float:
        """From sample to voltage [s]."""
        return self.delay[1] + self.delay_jitter

    def widened(self, factor: float) -> Ranges:
        """Every spread times `factor`; 0 leaves the robot file, shortest delay, ideal sensors."""
        return _widened(self, factor)  # type: ignore[no-any-return]


def relative(spread: float) -> Ranges:
    """The same relative spread on every quantity; the bias up to `spread` volts.

    Centres of mass and inertias get theirs from length and mass, or they would have it twice.
    """

    def group(kind: Any) -> Any:
        return kind(**{field.name: spread for field in fields(kind)})

    link = replace(group(LinkRanges), center_of_mass=0.0, inertia=0.0)
    return Ranges(
        gravity=spread,
        arm=link,
        pendulum=link,
        motor=group(MotorRanges),
        cable_stiffness=spread,
        cable_rest_angle=spread,
    )


PRESETS = {
    'none': Ranges(),
    'default': replace(relative(0.1), quantised=True, angle_noise=0.001, delay=(0.0, 0.020)),
    'wide': replace(
        relative(0.3),
        quantised=True,
        angle_noise=0.002,
        delay=(0.0, 0.038),
        delay_jitter=0.002,
        period_jitter=0.2,
        measurement_dropout=0.02,
        command_dropout=0.02,
        push_rate=0.2,
        push_velocity=1.0,
    ),
}


def count_spreads(ranges: Ranges) -> int:
    """How many quantities of `Physics` are drawn, those with a spread of 0 left out."""
    return len(drawn_names(ranges))


def drawn_names(ranges: Ranges) -> list[str]:
    """Quantities that are drawn, by the names of their fields, in the order of `deviations`."""
    names = ['gravity']
    for group in ('arm', 'pendulum', 'motor'):
        names += [f'{group}.{field.name}' for field in fields(getattr(ranges, group))]
    names += ['cable_stiffness', 'cable_rest_angle', 'cable_softening']
    return [name for name in names if attrgetter(name)(ranges)]


def draw(physics: Physics, ranges: Ranges, deviations: Array) -> Physics:
    """Robots around the nominal one.

    Args:
        physics: the nominal robot, floats.
        ranges: how far to go.
        deviations: (B, count_spreads(ranges)) in -1..1, 0 for the nominal value.

    Returns:
        Leaves of shape (B,), or floats where nothing was drawn.
    """
    columns = iter(range(deviations.shape[-1]))

    def deviation(spread: float) -> Array:
        """Next deviation times spread; the calls below come in the order of the fields."""
        return spread * deviations[:, next(columns)] if spread else 0.0

    def factor(spread: float) -> Array:
        return 1 + deviation(spread)

    return Physics(
        gravity=physics.gravity * factor(ranges.gravity),
        arm=_draw_link(physics.arm, ranges.arm, factor),
        pendulum=_draw_link(physics.pendulum, ranges.pendulum, factor),
        motor=_draw_motor(physics.motor, ranges.motor, factor, deviation),
        cable=Cable(
            physics.cable.stiffness * factor(ranges.cable_stiffness),
            physics.cable.rest_angle * factor(ranges.cable_rest_angle),
            physics.cable.softening * factor(ranges.cable_softening),
        ),
    )


def _draw_link(link: Link, ranges: LinkRanges, factor: Callable[[float], Array]) -> Link:
    length, mass = factor(ranges.length), factor(ranges.mass)
    center, inertia = factor(ranges.center_of_mass), factor(ranges.inertia)
    friction = link.friction
    coulomb = friction.coulomb * factor(ranges.coulomb)
    excess = (friction.static - friction.coulomb) * factor(ranges.static)
    return Link(
        length=link.length * length,
        mass=link.mass * mass,
        center_of_mass=Vector(*(x * (length * center) for x in link.center_of_mass)),
        inertia=Inertia(*(x * (mass * length * length * inertia) for x in link.inertia)),
        friction=Friction(
            coulomb=coulomb,
            static=coulomb + excess,
            stribeck_velocity=friction.stribeck_velocity * factor(ranges.stribeck_velocity),
            viscous=friction.viscous * factor(ranges.viscous),
            smoothing_velocity=friction.smoothing_velocity,
        ),
    )


def _draw_motor(
    motor: Motor,
    ranges: MotorRanges,
    factor: Callable[[float], Array],
    deviation: Callable[[float], Array],
) -> Motor:
    constant = factor(ranges.constant)
    mean = 0.5 * (motor.gear_gain_backdriven + motor.gear_gain_driving) * factor(ranges.gear_gain)
    loss = 0.5 * (motor.gear_gain_backdriven - motor.gear_gain_driving) * factor(ranges.gear_loss)
    return Motor(
        supply_voltage=motor.supply_voltage * factor(ranges.supply_voltage),
        voltage_bias=motor.voltage_bias + deviation(ranges.voltage_bias),
        dead_zone=motor.dead_zone * factor(ranges.dead_zone),
        resistance=motor.resistance * factor(ranges.resistance),
        torque_constant=motor.torque_constant * constant,
        back_emf_constant=motor.back_emf_constant * constant,
        time_constant=motor.time_constant * factor(ranges.time_constant),
        gear_ratio=motor.gear_ratio * factor(ranges.gear_ratio),
        gear_gain_driving=mean - loss,
        gear_gain_backdriven=mean + loss,
        torque_limit=motor.torque_limit * factor(ranges.torque_limit),
        rotor_inertia=motor.rotor_inertia * factor(ranges.rotor_inertia),
    )


def _widened(node: Any, factor: float) -> Any:
    if isinstance(node, bool):
        return node and factor > 0
    if isinstance(node, float):
        return node * factor
    if isinstance(node, tuple):  # from..to
        return node[0], node[0] + factor * (node[1] - node[0])
    return replace(node, **{f.name: _widened(getattr(node, f.name), factor) for f in fields(node)})

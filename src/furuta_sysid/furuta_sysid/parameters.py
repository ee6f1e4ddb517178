# SPDX-License-Identifier: Apache-2.0
"""Which numbers of a robot file are free, and what moves along with each.

Names and meaning are those of `randomization.Ranges`: a heavier arm has more inertia in
proportion, both constants of the motor are one. Not free are those that motion and voltage cannot
tell from others: weight and balance point of the pendulum set the scale of all masses and
torques, the arm's length and gravity that of time; the resistance cannot be told from the motor's
constant, nor the rotor from the arm. With a pendulum lighter than the file says, the motor seems
to brake less than its constant and resistance make it: viscous friction below zero stands for a
lower resistance then, at the same torque per volt, and for a higher limit of the torque.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from furuta_description.quantities import Inertia, Vector
from furuta_description.robot import Link, Physics, Robot
from furuta_sysid.priors import Parameter, all_parameters, braking, center_distance

Array = Any  # numpy or jax array
Floats = NDArray[np.float64]
MOTOR = ('motor.constant', 'motor.voltage_bias', 'motor.dead_zone')
CABLE = ('cable_stiffness', 'cable_rest_angle', 'cable_softening')
FRICTION = (
    'arm.coulomb', 'arm.static', 'arm.stribeck_velocity', 'arm.viscous',
    'pendulum.coulomb', 'pendulum.viscous',
)  # fmt: skip
BODIES = ('arm.mass', 'pendulum.inertia')
GROUPS = {
    'motor': MOTOR,
    'cable': CABLE,
    'friction': FRICTION,
    'bodies': BODIES,
    'delay': ('delay',),
}


class ParameterError(ValueError):
    """A parameter or group that does not exist, or nothing left to find."""


def free_parameters(
    robot: Robot, lock: Sequence[str] = (), only: Sequence[str] = ()
) -> tuple[Parameter, ...]:
    """Parameters that are to be found, with their prior ranges.

    Args:
        robot: where they start.
        lock: groups or names that stay as they are. With the motor locked it sets the scale, and
            the mass of the pendulum becomes free.
        only: if not empty, just these names.

    Raises:
        ParameterError: a name is unknown, or nothing is left.
    """
    table = all_parameters(robot)
    names = [*BODIES, *FRICTION, *MOTOR, *CABLE, 'delay']
    if 'motor' in lock:
        names.insert(0, 'pendulum.mass')
    for name in (*lock, *only):
        if name not in table and name not in GROUPS:
            raise ParameterError(
                f'no parameter or group {name!r}; groups are {", ".join(GROUPS)}, parameters '
                f'are {", ".join(table)}'
            )
    locked = {member for name in lock for member in GROUPS.get(name, (name,))}
    wanted = {member for name in only for member in GROUPS.get(name, (name,))} or set(names)
    free = [name for name in names if name in wanted - locked]
    if 'motor.constant' not in free:  # then the motor brakes as its file says
        viscous = table['arm.viscous']
        table['arm.viscous'] = replace(viscous, low=0.0, paths=viscous.paths[:1])
    chosen = tuple(table[name] for name in free)
    if not chosen:
        raise ParameterError('every parameter is locked: nothing to identify')
    return chosen


def anchors(parameters: Sequence[Parameter]) -> tuple[str, ...]:
    """What was taken as known so that the rest can be told, as sentences."""
    names = {parameter.name for parameter in parameters}
    notes = []
    if not names & {'pendulum.mass', 'pendulum.center_of_mass'} and names != {'delay'}:
        notes.append(
            'mass and centre of mass of the pendulum are taken as known: motion and voltage show '
            "inertias, frictions and the motor's torque only in proportion to its weight. "
            'Weigh it and balance it on an edge.'
        )
    if 'motor.constant' in names:
        notes.append(
            'motor.resistance is taken as known: it cannot be told from motor.constant. '
            'Measure it with an ohmmeter.'
        )
    if 'arm.mass' in names:
        notes.append(
            'arm.mass stands for all inertia about the motor axis, that of rotor and gear included'
        )
    return tuple(notes)


def to_values(parameters: Sequence[Parameter], unit: Array, xp: Any) -> Array:
    """Values (..., P) of points (..., P) in the unit cube of the prior ranges."""
    low, high, is_log = _ranges(parameters)
    safe_low, safe_high = np.where(is_log, low, 1.0), np.where(is_log, high, 1.0)
    ratio = safe_low * xp.exp(unit * np.log(safe_high / safe_low))
    return xp.where(is_log, ratio, low + unit * (high - low))


def to_unit(parameters: Sequence[Parameter], values: Floats) -> Floats:
    """Points (..., P) in the unit cube, of values (..., P)."""
    low, high, is_log = _ranges(parameters)
    safe_low, safe_high = np.where(is_log, low, 1.0), np.where(is_log, high, 2.0)
    ratio = np.log(np.where(is_log, values, 1.0) / safe_low) / np.log(safe_high / safe_low)
    return np.asarray(np.where(is_log, ratio, (values - low) / (high - low)))


def start(parameters: Sequence[Parameter], margin: float = 0.02) -> Floats:
    """The robot file as a point (P,) in the unit cube, off its walls by `margin`."""
    before = np.array([parameter.before for parameter in parameters])
    return np.clip(to_unit(parameters, before), margin, 1 - margin)


def with_parameters(physics: Physics, values: Mapping[str, Array]) -> Physics:
    """The physics with these parameters, leaves of the shape of the values.

    Args:
        physics: of the robot file, floats.
        values: any of the parameters by name but the delay, in SI.
    """
    motor, cable = physics.motor, physics.cable
    constant = values.get('motor.constant', motor.torque_constant)
    viscous = values.get('arm.viscous', physics.arm.friction.viscous)
    weaker = 1 / (1 + _below_zero(viscous) / braking(motor, constant))
    return Physics(
        gravity=physics.gravity,
        arm=_with_link(physics.arm, 'arm', values),
        pendulum=_with_link(physics.pendulum, 'pendulum', values),
        motor=motor._replace(
            resistance=motor.resistance * weaker,
            torque_limit=motor.torque_limit / weaker,
            torque_constant=constant * weaker,
            back_emf_constant=motor.back_emf_constant
            * (constant * weaker / motor.torque_constant),
            voltage_bias=values.get('motor.voltage_bias', motor.voltage_bias),
            dead_zone=values.get('motor.dead_zone', motor.dead_zone),
        ),
        cable=cable._replace(
            stiffness=values.get('cable_stiffness', cable.stiffness),
            rest_angle=values.get('cable_rest_angle', cable.rest_angle),
            softening=values.get('cable_softening', cable.softening),
        ),
    )


def file_values(
    robot: Robot, parameters: Sequence[Parameter], values: Floats
) -> dict[str, float | list[float]]:
    """What to write into the robot file: path to number or list, of all that moves."""
    named = {p.name: float(v) for p, v in zip(parameters, values, strict=True)}
    physics = with_parameters(robot.physics, named)
    found: dict[str, float | list[float]] = {}
    for parameter in parameters:
        for path in parameter.paths:
            if path == 'timing.torque_delay':
                found[path] = named['delay']
                continue
            node: Any = physics
            for key in path.split('.')[1:]:
                node = getattr(node, key)
            found[path] = [float(x) for x in node] if isinstance(node, tuple) else float(node)
    return found


def _with_link(link: Link, name: str, values: Mapping[str, Array]) -> Link:
    friction = link.friction
    mass = values.get(f'{name}.mass', link.mass)
    length = center_distance(link)
    center = values.get(f'{name}.center_of_mass', length) / length
    inertia = values.get(f'{name}.inertia', link.inertia.xx) / link.inertia.xx
    coulomb = values.get(f'{name}.coulomb', friction.coulomb)
    excess = values.get(f'{name}.static', friction.static - friction.coulomb)
    viscous = values.get(f'{name}.viscous', friction.viscous)
    return link._replace(
        mass=mass,
        center_of_mass=Vector(*(x * center for x in link.center_of_mass)),
        inertia=Inertia(*(x * (mass / link.mass * inertia) for x in link.inertia)),
        friction=friction._replace(
            coulomb=coulomb,
            static=coulomb + excess,
            stribeck_velocity=values.get(f'{name}.stribeck_velocity', friction.stribeck_velocity),
            viscous=viscous + _below_zero(viscous),
        ),
    )


def _below_zero(value: Array) -> Array:
    """By how much it is below zero, else 0."""
    return 0.5 * (abs(value) - value)


def _ranges(parameters: Sequence[Parameter]) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    low, high = (np.array([getattr(p, end) for p in parameters]) for end in ('low', 'high'))
    return low, high, np.array([p.is_log for p in parameters])

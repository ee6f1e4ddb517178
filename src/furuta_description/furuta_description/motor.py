# SPDX-License-Identifier: Apache-2.0
"""From command voltage to joint torques: motor, gear, friction of both joints and cable spring.

One implementation for every backend, applied once per physics step. All functions are smooth in
the velocities, so that every backend integrates the same equations and none needs a constraint
solver; the price is that a stuck joint creeps below `smoothing_velocity`. The array module is
passed in as `xp` and needs no transcendental function but `exp`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from furuta_description.robot import Cable, Friction, Link, Motor, Physics

if TYPE_CHECKING:
    from furuta_description.dynamics import State

Array = Any  # numpy or jax array of shape (B,), or a float


class Drive(NamedTuple):
    """What acts on the joints during one step; each (B,)."""

    arm_torque: Array  # [N m] motor, friction and cable
    pendulum_torque: Array  # [N m] friction
    motor_torque: Array  # [N m] of the motor at the arm, after gear and limit
    current: Array  # [A]


def drive(physics: Physics, state: State, voltage: Array, dt: float, xp: Any) -> Drive:
    """Torques on both joints for one physics step, and the current that lags behind the command.

    Args:
        physics: one robot, or B robots.
        state: (B,) each, at the start of the step.
        voltage: command (B,) [V]; what exceeds the supply is cut.
        dt: physics step [s].
        xp: array module.
    """
    current = next_current(physics.motor, voltage, state.arm_velocity, state.current, dt, xp)
    motor_torque = gear_torque(
        physics.motor, current, smooth_sign(physics.arm.friction, state.arm_velocity, xp), xp
    )
    return Drive(
        motor_torque
        + friction_torque(physics.arm.friction, state.arm_velocity, xp)
        + cable_torque(physics.cable, state.arm_angle, xp),
        friction_torque(physics.pendulum.friction, state.pendulum_velocity, xp),
        motor_torque,
        current,
    )


def frictionless(physics: Physics) -> Physics:
    """The same bodies without motor, friction and cable, so that nothing but gravity acts."""
    return physics._replace(
        arm=_without_friction(physics.arm),
        pendulum=_without_friction(physics.pendulum),
        motor=physics.motor._replace(torque_constant=0.0),
        cable=physics.cable._replace(stiffness=0.0),
    )


def terminal_voltage(motor: Motor, voltage: Array, xp: Any) -> Array:
    """Voltage that drives current, (B,) [V]: command cut at the supply, plus bias, less dead zone.

    The dead zone is continuous (slope 1 beyond it), as an H-bridge's dead time and the brushes'
    voltage drop make it.
    """
    limited = _clip(voltage, motor.supply_voltage, xp) + motor.voltage_bias
    return limited - _clip(limited, motor.dead_zone, xp)


def next_current(
    motor: Motor, voltage: Array, arm_velocity: Array, current: Array, dt: float, xp: Any
) -> Array:
    """Current at the end of the step, (B,) [A].

    R i + L di/dt = v - k_e N w, solved exactly over the step for constant v and w, with the time
    constant L/R (and whatever else lags between command and torque). Time constant 0 = no lag.
    """
    emf = motor.back_emf_constant * motor.gear_ratio * arm_velocity
    target = (terminal_voltage(motor, voltage, xp) - emf) / motor.resistance
    gain = 1 - xp.exp(-dt / xp.maximum(motor.time_constant, 1e-9))
    return current + gain * (target - current)


def gear_torque(motor: Motor, current: Array, direction: Array, xp: Any) -> Array:
    """Torque at the arm after gear and limit, (B,) [N m].

    The gear passes on `gear_gain_driving` of the torque while it drives the load and
    `gear_gain_backdriven` while the load drives it (efficiency e one way, about 1/e the other);
    equivalently a friction in proportion to the torque, against `direction`.

    Args:
        motor: one motor, or B.
        current: (B,) [A].
        direction: smooth sign of the arm's velocity, (B,), -1..1.
        xp: array module.
    """
    ideal = motor.torque_constant * motor.gear_ratio * current
    mean = 0.5 * (motor.gear_gain_driving + motor.gear_gain_backdriven)
    loss = 0.5 * (motor.gear_gain_backdriven - motor.gear_gain_driving)
    torque = mean * ideal - loss * xp.abs(ideal) * direction
    return _clip(torque, motor.torque_limit, xp)


def smooth_sign(friction: Friction, velocity: Array, xp: Any) -> Array:
    """Sign of the velocity, -1..1, smooth within `smoothing_velocity` of rest, (B,)."""
    return velocity / xp.sqrt(velocity * velocity + friction.smoothing_velocity**2)


def friction_torque(friction: Friction, velocity: Array, xp: Any) -> Array:
    """Coulomb, Stribeck and viscous friction of one joint, (B,) [N m], against the velocity.

    Hess and Soom, "Friction at a lubricated line contact operating at oscillating sliding
    velocities", Journal of Tribology 112 (1990), eq. 1: the level falls from static to Coulomb
    as 1 / (1 + (w / w_s)^2).
    """
    excess = (friction.static - friction.coulomb) / (
        1 + (velocity / friction.stribeck_velocity) ** 2
    )
    level = friction.coulomb + excess
    return -level * smooth_sign(friction, velocity, xp) - friction.viscous * velocity


def cable_torque(cable: Cable, arm_angle: Array, xp: Any) -> Array:
    """Torque of the cable spring on the arm, (B,) [N m].

    `stiffness` holds at the rest angle. Away from it a cable that slides and uncoils gives way:
    with x the distance from rest, k x / sqrt(1 + s x^2), a linear spring for a softening s of 0.
    Recordings of a QUBE-Servo show it: most of the stiffness is gone a radian away.
    """
    x = arm_angle - cable.rest_angle
    return -cable.stiffness * x / xp.sqrt(1 + cable.softening * x * x)


def voltage_for(physics: Physics, arm_torque: Array, arm_velocity: Array, xp: Any) -> Array:
    """Command that gives this torque at the arm, friction included, in steady state, (B,) [V].

    The inverse of `drive` for a gear that drives its load; friction is made up for in the
    direction of the motion.

    Args:
        physics: one robot, or B robots.
        arm_torque: wanted of motor and friction together (B,) [N m].
        arm_velocity: (B,) [rad/s].
        xp: array module.
    """
    motor = physics.motor
    torque = arm_torque - friction_torque(physics.arm.friction, arm_velocity, xp)
    ratio = motor.torque_constant * motor.gear_ratio * motor.gear_gain_driving
    voltage = motor.resistance * torque / ratio
    voltage = voltage + motor.back_emf_constant * motor.gear_ratio * arm_velocity
    return voltage + motor.dead_zone * xp.sign(voltage) - motor.voltage_bias


def torque_at(physics: Physics, voltage: Array, arm_velocity: Array, xp: Any) -> Array:
    """Motor torque at the arm in steady state, (B,) [N m], for a plant that cannot measure it.

    Args:
        physics: one robot, or B robots.
        voltage: at the motor (B,) [V].
        arm_velocity: (B,) [rad/s].
        xp: array module.
    """
    motor = physics.motor
    emf = motor.back_emf_constant * motor.gear_ratio * arm_velocity
    current = (terminal_voltage(motor, voltage, xp) - emf) / motor.resistance
    return gear_torque(motor, current, smooth_sign(physics.arm.friction, arm_velocity, xp), xp)


def _without_friction(link: Link) -> Link:
    return link._replace(friction=link.friction._replace(coulomb=0.0, static=0.0, viscous=0.0))


def _clip(value: Array, bound: Array, xp: Any) -> Array:
    """The value within -bound..bound; numpy's `clip` takes five times as long for one robot."""
    return xp.minimum(xp.maximum(value, -bound), bound)

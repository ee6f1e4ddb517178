# SPDX-License-Identifier: Apache-2.0
"""Balance of B robots at once: their linear models about upright, and the LQR on these.

Everything has B first, which is 1 for the `Physics` of one robot.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from furuta_description import dynamics
from furuta_description.robot import Friction, Physics

PHYSICS_STEP = 0.001  # [s] of the linearisation
DOUBLINGS = 12  # 4096 control steps ahead, many times what a balance takes to settle
FloatArray = Any


def delayed_model(
    physics: Physics, period: float, delay: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Discrete linear models about upright, with the commands under way as further states.

    The state is (arm, pendulum error, arm velocity, pendulum velocity, u[k-1], ..., u[k-L]) with
    L = ceil(delay / period) of the longest delay; K. J. Astrom and B. Wittenmark,
    "Computer-Controlled Systems" (1997), section 2.3, for a delay that is no multiple of the
    period, to whole physics steps.

    Args:
        physics: one robot, or B.
        period: control period [s].
        delay: from sample to torque, (B,) or one for all [s].

    Returns:
        A (B, 4+L, 4+L) and B (B, 4+L).
    """
    a, b = linearize(physics)
    late, steps = _steps(delay), round(period / PHYSICS_STEP)
    robots = np.arange(max(len(a), len(late)))
    lags = commands_under_way(period, delay).max()
    inputs = np.zeros((len(robots), 4, lags + 1))  # column j: effect of u[k-j]
    for i in range(steps):
        lag = np.maximum(0, -((i - late) // steps))
        inputs[robots, :, lag] += (np.linalg.matrix_power(a, steps - 1 - i) @ b[..., None])[..., 0]
    A = np.zeros((len(robots), 4 + lags, 4 + lags))
    A[:, :4, :4] = np.linalg.matrix_power(a, steps)
    A[:, :4, 4:] = inputs[:, :, 1:]
    A[:, 5:, 4:-1] = np.eye(max(lags - 1, 0))
    B = np.zeros((len(robots), 4 + lags))
    B[:, :4] = inputs[:, :, 0]
    B[:, 4:5] = 1
    return A, B


def commands_under_way(period: float, delay: FloatArray) -> FloatArray:
    """L of each robot, (B,): u[k-L] is at the motor when u[k] is sent, if L is not 0."""
    return -(-_steps(delay) // round(period / PHYSICS_STEP))


def undelayed(physics: Physics, lag: float) -> FloatArray:
    """Matrices (B, 4, 5) from (measured state, voltage at the motor) to the state near upright.

    The velocity filter shows velocities as they were `lag` [s] ago; the linear model's
    acceleration makes up for that: v = v_measured + lag (A x + B u), solved for x.
    """
    a, b = linearize(physics)
    rate = np.concatenate((a - np.eye(4), b[..., None]), axis=-1) * (lag / PHYSICS_STEP)
    rate[:, :2] = 0
    known = np.broadcast_to(np.eye(4), a.shape)
    result: FloatArray = np.linalg.solve(
        known - rate[..., :4], np.concatenate((known, rate[..., 4:]), axis=-1)
    )
    return result


def linearize(physics: Physics) -> tuple[FloatArray, FloatArray]:
    """Linear models of one physics step about upright: A (B, 4, 4) and B (B, 4), by differences.

    Friction keeps its viscous part only: Coulomb friction has no slope that would describe it,
    the dead zone is taken off and the gear passes on the mean of its two gains.
    """
    gear = physics.motor
    mean = 0.5 * (gear.gear_gain_driving + gear.gear_gain_backdriven)
    smooth = physics._replace(
        arm=physics.arm._replace(friction=_viscous(physics.arm.friction)),
        pendulum=physics.pendulum._replace(friction=_viscous(physics.pendulum.friction)),
        motor=gear._replace(
            dead_zone=0.0,
            voltage_bias=0.0,
            time_constant=0.0,
            gear_gain_driving=mean,
            gear_gain_backdriven=mean,
        ),
        cable=physics.cable._replace(rest_angle=0.0),
    )
    k = dynamics.make_coefficients(smooth)

    def step(z: FloatArray) -> FloatArray:
        """From (5, 5, 1), a column for each direction, to (4, 5, B)."""
        state = dynamics.State(z[0], math.pi + z[1], z[2], z[3], np.zeros_like(z[0]))
        new = dynamics.step(smooth, k, state, z[4], PHYSICS_STEP, np)
        return np.array(
            np.broadcast_arrays(
                new.arm_angle,
                new.pendulum_angle - math.pi,
                new.arm_velocity,
                new.pendulum_velocity,
            )
        )

    h = 1e-5
    directions = h * np.eye(5)[..., None]
    jacobian = np.moveaxis((step(directions) - step(-directions)) / (2 * h), -1, 0)
    return jacobian[..., :4], jacobian[..., 4]


def lqr(
    A: FloatArray, B: FloatArray, state_weights: FloatArray, input_weight: float
) -> tuple[FloatArray, FloatArray]:
    """Gains (B, n) of discrete LQRs and their cost-to-go matrices (B, n, n).

    The Riccati equations are solved by structured doubling: E. K.-W. Chu, H.-Y. Fan, W.-W. Lin
    and C.-S. Wang, "Structure-preserving algorithms for periodic discrete-time algebraic Riccati
    equations", International Journal of Control 77 (2004), algorithm SDA.

    Args:
        A: (B, n, n).
        B: (B, n).
        state_weights: cost of each state squared, of the first ones; the rest cost nothing.
        input_weight: cost of the input squared.
    """
    identity = np.eye(A.shape[-1])
    H = np.zeros_like(A)
    H[:, range(len(state_weights)), range(len(state_weights))] = state_weights
    G = B[:, :, None] * B[:, None, :] / input_weight
    ahead = A
    for _ in range(DOUBLINGS):
        both = np.linalg.solve(identity + G @ H, np.concatenate((ahead, G), axis=-1))
        next_ahead, next_G = np.split(both, 2, axis=-1)
        back = ahead.swapaxes(-1, -2)
        H = H + back @ H @ next_ahead
        G = G + ahead @ next_G @ back
        ahead = ahead @ next_ahead
    BP = (B[:, None, :] @ H)[:, 0]
    gain = (BP[:, None, :] @ A)[:, 0] / (input_weight + np.sum(BP * B, axis=-1))[:, None]
    return gain, H


def _steps(duration: FloatArray) -> FloatArray:
    """Whole physics steps, (B,)."""
    return np.round(np.atleast_1d(duration) / PHYSICS_STEP).astype(int)


def _viscous(friction: Friction) -> Friction:
    return friction._replace(coulomb=0.0, static=0.0)

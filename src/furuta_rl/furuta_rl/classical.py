# SPDX-License-Identifier: Apache-2.0
"""The classical baseline: energy swing-up with a limit on the arm, then LQR, with hysteresis.

Swing-up: K. J. Astrom and K. Furuta, "Swinging up a pendulum by energy control", Automatica 36
(2000), eq. 7, with the arm held near its centre by a PD term. Balance: discrete LQR on this
robot's own linearisation, the commands still on their way being states of the model. The
switch between them is the LQR's cost-to-go, so that it knows where its own balance works.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.linalg import solve_discrete_are

from furuta_description import dynamics, motor
from furuta_description.robot import Friction, Physics, Robot

PHYSICS_STEP = 0.001  # [s] of the linearisation
FloatArray = Any


@dataclass(frozen=True)
class ClassicalConfig:
    """Choices of the baseline; the defaults serve both robots that come with the suite."""

    rate_hz: float = field(default=250.0, metadata={'help': 'control rate [Hz]'})
    host_delay: float = field(
        default=0.002,
        metadata={'help': 'delay from sample to command over topics, known to the LQR [s]'},
    )
    angle_weight: tuple[float, float] = (0.67, 0.145)  # [rad] arm, pendulum worth a cost of 1
    velocity_weight: tuple[float, float] = (6.0, 2.1)  # [rad/s] worth a cost of 1
    voltage_weight: float = 10.0  # [V] worth a cost of 1
    lag_compensation: float = 0.5  # share of the velocity filter's lag that is made up for
    catch_cost: float = 540.0  # balance takes over below this cost-to-go ...
    release_cost: float = 6700.0  # ... and gives up above this one
    energy_gain: float = 7.5  # share of the full swing per share of missing energy
    swing: float = 0.75  # [rad] of arm, accelerations being in units of the pendulum's frequency^2
    arm_span: float = 1.55  # [rad] to each side, beyond which the arm is pushed back ...
    barrier: float = 3.2  # ... per rad
    centering: float = 1.3  # pull to the centre, per rad of arm
    damping: float = 0.2  # brake, per rad/s of arm over the pendulum's frequency


class ClassicalController:
    """Voltage from samples; call `step` once per control period."""

    def __init__(self, robot: Robot, config: ClassicalConfig | None = None) -> None:
        """Linearise the robot and solve for the gains.

        Raises:
            ValueError: the configured rate is not usable.
        """
        self.config = config or ClassicalConfig()
        if not 20 <= self.config.rate_hz <= 1000:
            raise ValueError(f'rate_hz must be 20..1000, not {self.config.rate_hz}')
        self.robot = robot
        self._k = dynamics.make_coefficients(robot.physics)
        self._top_energy = float(self._energy(math.pi, 0.0))
        self._lift_energy = self._top_energy - float(self._energy(0.0, 0.0))
        self._frequency = math.sqrt(self._lift_energy / 2 / self._k.pendulum)  # small swings
        delay = (
            robot.timing.link_delay + self.config.host_delay + robot.physics.motor.time_constant
        )
        model = delayed_model(robot.physics, 1 / self.config.rate_hz, delay)
        self.gain, self.cost = lqr(*model, self.config)
        self._undelay = undelayed(
            robot.physics, self.config.lag_compensation * 2 / robot.sensors.velocity_bandwidth
        )
        self._past = np.zeros(len(self.gain) - 4)
        self.is_balancing = False

    def reset(self) -> None:
        """Forget the past; for a plant that was moved or restarted."""
        self._past[:] = 0
        self.is_balancing = False

    def step(
        self,
        arm_angle: float,
        pendulum_angle: float,
        arm_velocity: float,
        pendulum_velocity: float,
    ) -> float:
        """Voltage [V] for the newest sample [rad, rad, rad/s, rad/s]; 0 if that is not finite."""
        error = pendulum_angle % (2 * math.pi) - math.pi  # from upright, -pi..pi
        measured = np.array([arm_angle, error, arm_velocity, pendulum_velocity])
        if not np.all(np.isfinite(measured)):
            return 0.0
        # Near upright, where the model holds, the velocities are those of now.
        applied = self._past[-1] if self._past.size else 0.0
        x = np.concatenate((self._undelay @ [*measured, applied], self._past))
        cost = float(x @ self.cost @ x)
        bound = self.config.release_cost if self.is_balancing else self.config.catch_cost
        self.is_balancing = cost < bound
        if self.is_balancing:
            voltage = -float(self.gain @ x)
        else:
            voltage = self._swing(arm_angle, error, arm_velocity, pendulum_velocity)
        limit = self.robot.safety.voltage_limit
        voltage = min(max(voltage, -limit), limit)
        self._past = np.roll(self._past, 1)
        self._past[:1] = voltage
        return voltage

    def _swing(self, arm: float, error: float, arm_velocity: float, velocity: float) -> float:
        """Voltage that moves the pendulum's energy towards its value at rest upright.

        The arm accelerates against the coupling (dE/dt = -M12 v2 a1), and towards its centre;
        the torque for that acceleration follows from the equations of motion, being affine.
        """
        config, angle = self.config, error + math.pi
        missing = (self._top_energy - self._energy(angle, velocity)) / self._lift_energy
        push = min(max(config.energy_gain * missing, -1.0), 1.0)
        coupling = dynamics.mass_matrix(self._k, angle, np)[1]
        wanted = -push * config.swing * (1.0 if coupling * velocity >= 0 else -1.0)
        wanted -= config.centering * arm + config.damping * arm_velocity / self._frequency
        beyond = max(abs(arm) - config.arm_span, 0.0)
        wanted -= math.copysign(config.barrier * beyond, arm)
        state = dynamics.State(arm, angle, arm_velocity, velocity, 0.0)
        free, _ = dynamics.acceleration(self._k, state, 0.0, 0.0, np)
        pushed, _ = dynamics.acceleration(self._k, state, 1.0, 0.0, np)
        torque = (wanted * self._frequency**2 - free) / (pushed - free)
        return float(motor.voltage_for(self.robot.physics, torque, arm_velocity, np))

    def _energy(self, pendulum_angle: Any, pendulum_velocity: Any) -> Any:
        """Energy of the pendulum with the arm at rest [J]."""
        state = dynamics.State(0.0, pendulum_angle, 0.0, pendulum_velocity, 0.0)
        return dynamics.energy(self._k, state, np)


def delayed_model(physics: Physics, period: float, delay: float) -> tuple[FloatArray, FloatArray]:
    """Discrete linear model about upright, with the commands under way as further states.

    The state is (arm, pendulum error, arm velocity, pendulum velocity, u[k-1], ..., u[k-L]) with
    L = ceil(delay / period); K. J. Astrom and B. Wittenmark, "Computer-Controlled Systems" (1997),
    section 2.3, for a delay that is no multiple of the period, to whole physics steps.

    Returns:
        A (4+L, 4+L) and B (4+L,).
    """
    a, b = linearize(physics)
    steps, late = round(period / PHYSICS_STEP), round(delay / PHYSICS_STEP)
    lags = -(-late // steps)
    A = np.zeros((4 + lags, 4 + lags))
    inputs = np.zeros((4, lags + 1))  # column j: effect of u[k-j]
    for i in range(steps):
        lag = max(0, -(-(late - i) // steps))
        inputs[:, lag] += np.linalg.matrix_power(a, steps - 1 - i) @ b
    A[:4, :4] = np.linalg.matrix_power(a, steps)
    A[:4, 4:] = inputs[:, 1:]
    A[5:, 4:-1] = np.eye(max(lags - 1, 0))
    B = np.zeros(4 + lags)
    B[:4] = inputs[:, 0]
    B[4:5] = 1
    return A, B


def undelayed(physics: Physics, lag: float) -> FloatArray:
    """Matrix (4, 5) from (measured state, voltage at the motor) to the state near upright.

    The velocity filter shows velocities as they were `lag` [s] ago; the linear model's
    acceleration makes up for that: v = v_measured + lag (A x + B u), solved for x.
    """
    a, b = linearize(physics)
    rate = np.hstack((a - np.eye(4), b[:, None])) * (lag / PHYSICS_STEP)
    rate[:2] = 0
    result: FloatArray = np.linalg.solve(
        np.eye(4) - rate[:, :4], np.hstack((np.eye(4), rate[:, 4:]))
    )
    return result


def linearize(physics: Physics) -> tuple[FloatArray, FloatArray]:
    """Linear model of one physics step about upright: A (4, 4) and B (4,), by differences.

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
        state = dynamics.State(z[0], math.pi + z[1], z[2], z[3], np.zeros_like(z[0]))
        new = dynamics.step(smooth, k, state, z[4], PHYSICS_STEP, np)
        return np.array(
            [new.arm_angle, new.pendulum_angle - math.pi, new.arm_velocity, new.pendulum_velocity]
        )

    h = 1e-5
    jacobian = (step(h * np.eye(5)) - step(-h * np.eye(5))) / (2 * h)
    return jacobian[:, :4], jacobian[:, 4]


def lqr(A: FloatArray, B: FloatArray, config: ClassicalConfig) -> tuple[FloatArray, FloatArray]:
    """Gain (n,) of the discrete LQR and its cost-to-go matrix (n, n)."""
    scale = np.array([*config.angle_weight, *config.velocity_weight])
    Q = np.zeros_like(A)
    Q[:4, :4] = np.diag(scale**-2.0)
    R = config.voltage_weight**-2.0
    P = solve_discrete_are(A, B[:, None], Q, np.array([[R]]))
    gain = (B @ P @ A) / (R + B @ P @ B)
    return gain, P


def _viscous(friction: Friction) -> Friction:
    return friction._replace(coulomb=0.0, static=0.0)

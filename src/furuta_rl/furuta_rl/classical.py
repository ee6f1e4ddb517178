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
from typing import Any, NamedTuple

import numpy as np

from furuta_description import dynamics, motor
from furuta_description.robot import Physics, Robot
from furuta_rl.lqr import commands_under_way, delayed_model, lqr, undelayed

Array = Any  # numpy or jax array of shape (B,), or a float


class Gains(NamedTuple):
    """What the LQR comes down to, for one robot or, with B first, for each of them."""

    gain: Array  # (n,) of state and commands under way
    cost: Array  # (n, n) cost-to-go
    undelay: Array  # (4, 5) from measured state and voltage at the motor to the state
    oldest: Array  # (n - 4,) bool: the command that is at the motor


class Past(NamedTuple):
    """What the controller remembers."""

    commands: Array  # (..., n - 4) [V] newest first
    is_balancing: Array  # (...)


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
    """Voltage from samples; call `step` once per control period, for one robot or B at once."""

    def __init__(
        self,
        robot: Robot,
        config: ClassicalConfig | None = None,
        physics: Physics | None = None,
        delay: Array | None = None,
    ) -> None:
        """Linearise and solve for the gains.

        Args:
            robot: whose limits and sensors count.
            config: choices.
            physics: what is known of each of B robots; by default the robot file.
            delay: known from sample to voltage, (B,) or one for all [s]; by default that of the
                robot file and the host.

        Raises:
            ValueError: the configured rate is not usable.
        """
        self.config = config or ClassicalConfig()
        if not 20 <= self.config.rate_hz <= 1000:
            raise ValueError(f'rate_hz must be 20..1000, not {self.config.rate_hz}')
        self.robot = robot
        self._physics = robot.physics if physics is None else physics
        self._k = dynamics.make_coefficients(self._physics)
        self._top_energy = self._energy(math.pi, 0.0, np)
        self._lift_energy = self._top_energy - self._energy(0.0, 0.0, np)
        self._frequency = np.sqrt(self._lift_energy / 2 / self._k.pendulum)  # small swings
        delay = robot.timing.delay + self.config.host_delay if delay is None else delay
        late = (1 / self.config.rate_hz, delay + self._physics.motor.time_constant)
        model = delayed_model(self._physics, *late)
        scale = np.array([*self.config.angle_weight, *self.config.velocity_weight])
        gain, cost = lqr(*model, scale**-2.0, self.config.voltage_weight**-2.0)
        undelay = undelayed(
            self._physics, self.config.lag_compensation * 2 / robot.sensors.velocity_bandwidth
        )
        oldest = np.arange(1, gain.shape[-1] - 3) == commands_under_way(*late)[:, None]
        # Those of one robot serve any number of them.
        self.gains = Gains(*(m[0] if len(m) == 1 else m for m in (gain, cost, undelay, oldest)))
        self.reset()

    def reset(self, shape: tuple[int, ...] = ()) -> None:
        """Forget the past; for a plant that was moved or restarted, (B,) for B of them."""
        self.past = Past(np.zeros((*shape, self.gains.gain.shape[-1] - 4)), np.zeros(shape, bool))
        self._newest = (np.zeros(shape),) * 4

    @property
    def is_balancing(self) -> Array:
        """Whether it balances; swings up otherwise."""
        return self.past.is_balancing

    @np.errstate(invalid='ignore')  # what is not finite is answered below
    def step(
        self,
        arm_angle: Array,
        pendulum_angle: Array,
        arm_velocity: Array,
        pendulum_velocity: Array,
    ) -> Array:
        """Voltage [V] for the newest sample [rad, rad, rad/s, rad/s]; 0 if that is not finite.

        All of them are (B,), as `reset` was told, or numbers.
        """
        sample = (arm_angle, pendulum_angle, arm_velocity, pendulum_velocity)
        voltage, self.past = self.command(self.gains, self.past, sample, np)
        self._newest = sample
        return voltage

    @np.errstate(invalid='ignore')
    def rehearse(self) -> None:
        """Step once more on the newest sample, to no effect."""
        self.command(self.gains, self.past, self._newest, np)

    def command(
        self, gains: Gains, past: Past, sample: tuple[Array, Array, Array, Array], xp: Any
    ) -> tuple[Array, Past]:
        """Voltage [V] for a sample, and the past with it; pure, in any array module.

        Args:
            gains: this controller's, or those of others for the same robot.
            past: what was remembered of the step before.
            sample: as `step` takes it.
            xp: array module.
        """
        arm_angle, pendulum_angle, arm_velocity, pendulum_velocity = sample
        error = pendulum_angle % (2 * math.pi) - math.pi  # from upright, -pi..pi
        measured = xp.array([arm_angle, error, arm_velocity, pendulum_velocity]).T
        # Near upright, where the model holds, the velocities are those of now.
        applied = xp.sum(past.commands, axis=-1, where=gains.oldest, keepdims=True)
        known = xp.concatenate((measured, applied), axis=-1)
        x = xp.concatenate(((gains.undelay @ known[..., None])[..., 0], past.commands), axis=-1)
        cost = xp.sum((x[..., None, :] @ gains.cost)[..., 0, :] * x, axis=-1)
        bound = xp.where(past.is_balancing, self.config.release_cost, self.config.catch_cost)
        is_balancing = cost < bound
        voltage = -xp.sum(gains.gain * x, axis=-1)
        if xp is not np or not np.all(is_balancing):
            swing = self._swing(arm_angle, error, arm_velocity, pendulum_velocity, xp)
            voltage = xp.where(is_balancing, voltage, swing)
        voltage = xp.where(xp.isfinite(measured).all(axis=-1), voltage, 0.0)
        limit = self.robot.safety.voltage_limit
        voltage = xp.minimum(xp.maximum(voltage, -limit), limit)
        newest = voltage[..., None][..., : past.commands.shape[-1]]
        commands = xp.concatenate((newest, past.commands[..., :-1]), axis=-1)
        return voltage, Past(commands, is_balancing)

    def _swing(
        self, arm: Array, error: Array, arm_velocity: Array, velocity: Array, xp: Any
    ) -> Array:
        """Voltage that moves the pendulum's energy towards its value at rest upright.

        The arm accelerates against the coupling (dE/dt = -M12 v2 a1), and towards its centre;
        the torque for that acceleration follows from the equations of motion, being affine.
        """
        config, angle = self.config, error + math.pi
        missing = (self._top_energy - self._energy(angle, velocity, xp)) / self._lift_energy
        push = xp.minimum(xp.maximum(config.energy_gain * missing, -1.0), 1.0)
        coupling = dynamics.mass_matrix(self._k, angle, xp)[1]
        wanted = -push * config.swing * xp.where(coupling * velocity >= 0, 1.0, -1.0)
        wanted = wanted - config.centering * arm - config.damping * arm_velocity / self._frequency
        beyond = xp.maximum(xp.abs(arm) - config.arm_span, 0.0)
        wanted = wanted - xp.copysign(config.barrier * beyond, arm)
        state = dynamics.State(arm, angle, arm_velocity, velocity, 0.0)
        free, _ = dynamics.acceleration(self._k, state, 0.0, 0.0, xp)
        pushed, _ = dynamics.acceleration(self._k, state, 1.0, 0.0, xp)
        torque = (wanted * self._frequency**2 - free) / (pushed - free)
        return motor.voltage_for(self._physics, torque, arm_velocity, xp)

    def _energy(self, pendulum_angle: Array, pendulum_velocity: Array, xp: Any) -> Array:
        """Energy of the pendulum with the arm at rest, (B,) [J]."""
        state = dynamics.State(0.0, pendulum_angle, 0.0, pendulum_velocity, 0.0)
        return dynamics.energy(self._k, state, xp)

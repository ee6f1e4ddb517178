# SPDX-License-Identifier: Apache-2.0
"""What is played to a robot so that its motion tells its parameters, planned from its file.

Each signal is as strong as it may be for the arm to stay within its limits and the pendulum below
level, by simulation of robots that differ from the file. A weak spring to the middle, by voltage,
keeps the arm from drifting away; since the voltage applied is what is recorded, this does not
disturb the identification.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from furuta_description import dynamics, randomization
from furuta_description.robot import Robot
from furuta_sysid.plan_options import REST, PlanOptions
from furuta_sysid.signals import SIGNALS
from furuta_sysid.trajectory import Floats

DT = 2e-3  # [s] of the plan
CENTRING = 4.0  # [rad/s] the arm's own frequency on the spring to the middle
FREE_BAND = 0.3  # part of the arm's soft limit within which a free swing has no spring
PENDULUM_BOUND = 2.0  # [rad]
SPEED_PART = 0.6  # of the speed limits that may be reached
ROBOTS = 24  # that differ from the file, beside it
LEVELS = np.geomspace(0.03, 1.0, 16)  # parts of the voltage limit


class Segment(NamedTuple):
    """One signal of a plan."""

    name: str
    start: int  # sample
    stop: int
    amplitude: float  # [V]
    arm_reach: float  # [rad] farthest in simulation
    pendulum_reach: float  # [rad]


@dataclass(frozen=True)
class Plan:
    """Voltages to play, N samples of `DT`."""

    signal: Floats  # (N,) [V]
    band: Floats  # (N,) [rad] within which the spring does nothing
    stiffness: float  # [V/rad]
    voltage_limit: float  # [V]
    segments: tuple[Segment, ...]

    @property
    def duration(self) -> float:
        """[s]."""
        return len(self.signal) * DT

    def voltage(self, time: float, arm_angle: float) -> float:
        """Voltage at a time from the start [s] with the arm there [rad]; 0 outside of the plan."""
        index = math.floor(time / DT + 1e-6)
        if not 0 <= index < len(self.signal):
            return 0.0
        spring = _spring(arm_angle, float(self.band[index]), self.stiffness)
        wanted = float(self.signal[index]) + float(spring)
        return min(max(wanted, -self.voltage_limit), self.voltage_limit)


def make_plan(
    robot: Robot, options: PlanOptions, progress: Callable[[float], None] = lambda part: None
) -> Plan:
    """Plan the signals for a robot; `progress` gets the part that is done, 0..1.

    Raises:
        ValueError: the options do not fit together, or the weakest signal is too strong.
    """
    options.check()
    names = options.names
    stiffness = _stiffness(robot)
    count = round((options.duration - REST * (len(names) + 1)) / len(names) / DT)
    random = np.random.default_rng(options.seed)
    shapes = np.stack([SIGNALS[name](count, DT, random) for name in names])
    bands = np.array(
        [FREE_BAND * robot.safety.arm_soft_limit * (name == 'free_swing') for name in names]
    )
    reach = _simulate(robot, shapes, bands, options, progress)
    rest = round(REST / DT)
    signal, band, segments = np.zeros(rest), np.zeros(rest), []
    for i, name in enumerate(names):
        level = _strongest(reach[i], robot, options.reach, name)
        amplitude = float(LEVELS[level] * robot.safety.voltage_limit)
        start = len(signal)
        segments.append(Segment(name, start, start + count, amplitude, *reach[i, level, :2]))
        signal = np.concatenate([signal, amplitude * shapes[i], np.zeros(rest)])
        band = np.concatenate([band, np.full(count, bands[i]), np.zeros(rest)])
    return Plan(signal, band, stiffness, robot.safety.voltage_limit, tuple(segments))


def _simulate(
    robot: Robot,
    shapes: Floats,
    bands: Floats,
    options: PlanOptions,
    progress: Callable[[float], None],
) -> Floats:
    """Farthest that each signal takes the robots at each level, from rest.

    Returns:
        (signals, levels, 4): arm [rad], pendulum [rad] and their speeds [rad/s], the worst of all
        robots.
    """
    ranges = randomization.relative(options.spread)
    deviations = np.random.default_rng(options.seed).uniform(
        -1, 1, (1 + ROBOTS, randomization.count_spreads(ranges) if options.spread else 0)
    )
    deviations[0] = 0.0
    grid = (len(shapes), len(LEVELS), len(deviations))
    robots = np.broadcast_to(np.arange(len(deviations)), grid).ravel()
    physics = randomization.draw(robot.physics, ranges, deviations[robots])
    k = dynamics.make_coefficients(physics)
    limit, stiffness = robot.safety.voltage_limit, _stiffness(robot)
    band = np.broadcast_to(bands[:, None, None], grid).ravel()
    state: Any = dynamics.make_state(*np.zeros((4, band.size)))
    worst = np.zeros((4, band.size))
    for i, values in enumerate(shapes.T):
        signal = np.broadcast_to(values[:, None, None] * LEVELS[:, None] * limit, grid).ravel()
        voltage = np.clip(signal + _spring(state.arm_angle, band, stiffness), -limit, limit)
        state = dynamics.step(physics, k, state, voltage, DT, np)
        worst = np.maximum(worst, np.abs(state[:4]))
        if i % 100 == 0:
            progress(i / shapes.shape[1])
    return np.moveaxis(worst.reshape(4, *grid).max(axis=3), 0, -1)


def _strongest(reach: Floats, robot: Robot, part: float, name: str) -> int:
    """Level below which all, and itself, keep the bounds."""
    limits = robot.safety
    bounds = np.array(
        [
            part * limits.arm_soft_limit,
            PENDULUM_BOUND,
            SPEED_PART * limits.arm_speed_limit,
            SPEED_PART * limits.pendulum_speed_limit,
        ]
    )
    is_within = np.all(reach < bounds, axis=1)
    if not is_within[0]:
        raise ValueError(
            f'{robot.file}: {name} of {LEVELS[0] * limits.voltage_limit:.2f} V takes the arm by '
            f'{reach[0, 0]:.2f} rad and the pendulum by {reach[0, 1]:.2f} rad in simulation: '
            'leave it out (signals), allow more (reach) or trust the robot file more (spread)'
        )
    return int(np.argmin(is_within)) - 1 if not is_within.all() else len(LEVELS) - 1


def _stiffness(robot: Robot) -> float:
    """Volts per radian that give the arm alone the frequency `CENTRING`."""
    physics = robot.physics
    inertia = dynamics.make_coefficients(physics).arm
    ratio = physics.motor.torque_constant * physics.motor.gear_ratio
    return float(inertia * CENTRING**2 * physics.motor.resistance / ratio)


def _spring(arm_angle: Any, band: Any, stiffness: float) -> Any:
    """Voltage that draws the arm to the middle, from the edge of the band on."""
    return -stiffness * (arm_angle - np.clip(arm_angle, -band, band))

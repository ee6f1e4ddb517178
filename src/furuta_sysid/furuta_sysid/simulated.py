# SPDX-License-Identifier: Apache-2.0
"""Recordings of a robot that is only simulated: what an identification can be held against.

The plant of the topics in short: physics of 1 ms, voltage that acts `timing.torque_delay` later,
angles rounded to encoder steps. Nothing else is lost or added.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from furuta_description import dynamics, scalars
from furuta_description.robot import Robot
from furuta_sysid import parameters as space
from furuta_sysid.parameters import Floats
from furuta_sysid.trajectory import Recording

STEP = 1e-3  # [s] of the physics
PERIOD = 2e-3  # [s] of the samples
# What a hidden robot has about where the robot file says 0, as parts of the prior range.
UNSAID = 0.08


def hidden_robot(robot: Robot, spread: float, seed: int) -> tuple[Robot, dict[str, float]]:
    """A robot whose free parameters lie within +-spread of the file's; its values by name."""
    random = np.random.default_rng((seed, 1))
    parameters = space.free_parameters(robot)
    typical = np.array([p.before or UNSAID * p.high for p in parameters])
    values = typical * random.uniform(1 - spread, 1 + spread, len(parameters))
    changed = robot.with_values(space.file_values(robot, parameters, values))
    return changed, {p.name: float(v) for p, v in zip(parameters, values, strict=True)}


def record(
    robot: Robot, voltage: Callable[[float, float], float], seconds: float, name: str = 'simulated'
) -> Recording:
    """Drive a robot from hanging at rest.

    Args:
        robot: the plant.
        voltage: command [V] by time [s] and measured arm angle [rad], asked at every sample.
        seconds: how long.
        name: of the recording.
    """
    count, substeps = round(seconds / PERIOD), round(PERIOD / STEP)
    steps = 2 * np.pi / np.array([robot.sensors.arm_counts, robot.sensors.pendulum_counts])
    volts, angles = np.zeros(count), np.zeros((count, 2))
    k, state = dynamics.make_coefficients(robot.physics), dynamics.make_state(0.0, 0.0, 0.0, 0.0)
    for i in range(count):
        angles[i] = np.round(np.array(state[:2]) / steps) * steps
        volts[i] = voltage(i * PERIOD, float(angles[i, 0]))
        for j in range(substeps):
            late = i * PERIOD + j * STEP - robot.timing.torque_delay
            acting = _mean(volts, late)
            state = dynamics.step(robot.physics, k, state, acting, STEP, scalars)
    return Recording(
        name=name,
        source=Path(name),
        source_hash=f'{name} {robot.hash}',
        dt=PERIOD,
        voltage=volts,
        arm_angle=angles[:, 0],
        pendulum_angle=angles[:, 1],
        is_known=np.ones(count, bool),
        resolution=(float(steps[0]), float(steps[1])),
    )


def _mean(volts: Floats, start: float) -> float:
    """Mean over a physics step of the voltage that was held, 0 before the first."""
    begin, end = start / PERIOD + 1e-9, (start + STEP) / PERIOD - 1e-9
    first, last = int(np.floor(begin)), int(np.floor(end))
    held = [volts[i] if i >= 0 else 0.0 for i in (first, last)]
    if first == last:
        return float(held[0])
    share = (last - begin) / (end - begin)
    return float(share * held[0] + (1 - share) * held[1])

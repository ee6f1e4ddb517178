# SPDX-License-Identifier: Apache-2.0
"""Whether the signals of a recording are what they are said to be: joints, signs, zero.

Short stretches of the recording are predicted by the robot file's equations, once as they stand
and once for each way in which they could be mixed up. Parameters that are wrong by half still tell
a swapped or reversed signal, since those push the wrong way.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy.signal import savgol_filter

from furuta_description import dynamics
from furuta_description.robot import Robot
from furuta_sysid.trajectory import Floats, Recording

HORIZON = 0.1  # [s] of each prediction
SMOOTHING = 0.05  # [s] over which start velocities are taken
WINDOWS = 60  # at most, those with most motion
STEP = 1e-3  # [s] of the prediction

Angles = tuple[Floats, Floats]  # (B,) [rad] of arm and pendulum


class Mixup(NamedTuple):
    """A way in which signals could be wrong: what undoes it, what it is, how to mend it."""

    undo: Callable[[Floats, Floats], Angles]
    what: str
    remedy: str


AS_RECORDED = Mixup(lambda arm, pendulum: (arm, pendulum), '', '')
MIXUPS = (
    Mixup(
        lambda arm, pendulum: (-arm, pendulum),
        'the arm turns against the voltage and against what it does to the pendulum: its encoder '
        'is reversed',
        'swap its wires A and B (`furuta selftest`), or read it with arm=-NAME',
    ),
    Mixup(
        lambda arm, pendulum: (arm, -pendulum),
        'the pendulum swings against what the arm does to it: its encoder is reversed',
        'swap its wires A and B (`furuta selftest`), or read it with pendulum=-NAME',
    ),
    Mixup(
        lambda arm, pendulum: (-arm, -pendulum),
        'both joints move against the voltage: the motor or both encoders are reversed',
        'swap the wires of the motor (`furuta selftest`), or read it with voltage=-NAME',
    ),
    *(
        Mixup(
            lambda arm, pendulum, a=a, b=b: (a * pendulum, b * arm),  # type: ignore[misc]
            'the arm swings as a pendulum does and the pendulum as the arm: they are swapped',
            'swap the two encoders, or the two columns (arm=..., pendulum=...)',
        )
        for a in (1, -1)
        for b in (1, -1)
    ),
    Mixup(
        lambda arm, pendulum: (arm, pendulum - math.pi),
        'the pendulum falls away from its zero: that is upright, where it should hang',
        'set the zero with the pendulum hanging (`furuta zero`), or read it with '
        'pendulum=NAME:UNIT@HANGING, what the column reads while it hangs',
    ),
)


def prediction_errors(robot: Robot, recording: Recording) -> Floats:
    """Error of `HORIZON` predictions as recorded and under each of `MIXUPS`.

    Returns:
        (1 + mix-ups,): mean square error of both joints, each in parts of the mean square of what
        the joint did in that time; 1 is what predicting no motion gives. Empty if the recording
        has no stretch that is long enough.
    """
    starts = _liveliest(recording)
    if not len(starts):
        return np.empty(0)
    length = round(HORIZON / recording.dt)
    rows = starts[:, None] + np.arange(length + 1)  # (W, length + 1)
    smooth = savgol_filter(recording.angles, _odd(SMOOTHING / recording.dt), 2, axis=0)
    velocity = savgol_filter(
        recording.angles, _odd(SMOOTHING / recording.dt), 2, deriv=1, delta=recording.dt, axis=0
    )
    voltage = recording.voltage[rows[:, :-1]]
    errors = []
    for mixup in (AS_RECORDED, *MIXUPS):
        angles = np.stack(mixup.undo(smooth[:, 0], smooth[:, 1]))[:, rows]
        turn = np.stack(mixup.undo(velocity[:, 0], velocity[:, 1]))[:, starts]
        turn -= np.stack(mixup.undo(np.zeros(1), np.zeros(1)))  # an offset has no velocity
        end = _predict(robot, angles[:, :, 0], turn, voltage, recording.dt)
        expected = angles[:, :, -1] - angles[:, :, 0] - HORIZON * turn
        actual = end - angles[:, :, 0] - HORIZON * turn
        ratio = np.mean((actual - expected) ** 2, axis=1) / np.mean(expected**2, axis=1)
        errors.append(float(np.mean(np.minimum(ratio, 1e6))))
    return np.array(errors)


def _predict(
    robot: Robot, angles: Floats, velocities: Floats, voltage: Floats, dt: float
) -> Floats:
    """Angles (2, W) at the end of each window, from those at its start and its voltages (W, L)."""
    k = dynamics.make_coefficients(robot.physics)
    state: Any = dynamics.make_state(*angles, *velocities)
    substeps = max(1, round(dt / STEP))
    for held in voltage.T:
        for _ in range(substeps):
            state = dynamics.step(robot.physics, k, state, held, dt / substeps, np)
    return np.stack([state.arm_angle, state.pendulum_angle])


def _liveliest(recording: Recording) -> np.ndarray[Any, np.dtype[np.intp]]:
    """Starts of the windows in which both joints change their velocity most, (W,)."""
    length = round(HORIZON / recording.dt)
    margin = _odd(SMOOTHING / recording.dt) // 2 + 1
    starts = [
        np.arange(part.start + margin, part.stop - length - margin, length)
        for part in recording.parts
    ]
    found = np.concatenate(starts) if starts else np.empty(0, np.intp)
    if not len(found):
        return found
    spread = np.stack(
        [np.ptp(values[found[:, None] + np.arange(length)], axis=1) for values in
         (recording.arm_angle, recording.pendulum_angle)]
    )  # fmt: skip
    liveliness = np.sum(spread / np.maximum(np.mean(spread, axis=1, keepdims=True), 1e-9), axis=0)
    return np.sort(found[np.argsort(-liveliness)[:WINDOWS]])


def _odd(samples: float) -> int:
    """Odd number of samples for the smoothing, at least 5."""
    return max(5, 2 * round(samples / 2) + 1)

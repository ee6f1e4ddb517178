# SPDX-License-Identifier: Apache-2.0
"""What a recording must be for an identification to mean anything; each fault by its name.

Every check takes a recording and the robot file it should be of, and returns what is wrong and how
to mend it, or ''.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from furuta_description.robot import Robot
from furuta_sysid.arrangement import MIXUPS, prediction_errors
from furuta_sysid.trajectory import FINEST, Floats, Recording, RecordingError

SHORTEST = 2.0  # [s] without a hole
LEAST_VOLTAGE = 0.1  # [V] of the largest
LEAST_STEPS = 10  # encoder counts that each joint must have moved
BETTER = 0.6  # part of the error as recorded below which a mix-up is believed
UNEXPLAINED = 0.8  # error beyond which the model says nothing about the recording
DEGREES = math.degrees(1.0)  # in a radian


def check(recording: Recording, robot: Robot) -> list[str]:
    """Refuse a recording that cannot be identified from.

    Returns:
        Remarks on one that can.

    Raises:
        RecordingError: with every fault that was found.
    """
    faults = [text for fault in SIMPLE if (text := fault(recording, robot))]
    remarks = list(recording.remarks)
    if not faults:
        errors = prediction_errors(robot, recording)
        faults = [text for text in [mixed_up(errors)] if text]
        remarks += [
            text for text in (unexplained(errors), other_encoder(recording, robot)) if text
        ]
    if faults:
        raise RecordingError('\n'.join(f'{recording.source}: {fault}' for fault in faults))
    return remarks


def check_all(recordings: Iterable[Recording], robot: Robot) -> dict[str, list[str]]:
    """Remarks on each recording by its name.

    Raises:
        RecordingError: some cannot be used; with the faults of all.
    """
    remarks, faults = {}, []
    for recording in recordings:
        try:
            remarks[recording.name] = check(recording, robot)
        except RecordingError as error:
            faults.append(str(error))
    if faults:
        raise RecordingError('\n'.join(faults))
    return remarks


def too_short(recording: Recording, robot: Robot) -> str:
    """A recording with no stretch that is long enough."""
    longest = max((part.stop - part.start for part in recording.parts), default=0) * recording.dt
    if longest >= SHORTEST:
        return ''
    return (
        f'too short: {longest:.2f} s without a gap, {SHORTEST:g} s at least are needed and 20 to '
        '60 s are good; record longer (`furuta sysid capture`)'
    )


def not_driven(recording: Recording, robot: Robot) -> str:
    """A voltage that is missing or never changes."""
    voltage = recording.voltage[recording.is_known]
    if not len(voltage):
        return ''
    if np.max(np.abs(voltage)) < LEAST_VOLTAGE:
        return (
            f'no voltage: it never exceeds {LEAST_VOLTAGE:g} V; was the motor enabled, and is the '
            'voltage in volts?'
        )
    if np.ptp(voltage) < 1e-3 * np.max(np.abs(voltage)):
        return (
            f'constant voltage: {voltage[0]:g} V throughout says nothing of the motion; play an '
            'excitation (`furuta sysid capture`)'
        )
    return ''


def no_motion(recording: Recording, robot: Robot) -> str:
    """Joints that stand still."""
    still = [
        f'{joint} ({np.ptp(angle):.4f} rad)'
        for joint, angle, step in _joints(recording)
        if np.ptp(angle) < LEAST_STEPS * max(step, FINEST)
    ]
    if not still:
        return ''
    return (
        f'no motion of the {" and the ".join(still)}: is the motor enabled, the encoder connected '
        '(`furuta selftest`), the voltage enough?'
    )


def not_radians(recording: Recording, robot: Robot) -> str:
    """Angles in counts or degrees."""
    texts = []
    for (name, angle, step), counts in zip(_joints(recording), _counts(robot), strict=True):
        if np.ptp(angle) > 10 and np.allclose(angle, np.round(angle), atol=1e-9):
            texts.append(
                f'the {name} is in encoder counts, not in radians (whole numbers only): read it '
                f'with {name}=NAME:counts/{counts}'
            )
        elif _is_degrees(step * counts / math.tau) or (
            name == 'arm' and step <= FINEST and np.ptp(angle) > 4 * robot.safety.arm_limit
        ):
            texts.append(
                f'the {name} is in degrees, not in radians (it moves by {np.ptp(angle):.1f} in '
                f'steps of {step:.4f}): read it with {name}=NAME:deg'
            )
    return '; '.join(texts)


def mixed_up(errors: Floats) -> str:
    """Swapped joints, a reversed encoder or a zero that is upright, by `prediction_errors`."""
    if not len(errors):
        return ''
    best = int(np.argmin(errors[1:]))
    if errors[1 + best] >= BETTER * errors[0]:
        return ''
    mixup = MIXUPS[best]
    return (
        f'{mixup.what} (short predictions miss {errors[0]:.0%} of the motion as recorded and '
        f'{errors[1 + best]:.0%} otherwise); {mixup.remedy}'
    )


def unexplained(errors: Floats) -> str:
    """A motion that the robot file says nothing about."""
    if not len(errors) or errors[0] < UNEXPLAINED:
        return ''
    return (
        f'the robot file misses {errors[0]:.0%} of the motion within 0.1 s: is it this robot, and '
        'the voltage in volts?'
    )


def other_encoder(recording: Recording, robot: Robot) -> str:
    """An encoder with other counts than the robot file says."""
    texts = []
    for (joint, _, step), counts in zip(_joints(recording), _counts(robot), strict=True):
        found = math.tau / step
        if step > FINEST and not 0.8 < found / counts < 1.25:
            texts.append(f'the {joint} has steps of {found:.0f} counts a turn, not of {counts}')
    return '; '.join(texts)


SIMPLE = (too_short, not_driven, no_motion, not_radians)


def _joints(recording: Recording) -> list[tuple[str, Floats, float]]:
    known = recording.is_known
    return [
        ('arm', recording.arm_angle[known], recording.resolution[0]),
        ('pendulum', recording.pendulum_angle[known], recording.resolution[1]),
    ]


def _counts(robot: Robot) -> tuple[int, int]:
    return robot.sensors.arm_counts, robot.sensors.pendulum_counts


def _is_degrees(ratio: float) -> bool:
    return 0.75 * DEGREES < ratio < 1.3 * DEGREES

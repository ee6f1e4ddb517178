# SPDX-License-Identifier: Apache-2.0
"""What a short push of the motor tells of a robot's wires. Numbers in, words out.

Under a positive voltage the arm's counts move by (motor x arm encoder); and since a hanging
pendulum lags behind an arm that starts, its counts move by (motor x pendulum encoder). So each
swapped pair of wires has a pattern of its own; all three swapped give a mirrored machine, which
works.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

from furuta_description import dynamics
from furuta_description.robot import Robot
from furuta_hardware.session import Reading

STUCK = 0.1  # of the expected motion
COUNTS_RATIO = 1.6  # counts that are wrong are so by 2 or 4
OFF_ZERO = math.radians(2)
SWINGS = 0.1  # [rad/s]
REVERSED = {  # by: arm goes the right way, pendulum goes the right way
    (False, True): 'arm encoder is reversed: swap its wires A and B',
    (True, False): 'pendulum encoder is reversed: swap its wires A and B',
    (False, False): 'motor is reversed: swap its two wires',
}


class Finding(NamedTuple):
    """What one check found."""

    name: str
    is_good: bool
    text: str


class Push(NamedTuple):
    """How far both joints have moved under a short positive voltage [rad]."""

    arm: float
    pendulum: float


def lag(robot: Robot) -> float:
    """How far a hanging pendulum moves for each radian of an arm that starts."""
    k = dynamics.make_coefficients(robot.physics)
    return float(-k.coupling_cos / k.pendulum)


def judge_directions(push: Push, robot: Robot) -> Finding:
    """Is a wire swapped, and which?"""
    expected = lag(robot)
    if abs(push.pendulum) < STUCK * abs(push.arm * expected):
        return Finding(
            'directions',
            False,
            'the pendulum does not move while the arm does: it is stuck, or its encoder is not '
            'connected',
        )
    wrong = REVERSED.get((push.arm > 0, push.pendulum * expected > 0))
    return Finding('directions', wrong is None, wrong or 'motor and both encoders as drawn')


def judge_counts(push: Push, robot: Robot) -> Finding:
    """Do the encoders have as many counts as the robot file says?"""
    off = abs(push.pendulum / (push.arm * lag(robot)))
    if 1 / COUNTS_RATIO < off < COUNTS_RATIO:
        return Finding('counts', True, f'pendulum against arm: {off:.2f} of what is expected')
    return Finding(
        'counts',
        False,
        f'the pendulum moves {off:.1f} times as far against the arm as expected: arm_counts or '
        'pendulum_counts of the robot file is wrong (four edges a line), or the pendulum another',
    )


def judge_swing(readings: Sequence[Reading]) -> Finding:
    """Does the pendulum swing freely, and about its zero?"""
    middle = _middle_of_swing(readings)
    if middle is None:
        return Finding('free swing', False, 'the pendulum does not swing out: what rubs on it?')
    off = off_zero(middle)
    if abs(off) > OFF_ZERO:
        return Finding(
            'free swing',
            False,
            f'swings about {math.degrees(off):+.1f} deg, not about 0: the pendulum was held or '
            'stuck when zero was set; let it hang still, then `furuta zero`',
        )
    return Finding('free swing', True, f'about {math.degrees(off):+.1f} deg')


def off_zero(angle: float) -> float:
    """Angle from hanging [rad], -pi..pi, whatever the turns."""
    return math.remainder(angle, math.tau)


def _middle_of_swing(readings: Sequence[Reading]) -> float | None:
    """Mean of neighbouring turning points [rad]; None if there are not three."""
    moving = [r for r in readings if abs(r.pendulum_velocity) > SWINGS]
    runs = itertools.groupby(moving, key=lambda r: r.pendulum_velocity > 0)
    ends = [list(run)[-1].pendulum_angle for _, run in runs][:-1]
    if len(ends) < 3:
        return None
    middles = [(a + b) / 2 for a, b in itertools.pairwise(ends)]
    return sum(middles) / len(middles)

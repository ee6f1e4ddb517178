# SPDX-License-Identifier: Apache-2.0
"""Verdicts on a run, from made-up joint states."""

import math

import pytest

from furuta_bringup.judge import Judge


def feed(judge, pendulum, start=0.0, period=0.01, arm=0.0):
    for i, angle in enumerate(pendulum):
        judge.add(100.0 + start + i * period, arm, angle)


def test_time_to_upright_is_where_the_first_held_stretch_begins():
    judge = Judge()
    swing = [0.0] * 100 + [math.pi] * 20 + [2.0] * 50 + [-math.pi] * 300
    feed(judge, swing)
    assert judge.time_to_upright == pytest.approx(1.70)
    assert judge.upright_for == pytest.approx(2.99)
    assert judge.falls == 0


def test_upright_in_any_turn_counts():
    judge = Judge()
    feed(judge, [5 * math.pi - 0.1] * 200)
    assert judge.time_to_upright == 0.0


def test_fall_after_the_swing_up_is_counted_once():
    judge = Judge()
    feed(judge, [math.pi] * 200 + [1.0] * 30 + [math.pi] * 50)
    assert judge.falls == 1
    assert judge.upright_for == pytest.approx(0.49)


def test_angle_that_is_not_a_number_is_not_upright():
    judge = Judge()
    feed(judge, [math.pi] * 200 + [math.nan])
    assert judge.upright_for == 0.0


def test_gap_in_the_samples_is_counted():
    judge = Judge()
    feed(judge, [0.0] * 10)
    feed(judge, [0.0] * 10, start=1.0)
    assert judge.gaps == 1


def test_summary_of_nothing_has_no_infinities():
    assert Judge().summary()['arm_min'] is None

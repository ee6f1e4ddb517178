# SPDX-License-Identifier: Apache-2.0
"""Deadlines of a simulated plant, on a clock that is passed in."""

import pytest

from furuta_sim.pace import CATCH_UP_NS, Pace

MS = 1_000_000


def test_deadlines_are_absolute():
    pace = Pace(0.002, 1.0, 0)
    late = [pace.next(k * 2 * MS + MS) for k in range(1, 5)]
    assert late == [2 * MS, 4 * MS, 6 * MS, 8 * MS]


def test_short_delay_is_caught_up():
    pace = Pace(0.002, 1.0, 0)
    assert pace.next(20 * MS) == 2 * MS
    assert pace.next(20 * MS) == 4 * MS
    assert pace.dropped == 0


def test_long_delay_is_dropped_and_the_stamps_stay_wall_time():
    pace = Pace(0.002, 1.0, 0)
    now = CATCH_UP_NS + 100 * MS
    assert pace.next(now) == now
    assert pace.plant_ns == now
    assert pace.next(now) == now + 2 * MS
    assert pace.dropped == 1


def test_speed_factor_scales_the_deadlines_and_not_the_plant_time():
    pace = Pace(0.002, 4.0, 0)
    assert [pace.next(0), pace.next(0)] == [MS // 2, MS]
    assert pace.plant_ns == 4 * MS


def test_paused_plant_time_stands_still_unless_it_is_wall_time():
    pace = Pace(0.002, 2.0, 0)
    pace.is_paused = True
    pace.next(0)
    assert pace.plant_ns == 0


@pytest.mark.parametrize('speed', [0.0, -1.0, 1e6, float('nan')])
def test_unusable_speed_is_refused(speed):
    with pytest.raises(ValueError, match='speed must be'):
        Pace(0.002, speed, 0)


def test_ticks_that_are_no_whole_steps_are_refused():
    with pytest.raises(ValueError, match='whole multiple'):
        Pace(0.002, 1.0, 0).steps(0.0015)

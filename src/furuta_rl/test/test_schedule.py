# SPDX-License-Identifier: Apache-2.0
"""Which samples a controller steps on."""

import numpy as np
import pytest

from furuta_description.trace import StepTimes
from furuta_rl.schedule import Schedule


def due(schedule, stamps):
    return [stamp for stamp in stamps if schedule.is_due(stamp)]


def test_steps_on_every_second_sample_at_half_the_rate():
    schedule = Schedule(0.004)
    assert due(schedule, [k * 0.002 for k in range(6)]) == [0.0, 0.004, 0.008]
    assert schedule.missed == 0


def test_jitter_of_the_stamps_costs_no_step():
    schedule = Schedule(0.004)
    stamps = [0.0, 0.0021, 0.0039, 0.0061, 0.0081, 0.0099, 0.0119]
    assert due(schedule, stamps) == [0.0, 0.0039, 0.0081, 0.0119]
    assert schedule.missed == 0


@pytest.mark.parametrize('drift', [0.0, 1e-4, -1e-4])  # of the plant's clock
@pytest.mark.parametrize('rate', [50, 200, 250, 500])
def test_no_step_is_missed_in_many_minutes_of_system_time(rate, drift):
    schedule, period = Schedule(1 / rate), 1 / rate
    start, spacing = 1.7e9, (1 + drift) * min(period, 0.002 if rate != 200 else period)
    count = 200_000
    stamps = start + spacing * np.arange(count)
    steps = len(due(schedule, stamps.tolist()))
    assert schedule.missed == 0
    assert steps == pytest.approx(count * spacing / period / (1 + drift), abs=2)


def test_next_sample_is_expected_as_late_after_its_stamp_as_those_before():
    schedule, lag = Schedule(0.02), 0.0015
    random = np.random.default_rng(0)
    for stamp in 1.7e9 + 0.02 * np.arange(1000):
        assert schedule.is_due(stamp)
        taken = stamp + lag + random.uniform(-0.0005, 0.0005)
        stages = StepTimes(0, *(round(1e9 * t) for t in (stamp, stamp, taken, taken, taken)))
        schedule.done(stages)
    assert schedule.expected == pytest.approx(stamp + 0.02 + lag, abs=1e-4)


def test_lost_samples_are_missed_steps_and_the_grid_goes_on():
    schedule = Schedule(0.004)
    due(schedule, [0.0, 0.004])
    assert schedule.is_due(0.016)  # 0.008 and 0.012 never came
    assert schedule.missed == 2
    assert not schedule.is_due(0.018)
    assert schedule.is_due(0.020)


def test_gap_or_restart_of_the_plant_is_a_jump_and_no_missed_steps():
    for stamp in (10.0, -5.0):
        schedule = Schedule(0.004)
        due(schedule, [0.0, 0.004])
        assert schedule.is_due(stamp)
        assert schedule.has_jumped
        assert schedule.missed == 0


def test_report_gives_the_rate_in_the_plants_time_and_how_old_samples_were():
    schedule = Schedule(0.004)
    for k in range(101):
        if schedule.is_due(k * 0.002):
            ms = 1_000_000
            sent = 2 * ms if k else 500 * ms
            schedule.done(StepTimes(k, 0, ms // 2, ms, ms + 100_000, sent))
    report = schedule.report()
    assert round(report['rate_hz'], 3) == 250.0
    assert round(report['compute_p50_ms'], 3) == 0.1
    assert round(report['observation_age_p50_ms'], 3) == 2.0
    assert report['observation_age_worst_ms'] == 500.0
    assert report['late_steps'] == 1


def test_first_samples_are_not_driven_on_before_they_came_for_half_a_second_without_a_gap():
    schedule = Schedule(0.02)
    settled = []
    for stamp in (*(k * 0.02 for k in range(5)), *(0.4 + k * 0.02 for k in range(40))):
        assert schedule.is_due(stamp)
        settled.append((stamp, schedule.is_settled))
    assert next(stamp for stamp, is_settled in settled if is_settled) == 0.4 + 25 * 0.02
    assert schedule.is_due(9.0)  # a pause: there is a pendulum to be held at once
    assert schedule.is_settled

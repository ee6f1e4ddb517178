# SPDX-License-Identifier: Apache-2.0
"""Losses, ages and round trips, computed by hand."""

import math

import pytest

from furuta_hardware.encoder_watch import EncoderWatch
from furuta_hardware.link_statistics import LinkStatistics
from furuta_hardware.messages import State

RESOLUTION = math.tau / 8192


def state(sequence, echo=0, age_us=0):
    return State(0, sequence, echo, age_us, 0, 0, 0, 0, 0.0, 0.0, 0.0, math.nan)


def test_missing_sequence_numbers_are_losses_also_over_the_wrap():
    statistics = LinkStatistics()
    lost = [statistics.arrived(state(n), 0, 0) for n in (65533, 65534, 1, 2)]
    assert lost == [0, 0, 2, 0]
    assert statistics.lost == 2


def test_gap_over_a_new_connection_is_no_loss():
    statistics = LinkStatistics()
    statistics.arrived(state(100), 0, 0)
    statistics.restart()
    statistics.arrived(state(7000), 0, 0)
    assert statistics.lost == 0


def test_round_trip_leaves_out_the_time_on_the_board():
    statistics = LinkStatistics()
    statistics.sent(5, 1_000_000)
    statistics.arrived(state(1, echo=4), 2_000_000, 1_500_000)
    statistics.arrived(state(2, echo=5, age_us=700), 4_000_000, 3_500_000)
    statistics.arrived(state(3, echo=5, age_us=2700), 6_000_000, 5_500_000)  # the same command
    report = statistics.report(0)
    assert report['round_trip_ms_p50'] == pytest.approx(4.0 - 1.0 - 0.7)
    assert report['age_ms_p50'] == pytest.approx(0.5)


def test_rate_is_that_since_the_last_report():
    statistics = LinkStatistics()
    statistics.report(0)
    for n in range(100):
        statistics.arrived(state(n), 0, 0)
    assert statistics.report(200_000_000)['rate_hz'] == pytest.approx(500)


def swing(amplitude, pulsation, glitch_at=None, glitch=0):
    """Jumps seen in a swing sampled at 500 Hz."""
    watch = EncoderWatch(RESOLUTION)
    jumps = []
    for i in range(2000):
        angle = amplitude * math.sin(pulsation * i * 0.002)
        counts = round(angle / RESOLUTION)
        counts += glitch if glitch_at is not None and i >= glitch_at else 0
        jumps.append(watch.jump(i * 2000, counts))
    return jumps


def test_fastest_swing_is_no_jump():
    assert not any(swing(3.0, 13.0))  # 39 rad/s and 500 rad/s^2


@pytest.mark.parametrize('glitch', [60, -300, 4000])
def test_jump_of_the_counts_is_noticed_once_with_its_size(glitch):
    jumps = [jump for jump in swing(1.0, 5.0, 700, glitch) if jump]
    assert len(jumps) == 1
    assert jumps[0] == pytest.approx(glitch, abs=10)


def test_lost_states_are_no_jump():
    watch = EncoderWatch(RESOLUTION)
    for i in (0, 1, 2, 12, 13):  # 10 rad/s^2
        assert watch.jump(i * 2000, round(5 * (i * 0.002) ** 2 / RESOLUTION)) == 0

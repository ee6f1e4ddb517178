# SPDX-License-Identifier: Apache-2.0
"""Board time to host time, under drift, jitter and spikes."""

import numpy as np
import pytest

from furuta_hardware.clock_map import ClockMap

LEAST_DELAY_NS = 600_000


def arrivals(drift, seconds=20.0, spikes=0.01, seed=0):
    """Board times [us], true host times and arrivals [ns] of samples at 500 Hz."""
    random = np.random.default_rng(seed)
    board = np.arange(round(seconds * 500)) * 2000
    true = 7_000_000_000 + np.round(board * 1000 * (1 + drift)).astype(np.int64)
    jitter = random.exponential(200_000, len(board))
    held_up = random.random(len(board)) < spikes
    jitter[held_up] += random.uniform(1e6, 80e6, held_up.sum())
    return board.tolist(), true.tolist(), (true + LEAST_DELAY_NS + jitter).astype(int).tolist()


@pytest.mark.parametrize('drift', [0.0, 1e-4, -1e-4])
def test_stamps_are_true_but_for_the_least_delay_whatever_the_jitter(drift):
    clock, errors = ClockMap(), []
    for board, true, arrival in zip(*arrivals(drift), strict=True):
        clock.add(board, arrival)
        errors.append(clock.to_host_ns(board) - true - LEAST_DELAY_NS)
    settled = np.array(errors[2500:])  # 5 s
    assert np.abs(settled).max() < 100_000
    assert clock.drift == pytest.approx(drift, abs=1e-5)


def test_single_held_up_samples_do_not_move_the_stamps():
    calm, rough = ClockMap(), ClockMap()
    for i, (board, _, arrival) in enumerate(zip(*arrivals(5e-5, spikes=0.0), strict=True)):
        calm.add(board, arrival)
        rough.add(board, arrival + (50_000_000 if i % 10 == 3 else 0))
    assert abs(calm.to_host_ns(board) - rough.to_host_ns(board)) < 100_000


def test_no_stamp_lies_in_the_future_of_its_arrival():
    clock = ClockMap()
    for board, _, arrival in zip(*arrivals(1e-4, seconds=5.0), strict=True):
        clock.add(board, arrival)
        assert clock.to_host_ns(board) <= arrival + 1  # rounding


def test_first_sample_alone_gives_a_stamp():
    clock = ClockMap()
    clock.add(1000, 5_000_000)
    assert clock.to_host_ns(1000) == 5_000_000
    assert clock.to_host_ns(2000) == 6_000_000

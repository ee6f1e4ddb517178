# SPDX-License-Identifier: Apache-2.0
"""Encoder counts, wrap, zero offset and the velocity filter."""

import math

import numpy as np
import pytest

from furuta_description import sensing

COUNTS = 1200
PERIOD = 1e-3
BANDWIDTH = 200.0


def _follow(angles):
    tracker = sensing.make_tracker(COUNTS, BANDWIDTH, PERIOD)
    state = sensing.start(sensing.register(angles[0], COUNTS, np))
    seen = []
    for angle in angles:
        state = sensing.track(state, sensing.register(angle, COUNTS, np), tracker)
        seen.append((sensing.angle(state, 0, tracker), sensing.velocity(state, tracker)))
    return np.array(seen).T


def test_angle_is_within_half_a_count_over_many_turns_of_the_16_bit_counter():
    true = np.linspace(
        0.0, 1200.0, 40_001
    )  # [rad], some 230 000 counts, the register wraps 3 times
    angle, _ = _follow(true)
    assert np.max(np.abs(angle - true)) < math.pi / COUNTS + 1e-4


def test_constant_velocity_is_measured_without_bias():
    _, velocity = _follow(5.0 * PERIOD * np.arange(2000))
    assert np.mean(velocity[500:]) == pytest.approx(5.0, abs=0.01)


def test_changing_velocity_is_seen_two_over_bandwidth_later():
    time = PERIOD * np.arange(3000)
    _, velocity = _follow(20 * np.sin(time * 6))
    late = round(2 / BANDWIDTH / PERIOD)
    true = 120 * np.cos(time * 6)
    assert np.max(np.abs(velocity[500:] - true[500 - late : -late])) < 1.0


def test_quantisation_noise_of_the_velocity_is_as_the_robot_file_says():
    random = np.random.default_rng(0)
    speeds = []
    for speed in random.uniform(0.1, 2, 20):
        _, velocity = _follow(speed * PERIOD * np.arange(2000))
        speeds.append(np.std(velocity[500:]))
    assert np.mean(speeds) < 0.2  # [rad/s]


def test_offset_makes_the_present_pose_zero():
    tracker = sensing.make_tracker(COUNTS, BANDWIDTH, PERIOD)
    state = sensing.start(sensing.register(np.float64(1.0), COUNTS, np))
    assert sensing.angle(state, state.counts, tracker) == 0


def test_everything_is_float32_as_on_the_board():
    tracker = sensing.make_tracker(COUNTS, BANDWIDTH, PERIOD)
    reading = sensing.register(np.array([0.3]), COUNTS, np)
    state = sensing.track(sensing.start(reading), reading + 3, tracker)
    assert {state.residual.dtype, state.velocity.dtype} == {np.dtype(np.float32)}
    assert sensing.angle(state, 0, tracker).dtype == np.float32


def test_batch_gives_what_single_robots_give():
    tracker = sensing.make_tracker(COUNTS, BANDWIDTH, PERIOD)
    readings = np.array([5, 65530, 40_000], np.int32)
    batch = sensing.track(sensing.start(readings), (readings + 7) & 0xFFFF, tracker)
    for i, reading in enumerate(readings):
        one = np.array([reading])
        single = sensing.track(sensing.start(one), (one + 7) & 0xFFFF, tracker)
        assert [field[i] for field in batch] == [field[0] for field in single]


def test_unstable_filter_is_refused_with_the_period_it_needs():
    with pytest.raises(ValueError, match=r'below 0\.0025 s'):
        sensing.make_tracker(COUNTS, BANDWIDTH, 0.004)


@pytest.mark.parametrize(
    ('angle', 'wrapped'),
    [(0.0, 0.0), (math.pi, -math.pi), (-math.pi, -math.pi), (7.0, 7 - math.tau)],
)
def test_angle_wraps_to_one_turn(angle, wrapped):
    assert sensing.wrap_angle(angle, np) == pytest.approx(wrapped)

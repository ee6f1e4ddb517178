# SPDX-License-Identifier: Apache-2.0
"""Stages of a control step, from times that add up by hand."""

import numpy as np

from furuta_description.trace import (
    COMMAND_STAGES,
    STEP_STAGES,
    WINDOW,
    CommandTimes,
    StepTimes,
    Trace,
    histogram,
    join,
    period_errors,
    quantiles,
)

MS = 1_000_000


def test_quantiles_are_values_that_occurred():
    assert quantiles(np.arange(1001)[::-1]) == {
        'p50': 500.0,
        'p99': 990.0,
        'p999': 999.0,
        'worst': 1000.0,
    }
    assert quantiles(np.zeros(0))['worst'] == 0.0


def test_stages_are_the_times_between_the_columns():
    steps, commands = Trace(StepTimes), Trace(CommandTimes)
    for k in range(3):
        t = 10 * MS * k
        steps.add(StepTimes(k, t, t + MS, t + 2 * MS, t + 5 * MS, t + 6 * MS))
        commands.add(CommandTimes(k, t + 6 * MS, t + 8 * MS, t + (12 + k) * MS))
    report = steps.report(STEP_STAGES) | commands.report(COMMAND_STAGES)
    assert report['sensor_age_p50_ms'] == 2
    assert report['compute_worst_ms'] == 3
    assert report['publish_p99_ms'] == 1
    assert report['wire_p50_ms'] == 2
    assert report['applied_p50_ms'] == 5
    assert report['applied_worst_ms'] == 6


def test_each_row_is_given_once_and_the_oldest_are_overwritten():
    trace = Trace(CommandTimes)
    for k in range(3):
        trace.add((k, 0, 0, 0))
    assert list(trace.new()[:, 0]) == [0, 1, 2]
    assert len(trace.new()) == 0
    for k in range(3, WINDOW + 8):
        trace.add((k, 0, 0, 0))
    assert list(trace.new()[:, 0]) == list(range(8, WINDOW + 8))
    assert set(trace.newest()[:, 0]) == set(range(8, WINDOW + 8))


def test_rows_of_one_command_are_joined_and_those_without_a_partner_left_out():
    steps = np.array([[1, 0, 1, 2, 3, 4], [2, 10, 11, 12, 13, 14], [3, 20, 21, 22, 23, 24]])
    commands = np.array([[4, 33, 34, 35], [3, 23, 25, 27], [1, 3, 5, 9]])
    joined = join(steps, commands)
    assert list(joined['stamp']) == [0, 20]
    assert list(joined['sent']) == [3, 23]
    assert list(joined['applied'] - joined['stamp']) == [9, 7]


def test_period_error_is_the_distance_from_the_period_to_either_side():
    times = np.array([0, 5, 9, 15]) * MS
    assert np.allclose(period_errors(times, 0.005), [0.0, 0.001, 0.001])


def test_what_lies_beyond_the_edges_is_counted_in_the_outermost_bins():
    counts = histogram(np.array([-1.0, 0.5, 1.0, 1.5, 99.0]), np.array([0.0, 1.0, 2.0]))
    assert list(counts) == [2, 3]

# SPDX-License-Identifier: Apache-2.0
"""From stamped signals to one grid, by hand-made stamps."""

from pathlib import Path

import numpy as np
import pytest

from furuta_sysid.priors import LONGEST_DELAY
from furuta_sysid.trajectory import Stamped, to_recording

DT = 0.002


def recording_of(time, voltage_time, voltage):
    angle = 0.01 * np.arange(len(time))
    return to_recording(
        Stamped(time, angle, -angle, voltage_time, np.asarray(voltage)), Path('made'), ''
    )


def test_clock_that_drifts_by_two_samples_moves_no_voltage():
    random = np.random.default_rng(0)
    count = 30_000
    voltage = random.uniform(-5, 5, count)
    stamps = 7.0 + DT * (1 + 7e-5) * np.arange(count) + random.uniform(-2e-4, 2e-4, count)
    recording = recording_of(stamps, np.append(stamps[0] - DT, stamps[:-1]), voltage)
    assert len(recording) == count and recording.dt == DT
    np.testing.assert_allclose(recording.voltage[:-1], voltage[1:], atol=1e-6)
    np.testing.assert_allclose(np.diff(recording.arm_angle), 0.01, atol=1e-9)


def test_voltage_that_changes_within_a_sample_counts_with_its_share():
    grid = DT * np.arange(50)
    recording = recording_of(grid, np.array([0.0, 10.25 * DT, 20.0 * DT]), [1.0, 3.0, -2.0])
    expected = np.select(
        [grid < 9.5 * DT, grid < 10.5 * DT, grid < 19.5 * DT], [1.0, 2.5, 3.0], -2
    )
    np.testing.assert_allclose(recording.voltage[recording.is_known], expected[recording.is_known])


def test_stretch_after_a_hole_begins_once_its_voltages_act_no_more():
    time = np.delete(DT * np.arange(1000), np.arange(300, 400))
    recording = recording_of(time, time, np.zeros(len(time)))
    first, second = recording.parts
    assert first.start == 0 and first.stop == pytest.approx(300, abs=2)
    assert second.start * DT == pytest.approx(400 * DT + LONGEST_DELAY, abs=2 * DT)
    assert second.stop == 1000

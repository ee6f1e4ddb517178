# SPDX-License-Identifier: Apache-2.0
"""Open-loop replays miss a recording by what is wrong in the robot file, and by nothing else."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from furuta_description.robot import load_robot
from furuta_sysid.replay import Windows, delayed, replay
from furuta_sysid.trajectory import Recording

ROBOT = load_robot('furuta').with_values({'timing.torque_delay': 0.0})


@pytest.fixture
def made(simulate):
    return simulate('furuta', 4.0)


def test_robot_that_made_a_recording_replays_it_within_the_encoders_steps(made):
    half, one, four = replay(ROBOT, made, (0.5, 1.0, 10.0))
    assert [len(w.begin) for w in (half, one, four)] == [7, 3, 1]
    assert four.horizon == pytest.approx(4.0, abs=0.01)  # shorter than asked for
    for windows in (half, one, four):
        assert np.all(windows.rms < 0.6 * np.array(made.resolution))
        assert np.all(windows.fit_percent > 98)


def test_wrong_robot_misses_more_the_longer_it_goes_on(made):
    wrong = ROBOT.with_values({'physics.motor.resistance': 2.8})
    half, one, four = replay(wrong, made, (0.5, 1.0, 10.0))
    assert np.all(half.rms > 3 * np.array(made.resolution))
    assert half.rms[0] < one.rms[0] < four.rms[0]


def test_no_window_reaches_into_a_hole(made):
    known = np.ones(len(made), bool)
    known[900:950] = False
    holed = replace(made, is_known=known, arm_angle=np.where(known, made.arm_angle, 9.0))
    (windows,) = replay(ROBOT, holed, (0.5,))
    assert np.all(windows.rms < 0.6 * np.array(made.resolution))
    assert len(windows.begin) == 3 + 4


def test_figures_are_those_computed_by_hand():
    measured = np.array([[[0.0, 1.0], [2.0, 1.0], [4.0, 4.0]]])
    simulated = np.array([[[0.0, 1.0], [2.0, 1.0], [1.0, 4.0]]])
    windows = Windows(3.0, np.arange(3.0), np.zeros(1), measured, simulated)
    assert windows.rms == pytest.approx([np.sqrt(9 / 3), 0.0])
    # |y - mean| = |(-2, 0, 2)| = sqrt 8, |e| = 3
    assert windows.fit_percent == pytest.approx([100 * (1 - 3 / np.sqrt(8)), 100.0])


def test_delay_moves_voltage_by_fractions_of_a_step():
    voltage, zero, known = np.array([1.0, 3.0, 5.0]), np.zeros(3), np.ones(3, bool)
    recording = Recording('r', Path('r'), '', 0.004, voltage, zero, zero, known, (1e-3, 1e-3))
    # a step is 2 ms: by 3 ms late, the first step and half of the second have none
    expected = [[0, 0.5], [1, 2], [3, 4]]
    assert delayed(recording, 0.003, 2) == pytest.approx(np.array(expected))
    assert delayed(recording, 0.0, 2) == pytest.approx(np.repeat(voltage, 2).reshape(3, 2))

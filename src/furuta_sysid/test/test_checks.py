# SPDX-License-Identifier: Apache-2.0
"""Recordings that would lead to a wrong fit are refused by their fault's name."""

from dataclasses import replace

import numpy as np
import pytest

from furuta_description import randomization
from furuta_description.robot import load_robot
from furuta_sysid.checks import check, check_all
from furuta_sysid.sources import read_recordings
from furuta_sysid.trajectory import RecordingError, step_of

ROBOTS = ('furuta', 'qube_servo_2')


def in_degrees(recording):
    arm, pendulum = np.degrees(recording.arm_angle), np.degrees(recording.pendulum_angle)
    steps = (step_of(arm), step_of(pendulum))
    return replace(recording, arm_angle=arm, pendulum_angle=pendulum, resolution=steps)


def in_counts(recording):
    arm, pendulum = (np.round(a / s) for a, s in zip(recording.angles.T, recording.resolution))  # noqa: B905
    return replace(recording, arm_angle=arm, pendulum_angle=pendulum, resolution=(1.0, 1.0))


FAULTS = {
    'too short': lambda r: r.cut(slice(0, 900)),
    'no voltage': lambda r: replace(r, voltage=0 * r.voltage),
    'constant voltage': lambda r: replace(r, voltage=0 * r.voltage + 2.0),
    'no motion of the pendulum': lambda r: replace(r, pendulum_angle=0 * r.pendulum_angle),
    'no motion of the arm.*and the pendulum': lambda r: replace(
        r, arm_angle=0 * r.arm_angle, pendulum_angle=0 * r.arm_angle
    ),
    'degrees.*degrees': in_degrees,
    'counts.*counts': in_counts,
    'swapped': lambda r: replace(
        r,
        arm_angle=r.pendulum_angle,
        pendulum_angle=r.arm_angle,
        resolution=(r.resolution[1], r.resolution[0]),
    ),
    'its encoder is reversed.*arm=-NAME': lambda r: replace(r, arm_angle=-r.arm_angle),
    'its encoder is reversed.*pendulum=-NAME': lambda r: replace(
        r, pendulum_angle=-r.pendulum_angle
    ),
    'the motor or both encoders are reversed': lambda r: replace(r, voltage=-r.voltage),
    'that is upright': lambda r: replace(r, pendulum_angle=r.pendulum_angle + np.pi),
}


@pytest.mark.parametrize('name', ROBOTS)
@pytest.mark.parametrize('fault', FAULTS)
def test_fault_is_named(simulate, name, fault):
    bad = FAULTS[fault](simulate(name, 4.0))
    with pytest.raises(RecordingError, match=f'^made: .*{fault}'):
        check(bad, load_robot(name))


@pytest.mark.parametrize('name', ROBOTS)
def test_good_recording_passes_with_a_robot_file_that_is_off_by_a_third(simulate, name):
    robot = load_robot(name)
    ranges = randomization.relative(0.3)
    count = randomization.count_spreads(ranges)
    recording = simulate(name, 4.0)
    assert check(recording, robot) == []
    signs = np.random.default_rng(1).choice([-1.0, 1.0], (8, count))
    for row in signs:
        physics = randomization.draw(robot.physics, ranges, row[None])
        check(recording, replace(robot, physics=physics))


def test_real_recordings_pass_and_are_refused_once_mixed_up(qube_folder):
    robot = load_robot('qube_servo_2')
    recordings = read_recordings([qube_folder], robot)
    assert len(recordings) >= 14
    assert not any(check_all(recordings, robot).values())
    for recording in recordings[::5]:
        for fault, spoil in list(FAULTS.items())[5:]:
            with pytest.raises(RecordingError, match=fault):
                check(spoil(recording), robot)


def test_recording_of_another_robot_is_remarked_on(simulate):
    remarks = check(simulate('qube_servo_2', 4.0), load_robot('furuta'))
    assert any('counts a turn' in remark for remark in remarks)


def test_faults_of_all_recordings_are_told_together(simulate):
    good = simulate('furuta', 4.0)
    bad = [replace(good.cut(slice(0, 500)), source=f'{name}.csv') for name in 'ab']
    with pytest.raises(RecordingError, match=r'a\.csv: too short[^\n]*\nb\.csv: too short'):
        check_all([good, *bad], load_robot('furuta'))

# SPDX-License-Identifier: Apache-2.0
"""What is told of the robot's state, on an emulated one."""

import pytest

from furuta_description.robot import load_robot
from furuta_hardware import messages
from furuta_hardware.emulated_rig import EmulatedRig
from furuta_hardware.emulator_commands import obey
from furuta_hardware.health import REMEMBER, Health


def look(rig, health, seconds=1.0):
    rig.run(seconds)
    return '; '.join(health.problems(rig.session))


def test_sound_robot_has_no_problems():
    rig = EmulatedRig()
    health = Health(rig.robot)
    assert [look(rig, health) for _ in range(3)] == ['', '', '']


def test_board_built_for_other_numbers_is_named_with_each_of_them():
    rig = EmulatedRig()
    told = look(rig, Health(load_robot('furuta').with_values({'safety.arm_limit': 2.2})))
    assert 'flash it again' in told and 'arm_limit: board 2.4' in told
    assert 'voltage_limit' not in told


def test_missing_zero_pose_is_told_with_how_to_set_it():
    rig = EmulatedRig(zeroed=False)
    health = Health(rig.robot)
    assert 'furuta zero' in look(rig, health)
    rig.ask(messages.SetZero)
    assert look(rig, health) == ''


@pytest.mark.parametrize(
    ('reason', 'words'),
    [
        ('power_on', 'without power'),
        ('watchdog', 'its firmware hung'),
        ('software', 'the board restarted'),
    ],
)
def test_each_reason_of_a_restart_has_its_words(reason, words):
    rig = EmulatedRig()
    health = Health(rig.robot)
    look(rig, health)
    obey(rig.emulated, f'restart {reason}')
    assert words in look(rig, health)


def test_brown_out_is_told_for_a_while_and_then_forgotten():
    rig = EmulatedRig()
    health = Health(rig.robot)
    look(rig, health)
    obey(rig.emulated, 'brownout')
    told = [look(rig, health, 0.2) for _ in range(REMEMBER + 1)]
    assert all('brown-out' in words for words in told[:REMEMBER])
    assert 'brown-out' not in told[REMEMBER]


def test_restart_is_told_with_its_reason_however_early_one_looks():
    rig = EmulatedRig()
    health = Health(rig.robot)
    look(rig, health)
    obey(rig.emulated, 'brownout')
    told = [look(rig, health, 0.001) for _ in range(100)]
    first = next(words for words in told if words)
    assert 'after a brown-out' in first and 'zero pose not set' in first


def test_noise_is_told_only_while_it_lasts():
    rig = EmulatedRig()
    health = Health(rig.robot)
    look(rig, health)
    obey(rig.emulated, 'flip 0.001')
    assert 'frames damaged' in look(rig, health)
    obey(rig.emulated, 'flip 0')
    look(rig, health)
    assert look(rig, health) == ''

# SPDX-License-Identifier: Apache-2.0
"""The selftest on emulated robots, sound and with each thing wrong that it must find."""

import pytest

from furuta_description.robot import load_robot
from furuta_hardware.emulated_rig import EmulatedRig
from furuta_hardware.emulator_commands import obey
from furuta_hardware.rest import moving
from furuta_hardware.selftest import Selftest
from furuta_hardware.wire import Timing

SERIAL = Timing(baud_rate=921600, usb_frame_us=1000, jitter_us=50)


def findings(rig):
    return list(Selftest(rig, rig.robot).run())


def failures(rig):
    return {f.name: f.text for f in findings(rig) if not f.is_good}


@pytest.mark.parametrize('robot', ['furuta', 'qube_servo_2'])
def test_sound_robot_passes_every_check_and_is_left_off(robot):
    rig = EmulatedRig(robot, timing=SERIAL)
    found = findings(rig)
    assert [f for f in found if not f.is_good] == []
    assert len(found) == 11
    assert abs(rig.emulated.machine.state.arm_angle) < 0.5
    reading = rig.run(0.1, 3.0)[-1]
    assert reading.voltage == 0.0 and not reading.state.flags & 1


def test_board_without_zero_pose_gets_it():
    rig = EmulatedRig(zeroed=False)
    assert failures(rig) == {}


@pytest.mark.parametrize('robot', ['furuta', 'qube_servo_2'])
@pytest.mark.parametrize(
    ('fault', 'check', 'words'),
    [
        ('reverse arm', 'directions', 'arm encoder is reversed'),
        ('reverse pendulum', 'directions', 'pendulum encoder is reversed'),
        ('reverse motor', 'directions', 'motor is reversed'),
        ('stick on', 'directions', 'pendulum does not move'),
        ('cut on', 'motor', 'motor wires'),
    ],
)
def test_fault_is_named_with_what_to_do(robot, fault, check, words):
    rig = EmulatedRig(robot)
    obey(rig.emulated, fault)
    found = failures(rig)
    assert list(found) == [check]
    assert words in found[check]


def test_mirrored_machine_passes():
    rig = EmulatedRig()
    for part in ('arm', 'pendulum', 'motor'):
        obey(rig.emulated, f'reverse {part}')
    assert failures(rig) == {}


def test_pendulum_stuck_off_zero_is_found_before_anything_moves():
    rig = EmulatedRig()
    rig.emulated.put_by_hand(0.0, 0.3)
    obey(rig.emulated, 'stick on')
    found = failures(rig)
    assert list(found) == ['zero pose']
    assert '+17.2 deg off zero' in found['zero pose']


def test_zero_set_while_the_pendulum_was_held_is_found():
    rig = EmulatedRig(zeroed=False)
    rig.emulated.put_by_hand(0.0, 0.1)
    obey(rig.emulated, 'stick on')
    rig.run(0.1)
    rig.emulated.machine.place(0.0, 0.1)
    rig.emulated.set_zero()
    obey(rig.emulated, 'stick off')
    rig.emulated.put_by_hand(0.0, 0.0)
    found = failures(rig)
    assert 'deg off zero' in found['zero pose']


def test_zero_set_off_while_the_pendulum_stuck_shows_in_the_swing():
    rig = EmulatedRig(zeroed=False)
    rig.emulated.put_by_hand(0.0, 0.1)
    rig.emulated.machine.defects.is_stuck = True
    selftest = Selftest(rig, rig.robot)
    found = {}
    for finding in selftest.run():
        found[finding.name] = finding
        if finding.name == 'motor':
            rig.emulated.machine.defects.is_stuck = False  # the shaking frees it
    assert found['zero pose'].is_good
    assert not found['free swing'].is_good
    assert 'swings about -5.' in found['free swing'].text


def test_wrong_counts_in_the_robot_file_are_found():
    rig = EmulatedRig(hidden=load_robot('furuta').with_values({'sensors.pendulum_counts': 2048}))
    assert list(failures(rig)) == ['counts']


def test_moving_pendulum_is_sent_to_rest_first():
    rig = EmulatedRig()
    rig.emulated.put_by_hand(0.0, 1.0)
    assert 'let it hang still' in failures(rig)['encoders at rest']


def test_count_that_flickers_is_rest_and_a_small_swing_is_not():
    rig = EmulatedRig()
    readings = rig.run(0.1)
    rig.emulated.machine.defects.arm_glitch += 1
    assert moving(readings + rig.run(0.1)) == ''
    rig.emulated.put_by_hand(0.0, 0.02)
    assert moving(rig.run(1.0)).startswith('the pendulum moves (by 2.')


def test_noisy_line_is_found():
    rig = EmulatedRig()
    obey(rig.emulated, 'lose 0.002')
    assert 'lost' in failures(rig)['loop and link']

# SPDX-License-Identifier: Apache-2.0
"""Bags back to what was sent, whatever happened on the way."""

import shutil

import numpy as np
import pytest

from furuta_description.robot import load_robot
from furuta_sysid.bag import read_bag
from furuta_sysid.trajectory import RecordingError

SECONDS = 3.0


@pytest.fixture
def made(simulate):
    return simulate('furuta', SECONDS)


def assert_same(read, made, shift=0):
    """All that is known is as it was sent, `shift` samples later."""
    rows = np.flatnonzero(read.is_known)
    rows = rows[rows + shift < len(made) - 1]
    for name in ('voltage', 'arm_angle', 'pendulum_angle'):
        np.testing.assert_allclose(
            getattr(read, name)[rows], getattr(made, name)[rows + shift], atol=1e-6, err_msg=name
        )


@pytest.mark.parametrize('storage', ['mcap', 'sqlite3'])
def test_bag_reads_back_as_it_was_sent(tmp_path, made, messages, write_bag, storage):
    bag = write_bag(tmp_path / 'bag', messages(made), storage)
    read = read_bag(bag)
    assert read.dt == made.dt and len(read) == len(made) and read.is_known.all()
    assert read.resolution == pytest.approx(made.resolution, rel=0.02)
    assert_same(read, made)
    assert not read.remarks
    assert read_bag(next(bag.glob('bag.*'))).source_hash == read.source_hash


def test_lost_messages_are_unknown_and_the_rest_stays_in_place(
    tmp_path, made, messages, write_bag
):
    sent = messages(made)
    del sent['/joint_states'][400:500]
    del sent['/motor/state'][800:850]
    del sent['/motor/state'][1000]  # a single one is bridged
    read = read_bag(write_bag(tmp_path / 'bag', sent))
    assert len(read.parts) == 3
    assert not read.is_known[405:495].any() and not read.is_known[805:845].any()
    assert read.is_known[:399].all() and read.is_known[999:1001].all()
    rows = np.flatnonzero(read.is_known[:999])
    np.testing.assert_allclose(read.voltage[rows], made.voltage[rows], atol=1e-6)
    assert 'missing' in read.remarks[-1]


def test_late_messages_are_put_where_their_stamps_say(tmp_path, made, messages, write_bag):
    sent = messages(made)
    for i in range(100, 1400, 37):
        received, message = sent['/joint_states'][i]
        sent['/joint_states'][i] = (received + 150_000_000, message)
    sent['/joint_states'].sort(key=lambda timed: timed[0])
    read = read_bag(write_bag(tmp_path / 'bag', sent))
    assert read.is_known.all() and not read.remarks
    assert_same(read, made)


def test_crowded_machine_is_no_clock_that_jumps(tmp_path, made, messages, write_bag):
    sent = messages(made)
    for timed in sent.values():
        for i in range(600, 800):  # held up, then all at once
            timed[i] = (timed[800][0] - 800 + i, timed[i][1])
    read = read_bag(write_bag(tmp_path / 'bag', sent))
    assert read.is_known.all() and not read.remarks
    assert_same(read, made)


@pytest.mark.parametrize('jump', [-2.0, 0.7])
def test_clock_that_jumps_leaves_a_hole_and_no_other_harm(
    tmp_path, made, messages, write_bag, jump
):
    sent = messages(made)
    for timed in sent.values():
        for _, message in timed[700:]:
            stamp = message.header.stamp
            at = stamp.sec * 10**9 + stamp.nanosec + round(jump * 1e9)
            message.header.stamp = type(stamp)(at // 10**9, at % 10**9)
    read = read_bag(write_bag(tmp_path / 'bag', sent))
    assert len(read.parts) == 2
    assert abs(len(read) - len(made)) < 3
    assert np.sum(~read.is_known) < 15
    assert any('clock jumped' in remark and f'{jump:+.3f}' in remark for remark in read.remarks)
    assert_same(read, made)


def test_motor_states_at_half_the_rate_are_held(tmp_path, made, messages, write_bag):
    sent = messages(made)
    del sent['/motor/state'][::2]
    read = read_bag(write_bag(tmp_path / 'bag', sent))
    assert read.dt == made.dt and read.is_known.all()
    lag = np.abs(read.voltage[2:-2] - made.voltage[2 : len(read) - 2])
    assert lag.max() < 1.5 * np.abs(np.diff(made.voltage)).max()


def test_namespace_of_the_plant_does_not_matter(tmp_path, made, messages, write_bag):
    sent = {f'/left{topic}': timed for topic, timed in messages(made).items()}
    assert_same(read_bag(write_bag(tmp_path / 'bag', sent)), made)
    sent |= messages(made)
    with pytest.raises(RecordingError, match='one plant at a time'):
        read_bag(write_bag(tmp_path / 'both', sent))


def test_missing_topic_is_named(tmp_path, made, messages, write_bag):
    sent = messages(made)
    for topic in ('joint_states', 'motor/state'):
        rest = {name: timed for name, timed in sent.items() if name != f'/{topic}'}
        bag = write_bag(tmp_path / topic.replace('/', '_'), rest)
        with pytest.raises(RecordingError, match=f'no message on {topic}'):
            read_bag(bag)


def test_commands_stand_in_for_voltages_that_were_not_recorded(
    tmp_path, made, messages, write_bag
):
    from rosbags.typesys import Stores, get_typestore

    types = get_typestore(Stores.ROS2_JAZZY).types
    sent = messages(made)
    layout = types['std_msgs/msg/MultiArrayLayout']([], 0)
    kind = types['std_msgs/msg/Float64MultiArray']
    stamps = [received - 1_000_000 for received, _ in sent['/joint_states']]
    sent['/motor_voltage_controller/commands'] = [
        (at, kind(layout, np.array([voltage])))
        for at, voltage in zip(stamps, made.voltage, strict=True)
    ]
    del sent['/motor/state']
    read = read_bag(write_bag(tmp_path / 'bag', sent))
    assert 'commands are taken' in read.remarks[0]
    assert_same(read, made)


def test_bad_value_is_told_with_file_topic_and_time(tmp_path, made, messages, write_bag):
    sent = messages(made)
    sent['/joint_states'][500][1].position[1] = np.nan
    with pytest.raises(RecordingError, match=r'bag, /joint_states, 1700000001\.001 s: .*nan'):
        read_bag(write_bag(tmp_path / 'bag', sent))


def test_other_joints_are_told_with_their_names(tmp_path, made, messages, write_bag):
    sent = messages(made, names=('arm_joint', 'elbow'))
    with pytest.raises(RecordingError, match=r'no position of pendulum_joint.*arm_joint, elbow'):
        read_bag(write_bag(tmp_path / 'bag', sent))


def test_killed_recording_is_told_with_the_way_to_recover_it(tmp_path, made, messages, write_bag):
    whole = write_bag(tmp_path / 'bag', messages(made))
    torn = shutil.copytree(whole, tmp_path / 'torn')
    file = next(torn.glob('*.mcap'))
    file.write_bytes(file.read_bytes()[:-2000])
    for broken in (torn, tmp_path / 'none'):
        with pytest.raises(RecordingError, match=r'furuta record .* --recover'):
            read_bag(broken)


def test_another_robot_is_remarked_on(tmp_path, made, messages, write_bag):
    from rosbags.typesys import Stores, get_typestore

    from furuta_description.urdf import make_urdf

    robot = load_robot('furuta')
    text = get_typestore(Stores.ROS2_JAZZY).types['std_msgs/msg/String'](make_urdf(robot))
    sent = messages(made)
    sent['/robot_description'] = [(sent['/joint_states'][0][0], text)]
    bag = write_bag(tmp_path / 'bag', sent)
    assert not read_bag(bag, robot).remarks
    tuned = robot.with_values({'physics.arm.mass': 1.2 * robot.physics.arm.mass})
    assert not read_bag(bag, tuned).remarks
    assert 'qube_servo_2.yaml has' in read_bag(bag, load_robot('qube_servo_2')).remarks[0]

# SPDX-License-Identifier: Apache-2.0
"""The recorder as a process of its own, over DDS: what is published is in the bag."""

from __future__ import annotations

import itertools
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import rclpy
from mcap.records import Message
from mcap.stream_reader import StreamReader
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.serialization import deserialize_message
from rosbags.highlevel import AnyReader
from rosbags.interfaces import QosDurability
from rosbags.typesys import Stores, get_typestore
from sensor_msgs.msg import JointState
from std_msgs.msg import String

from furuta_bringup.bag_recovery import recover
from furuta_bringup.record import run_record
from furuta_bringup.record_config import RecordConfig

STATES = '/record_test/joint_states'
QUIET = '/record_test/quiet'
STORE = get_typestore(Stores.ROS2_JAZZY)
LATCHED = QoSProfile(depth=5, durability=DurabilityPolicy.TRANSIENT_LOCAL)
BEST_EFFORT = QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT)


class Recorder:
    """`record_node` writing the topics of this file into `bag`."""

    def __init__(self, bag: Path, *arguments: str, **options: Any) -> None:
        self.bag = bag
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, '-m', 'furuta_bringup.record_node', '--ros-args',
             '-p', f'bag:={bag}', '-p', 'topics:=record_test/.*',
             *(part for argument in arguments for part in ('-p', argument))],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options,
        )  # fmt: skip

    def end(self, number: int = signal.SIGINT) -> tuple[int, str]:
        """Send a signal; exit status and output."""
        self.process.send_signal(number)
        return self.wait()

    def wait(self) -> tuple[int, str]:
        output, _ = self.process.communicate(timeout=20.0)
        return self.process.returncode, output


@pytest.fixture
def node() -> Iterator[Node]:
    rclpy.init()
    node = rclpy.create_node('record_test')
    yield node
    node.destroy_node()
    rclpy.shutdown()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Any]:
    recorders: list[Recorder] = []

    def start(*arguments: str, bag: Path = tmp_path / 'bag', **options: Any) -> Recorder:
        recorders.append(Recorder(bag, *arguments, **options))
        return recorders[-1]

    yield start
    for recorder in recorders:
        if recorder.process.poll() is None:
            recorder.process.kill()
            recorder.process.communicate()


def wait_for_recorder(*publishers: Publisher) -> None:
    deadline = time.monotonic() + 20.0
    while not all(publisher.get_subscription_count() for publisher in publishers):
        assert time.monotonic() < deadline, 'the recorder did not subscribe'
        time.sleep(0.02)
    time.sleep(0.2)  # both ends must know the match


def joint_state(i: int) -> JointState:
    message = JointState(name=['arm_joint', 'pendulum_joint'])
    message.header.stamp.nanosec = i
    message.position = [0.25 * i, -1.0]
    message.velocity = [float(i), float('nan')]
    return message


def publish_at_500_hz(publisher: Publisher, count: int) -> list[str]:
    """What was sent, as texts of the messages, since NaN is unequal to NaN."""
    sent = []
    begin = time.monotonic()
    for i in range(count):
        message = joint_state(i)
        sent.append(repr(message))
        publisher.publish(message)
        time.sleep(max(0.0, begin + (i + 1) * 0.002 - time.monotonic()))
    return sent


def joint_states(bag: Path) -> list[str]:
    return [repr(deserialize_message(data, JointState)) for _, data in read(bag)[STATES]]


def read(bag: Path) -> dict[str, list[tuple[int, bytes]]]:
    with AnyReader([bag]) as reader:
        content: dict[str, list[tuple[int, bytes]]] = {c.topic: [] for c in reader.connections}
        for connection, received, data in reader.messages():
            content[connection.topic].append((received, bytes(data)))
    return content


def test_every_message_of_500_hz_is_in_the_bag_as_it_was_sent(node: Node, start: Any) -> None:
    recorder = start()
    publisher = node.create_publisher(JointState, STATES, 10)
    wait_for_recorder(publisher)
    before = time.time_ns()
    sent = publish_at_500_hz(publisher, 1500)
    after = time.time_ns()
    status, output = recorder.end()
    assert status == 0, output
    assert 'Traceback' not in output and 'lost' not in output
    received = read(recorder.bag)[STATES]
    assert joint_states(recorder.bag) == sent
    times = [received for received, _ in received]
    assert times == sorted(times) and before < times[0] and times[-1] < after + 100_000_000
    # The times are the middleware's, not those of the batch in which the recorder took them.
    gaps = sorted(b - a for a, b in itertools.pairwise(times))
    assert 1_500_000 < gaps[len(gaps) // 2] < 2_500_000
    with AnyReader([recorder.bag]) as reader:
        (connection,) = reader.connections
        assert connection.digest == STORE.hash_rihs01(connection.msgtype)
        message: Any = reader.deserialize(received[7][1], connection.msgtype)
        assert message.name == ['arm_joint', 'pendulum_joint']
        assert list(message.position) == [0.25 * 7, -1.0]
        definition = connection.msgdef.data
    assert '# This is a message that holds data' in definition  # as the .msg file has it
    assert 'MSG: std_msgs/Header' in definition and 'MSG: builtin_interfaces/Time' in definition


def test_file_is_in_order_of_arrival_across_topics(node: Node, start: Any) -> None:
    recorder = start()
    publishers = [node.create_publisher(String, f'/record_test/{c}', 10) for c in 'ab']
    wait_for_recorder(*publishers)
    for i in range(100):
        publishers[i % 2].publish(String(data=str(i)))
        time.sleep(0.001)
    recorder.end()
    with (recorder.bag / 'bag_0.mcap').open('rb') as file:
        records = [r for r in StreamReader(file).records if isinstance(r, Message)]
    assert [r.log_time for r in records] == sorted(r.log_time for r in records)
    assert [deserialize_message(r.data, String).data for r in records] == list(
        map(str, range(100))
    )


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_bag_is_whole_after_each_way_to_stop(node: Node, start: Any, number: int) -> None:
    recorder = start('compression:=zstd')
    publisher = node.create_publisher(String, QUIET, 10)
    wait_for_recorder(publisher)
    for i in range(20):
        publisher.publish(String(data=str(i)))
    status, output = recorder.end(number)
    assert status == 0, output
    assert len(read(recorder.bag)[QUIET]) == 20
    assert recover(recorder.bag).was_whole


def test_kill_9_loses_at_most_a_second_and_recovery_gives_the_rest(
    node: Node, start: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    recorder = start()
    publisher = node.create_publisher(JointState, STATES, 10)
    wait_for_recorder(publisher)
    sent = publish_at_500_hz(publisher, 1300)
    killed = time.time_ns()
    recorder.end(signal.SIGKILL)
    assert run_record(RecordConfig(bag=str(recorder.bag)), recover=True) == 0
    assert 'is whole again' in capsys.readouterr().out
    received = read(recorder.bag)[STATES]
    assert joint_states(recorder.bag) == sent[: len(received)]
    assert killed - received[-1][0] < 1_000_000_000
    assert len(received) >= len(sent) - 500


def test_topics_that_come_late_and_latched_ones_are_recorded(node: Node, start: Any) -> None:
    latched = node.create_publisher(String, '/record_test/latched', LATCHED)
    latched.publish(String(data='before the recorder'))
    recorder = start()
    wait_for_recorder(latched)
    late = node.create_publisher(JointState, STATES, BEST_EFFORT)
    wait_for_recorder(late)
    late.publish(joint_state(1))
    time.sleep(0.1)
    recorder.end()
    content = read(recorder.bag)
    assert joint_states(recorder.bag) == [repr(joint_state(1))]
    assert len(content['/record_test/latched']) == 1
    with AnyReader([recorder.bag]) as reader:
        offers = {c.topic: c.ext.offered_qos_profiles for c in reader.connections}  # type: ignore[union-attr]
    assert offers['/record_test/latched'][0].durability == QosDurability.TRANSIENT_LOCAL


def test_unknown_type_and_unwanted_topics_are_left_out(
    node: Node, start: Any, tmp_path: Path
) -> None:
    # An empty package of that name stands before the real one: the recorder has no such type.
    (tmp_path / 'lifecycle_msgs').mkdir()
    (tmp_path / 'lifecycle_msgs' / '__init__.py').touch()
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get('PYTHONPATH')])])
    from lifecycle_msgs.msg import State

    unknown = node.create_publisher(State, '/record_test/unknown', 10)
    unwanted = node.create_publisher(String, '/record_test/unwanted', 10)
    wanted = node.create_publisher(String, QUIET, 10)
    recorder = start('exclude:=.*/unwanted', env={**os.environ, 'PYTHONPATH': path})
    wait_for_recorder(wanted)
    for publisher, message in ((unknown, State()), (unwanted, String()), (wanted, String())):
        publisher.publish(message)
    time.sleep(0.5)
    status, output = recorder.end()
    assert status == 0, output
    assert output.count('/record_test/unknown is not recorded: ') == 1
    assert {name: len(messages) for name, messages in read(recorder.bag).items()} == {QUIET: 1}


def test_what_the_recorder_could_not_take_in_time_is_counted(node: Node, start: Any) -> None:
    recorder = start()
    publisher = node.create_publisher(String, QUIET, BEST_EFFORT)
    wait_for_recorder(publisher)
    publisher.publish(String(data='first'))
    time.sleep(0.2)
    os.kill(recorder.process.pid, signal.SIGSTOP)
    for i in range(3000):
        publisher.publish(String(data=str(i)))
        time.sleep(0.0002)
    os.kill(recorder.process.pid, signal.SIGCONT)
    time.sleep(0.5)
    publisher.publish(String(data='last'))
    time.sleep(0.2)
    _, output = recorder.end()
    recorded = len(read(recorder.bag)[QUIET])
    assert recorded < 3002
    assert f'{QUIET}: {3002 - recorded} messages were lost' in output


def test_existing_folder_is_refused_with_a_clear_error(start: Any, tmp_path: Path) -> None:
    status, output = start(bag=tmp_path).wait()
    assert status == 2
    assert f'error: {tmp_path} exists already' in output and 'Traceback' not in output


def test_wrong_pattern_is_refused_with_a_clear_error(start: Any) -> None:
    status, output = start('exclude:="[a"').wait()
    assert status == 2
    assert "error: exclude: '[a' is no regular expression" in output


def test_duration_ends_the_recording_by_itself(start: Any) -> None:
    recorder = start('duration:=1.0')
    status, _ = recorder.wait()
    assert status == 0 and time.monotonic() - recorder.began > 1.0
    assert recover(recorder.bag).was_whole


def test_full_disk_ends_with_a_clear_error_and_a_bag_to_recover(node: Node, start: Any) -> None:
    def limit_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))

    recorder = start(preexec_fn=limit_files)
    publisher = node.create_publisher(JointState, STATES, 10)
    wait_for_recorder(publisher)
    sent = publish_at_500_hz(publisher, 800)
    status, output = recorder.wait()
    assert status == 1
    assert 'cannot write' in output and '--recover' in output and 'Traceback' not in output
    assert recover(recorder.bag).messages > 100
    received = joint_states(recorder.bag)
    assert received == sent[: len(received)]

# SPDX-License-Identifier: Apache-2.0
"""Bags as files: layout, reading back, recovery, message definitions. No ROS needed."""

from __future__ import annotations

import contextlib
import resource
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

pytest.importorskip('mcap')
pytest.importorskip('rosbags')

from mcap.reader import make_reader
from rosbags.highlevel import AnyReader
from rosbags.interfaces import QosDurability, QosReliability
from rosbags.typesys import Stores, get_typestore

from furuta_bringup.bag_metadata import Topic
from furuta_bringup.bag_recovery import recover
from furuta_bringup.bag_writer import BagWriter
from furuta_bringup.message_definition import load_message_definition
from furuta_bringup.record_config import TopicFilter

STORE = get_typestore(Stores.ROS2_JAZZY)
TYPE = 'std_msgs/msg/Float64MultiArray'
COMMANDS = '/motor_voltage_controller/commands'
START = 1_700_000_000_000_000_000  # [ns]
PERIOD = 4_000_000  # [ns]
FOREVER = {'sec': 9223372036, 'nsec': 854775807}
QOS = {
    'history': 'unknown', 'depth': 0, 'reliability': 'reliable', 'durability': 'volatile',
    'deadline': FOREVER, 'lifespan': FOREVER, 'liveliness': 'automatic',
    'liveliness_lease_duration': FOREVER, 'avoid_ros_namespace_conventions': False,
}  # fmt: skip


def make_topic(name: str = COMMANDS) -> Topic:
    definition, _ = STORE.generate_msgdef(TYPE, ros_version=2)
    return Topic(name, TYPE, definition, STORE.hash_rihs01(TYPE), [QOS])


def serialized(value: float) -> bytes:
    types = STORE.types
    layout = types['std_msgs/msg/MultiArrayLayout'](dim=[], data_offset=0)
    data = np.array([value], dtype=np.float64)
    return bytes(STORE.serialize_cdr(types[TYPE](layout, data), TYPE))


def write_messages(writer: BagWriter, first: int, count: int) -> None:
    for i in range(first, first + count):
        writer.write(COMMANDS, serialized(i), START + i * PERIOD, START + i * PERIOD - 100, i)


def make_killed_bag(folder: Path, chunks: int = 4, **options: Any) -> Path:
    """A bag of 50-message chunks as a killed recorder leaves it, after 25 messages more."""
    writer = BagWriter(folder / 'alive' / 'bag', **options)
    writer.add_topic(make_topic())
    for chunk in range(chunks):
        write_messages(writer, chunk * 50, 50)
        writer.flush()
    write_messages(writer, chunks * 50, 25)
    shutil.copytree(folder / 'alive' / 'bag', folder / 'bag')
    writer.abandon()
    return folder / 'bag'


def read_values(bag: Path) -> list[float]:
    with AnyReader([bag]) as reader:
        messages: list[Any] = [
            reader.deserialize(data, connection.msgtype)
            for connection, _, data in reader.messages()
        ]
    return [float(message.data[0]) for message in messages]


@contextlib.contextmanager
def files_limited_to(size: int) -> Iterator[None]:
    """A disk that takes no more: writes beyond `size` bytes of a file raise OSError."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize('compression', ['none', 'zstd'])
def test_closed_bag_reads_back_as_written(tmp_path: Path, compression: str) -> None:
    writer = BagWriter(tmp_path / 'bag', compression=compression)
    writer.add_topic(make_topic())
    write_messages(writer, 0, 500)
    writer.close()
    with AnyReader([tmp_path / 'bag']) as reader:
        (connection,) = reader.connections
        assert (connection.topic, connection.msgtype) == (COMMANDS, TYPE)
        assert connection.digest == STORE.hash_rihs01(TYPE)
        extension: Any = connection.ext
        (qos,) = extension.offered_qos_profiles
        assert (qos.reliability, qos.durability) == (
            QosReliability.RELIABLE,
            QosDurability.VOLATILE,
        )
        assert (reader.start_time, reader.message_count) == (START, 500)
        assert reader.duration == 499 * PERIOD + 1  # its end is exclusive
    assert read_values(tmp_path / 'bag') == list(range(500))


def test_indexed_reader_finds_both_times_and_the_publishers_numbering(tmp_path: Path) -> None:
    writer = BagWriter(tmp_path / 'bag')
    writer.add_topic(make_topic())
    write_messages(writer, 0, 100)
    writer.close()
    with writer.path.open('rb') as file:
        reader = make_reader(file)
        tail = list(reader.iter_messages(starting_at=START + 90 * PERIOD))
        header, summary = reader.get_header(), reader.get_summary()
    assert header.profile == 'ros2'
    assert [message.sequence for _, _, message in tail] == list(range(90, 100))
    assert all(m.log_time - m.publish_time == 100 for _, _, m in tail)
    schema, channel, _ = tail[0]
    assert schema is not None and (schema.name, schema.encoding) == (TYPE, 'ros2msg')
    assert channel.message_encoding == 'cdr'
    assert set(channel.metadata) == {'offered_qos_profiles', 'topic_type_hash'}
    assert yaml.safe_load(channel.metadata['offered_qos_profiles']) == [QOS]
    assert summary is not None and len(summary.metadata_indexes) == 1


def test_metadata_has_the_layout_of_rosbag2_version_9(tmp_path: Path) -> None:
    writer = BagWriter(tmp_path / 'bag')
    writer.add_topic(make_topic('/quiet'))
    writer.add_topic(make_topic())
    write_messages(writer, 0, 3)
    writer.close()
    text = (tmp_path / 'bag' / 'metadata.yaml').read_text()
    assert '&id' not in text  # yaml-cpp writes none, so neither do we
    extent = {
        'duration': {'nanoseconds': 2 * PERIOD},
        'starting_time': {'nanoseconds_since_epoch': START},
        'message_count': 3,
    }

    def topic(name: str, count: int) -> dict[str, Any]:
        return {
            'topic_metadata': {
                'name': name, 'type': TYPE, 'serialization_format': 'cdr',
                'offered_qos_profiles': [QOS],
                'type_description_hash': STORE.hash_rihs01(TYPE),
            },
            'message_count': count,
        }  # fmt: skip

    assert yaml.safe_load(text) == {
        'rosbag2_bagfile_information': {
            'version': 9, 'storage_identifier': 'mcap', **extent,
            'topics_with_message_count': [topic('/quiet', 0), topic(COMMANDS, 3)],
            'compression_format': '', 'compression_mode': '',
            'relative_file_paths': ['bag_0.mcap'],
            'files': [{'path': 'bag_0.mcap', **extent}],
            'custom_data': None, 'ros_distro': 'jazzy',
        }
    }  # fmt: skip


def test_bag_without_a_message_is_readable(tmp_path: Path) -> None:
    BagWriter(tmp_path / 'bag').close()
    with AnyReader([tmp_path / 'bag']) as reader:
        assert reader.message_count == 0


def test_existing_folder_is_not_overwritten(tmp_path: Path) -> None:
    with pytest.raises(FileExistsError):
        BagWriter(tmp_path)


def test_unknown_compression_names_the_valid_ones(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'rar' is not one of none, zstd"):
        BagWriter(tmp_path / 'bag', compression='rar')
    assert not (tmp_path / 'bag').exists()


@pytest.mark.parametrize('compression', ['none', 'zstd'])
def test_killed_bag_is_recovered_up_to_its_last_flush(tmp_path: Path, compression: str) -> None:
    bag = make_killed_bag(tmp_path, compression=compression)
    recovered = recover(bag)
    assert recovered == (200, 199 * PERIOD, False)
    assert read_values(bag) == list(range(200))
    assert sorted(path.name for path in bag.iterdir()) == ['bag_0.mcap', 'metadata.yaml']
    assert [path.name for path in tmp_path.iterdir() if 'recover' in path.name] == []
    with AnyReader([bag]) as reader:
        assert reader.connections[0].digest == STORE.hash_rihs01(TYPE)


def test_recovery_keeps_all_whole_chunks_wherever_the_file_was_cut(tmp_path: Path) -> None:
    killed = make_killed_bag(tmp_path)
    content = (killed / 'bag_0.mcap').read_bytes()
    kept = set()
    for cut in range(100, len(content), 397):
        bag = tmp_path / f'cut_{cut}'
        shutil.copytree(killed, bag)
        (bag / 'bag_0.mcap').write_bytes(content[:cut])
        messages = recover(bag).messages
        assert read_values(bag) == list(range(messages))
        kept.add(messages)
    assert kept == {0, 50, 100, 150, 200}


def test_flipped_bit_ends_recovery_before_its_chunk(tmp_path: Path) -> None:
    bag = make_killed_bag(tmp_path)
    content = bytearray((bag / 'bag_0.mcap').read_bytes())
    content[len(content) * 6 // 10] ^= 1
    (bag / 'bag_0.mcap').write_bytes(content)
    assert recover(bag).messages == 100
    assert read_values(bag) == list(range(100))


def test_recovery_needs_no_metadata_file(tmp_path: Path) -> None:
    bag = make_killed_bag(tmp_path)
    (bag / 'metadata.yaml').unlink()
    assert recover(bag).messages == 200
    assert read_values(bag) == list(range(200))


def test_recovering_again_leaves_a_whole_bag_untouched(tmp_path: Path) -> None:
    bag = make_killed_bag(tmp_path)
    recover(bag)
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in bag.iterdir()}
    assert recover(bag) == (200, 199 * PERIOD, True)
    assert before == {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in bag.iterdir()}


def test_bag_that_is_being_recorded_is_not_recovered(tmp_path: Path) -> None:
    writer = BagWriter(tmp_path / 'bag')
    with pytest.raises(ValueError, match='still being recorded'):
        recover(tmp_path / 'bag')
    writer.close()


def test_recovery_onto_a_full_disk_leaves_the_original_as_it_was(tmp_path: Path) -> None:
    bag = make_killed_bag(tmp_path)
    before = {path: path.read_bytes() for path in bag.iterdir()}
    with files_limited_to(5000), pytest.raises(OSError):
        recover(bag)
    assert before == {path: path.read_bytes() for path in bag.iterdir()}
    assert sorted(path.name for path in tmp_path.iterdir()) == ['alive', 'bag']
    assert recover(bag).messages == 200


def test_folder_that_is_no_bag_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r'not a bag of one \.mcap file'):
        recover(tmp_path)


def test_definition_lists_each_needed_type_once_as_rosbag2_does(tmp_path: Path) -> None:
    files = {
        'a_msgs/msg/Pose.msg': '# where\nPoint here\nPoint[2] there\nb_msgs/Stamp stamp\n',
        'a_msgs/msg/Point.msg': 'float64 x 0.0\nuint8 KIND=1\nstring<=10 label\n',
        'b_msgs/msg/Stamp.msg': 'wstring text\nbuiltin_interfaces/Time time\n',
        'builtin_interfaces/msg/Time.msg': 'int32 sec\nuint32 nanosec\n',
    }
    for name, text in files.items():
        path = tmp_path / 'share' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    line = '=' * 80
    assert load_message_definition('a_msgs/msg/Pose', [tmp_path / 'none', tmp_path]) == (
        f'{files["a_msgs/msg/Pose.msg"]}'
        f'\n{line}\nMSG: a_msgs/Point\n{files["a_msgs/msg/Point.msg"]}'
        f'\n{line}\nMSG: b_msgs/Stamp\n{files["b_msgs/msg/Stamp.msg"]}'
        f'\n{line}\nMSG: builtin_interfaces/Time\n{files["builtin_interfaces/msg/Time.msg"]}'
    )


def test_missing_definition_says_which_file_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r'share/a_msgs/msg/Pose\.msg'):
        load_message_definition('a_msgs/msg/Pose', [tmp_path])


def test_topics_are_chosen_by_whole_names_with_or_without_the_first_slash() -> None:
    chosen = TopicFilter('joint_states|/motor/.*', exclude='motor/state')
    assert chosen.wants('/joint_states')
    assert chosen.wants('/motor/other')
    assert not chosen.wants('/motor/state')
    assert not chosen.wants('/robot/joint_states')
    assert not chosen.wants('/joint_states_raw')


def test_hidden_topics_are_never_chosen() -> None:
    assert not TopicFilter().wants('/motor/_service_event')
    assert not TopicFilter().wants('/_hidden/topic')
    assert TopicFilter().wants('/not_hidden')


def test_pattern_that_is_none_is_named_with_its_option() -> None:
    with pytest.raises(ValueError, match=r'exclude: .*is no regular expression'):
        TopicFilter(exclude='[a')

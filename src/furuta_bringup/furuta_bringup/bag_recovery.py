# SPDX-License-Identifier: Apache-2.0
"""Makes a bag whole whose recorder was killed: index, footer and metadata.yaml.

All whole chunks are copied into a new bag beside the old one; only when that is closed and on the
disk does it take the old one's place. An interrupted recovery loses nothing and can be repeated.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

import yaml
from mcap.exceptions import McapError
from mcap.reader import make_reader
from mcap.records import Channel, Chunk, McapRecord, Message, Schema
from mcap.stream_reader import CRCValidationError, StreamReader
from zstandard import ZstdError

from furuta_bringup.bag_metadata import Topic
from furuta_bringup.bag_writer import METADATA_FILE, BagWriter

TORN = (McapError, CRCValidationError, ZstdError, struct.error, UnicodeDecodeError)


class Recovered(NamedTuple):
    """What a bag holds after recovery."""

    messages: int
    duration: int  # [ns]
    was_whole: bool


def recover(folder: Path) -> Recovered:
    """Make the bag in `folder` whole; one that is whole already is left as it is.

    Raises:
        ValueError: Not a bag of one MCAP file, or its recorder is still running.
        OSError: The disk is full or not writable; the bag is as it was.
    """
    path = _mcap_file(folder)
    with path.open('rb') as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ValueError(f'{folder} is still being recorded') from None
        information = _load_information(folder)
        if (whole := _whole(file, information)) is not None:
            return whole
        file.seek(0)
        return _rebuild(folder, path, file, information)


def _mcap_file(folder: Path) -> Path:
    files = sorted(folder.glob('*.mcap'))
    if len(files) != 1:
        raise ValueError(f'{folder} is not a bag of one .mcap file, it has {len(files)}')
    return files[0]


def _load_information(folder: Path) -> dict[str, Any]:
    try:
        document = yaml.safe_load((folder / METADATA_FILE).read_text(encoding='utf-8'))
        return dict(document['rosbag2_bagfile_information'])
    except (OSError, yaml.YAMLError, KeyError, TypeError):
        return {}  # lost or torn: everything that matters is in the MCAP file too


def _whole(file: IO[bytes], information: dict[str, Any]) -> Recovered | None:
    try:
        summary = make_reader(file).get_summary()
    except TORN:
        return None
    if summary is None or summary.statistics is None:
        return None
    statistics = summary.statistics
    if statistics.message_count != information.get('message_count'):
        return None
    duration = statistics.message_end_time - statistics.message_start_time
    return Recovered(statistics.message_count, duration, was_whole=True)


def _rebuild(folder: Path, path: Path, file: IO[bytes], information: dict[str, Any]) -> Recovered:
    scratch = folder.resolve().with_name(folder.resolve().name + '.recovering')
    shutil.rmtree(scratch, ignore_errors=True)  # left by a recovery that was interrupted
    writer = BagWriter(
        scratch,
        file_name=path.name,
        compression='zstd' if _is_compressed(file) else 'none',
        distro=information.get('ros_distro', 'jazzy'),
    )
    try:
        _copy(file, writer)
        writer.close()
    except BaseException:
        writer.abandon()
        shutil.rmtree(scratch, ignore_errors=True)
        raise
    # The messages first: cut short here, metadata that do not agree tell the next recovery.
    os.replace(writer.path, path)
    os.replace(scratch / METADATA_FILE, folder / METADATA_FILE)
    scratch.rmdir()
    return Recovered(writer.total.messages, writer.total.duration, was_whole=False)


def _is_compressed(file: IO[bytes]) -> bool:
    chunks = (r for r in _records(file, emit_chunks=True) if isinstance(r, Chunk))
    first = next(chunks, None)
    file.seek(0)
    return first is not None and first.compression != ''


def _copy(file: IO[bytes], writer: BagWriter) -> None:
    schemas: dict[int, Schema] = {}
    topics: dict[int, str] = {}
    for record in _records(file):
        if isinstance(record, Schema):
            schemas[record.id] = record
        elif isinstance(record, Channel) and record.id not in topics:
            writer.add_topic(_topic(record, schemas[record.schema_id]))
            topics[record.id] = record.topic
        elif isinstance(record, Message):
            writer.write(
                topics[record.channel_id],
                record.data,
                record.log_time,
                record.publish_time,
                record.sequence,
            )


def _records(file: IO[bytes], emit_chunks: bool = False) -> Iterator[McapRecord]:
    size = os.fstat(file.fileno()).st_size
    reader = StreamReader(
        file, emit_chunks=emit_chunks, validate_crcs=True, record_size_limit=size
    )
    try:
        yield from reader.records
    except TORN:
        return  # the end of what was flushed before the recorder died


def _topic(channel: Channel, schema: Schema) -> Topic:
    return Topic(
        channel.topic,
        schema.name,
        schema.data.decode(),
        channel.metadata.get('topic_type_hash', ''),
        yaml.safe_load(channel.metadata.get('offered_qos_profiles', '')) or [],
    )

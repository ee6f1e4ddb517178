# SPDX-License-Identifier: Apache-2.0
"""Writes a rosbag2 bag of one MCAP file, message by message, as serialized bytes.

Profile, schemas and channels are those of `ros2 bag record` of Jazzy (ros2/rosbag2,
mcap_storage.cpp). What `flush` has written survives the death of the process; call it at the
period that may be lost. A bag that was never closed is made whole by bag_recovery.py.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Any

from mcap.writer import CompressionType, Writer

from furuta_bringup.bag_metadata import Tally, Topic, bag_information, to_yaml, total
from furuta_bringup.message_definition import ENCODING

METADATA_FILE = 'metadata.yaml'
COMPRESSIONS = {'none': CompressionType.NONE, 'zstd': CompressionType.ZSTD}


class BagWriter:
    """One bag being written; its folder must not exist yet."""

    def __init__(
        self,
        folder: Path,
        *,
        file_name: str = '',
        compression: str = 'none',
        distro: str = 'jazzy',
    ) -> None:
        """Make the folder and start its one MCAP file.

        Args:
            folder: the bag; parents are made too.
            file_name: `<folder>_0.mcap` if empty.
            compression: one of `COMPRESSIONS`, of each chunk.
            distro: the ROS distribution that the metadata names.

        Raises:
            ValueError: Unknown compression.
            OSError: The folder exists (FileExistsError) or cannot be made.
        """
        if compression not in COMPRESSIONS:
            valid = ', '.join(COMPRESSIONS)
            raise ValueError(f'compression {compression!r} is not one of {valid}')
        folder.mkdir(parents=True)
        self.folder = folder
        self.tallies: dict[str, Tally] = {}
        self._distro = distro
        self._topics: list[Topic] = []
        self._schemas: dict[str, int] = {}
        self._channels: dict[str, int] = {}
        self._metadata_is_stale = True
        self._file = (folder / (file_name or f'{folder.resolve().name}_0.mcap')).open('xb')
        # Held until the process ends: tells recovery that this bag is still alive.
        fcntl.flock(self._file, fcntl.LOCK_EX)
        self._mcap: Any = Writer(self._file, compression=COMPRESSIONS[compression])
        self._mcap.start('ros2')
        self.flush()

    @property
    def path(self) -> Path:
        """The MCAP file."""
        return Path(self._file.name)

    @property
    def size(self) -> int:
        """Bytes written so far, without the chunk being filled."""
        return self.path.stat().st_size if self._file.closed else self._file.tell()

    @property
    def total(self) -> Tally:
        """All topics together."""
        return total(list(self.tallies.values()))

    def add_topic(self, topic: Topic) -> None:
        """Announce a topic; once, before its first message."""
        if topic.name in self._channels:
            raise ValueError(f'topic {topic.name} is already in the bag')
        if topic.type not in self._schemas:
            self._schemas[topic.type] = self._mcap.register_schema(
                topic.type, ENCODING, topic.definition.encode()
            )
        offered = to_yaml(list(topic.offered_qos)).strip()
        self._channels[topic.name] = self._mcap.register_channel(
            topic.name,
            'cdr',
            self._schemas[topic.type],
            {'offered_qos_profiles': offered, 'topic_type_hash': topic.type_hash},
        )
        self._topics.append(topic)
        self.tallies[topic.name] = Tally()
        self._metadata_is_stale = True

    def write(
        self, topic: str, data: bytes, received: int, published: int, sequence: int = 0
    ) -> None:
        """Add one serialized message of an announced topic; times in ns since the epoch."""
        self._mcap.add_message(
            self._channels[topic], received, data, published, sequence & 0xFFFFFFFF
        )
        tally = self.tallies[topic]
        tally.messages += 1
        tally.first, tally.last = min(tally.first, received), max(tally.last, received)

    def flush(self) -> None:
        """Hand everything so far to the operating system, as a chunk of its own."""
        self._mcap.flush()
        if self._metadata_is_stale:
            self._write_metadata()

    def close(self) -> None:
        """Write index and metadata, and wait until all is on the disk."""
        if self._file.closed:
            return
        self._mcap.flush()
        self._mcap.add_metadata('rosbag2', {'serialized_metadata': to_yaml(self._information())})
        self._mcap.finish()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._write_metadata()

    def abandon(self) -> None:
        """Let go after a write has failed: what was flushed stays, to be recovered."""
        self._file.raw.close()

    def _write_metadata(self) -> None:
        path = self.folder / METADATA_FILE
        temporary = path.with_suffix('.yaml.tmp')
        with temporary.open('w', encoding='utf-8') as file:
            file.write(to_yaml({'rosbag2_bagfile_information': self._information()}))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        self._metadata_is_stale = False

    def _information(self) -> dict[str, Any]:
        tallies = list(self.tallies.values())
        return bag_information(self.path.name, self._topics, tallies, self._distro)

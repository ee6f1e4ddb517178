# SPDX-License-Identifier: Apache-2.0
"""What a rosbag2 bag says about itself (metadata version 9, that of Jazzy).

Names, order and values are those of ros2/rosbag2: yaml.hpp, metadata_io.cpp and qos.cpp of
rosbag2_storage.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

METADATA_VERSION = 9
NO_MESSAGE_YET = 2**63 - 1  # [ns], what rosbag2 writes as start of an empty bag
SECOND = 1_000_000_000  # [ns]


@dataclass(frozen=True)
class Topic:
    """A topic: name, type with its full definition and hash, QoS offered by its publishers."""

    name: str
    type: str
    definition: str
    type_hash: str
    offered_qos: Sequence[Mapping[str, Any]]


@dataclass
class Tally:
    """What a bag holds of a topic: messages, and when the first and last arrived [ns]."""

    messages: int = 0
    first: int = NO_MESSAGE_YET
    last: int = 0

    @property
    def duration(self) -> int:
        """Time from the first to the last message [ns]."""
        return max(0, self.last - self.first)


def total(tallies: Sequence[Tally]) -> Tally:
    """All topics of a bag together."""
    return Tally(
        sum(tally.messages for tally in tallies),
        min((tally.first for tally in tallies), default=NO_MESSAGE_YET),
        max((tally.last for tally in tallies), default=0),
    )


def offered_qos(profile: Any) -> dict[str, Any]:
    """An rclpy `QoSProfile` as bags name it."""

    def duration(value: Any) -> dict[str, int]:
        return {'sec': value.nanoseconds // SECOND, 'nsec': value.nanoseconds % SECOND}

    return {
        'history': profile.history.name.lower(),
        'depth': profile.depth,
        'reliability': profile.reliability.name.lower(),
        'durability': profile.durability.name.lower(),
        'deadline': duration(profile.deadline),
        'lifespan': duration(profile.lifespan),
        'liveliness': profile.liveliness.name.lower(),
        'liveliness_lease_duration': duration(profile.liveliness_lease_duration),
        'avoid_ros_namespace_conventions': profile.avoid_ros_namespace_conventions,
    }


def bag_information(
    file_name: str, topics: Sequence[Topic], tallies: Sequence[Tally], distro: str
) -> dict[str, Any]:
    """All metadata of a bag of one file; one tally for each topic."""
    whole = total(tallies)
    extent = {
        'duration': {'nanoseconds': whole.duration},
        'starting_time': {'nanoseconds_since_epoch': whole.first},
        'message_count': whole.messages,
    }
    return {
        'version': METADATA_VERSION,
        'storage_identifier': 'mcap',
        **extent,
        'topics_with_message_count': [
            {'topic_metadata': _topic_metadata(topic), 'message_count': tally.messages}
            for topic, tally in zip(topics, tallies, strict=True)
        ],
        'compression_format': '',
        'compression_mode': '',  # a chunk's compression is MCAP's own affair
        'relative_file_paths': [file_name],
        'files': [{'path': file_name, **extent}],
        'custom_data': None,
        'ros_distro': distro,
    }


def to_yaml(value: Any) -> str:
    """YAML in blocks, in the order given, without anchors."""
    return str(yaml.dump(value, Dumper=_PlainDumper, sort_keys=False, default_flow_style=False))


def _topic_metadata(topic: Topic) -> dict[str, Any]:
    return {
        'name': topic.name,
        'type': topic.type,
        'serialization_format': 'cdr',
        'offered_qos_profiles': list(topic.offered_qos),
        'type_description_hash': topic.type_hash,
    }


class _PlainDumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True

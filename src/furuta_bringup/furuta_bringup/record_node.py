# SPDX-License-Identifier: Apache-2.0
"""Records all topics into a rosbag2 bag, as `ros2 bag record` does, without a ROS installation.

Messages are taken as serialized bytes, many at a time; nothing is deserialised. Topics that appear
later join. Times are those of the middleware (arrival, and publication at the source), so taking
in batches does not blur them; with simulated time the messages' own stamps and `clock` carry it.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import fields
from itertools import islice
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple

from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.topic_endpoint_info import TopicEndpointInfo

from furuta_bringup.bag_metadata import Topic, offered_qos
from furuta_bringup.bag_writer import BagWriter
from furuta_bringup.message_definition import installed_prefixes, load_message_definition
from furuta_bringup.record_config import DEFAULTS, RecordConfig, TopicFilter
from furuta_description import ros, ros_polling

TAKE_PERIOD = 0.02  # [s]
FLUSH_PERIOD = 0.5  # [s], the most that a kill -9 loses, but for TAKE_PERIOD
DISCOVERY_PERIOD = 0.25  # [s]
QUEUE_DEPTH = 1000  # messages, 2 s at 500 Hz: what a slow disk may take for one write


class RecordNode(Node):
    """Takes what is published and gives it to a BagWriter."""

    def __init__(self, config: RecordConfig = DEFAULTS) -> None:
        """Start recording; ValueError if the bag cannot be made or a parameter is wrong."""
        super().__init__('record_node')
        self.config = ros.declare_parameters(self, config, [f.name for f in fields(config)])
        self._filter = TopicFilter(self.config.topics, self.config.exclude)
        self.writer = _make_writer(self.config)
        self.failed = False
        self.is_stopping = False
        self._began = time.monotonic()
        self._taps: dict[str, Tap] = {}
        self._refused: set[tuple[str, str]] = set()
        self.create_timer(DISCOVERY_PERIOD, lambda: self._guarded(self._discover))
        self.create_timer(TAKE_PERIOD, lambda: self._guarded(self._take))
        self.create_timer(FLUSH_PERIOD, lambda: self._guarded(self.writer.flush))
        self.get_logger().info(f'recording into {self.writer.folder}')

    @property
    def elapsed(self) -> float:
        """Time since the start of recording [s]."""
        return time.monotonic() - self._began

    @property
    def lost(self) -> dict[str, int]:
        """Messages known to be lost, of each topic; gaps in the publisher's numbering."""
        return {name: tap.lost for name, tap in self._taps.items()}

    def close(self) -> None:
        """Take what has arrived and complete the bag."""
        if not self.failed:
            with contextlib.suppress(ExternalShutdownException):
                self._guarded(self._finish)
        for name, lost in self.lost.items():
            if lost:
                self.get_logger().warning(f'{name}: {lost} messages were lost')

    def _finish(self) -> None:
        self._write_arrived()
        self.writer.close()

    def _write_arrived(self) -> None:
        arrived = [message for tap in self._taps.values() for message in tap.take()]
        arrived.sort(key=attrgetter('received'))  # the file is in order across topics
        for message in arrived:
            self.writer.write(*message)

    def _take(self) -> None:
        self._write_arrived()
        if self.is_stopping or 0.0 < self.config.duration <= self.elapsed:
            raise ExternalShutdownException

    def _discover(self) -> None:
        for name, types in self.get_topic_names_and_types():
            if not self._filter.wants(name):
                continue
            publishers = self.get_publishers_info_by_topic(name)
            if name in self._taps:
                if warning := self._taps[name].meet(publishers):
                    self.get_logger().warning(f'{name}: {warning}')
            elif publishers:
                self._join(name, types, publishers)

    def _join(self, name: str, types: list[str], publishers: list[TopicEndpointInfo]) -> None:
        try:
            if len(types) > 1:
                raise LookupError(f'it has several types: {", ".join(types)}')
            message_type = _message_type(types[0])
            definition = load_message_definition(types[0], installed_prefixes())
        except (LookupError, ImportError, AttributeError, FileNotFoundError) as error:
            if (name, str(error)) not in self._refused:
                self._refused.add((name, str(error)))
                self.get_logger().warning(f'{name} is not recorded: {error}')
            return
        offered = [offered_qos(publisher.qos_profile) for publisher in publishers]
        self.writer.add_topic(Topic(name, types[0], definition, _type_hash(publishers), offered))
        self._taps[name] = Tap(self, name, message_type, publishers)

    def _guarded(self, action: Callable[[], None]) -> None:
        """A disk that does not take any more ends the recording, with what it has."""
        try:
            action()
        except OSError as error:
            self.failed = True
            self.writer.abandon()
            self.get_logger().fatal(
                f'cannot write {self.writer.path}: {error.strerror}; mend that, '
                f'then `furuta record --recover {self.writer.folder}`'
            )
            raise ExternalShutdownException from None


class Taken(NamedTuple):
    """A serialized message; times in ns since the epoch."""

    topic: str
    data: bytes
    received: int
    published: int
    sequence: int


class Tap:
    """The raw subscription of one topic."""

    def __init__(
        self, node: Node, name: str, message_type: Any, publishers: list[TopicEndpointInfo]
    ) -> None:
        """Subscribe as all of `publishers` allow (adapt_request_to_offers of rosbag2)."""
        self.lost = 0
        self._name = name
        self._gids = _gids(publishers)
        self._sequence: int | None = None
        self._has_warned = False
        self._qos = _qos_for(publishers)
        self._subscription = ros_polling.poll(node, message_type, name, self._qos, raw=True)

    def take(self) -> list[Taken]:
        """All that has arrived."""
        taken: list[Taken] = []
        for data, info in islice(ros_polling.take(self._subscription), QUEUE_DEPTH):
            sequence = info['publication_sequence_number'] or 0
            self._count_gap(sequence)
            received, published = info['received_timestamp'], info['source_timestamp']
            taken.append(Taken(self._name, data, received, published, sequence))
        return taken

    def meet(self, publishers: list[TopicEndpointInfo]) -> str:
        """Note who publishes now; a warning if one of them cannot be heard."""
        gids = _gids(publishers)
        if gids != self._gids:
            self._gids, self._sequence = gids, None
        needed = _qos_for(publishers)
        unheard = publishers and (
            (self._qos.reliability, needed.reliability)
            == (ReliabilityPolicy.RELIABLE, ReliabilityPolicy.BEST_EFFORT)
            or (self._qos.durability, needed.durability)
            == (DurabilityPolicy.TRANSIENT_LOCAL, DurabilityPolicy.VOLATILE)
        )
        if not unheard or self._has_warned:
            return ''
        self._has_warned = True
        return 'a publisher with weaker QoS than the first ones came later and is not recorded'

    def _count_gap(self, sequence: int) -> None:
        # Each publisher numbers by itself, and rclpy does not say whose number this is.
        if len(self._gids) == 1 and self._sequence is not None and sequence > self._sequence:
            self.lost += sequence - self._sequence - 1
        self._sequence = sequence


def main(
    config: RecordConfig = DEFAULTS,
    watch: Callable[[RecordNode], None] = lambda node: None,
) -> int:
    """Record until Ctrl-C; `watch` gets the node when it is made. The exit status."""
    nodes = []

    def make_node() -> RecordNode:
        node = RecordNode(config)
        nodes.append(node)

        def stop(number: int, frame: Any) -> None:
            node.is_stopping = True  # an exception here could tear the chunk being written

        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) != signal.SIG_IGN:  # nohup
                signal.signal(number, stop)
        watch(node)
        return node

    status = ros.run(make_node)
    return status or int(any(node.failed for node in nodes))


def _make_writer(config: RecordConfig) -> BagWriter:
    folder = Path(config.bag or time.strftime('bags/%Y-%m-%d_%H-%M-%S'))
    distro = os.environ.get('ROS_DISTRO', 'jazzy')
    try:
        return BagWriter(folder, compression=config.compression, distro=distro)
    except FileExistsError:
        raise ValueError(f'{folder} exists already and is not overwritten') from None
    except OSError as error:
        raise ValueError(f'cannot record into {folder}: {error.strerror}') from None


def _message_type(type_name: str) -> Any:
    package, kind, name = type_name.split('/')
    return getattr(importlib.import_module(f'{package}.{kind}'), name)


def _qos_for(publishers: list[TopicEndpointInfo]) -> QoSProfile:
    offers = [publisher.qos_profile for publisher in publishers]
    reliable = all(offer.reliability == ReliabilityPolicy.RELIABLE for offer in offers)
    latched = all(offer.durability == DurabilityPolicy.TRANSIENT_LOCAL for offer in offers)
    return QoSProfile(
        depth=QUEUE_DEPTH,
        reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE,
    )


def _type_hash(publishers: list[TopicEndpointInfo]) -> str:
    hashes = {str(publisher.topic_type_hash) for publisher in publishers} - {'INVALID'}
    return hashes.pop() if len(hashes) == 1 else ''


def _gids(publishers: list[TopicEndpointInfo]) -> set[tuple[int, ...]]:
    return {tuple(publisher.endpoint_gid) for publisher in publishers}


if __name__ == '__main__':
    sys.exit(main())

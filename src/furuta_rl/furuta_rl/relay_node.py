# SPDX-License-Identifier: Apache-2.0
"""ROS node of a disturbed link between any two topics, `input` and `output`: remap them.

Between a plant and its controller it does what the controllers do within themselves
(`injected.py`), but to each message: a plant's 500 joint states a second are lost one by one.
Messages pass as bytes; those whose values are changed are read and written anew.
"""

from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass, field, replace
from typing import Any

from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.serialization import deserialize_message, serialize_message

from furuta_description import ros, ros_polling
from furuta_description.channel import Link
from furuta_description.delivery import (
    Arrival,
    Channel,
    Delivery,
    changed_angles,
    changed_velocities,
    changed_voltage,
    link_of,
)
from furuta_description.injection import Command, Observation, Transit
from furuta_description.robot import JOINT_NAMES
from furuta_description.ros_executor import Urgent

INPUT_QOS = QoSProfile(depth=10, reliability=ReliabilityPolicy.BEST_EFFORT)
SETTINGS = {ros.JointState: Observation, ros.Float64MultiArray: Command}  # else Transit


@dataclass(frozen=True)
class NodeConfig:
    """What is relayed."""

    type: str = field(
        default='sensor_msgs/msg/JointState', metadata={'help': 'type of the messages'}
    )
    seed: int = field(default=0, metadata={'help': 'seed of what is drawn for the messages'})


class RelayNode(Node):
    """A link from topic to topic."""

    def __init__(self) -> None:
        """Declare parameters, make the link, connect the topics."""
        super().__init__('relay_node')
        config = ros.declare_parameters(self, NodeConfig(), ('type',))
        self._kind = message_kind(config.type)
        self._settings = ros.declare_parameters(self, SETTINGS.get(self._kind, Transit)())
        self._seed = config.seed
        names = [self.resolve_topic_name(name) for name in ('input', 'output')]
        if names[0] == names[1]:
            raise ValueError(f'input and output are both {names[0]}: remap one of them')
        self._output = self.create_publisher(self._kind, 'output', ros.PLANT_QOS)
        self._diagnostics = self.create_publisher(
            ros.DiagnosticArray, ros.DIAGNOSTICS, ros.PLANT_QOS
        )
        self._name = f'relay to {names[1]}'
        self._count = 0
        self._make_link()
        ros.on_parameters(self, self._on_parameters)
        arriving = ros_polling.poll(self, self._kind, 'input', INPUT_QOS, raw=True)
        self.urgent = Urgent(self, arriving, self._on_message)
        self.create_timer(1.0, self._publish_diagnostics)

    def _make_link(self) -> None:
        number = int(self._kind is ros.Float64MultiArray)  # as the controllers' links are numbered
        self._link = Channel(link_of(self._settings), self._seed, number)
        self._delivery = Delivery({self._link: self._on_arrival}, self.context.try_shutdown)

    def _on_parameters(self, values: dict[str, Any]) -> None:
        known = {name: value for name, value in values.items() if name in vars(self._settings)}
        settings, seed = replace(self._settings, **known), values.get('seed', self._seed)
        if (settings, seed) == (self._settings, self._seed):
            return
        link_of(settings)  # raises for a recording that is not usable
        self._delivery.close()
        self._settings, self._seed = settings, seed
        self._make_link()

    def _on_message(self, message: bytes, info: dict[str, Any]) -> bool:
        self._count += 1
        if self._settings.is_on:
            self._delivery.send(self._link, message)
        else:
            self._output.publish(message)
        return True

    def _on_arrival(self, arrival: Arrival) -> None:
        link = self._link.link
        if arrival.is_lost and not link.is_zero_when_lost:
            return
        if arrival.is_lost or self._settings.changes_values:
            message = deserialize_message(arrival.message, self._kind)
            if isinstance(self._settings, Observation):
                _change_samples(message, self._settings, link, arrival)
            else:
                _change_voltages(message, link, arrival)
            arrival = arrival._replace(message=serialize_message(message))
        self._output.publish(arrival.message)

    def _publish_diagnostics(self) -> None:
        values = {
            'injection': str(self._settings) if self._settings.is_on else '',
            'messages': self._count,
            'lost': self._link.lost,
            'overtaken': self._link.overtaken,
        }
        is_idle = self._count == 0 and self._kind is not ros.Float64MultiArray  # nobody drives
        problems = ['nothing to relay'] if is_idle else []
        stamp = self.get_clock().now().to_msg()
        self._diagnostics.publish(ros.diagnostics_message(stamp, self._name, problems, values))
        self._count = 0

    def close(self) -> None:
        """Drop what is under way; leave a motor at 0 V."""
        self._delivery.close()
        if self._kind is ros.Float64MultiArray:
            self._output.publish(ros.command_message(0.0))


def message_kind(name: str) -> Any:
    """Class of a message type, `package/msg/Name`.

    Raises:
        ValueError: there is none.
    """
    package, _, kind = name.partition('/msg/')
    try:
        return getattr(importlib.import_module(f'{package}.msg'), kind)
    except (ImportError, AttributeError, ValueError, TypeError):
        raise ValueError(
            f'type {name!r}: no such message; valid is package/msg/Name of an installed package'
        ) from None


def _change_samples(
    message: ros.JointState, settings: Observation, link: Link, arrival: Arrival
) -> None:
    sample = ros.sample_from(message)
    if sample is None:  # other joints than ours
        return
    places = [message.name.index(joint) for joint in JOINT_NAMES]
    _, *values = sample
    angles = changed_angles(link, values[:2], arrival.normals)
    velocities = changed_velocities(settings, values[2:], arrival.normals)
    for place, angle, velocity in zip(places, angles, velocities, strict=True):
        message.position[place], message.velocity[place] = angle, velocity


def _change_voltages(message: ros.Float64MultiArray, link: Link, arrival: Arrival) -> None:
    for place, voltage in enumerate(message.data):
        message.data[place] = changed_voltage(link, arrival._replace(message=voltage))


def main() -> int:
    """Run a relay."""
    return ros.run(RelayNode, sys.argv, is_in_loop=True)


if __name__ == '__main__':
    sys.exit(main())

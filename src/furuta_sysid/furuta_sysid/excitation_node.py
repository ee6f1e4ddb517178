# SPDX-License-Identifier: Apache-2.0
"""ROS node that plays an excitation to a plant, paced by its samples, and ends when it is over."""

from __future__ import annotations

import math
import sys
import time
from dataclasses import dataclass, field, fields

from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from std_msgs.msg import Float64MultiArray

from furuta_description import ros
from furuta_description.robot import load_robot
from furuta_sysid.excitation import make_plan
from furuta_sysid.plan_options import PlanOptions
from furuta_sysid.player import Player, Position

LOOK_PERIOD = 0.1  # [s]
REPORT_PERIOD = 0.5  # [s]
SETTLING = (
    0.5  # [s] from the recorder's subscriptions to its first messages, and some rest in the bag
)
RECORDED = (ros.JOINT_STATES, ros.MOTOR_STATE, ros.COMMANDS)
PATIENCE = 60.0  # [s] for the plant to be enabled and at rest


@dataclass(frozen=True)
class NodeConfig(PlanOptions):
    """Deployment: the plan, and for whom."""

    robot: str = field(default='furuta', metadata={'help': 'robot name or file'})
    patience: float = field(
        default=PATIENCE, metadata={'help': 'time for the plant to be enabled and at rest [s]'}
    )
    recorder: str = field(default='', metadata={'help': 'node to wait for until it records'})


class ExcitationNode(Node):
    """Plays a plan once."""

    def __init__(self) -> None:
        """Declare parameters, make the plan, connect the topics."""
        super().__init__('excitation_node')
        config = ros.declare_parameters(self, NodeConfig(), [f.name for f in fields(NodeConfig)])
        robot = load_robot(config.robot)
        self.player = Player(make_plan(robot, config), robot)
        self._patience, self._recorder = config.patience, config.recorder
        self._recorded_since = math.inf
        self.player.is_recorded = not self._recorder
        self._made = self._heard = time.monotonic()
        self._has_begun = False
        self._commands = self.create_publisher(Float64MultiArray, ros.COMMANDS, ros.COMMAND_QOS)
        self.create_subscription(
            ros.DiagnosticArray, ros.DIAGNOSTICS, self._on_diagnostics, ros.PLANT_QOS
        )
        self.create_subscription(
            ros.JointState, ros.JOINT_STATES, self._on_joint_state, ros.SENSOR_QOS
        )
        self._diagnostics = self.create_publisher(
            ros.DiagnosticArray, ros.DIAGNOSTICS, ros.PLANT_QOS
        )
        self.create_timer(LOOK_PERIOD, self._look)
        self.create_timer(REPORT_PERIOD, self._report)

    def _on_joint_state(self, message: ros.JointState) -> None:
        sample = ros.sample_from(message)
        if sample is None:
            return
        self._heard = time.monotonic()
        self._commands.publish(ros.command_message(self.player.step(Position(*sample))))

    def _on_diagnostics(self, message: ros.DiagnosticArray) -> None:
        for status in message.status:
            if status.name == 'plant':
                values = {value.key: value.value for value in status.values}
                self.player.hear(values.get('enabled') == 'True', status.message)

    def _look(self) -> None:
        player, now = self.player, time.monotonic()
        player.silence(now - self._heard)
        player.meet(self._others())
        if self._recorder:
            player.is_recorded = now - self._recording_since(now) > SETTLING
        if player.elapsed and not self._has_begun:
            self._has_begun = True
            names = ', '.join(segment.name for segment in player.plan.segments)
            self.get_logger().info(f'playing {names}: {player.plan.duration:.0f} s')
        if not self._has_begun and now - self._made > self._patience:
            player.is_over = True
            player.failure = f'waited {self._patience:.0f} s for {player.waiting_for}'
        if player.is_over:
            raise ExternalShutdownException

    def _others(self) -> list[str]:
        """Who else publishes commands."""
        names = [info.node_name for info in self.get_publishers_info_by_topic(ros.COMMANDS)]
        if self.get_name() in names:
            names.remove(self.get_name())
        return sorted(names)

    def _recording_since(self, now: float) -> float:
        """When the recorder had subscribed to all that counts; infinite if it has not."""
        if not math.isfinite(self._recorded_since) and all(
            any(
                end.node_name == self._recorder
                for end in self.get_subscriptions_info_by_topic(name)
            )
            for name in RECORDED
        ):
            self._recorded_since = now
        return self._recorded_since

    def _report(self) -> None:
        player = self.player
        values = {
            'elapsed': player.elapsed,
            'duration': player.plan.duration,
            'waiting_for': player.waiting_for,
        }
        stamp = self.get_clock().now().to_msg()
        self._diagnostics.publish(ros.diagnostics_message(stamp, 'excitation', [], values))

    def close(self) -> None:
        """Leave the motor at 0 V and say how it went."""
        self._commands.publish(ros.command_message(0.0))
        if self.player.failure:
            self.get_logger().error(f'stopped: {self.player.failure}')
        elif self.player.is_over:
            self.get_logger().info('played to the end')
        else:
            self.player.failure = 'interrupted'


def main() -> int:
    """Play; the exit status is 0 if all was played."""
    nodes: list[ExcitationNode] = []

    def make_node() -> ExcitationNode:
        nodes.append(ExcitationNode())
        return nodes[0]

    status = ros.run(make_node, sys.argv, is_in_loop=True)
    return status or int(any(node.player.failure for node in nodes))


if __name__ == '__main__':
    sys.exit(main())

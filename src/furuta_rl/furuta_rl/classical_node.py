# SPDX-License-Identifier: Apache-2.0
"""ROS node of the classical baseline: joint states in, voltage out, paced by the samples."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field

from rclpy.node import Node
from std_msgs.msg import Float64MultiArray

from furuta_description import ros
from furuta_description.robot import load_robot
from furuta_rl.classical import ClassicalConfig, ClassicalController
from furuta_rl.schedule import Schedule


@dataclass(frozen=True)
class NodeConfig:
    """Deployment of the controller."""

    robot: str = field(default='furuta', metadata={'help': 'robot name or file'})
    rate_hz: float = ClassicalConfig.rate_hz
    host_delay: float = ClassicalConfig.host_delay


class ClassicalNode(Node):
    """Classical controller."""

    def __init__(self) -> None:
        """Declare parameters, build the controller, connect the topics."""
        super().__init__('classical_node')
        config = ros.declare_parameters(self, NodeConfig(), ('robot', 'rate_hz', 'host_delay'))
        robot = load_robot(config.robot)
        choices = ClassicalConfig(rate_hz=config.rate_hz, host_delay=config.host_delay)
        self.controller = ClassicalController(robot, choices)
        self.schedule = Schedule(1 / config.rate_hz)
        self._commands = self.create_publisher(Float64MultiArray, ros.COMMANDS, ros.COMMAND_QOS)
        self._diagnostics = self.create_publisher(
            ros.DiagnosticArray, ros.DIAGNOSTICS, ros.PLANT_QOS
        )
        self.create_subscription(
            ros.JointState, ros.JOINT_STATES, self._on_joint_state, ros.SENSOR_QOS
        )
        self.create_timer(1.0, self._publish_diagnostics)

    def _on_joint_state(self, message: ros.JointState) -> None:
        started = time.perf_counter()
        sample = ros.sample_from(message)
        if sample is None or not self.schedule.is_due(sample.stamp):
            return
        if self.schedule.has_jumped:
            self.controller.reset()
        self._commands.publish(ros.command_message(self.controller.step(*sample[1:])))
        self.schedule.done(time.perf_counter() - started)

    def _publish_diagnostics(self) -> None:
        report = self.schedule.report()
        problems = ['no joint states'] if report['steps'] == 0 else []
        values = report | {'balancing': self.controller.is_balancing}
        stamp = self.get_clock().now().to_msg()
        self._diagnostics.publish(ros.diagnostics_message(stamp, 'controller', problems, values))

    def close(self) -> None:
        """Leave the motor at 0 V."""
        self._commands.publish(ros.command_message(0.0))


def main() -> int:
    """Run the classical controller."""
    return ros.run(ClassicalNode, sys.argv)


if __name__ == '__main__':
    sys.exit(main())

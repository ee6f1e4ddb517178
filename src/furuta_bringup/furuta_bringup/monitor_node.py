# SPDX-License-Identifier: Apache-2.0
"""ROS node inside the `furuta` command: watches a run and keeps its figures."""

from __future__ import annotations

from typing import Any

from rclpy.node import Node
from std_msgs.msg import Float64MultiArray

from furuta_bringup.judge import Judge
from furuta_description import ros


class MonitorNode(Node):
    """Judge of the joint states and newest diagnostics of plant and controller."""

    def __init__(self) -> None:
        """Connect the topics."""
        super().__init__('monitor_node')
        self.judge = Judge()
        self.diagnostics: dict[str, dict[str, str]] = {}
        self.problems: dict[str, str] = {}
        self.create_subscription(
            ros.JointState, ros.JOINT_STATES, self._on_joint_state, ros.SENSOR_QOS
        )
        self._commands = self.create_subscription(
            Float64MultiArray, ros.COMMANDS, self._on_command, ros.COMMAND_QOS
        )
        self.create_subscription(
            ros.DiagnosticArray, ros.DIAGNOSTICS, self._on_diagnostics, ros.PLANT_QOS
        )

    @property
    def plants(self) -> int:
        """How many plants publish joint states."""
        return self.count_publishers(ros.JOINT_STATES)

    def figures(self) -> dict[str, Any]:
        """Summary of the run."""
        controller = self.diagnostics.get('controller', {})
        plant = self.diagnostics.get('plant', {})
        return self.judge.summary() | {
            'control_rate_hz': _number(controller.get('rate_hz')),
            'missed_steps': _number(controller.get('missed_steps')),
            'plant_rate_hz': _number(plant.get('rate_hz')),
            'plant_dropped': _number(plant.get('dropped')),
            'problems': dict(self.problems),
        }

    def _on_joint_state(self, message: ros.JointState) -> None:
        sample = ros.sample_from(message)
        if sample is not None:
            self.judge.add(sample.stamp, sample.arm_angle, sample.pendulum_angle)

    def _on_command(self, message: Float64MultiArray) -> None:
        self.judge.restart()
        self.destroy_subscription(self._commands)  # the first one is all that counts

    def _on_diagnostics(self, message: ros.DiagnosticArray) -> None:
        for status in message.status:
            self.diagnostics[status.name] = {v.key: v.value for v in status.values}
            if status.level == ros.DiagnosticStatus.OK:
                self.problems.pop(status.name, None)
            else:
                self.problems[status.name] = status.message


def _number(text: str | None) -> float | None:
    return None if text is None else float(text)

# SPDX-License-Identifier: Apache-2.0
"""What every controller's node does: steps on the plant's samples, volts out, diagnostics."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from typing import Any

from rclpy.node import Node
from rclpy.time import Time
from std_msgs.msg import Float64MultiArray

from furuta_description import ros
from furuta_rl.schedule import Schedule


class ControllerNode(Node, ABC):
    """Node around a controller; `connect` it once the controller is there."""

    def connect(self, rate_hz: float) -> None:
        """Connect the topics and step `rate_hz` times a second of the plant's time."""
        self.schedule = Schedule(1 / rate_hz)
        self.heard = time.monotonic()  # when the newest sample came, stepped on or not
        self._commands = self.create_publisher(Float64MultiArray, ros.COMMANDS, ros.COMMAND_QOS)
        self._diagnostics = self.create_publisher(
            ros.DiagnosticArray, ros.DIAGNOSTICS, ros.PLANT_QOS
        )
        self.create_subscription(
            ros.JointState, ros.JOINT_STATES, self._on_joint_state, ros.SENSOR_QOS
        )
        self.create_timer(1.0, self._publish_diagnostics)

    @abstractmethod
    def reset(self) -> None:
        """The samples have a gap or begin anew."""

    @abstractmethod
    def step(self, sample: ros.Sample) -> float:
        """Voltage for a sample [V]."""

    def rehearse(self) -> None:
        """No step is due on this sample: time to warm up what the next one needs."""

    @abstractmethod
    def values(self) -> dict[str, Any]:
        """What else the diagnostics say."""

    def _on_joint_state(self, message: ros.JointState) -> None:
        started = time.perf_counter()
        sample = ros.sample_from(message)
        if sample is None:
            return
        self.heard = time.monotonic()
        if not self.schedule.is_due(sample.stamp):
            self.rehearse()
            return
        if self.schedule.has_jumped:
            self.reset()
        voltage = self.step(sample) if self.schedule.is_settled else 0.0
        self._commands.publish(ros.command_message(voltage))
        age = self.get_clock().now() - Time.from_msg(message.header.stamp)
        self.schedule.done(time.perf_counter() - started, age.nanoseconds * 1e-9)

    def _publish_diagnostics(self) -> None:
        report = self.schedule.report()
        problems = ['no joint states'] if report['steps'] == 0 else []
        stamp = self.get_clock().now().to_msg()
        self._diagnostics.publish(
            ros.diagnostics_message(stamp, 'controller', problems, report | self.values())
        )

    def close(self) -> None:
        """Leave the motor at 0 V."""
        self._commands.publish(ros.command_message(0.0))

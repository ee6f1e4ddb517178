# SPDX-License-Identifier: Apache-2.0
"""What every controller's node does: steps on the plant's samples, volts out, diagnostics."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from typing import Any

from rclpy.node import Node
from std_msgs.msg import Float64MultiArray, Int64MultiArray

from furuta_description import ros
from furuta_description.ros_executor import Urgent
from furuta_description.trace import StepTimes
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
        self._traced = None
        if self.declare_parameter('trace', False).value:
            self._traced = self.create_publisher(Int64MultiArray, ros.TRACED_STEPS, ros.PLANT_QOS)
        self._published = 0  # commands so far
        self._now_ns = time.time_ns
        if self.get_parameter('use_sim_time').value:
            self._now_ns = lambda: self.get_clock().now().nanoseconds
        joint_states = ros.poll(self, ros.JointState, ros.JOINT_STATES, ros.SENSOR_QOS)
        self.urgent = Urgent(self, joint_states, self._on_joint_state)
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

    def _on_joint_state(self, message: ros.JointState, info: dict[str, Any]) -> bool:
        taken = self._now_ns()
        sample = ros.sample_from(message)
        if sample is None:
            return False
        self.heard = time.monotonic()
        if not self.schedule.is_due(sample.stamp):
            self.rehearse()
            return False
        if self.schedule.has_jumped:
            self.reset()
        voltage = self.step(sample) if self.schedule.is_settled else 0.0
        computed = self._now_ns()
        self._publish(voltage)
        observed, stamp = info['source_timestamp'], ros.nanoseconds(message.header.stamp)
        self.schedule.done(
            StepTimes(self._published, stamp, observed, taken, computed, self._now_ns())
        )
        return True

    def _publish(self, voltage: float) -> None:
        self._commands.publish(ros.command_message(voltage))
        self._published += 1

    def _publish_diagnostics(self) -> None:
        report = self.schedule.report()
        problems = ['no joint states'] if report['steps'] == 0 else []
        stamp = self.get_clock().now().to_msg()
        self._diagnostics.publish(
            ros.diagnostics_message(stamp, 'controller', problems, report | self.values())
        )
        if self._traced:
            self._traced.publish(ros.trace_message(self.schedule.trace))

    def close(self) -> None:
        """Leave the motor at 0 V."""
        self._publish(0.0)

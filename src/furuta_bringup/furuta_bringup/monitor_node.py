# SPDX-License-Identifier: Apache-2.0
"""ROS node inside the `furuta` command: watches a run and keeps its figures."""

from __future__ import annotations

from typing import Any

from rclpy.clock import Clock, ClockType
from rclpy.node import Node

from furuta_bringup.judge import Judge
from furuta_description import ros, ros_polling

TAKE_PERIOD = 0.02  # [s]
QUEUE = 1000  # messages, 2 s at 500 Hz


class MonitorNode(Node):
    """Judge of the joint states and newest diagnostics of plant and controller."""

    def __init__(self) -> None:
        """Connect the topics."""
        super().__init__('monitor_node')
        self.judge = Judge()
        self.is_ready = False  # hears the plant
        self.diagnostics: dict[str, dict[str, str]] = {}
        self.problems: dict[str, str] = {}
        self.create_subscription(
            ros.DiagnosticArray, ros.DIAGNOSTICS, self._on_diagnostics, ros.PLANT_QOS
        )
        self._joint_states = ros_polling.poll(self, ros.JointState, ros.JOINT_STATES, QUEUE)
        self._motor_states = ros_polling.poll(self, ros.BatteryState, ros.MOTOR_STATE, QUEUE)
        self.has_voltage = False  # the motor has been driven
        self.create_timer(TAKE_PERIOD, self._take, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def restart(self) -> None:
        """Judge from the next sample on."""
        self.judge = Judge()

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
            'late_steps': _number(controller.get('late_steps')),
            'observation_age_p50_ms': _number(controller.get('observation_age_p50_ms')),
            'observation_age_p99_ms': _number(controller.get('observation_age_p99_ms')),
            'plant_rate_hz': _number(plant.get('rate_hz')),
            'plant_dropped': _number(plant.get('dropped')),
            'problems': dict(self.problems),
        }

    def _take(self) -> None:
        for message, _ in ros_polling.take(self._motor_states):
            self.is_ready = self.judge.samples > 0
            if message.voltage != 0 and not self.has_voltage:
                self.has_voltage = True
                self.restart()  # a controller has taken over: the run begins
        for message, _ in ros_polling.take(self._joint_states):
            sample = ros.sample_from(message)
            if sample is not None:
                self.judge.add(sample.stamp, sample.arm_angle, sample.pendulum_angle)

    def _on_diagnostics(self, message: ros.DiagnosticArray) -> None:
        for status in message.status:
            self.diagnostics[status.name] = {v.key: v.value for v in status.values}
            if status.level == ros.DiagnosticStatus.OK:
                self.problems.pop(status.name, None)
            else:
                self.problems[status.name] = status.message


def _number(text: str | None) -> float | None:
    return None if text is None else float(text)

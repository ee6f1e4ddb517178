# SPDX-License-Identifier: Apache-2.0
"""The topics and services that every plant offers (ARCHITECTURE.md, "The ROS interface")."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from builtin_interfaces.msg import Time
from rclpy.node import Node
from std_msgs.msg import Float64MultiArray, String
from std_srvs.srv import SetBool, Trigger

from furuta_description import ros
from furuta_description.robot import Robot
from furuta_description.urdf import make_urdf

REPORT_PERIOD = 1.0  # [s]


class Services(NamedTuple):
    """What a plant does when it is asked to; each returns why it refuses, or ''."""

    enable: Callable[[bool], str]
    clear_fault: Callable[[], str]
    set_zero: Callable[[], str]


class PlantInterface:
    """A node's side of the plant interface."""

    def __init__(
        self,
        node: Node,
        robot: Robot,
        services: Services,
        report: Callable[[], None],
        on_command: Callable[[float | None], None] | None = None,
    ) -> None:
        """Offer the topics and services.

        Args:
            node: the plant's.
            robot: whose description is published.
            services: what they do.
            report: called when diagnostics are due.
            on_command: gets each command at once, in the executor's thread; None = the node asks
                `take_commands`, which costs less where a thread of its own looks often enough.
        """
        advertise = node.create_publisher
        self._joint_states = advertise(ros.JointState, ros.JOINT_STATES, ros.PLANT_QOS)
        self._motor_state = advertise(ros.BatteryState, ros.MOTOR_STATE, ros.PLANT_QOS)
        self._diagnostics = advertise(ros.DiagnosticArray, ros.DIAGNOSTICS, ros.PLANT_QOS)
        if ros.HAS_CONTROL_MSGS:
            self._dynamic_joint_states = advertise(
                ros.DynamicJointState, ros.DYNAMIC_JOINT_STATES, ros.PLANT_QOS
            )
        self._description = advertise(String, ros.ROBOT_DESCRIPTION, ros.LATCHED_QOS)
        self.describe(make_urdf(robot))
        if on_command:
            node.create_subscription(
                Float64MultiArray,
                ros.COMMANDS,
                lambda message: on_command(ros.command_from(message)),
                ros.COMMAND_QOS,
            )
        else:
            self._commands = ros.poll(node, Float64MultiArray, ros.COMMANDS, ros.COMMAND_QOS)
        node.create_service(SetBool, ros.ENABLE, _switch(services.enable))
        node.create_service(Trigger, ros.CLEAR_FAULT, trigger(services.clear_fault))
        node.create_service(Trigger, ros.SET_ZERO, trigger(services.set_zero))
        node.create_timer(REPORT_PERIOD, report)

    def take_commands(self) -> Iterator[float | None]:
        """Commands that have arrived [V]; None for one that is no single finite number."""
        for command, _ in ros.take(self._commands):
            yield ros.command_from(command)

    def publish(
        self,
        stamp: Time,
        sample: ros.Sample,
        motor_torque: float,
        voltage: float,
        current: float = math.nan,
    ) -> None:
        """One sample: angles, velocities, torque [N m], applied voltage [V] and current [A]."""
        self._joint_states.publish(ros.joint_state_message(stamp, sample, motor_torque))
        self._motor_state.publish(ros.motor_state_message(stamp, voltage, current))
        if ros.HAS_CONTROL_MSGS:
            self._dynamic_joint_states.publish(
                ros.dynamic_joint_states_message(stamp, sample, motor_torque, voltage)
            )

    def publish_diagnostics(
        self, stamp: Time, problems: Sequence[str], values: dict[str, Any]
    ) -> None:
        """What is wrong with the plant, in plain words, and its figures."""
        self._diagnostics.publish(ros.diagnostics_message(stamp, 'plant', problems, values))

    def describe(self, urdf: str) -> None:
        """Publish what the robot looks like."""
        self._description.publish(String(data=urdf))


def trigger(act: Callable[[], str]) -> Callable[[Any, Any], Any]:
    """Callback of a Trigger service from a function that returns why it refuses, or ''."""
    return lambda request, response: _answer(response, act())


def _switch(act: Callable[[bool], str]) -> Callable[[Any, Any], Any]:
    return lambda request, response: _answer(response, act(request.data))


def _answer(response: Any, reason: str) -> Any:
    response.success, response.message = not reason, reason
    return response

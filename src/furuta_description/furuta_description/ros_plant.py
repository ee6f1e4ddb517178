# SPDX-License-Identifier: Apache-2.0
"""The topics and services that every plant offers (ARCHITECTURE.md, "The ROS interface")."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from builtin_interfaces.msg import Time
from rclpy.node import Node
from std_msgs.msg import Float64MultiArray, Int64MultiArray, String
from std_srvs.srv import SetBool, Trigger

from furuta_description import ros, ros_polling
from furuta_description.robot import Robot
from furuta_description.ros_executor import Urgent
from furuta_description.trace import COMMAND_STAGES, CommandTimes, Trace
from furuta_description.urdf import make_urdf

REPORT_PERIOD = 1.0  # [s]


class Services(NamedTuple):
    """What a plant does when it is asked to; each returns why it refuses, or ''."""

    enable: Callable[[bool], str]
    clear_fault: Callable[[], str]
    set_zero: Callable[[], str]


class Command(NamedTuple):
    """A command as it arrived, with the times of `trace.CommandTimes`."""

    voltage: float | None  # [V], None for one that is no single finite number
    number: int
    published: int  # [ns]
    arrived: int  # [ns]


class PlantInterface:
    """A node's side of the plant interface."""

    def __init__(
        self,
        node: Node,
        robot: Robot,
        services: Services,
        report: Callable[[], None],
        on_command: Callable[[Command], None] | None = None,
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
        self._commands = ros_polling.poll(node, Float64MultiArray, ros.COMMANDS, ros.COMMAND_QOS)
        if on_command:
            node.urgent = Urgent(
                node, self._commands, lambda *taken: on_command(_command(*taken)) or True
            )
        node.create_service(SetBool, ros.ENABLE, _switch(services.enable))
        node.create_service(Trigger, ros.CLEAR_FAULT, trigger(services.clear_fault))
        node.create_service(Trigger, ros.SET_ZERO, trigger(services.set_zero))
        node.create_timer(REPORT_PERIOD, report)
        self._trace = Trace(CommandTimes)
        self._traced = None
        if node.declare_parameter('trace', False).value:
            self._traced = advertise(Int64MultiArray, ros.TRACED_COMMANDS, ros.PLANT_QOS)

    def take_commands(self) -> Iterator[Command]:
        """Commands that have arrived."""
        return (_command(*taken) for taken in ros_polling.take(self._commands))

    def applied(self, command: Command, at_ns: int) -> None:
        """The motor is driven by a command, from then on [ns of the system's clock]."""
        self._trace.add(CommandTimes(*command[1:], at_ns))

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
        values = values | self._trace.report(COMMAND_STAGES)
        self._diagnostics.publish(ros.diagnostics_message(stamp, 'plant', problems, values))
        if self._traced:
            self._traced.publish(ros.trace_message(self._trace))

    def describe(self, urdf: str) -> None:
        """Publish what the robot looks like."""
        self._description.publish(String(data=urdf))


def trigger(act: Callable[[], str]) -> Callable[[Any, Any], Any]:
    """Callback of a Trigger service from a function that returns why it refuses, or ''."""
    return lambda request, response: _answer(response, act())


def _command(message: Float64MultiArray, info: dict[str, Any]) -> Command:
    return Command(
        ros.command_from(message),
        info['publication_sequence_number'],
        info['source_timestamp'],
        info['received_timestamp'],
    )


def _switch(act: Callable[[bool], str]) -> Callable[[Any, Any], Any]:
    return lambda request, response: _answer(response, act(request.data))


def _answer(response: Any, reason: str) -> Any:
    response.success, response.message = not reason, reason
    return response

# SPDX-License-Identifier: Apache-2.0
"""The browser twin: shows what a plant publishes, and sends what its page's user asks for."""

from __future__ import annotations

import math
import sys
import time
from dataclasses import dataclass, field
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.client import Client
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.task import Future
from sensor_msgs.msg import BatteryState, JointState
from std_msgs.msg import Float64MultiArray, String
from std_srvs.srv import SetBool, Trigger

from furuta_bringup.twin_page import Actions, TwinPage
from furuta_bringup.twin_status import Status, View
from furuta_description import ros, ros_polling
from furuta_description.robot import load_robot
from furuta_description.urdf import make_urdf

SHOW_RATE_HZ = 30.0
DRIVE_RATE_HZ = 50.0  # well within the plants' command time-out
GRAPH_RATE_HZ = 2.0
FORGET_AFTER = 3.0  # [s] diagnostics come at least once a second
NO_SAMPLE = ros.Sample(0.0, 0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True)
class TwinConfig:
    """Parameters of the twin."""

    robot: str = field(
        default='furuta',
        metadata={'help': 'name or file; its URDF is shown until robot_description brings one'},
    )
    host: str = field(
        default='127.0.0.1',
        metadata={'help': 'address the page listens on; 0.0.0.0 lets the whole network in'},
    )
    port: int = field(default=8080, metadata={'help': 'port of the page; 0 = any free one'})


class TwinNode(Node):
    """Page on one side, topics and services on the other."""

    def __init__(self) -> None:
        """Start the page; ValueError if its port is taken or there is no such robot."""
        super().__init__('twin')
        config = ros.declare_parameters(self, TwinConfig(), ('robot', 'host', 'port'))
        robot = load_robot(config.robot)
        self._page = TwinPage(
            config.host,
            config.port,
            robot.safety.voltage_limit,
            Actions(self._enable, self._clear_fault, self._set_zero, self._reset, self._engage),
        )
        self._urdf = make_urdf(robot)
        self._page.set_robot(self._urdf)
        self._sample: ros.Sample | None = None
        self._sampled = 0.0  # [s] monotonic
        self._voltage = math.nan
        self._statuses: dict[str, tuple[float, Status]] = {}
        self._commanders: list[str] = []
        self._command: Publisher | None = None

        # Of 500 messages a second the page shows 30; the middleware keeps the newest.
        self._joints = ros_polling.poll(self, JointState, ros.JOINT_STATES, ros.SENSOR_QOS)
        self._motor = ros_polling.poll(self, BatteryState, ros.MOTOR_STATE, ros.SENSOR_QOS)
        self.create_subscription(
            DiagnosticArray, ros.DIAGNOSTICS, self._on_diagnostics, ros.PLANT_QOS
        )
        self.create_subscription(
            String, ros.ROBOT_DESCRIPTION, self._on_description, ros.LATCHED_QOS
        )
        self._enable_client = self.create_client(SetBool, ros.ENABLE)
        self._clear_client = self.create_client(Trigger, ros.CLEAR_FAULT)
        self._zero_client = self.create_client(Trigger, ros.SET_ZERO)
        self._reset_client = self.create_client(Trigger, ros.RESET)
        clock = Clock(clock_type=ClockType.STEADY_TIME)  # the page lives on while a plant pauses
        self.create_timer(1 / SHOW_RATE_HZ, self._show, clock=clock)
        self.create_timer(1 / DRIVE_RATE_HZ, self._drive, clock=clock)
        self.create_timer(1 / GRAPH_RATE_HZ, self._look_around, clock=clock)
        self.get_logger().info(f'page at http://{config.host}:{self._page.port}')

    def close(self) -> None:
        """Stop serving the page."""
        self._page.close()

    def _show(self) -> None:
        now = time.monotonic()
        motor, joints = ros_polling.newest(self._motor), ros_polling.newest(self._joints)
        sample = ros.sample_from(joints) if joints else None
        if motor:
            self._voltage = motor.voltage
        if sample:
            self._sample, self._sampled = sample, now
        self._page.show(
            View(
                time=now,
                age=None if self._sample is None else now - self._sampled,
                is_new=sample is not None,
                row=(*(self._sample or NO_SAMPLE)[1:], self._voltage),
                statuses=[
                    status for at, status in self._statuses.values() if now - at < FORGET_AFTER
                ],
                commanders=self._commanders,
                has_motor=self._enable_client.service_is_ready(),
                has_reset=self._reset_client.service_is_ready(),
            )
        )

    def _drive(self) -> None:
        """Be a publisher of commands for as long as somebody drives by hand, and no longer."""
        voltage = self._page.hand.voltage(time.monotonic())
        if voltage is not None:
            if self._command is None:
                self._command = self.create_publisher(
                    Float64MultiArray, ros.COMMANDS, ros.COMMAND_QOS
                )
            self._command.publish(ros.command_message(voltage))
        elif self._command is not None:
            self.destroy_publisher(self._command)
            self._command = None

    def _look_around(self) -> None:
        """Two publishers must not fight over the motor: the hand lets go for any other."""
        names = [info.node_name for info in self.get_publishers_info_by_topic(ros.COMMANDS)]
        if self._command is not None and self.get_name() in names:
            names.remove(self.get_name())
        self._commanders = sorted(names)
        if names and self._page.hand.driver is not None:
            self._page.release()
            self._page.say('Driving by hand ended', f'{names[0]} commands the motor', False)

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            values = [(pair.key, pair.value) for pair in status.values]
            level = int.from_bytes(status.level, 'little')
            self._statuses[status.name] = (
                time.monotonic(),
                Status(status.name, level, status.message, values),
            )

    def _on_description(self, message: String) -> None:
        if message.data == self._urdf:
            return
        try:
            self._page.set_robot(message.data)
            self._urdf = message.data
        except ValueError as error:
            self.get_logger().warning(f'{ros.ROBOT_DESCRIPTION} is not shown: {error}')

    def _engage(self) -> str | None:
        if self._commanders:
            return f'{self._commanders[0]} commands the motor: stop it first'
        return None

    def _enable(self, is_enabled: bool) -> None:
        words = 'enable motor' if is_enabled else 'stop motor'
        self._call(self._enable_client, SetBool.Request(data=is_enabled), words)

    def _clear_fault(self) -> None:
        self._call(self._clear_client, Trigger.Request(), 'clear fault')

    def _set_zero(self) -> None:
        self._call(self._zero_client, Trigger.Request(), 'set zero pose')

    def _reset(self) -> None:
        self._call(self._reset_client, Trigger.Request(), 'reset simulation')

    def _call(self, client: Client, request: Any, words: str) -> None:
        if not client.service_is_ready():
            self._page.say(words, f'nobody offers {client.srv_name}', False)
            return

        def on_done(future: Future) -> None:
            answer = future.result()
            self._page.say(words, answer.message or 'done', answer.success)

        client.call_async(request).add_done_callback(on_done)


def main() -> int:
    """Run the twin until Ctrl-C."""
    return ros.run(TwinNode, sys.argv)


if __name__ == '__main__':
    sys.exit(main())

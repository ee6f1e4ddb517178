# SPDX-License-Identifier: Apache-2.0
"""ROS node of `--backend robot`: episodes on the plant of the topics, for who holds the other end.

Orders come and recordings go through the socket that is its standard input (`on_robot.client`),
in threads of their own: the control loop never waits for them. When the other end is gone, the
motor gets 0 V and the node ends.
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass, field
from typing import Any

from rclpy.node import Node
from std_msgs.msg import String
from std_srvs.srv import SetBool, Trigger

from furuta_description import ros, ros_polling
from furuta_description.robot import load_robot
from furuta_description.urdf import is_same, make_urdf
from furuta_rl.controller_node import ControllerNode
from furuta_rl.on_robot.env import Phase, RobotEnv
from furuta_rl.on_robot.limits import RobotLimits
from furuta_rl.on_robot.line import Line
from furuta_rl.on_robot.players import EXPLORER, Reading, make_cast, make_explorer
from furuta_rl.on_robot.recording import Recording, order_from, unpack

PLANT_TIME = 8.0  # [s] until a plant that runs has been heard
LOOK_TIME = 1.5  # [s] until others that command the motor have been found
OFF_TIME = 120.0  # [s] that a motor may stay off
SERVE_PERIOD, LOOK_PERIOD = 0.02, 0.25  # [s]
NO_PLANT = (
    'no plant is heard: start one, `./furuta sim --controller none` or `./furuta real --port PORT '
    '--controller none`, with the same ROS_DOMAIN_ID'
)
HOW_TO_ENABLE = (
    "enable it on the page, by `ros2 service call /motor/enable std_srvs/srv/SetBool '{data: "
    "true}'`, or start again with --enable"
)


@dataclass(frozen=True)
class NodeConfig:
    """Who acts on which robot."""

    robot: str = field(default='furuta', metadata={'help': 'robot name or file'})
    controller: str = field(
        default='policy', metadata={'help': 'policy, classical or explorer: one from each order'}
    )
    policy: str = field(default='', metadata={'help': 'policy file (.onnx)'})
    task: str = field(default='{}', metadata={'help': 'choices of the explorer, as JSON'})
    rate_hz: float = field(default=50.0, metadata={'help': 'control rate of the explorer [Hz]'})


class RobotEnvNode(ControllerNode):
    """Episodes on one robot."""

    def __init__(self) -> None:
        """Declare parameters, build the core, look for the plant; connect once it is found."""
        super().__init__('robot_env_node')
        config = ros.declare_parameters(self, NodeConfig())
        self._limits = ros.declare_parameters(self, RobotLimits(), prefix='limits.')
        robot = load_robot(config.robot)
        if config.controller == EXPLORER:
            cast = make_explorer(robot, config.task, config.rate_hz)
        else:
            cast = make_cast(robot, config.controller, config.policy)
        self._rate_hz = cast.rate_hz
        self._env = RobotEnv(robot, cast.player, 1 / cast.rate_hz, self._limits)
        self._line = Line(os.dup(0))
        self._started, self._heard, self._is_connected = time.monotonic(), 0.0, False
        self._said, self._missed, self._plant = '', 0, ''
        self._faulty: Recording | None = None
        self._was_on = False
        self._off_since = time.monotonic()
        self._voltage, self._current = 0.0, float('nan')
        self._urdf, self._described = make_urdf(robot), ''
        self._first = ros_polling.poll(self, ros.JointState, ros.JOINT_STATES, ros.SENSOR_QOS)
        self._motor = ros_polling.poll(self, ros.BatteryState, ros.MOTOR_STATE, ros.SENSOR_QOS)
        listen = self.create_subscription
        listen(String, ros.ROBOT_DESCRIPTION, self._on_description, ros.LATCHED_QOS)
        listen(ros.DiagnosticArray, ros.DIAGNOSTICS, self._on_diagnostics, ros.SENSOR_QOS)
        self._enable = self.create_client(SetBool, ros.ENABLE)
        self._clear = self.create_client(Trigger, ros.CLEAR_FAULT)
        self.create_timer(SERVE_PERIOD, self._serve)
        self.create_timer(LOOK_PERIOD, self._look_around)

    def reset(self) -> None:
        """See `ControllerNode.reset`."""
        self._env.gap()

    def step(self, sample: ros.Sample) -> float:
        """See `ControllerNode.step`."""
        motor = ros_polling.newest(self._motor)
        if motor is not None:
            self._voltage, self._current = motor.voltage, motor.current
        missed, self._missed = self.schedule.missed - self._missed, self.schedule.missed
        return self._env.step(Reading(*sample, self._voltage, self._current), missed)

    def values(self) -> dict[str, Any]:
        """See `ControllerNode.values`."""
        return {'phase': self._env.phase.value, 'motor_heat': self._env.heat.load}

    def _serve(self) -> None:
        """Orders in; recordings and what is to be said out."""
        for message in self._line.take():
            if message is None:
                raise KeyboardInterrupt  # the other end is gone: `ros.run` ends the node
            kind, content = unpack(message)
            if kind == 'order':
                self._env.begin(order_from(content))
        done = self._env.take()
        if done is not None and done.ending == 'fault':
            self._faulty = done  # until the plant has said which
        elif done is not None:
            self._send(done)
        if self._env.problem:
            self._fail(self._env.problem)
        if self._is_connected and self._env.phase is not Phase.OFF:
            self._say(self._env.phase.value)

    def _look_around(self) -> None:
        now = time.monotonic()
        if not self._is_connected:
            if not self._heard and ros_polling.newest(self._first) is not None:
                self._heard = now
            if not self._heard and now - self._started > PLANT_TIME:
                self._fail(NO_PLANT)
            if self._heard and now - self._heard > LOOK_TIME and not self._refuse():
                self._is_connected = True
                self.destroy_subscription(self._first)
                self.connect(self._rate_hz)
            return
        self._refuse()
        if now - self.heard > 0.5:
            self._env.gap()
            self._say('no joint states: the plant is silent')
            if now - self.heard > PLANT_TIME:
                self._fail(f'the plant has been silent for {PLANT_TIME:g} s')

    def _refuse(self) -> bool:
        """Whether this plant may not be driven by us, which is said."""
        names = [info.node_name for info in self.get_publishers_info_by_topic(ros.COMMANDS)]
        if self._is_connected and self.get_name() in names:
            names.remove(self.get_name())
        if names:
            self._fail(
                f'{", ".join(names)} commands the motor: two controllers would fight over it; '
                'start the plant with --controller none'
            )
        elif (
            not self._is_connected and self._described and not is_same(self._described, self._urdf)
        ):
            self._fail(
                'the plant describes another robot than the one asked for: give the --robot that '
                'it was started with'
            )
        else:
            return False
        return True

    def _on_description(self, message: String) -> None:
        self._described = message.data

    def _on_diagnostics(self, message: ros.DiagnosticArray) -> None:
        for status in message.status:
            if status.name == 'plant':
                values = {pair.key: pair.value for pair in status.values}
                if 'enabled' in values:
                    has_fault = values.get('faults', '0') != '0'
                    self._on_plant(values['enabled'] == 'True', has_fault, status.message)

    def _on_plant(self, is_enabled: bool, has_fault: bool, problems: str) -> None:
        if self._faulty is not None:
            if is_enabled:
                self._env.retry()
            else:
                reason = problems if has_fault else 'switched off'
                self._send(self._faulty._replace(problem=reason))
            self._faulty = None
        if is_enabled:
            self._env.switched_on()
            self._was_on = True
            self._off_since = time.monotonic()
        elif self._is_connected:
            self._env.switched_off(problems)
            # Without a fault somebody switched it off, and only somebody switches it on again.
            self._switch_on(problems, self._limits.enable and (has_fault or not self._was_on))

    def _switch_on(self, problems: str, may: bool) -> None:
        reason = '' if problems == 'ok' else f' ({problems})'
        if not may:
            self._say(f'motor off{reason}: {HOW_TO_ENABLE}')
        else:
            self._say(f'motor off{reason}: enabling it')
            if self._clear.service_is_ready() and self._enable.service_is_ready():
                self._clear.call_async(Trigger.Request()).add_done_callback(self._on_cleared)
        if time.monotonic() - self._off_since > OFF_TIME:
            self._fail(f'the motor has been off for {OFF_TIME:g} s{reason}')

    def _on_cleared(self, answer: Any) -> None:
        if answer.result().success:
            self._enable.call_async(SetBool.Request(data=True))
        else:
            self._say(f'motor off: {answer.result().message}')

    def _send(self, done: Recording) -> None:
        self._line.send('episode', done._asdict())

    def _say(self, text: str) -> None:
        if text != self._said:
            self._said = text
            self._line.send('status', {'text': text})

    def _fail(self, reason: str) -> None:
        self._line.send('error', {'text': reason})
        self._line.close()
        raise KeyboardInterrupt

    def close(self) -> None:
        """Leave the motor at 0 V."""
        if self._is_connected:
            super().close()


def make_node() -> Node:
    """The node, or the reason why not through the socket, where its user reads it."""
    try:
        return RobotEnvNode()
    except ValueError as error:
        line = Line(os.dup(0))
        line.send('error', {'text': str(error)})
        line.close()
        raise


def main() -> int:
    """Run the node."""
    return ros.run(make_node, sys.argv, is_in_loop=True)


if __name__ == '__main__':
    sys.exit(main())

# SPDX-License-Identifier: Apache-2.0
"""ROS node of the real plant: the plant interface of ARCHITECTURE.md, over the link to a board.

The link's thread publishes each sample as it arrives; the executor's sends commands on and serves
the services. Starts with the motor off, and leaves it off however it ends.
"""

from __future__ import annotations

import math
import sys
import time
from collections import deque
from dataclasses import asdict, dataclass, field
from typing import Any

from rclpy.node import Node

from furuta_description import motor, ros, scalars
from furuta_description.robot import load_robot
from furuta_description.ros_plant import Command, PlantInterface, Services
from furuta_hardware import messages
from furuta_hardware.emulator_process import EMULATOR, EmulatorProcess
from furuta_hardware.health import Health
from furuta_hardware.link import STATE_RATE_HZ, Link
from furuta_hardware.messages import Flag
from furuta_hardware.rest import moving
from furuta_hardware.session import Reading, Request


@dataclass(frozen=True)
class HardwareConfig:
    """Deployment of the real plant."""

    robot: str = field(default='furuta', metadata={'help': 'robot name or file'})
    port: str = field(
        default='/dev/ttyUSB0', metadata={'help': 'serial port of the board, or: emulator'}
    )
    enabled: bool = field(default=False, metadata={'help': 'motor enabled at start'})


@dataclass(frozen=True)
class EmulatorConfig:
    """What the emulator is started with, if it is the port."""

    hidden: str = field(
        default='', metadata={'help': 'robot or plant file that it really is; empty = the same'}
    )
    pendulum_angle: float = field(default=0.0, metadata={'help': 'at the start, 0 hangs [rad]'})
    seed: int = field(default=0, metadata={'help': 'of noise and jitter'})


class HardwareNode(Node):
    """Real plant."""

    def __init__(self) -> None:
        """Declare parameters, find the board, offer the interface."""
        super().__init__('hardware_node')
        config = ros.declare_parameters(self, HardwareConfig(), ('robot', 'port', 'enabled'))
        emulator = ros.declare_parameters(self, EmulatorConfig(), prefix='emulator.')
        self._robot = load_robot(config.robot)
        self._health = Health(self._robot)
        self._recent: deque[Reading] = deque(maxlen=STATE_RATE_HZ)  # of the last second
        self._counters: Request | None = None
        self._on_their_way: dict[int, Command] = {}  # by sequence number, so never many
        self._emulator = None
        if config.port == EMULATOR:
            self._emulator = EmulatorProcess(robot=config.robot, **asdict(emulator))
        self._epoch = ros.epoch_ns()
        self._plant = PlantInterface(
            self,
            self._robot,
            Services(self._enable, self._clear_fault, self._set_zero),
            self._report,
            self._on_command,
        )
        port = self._emulator.port if self._emulator else config.port
        self._link = Link(port, self._on_reading, self.context.try_shutdown)
        self.get_logger().info(self._link.board_text())
        if not config.enabled:
            self.get_logger().info(f'motor off until enabled: on the page, or by {ros.ENABLE}')
        elif refusal := self._enable(True):
            self.get_logger().warning(f'motor not enabled: {refusal}')

    def _on_reading(self, reading: Reading) -> None:
        self._recent.append(reading)
        stamp = ros.time_message(self._epoch + reading.stamp_ns)
        sample = ros.Sample(0.0, *reading[2:6])
        torque = motor.torque_at(
            self._robot.physics, reading.voltage, reading.arm_velocity, scalars
        )
        self._plant.publish(stamp, sample, torque, reading.voltage, reading.state.current)
        command = self._on_their_way.pop(reading.state.echo, None)
        if command is not None:
            self._plant.applied(command, self._epoch + reading.commanded_ns)

    def _on_command(self, command: Command) -> None:
        voltage = math.nan if command.voltage is None else command.voltage
        self._on_their_way[self._link.command(voltage)] = command  # the board counts the bad

    def _enable(self, on: bool) -> str:
        return self._link.ask(messages.Enable, int(on))

    def _clear_fault(self) -> str:
        return self._link.ask(messages.ClearFault)

    def _set_zero(self) -> str:
        motion = moving(tuple(self._recent))
        return f'{motion}: let it come to rest' if motion else self._link.ask(messages.SetZero)

    def _report(self) -> None:
        state = self._link.session.state
        problems = self._link.problems() or self._health.problems(self._link.session)
        values: dict[str, Any] = self._link.report()
        if state is not None:
            values |= {'enabled': bool(state.flags & Flag.ENABLED), 'faults': state.faults}
        values |= self._board_counters()
        values['dropped'] = values['lost_states'] + values.get('board_late_steps', 0)
        stamp = ros.time_message(time.time_ns())
        self._plant.publish_diagnostics(stamp, problems, values)

    def _board_counters(self) -> dict[str, Any]:
        """Those asked for at the last report: commands do not wait for an answer."""
        c = self._counters.answer if self._counters else None
        self._counters = self._link.post(messages.QueryCounters)
        if c is None:
            return {}
        return {
            'refused_commands': c.commands_refused,
            'limited_commands': c.commands_limited,
            'command_timeouts': c.command_timeouts,
            'board_bad_frames': c.frames_bad,
            'board_late_steps': c.late_steps,
            'board_longest_step_us': c.longest_step_us,
        }

    def close(self) -> None:
        """Leave the motor off."""
        self._link.close()
        if self._emulator:
            self._emulator.close()


def main() -> int:
    """Run the real plant."""
    return ros.run(HardwareNode, sys.argv, is_in_loop=True)


if __name__ == '__main__':
    sys.exit(main())

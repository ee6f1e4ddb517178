# SPDX-License-Identifier: Apache-2.0
"""ROS node of the simulated plant: the plant interface of ARCHITECTURE.md, in real time.

A thread of its own paces the simulator by absolute deadlines, takes commands and publishes; the
executor's thread serves the services.
"""

from __future__ import annotations

import sys
import threading
import time
from dataclasses import dataclass, field, replace
from typing import Any

from rclpy.node import Node
from rosgraph_msgs.msg import Clock
from std_msgs.msg import String
from std_srvs.srv import SetBool, Trigger

from furuta_description import ros
from furuta_description.drawn_robot import DrawnRobot
from furuta_description.robot import Robot, load_robot
from furuta_description.ros_plant import PlantInterface, Services, trigger
from furuta_description.urdf import make_urdf
from furuta_sim.backends.mujoco import MujocoBackend
from furuta_sim.pace import Pace
from furuta_sim.simulator import Measurement, Simulator, Start
from furuta_sim.viewer import Viewer


@dataclass(frozen=True)
class SimConfig:
    """Deployment of the simulated plant."""

    robot: str = field(default='furuta', metadata={'help': 'robot name or file'})
    hidden: str = field(default='', metadata={'help': 'robot that it really is; empty = the same'})
    physics_rate_hz: float = field(default=1000.0, metadata={'help': 'physics steps per second'})
    publish_rate_hz: float = field(default=500.0, metadata={'help': 'joint states per second'})
    speed: float = field(default=1.0, metadata={'help': 'simulated seconds per second'})
    enabled: bool = field(default=True, metadata={'help': 'motor enabled at start'})
    viewer: bool = field(default=False, metadata={'help': "open MuJoCo's window"})
    randomization: str = field(
        default='none', metadata={'help': 'ranges that another plant is drawn from at each reset'}
    )


START = 'start.'
VIEWER_PERIOD = 1 / 60  # [s]
WAKING_NS, STEP_NS = 150_000, 250_000  # to wake up and for a physics step, in 99 of 100 ticks
READ_ONLY = (
    'robot',
    'hidden',
    'physics_rate_hz',
    'publish_rate_hz',
    'enabled',
    'viewer',
    'randomization',
)


class SimNode(Node):
    """Simulated plant."""

    def __init__(self) -> None:
        """Declare parameters, build the simulator, offer the interface, start the clock."""
        super().__init__('sim_node')
        self.config = ros.declare_parameters(self, SimConfig(), READ_ONLY)
        start = ros.declare_parameters(self, Start(), prefix=START)
        known = load_robot(self.config.robot)
        robot = self._declare_physics(_real(self.config.hidden, known))
        self._which = DrawnRobot(robot, self.config.randomization, start.seed)
        backend = MujocoBackend(1 / self.config.physics_rate_hz, threads=1)
        self.simulator = Simulator(self._which.robot, backend, start, self.config.enabled)
        self._lock = threading.Lock()
        self._epoch = ros.epoch_ns()
        self._viewer = Viewer(robot) if self.config.viewer else None
        self._make_interface(known if self.config.hidden else robot)
        self._tell_drawn()
        self.pace = Pace(1 / self.config.publish_rate_hz, self.config.speed, time.monotonic_ns())
        self._steps = self.pace.steps(backend.dt)
        self._is_running = True
        self._thread = threading.Thread(target=self._loop, name='plant', daemon=True)
        self._thread.start()

    def _declare_physics(self, robot: Robot) -> Robot:
        given = {}
        for path, value, unit, source in robot.quantities():
            if path.startswith('physics.'):
                default = [float(v) for v in value] if isinstance(value, list) else float(value)
                descriptor = ros.ParameterDescriptor(description=f'[{unit}] {source}')
                found = self.declare_parameter(path, default, descriptor).value
                given[path] = list(found) if isinstance(value, list) else found
        return robot.with_values(given)

    def _make_interface(self, robot: Robot) -> None:
        self._plant = PlantInterface(
            self,
            robot,
            Services(self._enable, self._clear_fault, self._set_zero),
            self._publish_diagnostics,
        )
        self._clock_publisher = self.create_publisher(Clock, ros.CLOCK, ros.SENSOR_QOS)
        self._drawn = self.create_publisher(String, ros.DRAWN, ros.LATCHED_QOS)
        self.create_service(Trigger, ros.RESET, trigger(self._restart))
        self.create_service(SetBool, ros.PAUSE, self._on_pause)
        if self._viewer:  # not in the plant's thread: drawing may wait for the screen
            viewer = self._viewer
            self.create_timer(VIEWER_PERIOD, lambda: viewer.show(self.simulator.state))
        ros.on_parameters(self, self._on_parameters)

    def _loop(self) -> None:
        try:
            while self._is_running:
                due = self.pace.next(time.monotonic_ns())
                _sleep_until(due - self._ahead_ns())
                if self._is_running and not self.pace.is_paused:
                    measurement = self._advance()
                    _sleep_until(due)
                    self._publish(measurement)
        finally:
            if self._is_running:  # a plant that stands still must not look alive
                self.context.try_shutdown()

    def _ahead_ns(self) -> float:
        """How long before its deadline a tick is computed, so that its sample goes out in time."""
        period = self.pace.period_ns / self.pace.speed
        return min(WAKING_NS + self._steps * STEP_NS, period / 2)

    def _advance(self) -> Measurement:
        """Take the commands that arrived and step to the deadline; the sample there."""
        with self._lock:
            for command in self._plant.take_commands():
                self.simulator.command(command.voltage, command)
            self.simulator.advance(self._steps)
            self._trace()
            return self.simulator.measurement

    def _trace(self) -> None:
        simulator, now_ns = self.simulator, self._epoch + self.pace.plant_ns
        for at_us, command in simulator.delivered:
            if self.pace.speed == 1:  # else the stages' clocks differ
                self._plant.applied(command, now_ns - (simulator.time_us - at_us) * 1000)
        simulator.delivered.clear()

    def _publish(self, m: Measurement) -> None:
        stamp = ros.time_message(self._epoch + self.pace.plant_ns)
        sample = ros.Sample(0.0, *m[:4])
        self._plant.publish(stamp, sample, m.motor_torque, m.voltage)
        if self.pace.speed != 1:
            self._clock_publisher.publish(Clock(clock=stamp))

    def _enable(self, on: bool) -> str:
        with self._lock:
            return self.simulator.safety.enable(on)

    def _clear_fault(self) -> str:
        with self._lock:
            return self.simulator.safety.clear_fault()

    def _set_zero(self) -> str:
        with self._lock:
            return self.simulator.set_zero()

    def _restart(self) -> str:
        self._which.number += 1
        robot = self._which.robot
        with self._lock:
            if self._which.is_drawn:
                self.simulator.use(robot)
            self.simulator.reset()
        self._tell_drawn()
        return ''

    def _tell_drawn(self) -> None:
        if self._which.is_drawn:
            self._drawn.publish(String(data=self._which.text()))

    def _on_pause(self, request: Any, response: Any) -> Any:
        self.pace.is_paused = request.data
        response.success = True
        return response

    def _on_parameters(self, values: dict[str, Any]) -> None:
        physics = {
            path: list(value) if hasattr(value, '__len__') else value
            for path, value in values.items()
            if path.startswith('physics.')
        }
        start = {
            name.removeprefix(START): value
            for name, value in values.items()
            if name.startswith(START)
        }
        # What can be refused comes first, and xacro's 25 ms stay outside the plant's lock.
        robot = self._which.nominal.with_values(physics) if physics else None
        urdf = make_urdf(robot) if robot else None
        with self._lock:
            if 'speed' in values:
                self.pace.set_speed(values['speed'], time.monotonic_ns())
            if start:
                self.simulator.restart_from(start)
            if robot:
                self._which.nominal = robot
                self.simulator.use(self._which.robot)
        if 'seed' in start:
            self._which.restart(start['seed'])
        if urdf:
            self._plant.describe(urdf)

    def _publish_diagnostics(self) -> None:
        with self._lock:
            report = self.simulator.report()
            values = report | self.pace.report(time.monotonic_ns())
        if self._which.is_drawn:
            values['drawn_plant'] = self._which.number
        problems = self.simulator.problems()
        stamp = ros.time_message(self._epoch + self.pace.plant_ns)
        self._plant.publish_diagnostics(stamp, problems, values)

    def close(self) -> None:
        """Stop the plant's thread."""
        self._is_running = False
        self._thread.join(timeout=2)
        if self._viewer:
            self._viewer.close()


def _sleep_until(deadline_ns: float) -> None:
    time.sleep(max(0.0, deadline_ns - time.monotonic_ns()) / 1e9)


def _real(hidden: str, known: Robot) -> Robot:
    """The machine as it is, with the safety limits that its board was built with."""
    return replace(load_robot(hidden), safety=known.safety) if hidden else known


def main() -> int:
    """Run the simulated plant."""
    return ros.run(SimNode, sys.argv, is_in_loop=True)


if __name__ == '__main__':
    sys.exit(main())

# SPDX-License-Identifier: Apache-2.0
"""What every controller's node does: steps on the plant's samples, volts out, diagnostics."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from typing import Any, NamedTuple

from rclpy.node import Node
from std_msgs.msg import Float64MultiArray, Int64MultiArray

from furuta_description import ros, ros_polling
from furuta_description.injection import Command, Injection, Observation
from furuta_description.ros_executor import Urgent
from furuta_description.trace import StepTimes
from furuta_rl.injected import Injected
from furuta_rl.schedule import Schedule


class Seen(NamedTuple):
    """A sample to step on, and what the schedule says of it."""

    sample: ros.Sample
    message: ros.JointState
    info: dict[str, Any]  # the middleware's
    has_jumped: bool
    is_settled: bool


class ControllerNode(Node, ABC):
    """Node around a controller; `connect` it once the controller is there."""

    injection = Injection()  # what is done to its messages; nothing unless `declare_injection`
    _injected: Injected | None = None
    _held: ros.Sample | None = None  # the newest sample that was stepped on

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
        joint_states = ros_polling.poll(self, ros.JointState, ros.JOINT_STATES, ros.SENSOR_QOS)
        self.urgent = Urgent(self, joint_states, self._on_joint_state, self._prepare)
        self.create_timer(1.0, self._publish_diagnostics)

    @abstractmethod
    def reset(self) -> None:
        """The samples have a gap or begin anew."""

    @abstractmethod
    def step(self, sample: ros.Sample) -> float:
        """Voltage for a sample [V]."""

    def step_blind(self) -> float:
        """Voltage [V] where a sample was lost: for the one before, unless there is a better."""
        assert self._held is not None
        return self.step(self._held)

    def rehearse(self) -> None:
        """Step once more on the newest sample, to no effect.

        There is time before the next step, which is slow if what it needs has left the caches.
        """

    @abstractmethod
    def values(self) -> dict[str, Any]:
        """What else the diagnostics say."""

    def _on_joint_state(self, message: ros.JointState, info: dict[str, Any]) -> bool:
        taken = self._now_ns()
        sample = ros.sample_from(message)
        if sample is None:
            return False
        self.heard = time.monotonic()
        schedule = self.schedule
        if not schedule.is_due(sample.stamp):
            self._prepare()
            return False
        if self._injected is not None:
            seen = Seen(sample, message, info, schedule.has_jumped, schedule.is_settled)
            self._injected.observe(seen)
            return True  # and what drives the motor is not expected
        if schedule.has_jumped:
            self.reset()
        voltage = self.step(sample) if schedule.is_settled else 0.0
        self.drive(voltage, (message, info, taken, self._now_ns()))
        self.urgent.expect(schedule.expected - self._now_ns() * 1e-9)
        return True

    def _prepare(self) -> None:
        if self._injected is None:  # else the controller is another thread's
            self.rehearse()

    def act(self, seen: Seen) -> float:
        """Voltage for a sample that came over an injected link [V]."""
        if seen.has_jumped:
            self.reset()
        self._held = seen.sample
        return self.step(seen.sample) if seen.is_settled else 0.0

    def act_blind(self, seen: Seen) -> float:
        """Voltage where a sample was lost on an injected link [V]."""
        if seen.has_jumped:
            self.reset()
            self._held = None
        return self.step_blind() if seen.is_settled and self._held is not None else 0.0

    def drive(
        self, voltage: float, cause: tuple[ros.JointState, dict[str, Any], int, int]
    ) -> None:
        """Publish a voltage [V]; its cause: message, its info, when it was taken and answered."""
        self._publish(voltage)
        message, info, taken, computed = cause
        observed, stamp = info['source_timestamp'], ros.nanoseconds(message.header.stamp)
        self.schedule.done(
            StepTimes(self._published, stamp, observed, taken, computed, self._now_ns())
        )

    def _publish(self, voltage: float) -> None:
        self._commands.publish(ros.command_message(voltage))
        self._published += 1

    def declare_injection(self) -> None:
        """Take the parameters of injection, live."""
        given = {'injection.seed': self.declare_parameter('injection.seed', 0).value}
        for prefix, settings in (('observation.', Observation()), ('command.', Command())):
            try:
                declared = ros.declare_parameters(self, settings, prefix=prefix)
            except ValueError as error:
                raise ValueError(f'{prefix}{error}') from None
            given |= {prefix + name: value for name, value in vars(declared).items()}
        self._inject(given)
        ros.on_parameters(self, self._inject)

    def _inject(self, values: dict[str, Any]) -> None:
        """Inject as these parameters say, among others; links begin anew, with nothing on them."""
        known = self.injection.parameters()
        injection = self.injection.with_values({k: v for k, v in values.items() if k in known})
        if injection == self.injection:
            return
        injected = None
        if injection.is_on:
            injected = Injected(injection, self, self._now_ns, self.context.try_shutdown)
        if self._injected is not None:
            self._injected.close()
        self.injection, self._injected = injection, injected

    def _publish_diagnostics(self) -> None:
        report = self.schedule.report()
        if self._injected is not None:
            report |= self._injected.values()
        problems = ['no joint states'] if report['steps'] == 0 else []
        stamp = self.get_clock().now().to_msg()
        self._diagnostics.publish(
            ros.diagnostics_message(stamp, 'controller', problems, report | self.values())
        )
        if self._traced:
            self._traced.publish(ros.trace_message(self.schedule.trace))

    def close(self) -> None:
        """Leave the motor at 0 V."""
        if self._injected is not None:
            self._injected.close()
        self._publish(0.0)

# SPDX-License-Identifier: Apache-2.0
"""The ROS side of the description: topic names, QoS, messages from and to numbers, `run`.

Every node of the suite takes names, QoS and conversions from here. Names are relative (REP-135).
"""

from __future__ import annotations

import dataclasses
import gc
import math
import signal
import sys
import time
from array import array
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np
import rclpy
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rcl_interfaces.msg import ParameterDescriptor, SetParametersResult
from rclpy.clock import Clock, ClockType
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import BatteryState, JointState
from std_msgs.msg import Float64MultiArray, Int64MultiArray, MultiArrayDimension

from furuta_description.realtime import take_priority
from furuta_description.robot import JOINT_NAMES
from furuta_description.ros_executor import PromptExecutor
from furuta_description.trace import Times, Trace

HAS_CONTROL_MSGS = find_spec('control_msgs') is not None  # there is no wheel of it
if HAS_CONTROL_MSGS:
    from control_msgs.msg import DynamicJointState, InterfaceValue

JOINT_STATES = 'joint_states'
COMMANDS = 'motor_voltage_controller/commands'
MOTOR_STATE = 'motor/state'
DYNAMIC_JOINT_STATES = 'dynamic_joint_states'
DIAGNOSTICS = 'diagnostics'
ENABLE = 'motor/enable'
CLEAR_FAULT = 'motor/clear_fault'
SET_ZERO = 'motor/set_zero'
RESET = 'sim/reset'
PAUSE = 'sim/pause'
CLOCK = 'clock'
DRAWN = 'sim/drawn'  # what a randomized plant is, as JSON
ROBOT_DESCRIPTION = 'robot_description'
TRACED_STEPS = (
    'trace/steps'  # a second's rows of the controller, where its parameter `trace` is set
)
TRACED_COMMANDS = 'trace/commands'  # the same of the plant

# REP-2003: what a plant offers is published reliably and may be read as sensor data.
PLANT_QOS = QoSProfile(depth=10)
SENSOR_QOS = QoSProfile(
    depth=1, history=HistoryPolicy.KEEP_LAST, reliability=ReliabilityPolicy.BEST_EFFORT
)
COMMAND_QOS = QoSProfile(depth=1, history=HistoryPolicy.KEEP_LAST)
STOP_PERIOD = 0.05  # [s] between looks at whether a signal has come
# [s] after which a thread that wakes up gets Python's lock from one that computes; with Python's
# own 5 ms a plant's thread waits for its node's diagnostics.
SWITCH_INTERVAL = 2e-4
EPOCH_LOOKS = 10
LATCHED_QOS = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)


class Sample(NamedTuple):
    """One joint state as numbers: [s], [rad], [rad], [rad/s], [rad/s]."""

    stamp: float
    arm_angle: float
    pendulum_angle: float
    arm_velocity: float
    pendulum_velocity: float


def joint_state_message(stamp: Time, sample: Sample, motor_torque: float) -> JointState:
    """Joint state of a plant; `motor_torque` [N m] is the arm's effort, the pendulum has none."""
    message = JointState()
    message.header.stamp = stamp
    message.name = list(JOINT_NAMES)
    message.position = [sample.arm_angle, sample.pendulum_angle]
    message.velocity = [sample.arm_velocity, sample.pendulum_velocity]
    message.effort = [motor_torque, 0.0]
    return message


def sample_from(message: JointState) -> Sample | None:
    """Numbers of a joint state, in whatever order its joints are; None if it is not of ours."""
    names = message.name
    if len(message.position) != len(names) or len(message.velocity) != len(names):
        return None
    try:
        arm, pendulum = names.index(JOINT_NAMES[0]), names.index(JOINT_NAMES[1])
    except ValueError:
        return None
    position, velocity = message.position, message.velocity
    return Sample(
        seconds(message.header.stamp),
        position[arm],
        position[pendulum],
        velocity[arm],
        velocity[pendulum],
    )


def command_message(voltage: float) -> Float64MultiArray:
    """Command of `voltage` [V] at the motor."""
    return Float64MultiArray(data=[voltage])


def command_from(message: Float64MultiArray) -> float | None:
    """Voltage of a command [V]; None if it is not exactly one finite number."""
    if len(message.data) != 1 or not math.isfinite(message.data[0]):
        return None
    return float(message.data[0])


def motor_state_message(stamp: Time, voltage: float, current: float = math.nan) -> BatteryState:
    """Voltage applied at the motor [V] and current [A], NaN if not measured."""
    message = BatteryState()
    message.header.stamp = stamp
    message.voltage, message.current = voltage, current
    message.temperature = message.charge = message.capacity = math.nan
    message.design_capacity = message.percentage = math.nan
    message.present = True
    return message


def dynamic_joint_states_message(
    stamp: Time, sample: Sample, motor_torque: float, voltage: float
) -> DynamicJointState:
    """Joint state as ros2_control's joint_state_broadcaster gives it, with the motor's voltage."""
    message = DynamicJointState(joint_names=list(JOINT_NAMES))
    message.header.stamp = stamp
    arm = {'position': sample.arm_angle, 'velocity': sample.arm_velocity}
    pendulum = {'position': sample.pendulum_angle, 'velocity': sample.pendulum_velocity}
    for values in (arm | {'effort': motor_torque, 'voltage': voltage}, pendulum):
        interface = InterfaceValue(interface_names=list(values), values=list(values.values()))
        message.interface_values.append(interface)
    return message


def trace_message(trace: Trace) -> Int64MultiArray:
    """Rows that were not given yet; the columns' names are the label of the second dimension."""
    rows = trace.new()
    message = Int64MultiArray(data=array('q', rows.tobytes()))
    for label, size in (('rows', rows.shape[0]), (','.join(trace.columns), rows.shape[1])):
        message.layout.dim.append(MultiArrayDimension(label=label, size=size))
    return message


def rows_from(message: Int64MultiArray) -> Times:
    """Rows of a trace's message (n, columns)."""
    return np.array(message.data, np.int64).reshape(-1, message.layout.dim[1].size)


def diagnostics_message(
    stamp: Time, name: str, problems: Sequence[str], values: dict[str, Any]
) -> DiagnosticArray:
    """One status: OK without problems, else WARN with the problems as its message."""
    status = DiagnosticStatus(
        level=DiagnosticStatus.WARN if problems else DiagnosticStatus.OK,
        name=name,
        message='; '.join(problems) or 'ok',
        values=[KeyValue(key=key, value=_text(value)) for key, value in values.items()],
    )
    message = DiagnosticArray(status=[status])
    message.header.stamp = stamp
    return message


def seconds(stamp: Time) -> float:
    """Stamp as seconds."""
    return float(stamp.sec) + stamp.nanosec * 1e-9


def nanoseconds(stamp: Time) -> int:
    """Stamp as nanoseconds."""
    return stamp.sec * 1_000_000_000 + stamp.nanosec


def time_message(nanoseconds: int) -> Time:
    """Stamp from nanoseconds."""
    return Time(sec=nanoseconds // 1_000_000_000, nanosec=nanoseconds % 1_000_000_000)


def epoch_ns() -> int:
    """System time when the monotonic clock was 0 [ns], for a plant's stamps.

    The best of some looks: one who is held up between the two clocks would be off by all of that.
    """
    looks = []
    for _ in range(EPOCH_LOOKS):
        before, system, after = time.monotonic_ns(), time.time_ns(), time.monotonic_ns()
        looks.append((after - before, system - (before + after) // 2))
    return min(looks)[1]


def declare_parameters(
    node: Node, config: Any, read_only: Sequence[str] = (), prefix: str = ''
) -> Any:
    """Declare a ROS parameter for each field of a dataclass; return it with the values given.

    Defaults are those of `config`; a field's `metadata['help']` describes the parameter, whose
    name is the field's, behind `prefix`.
    """
    values = {}
    for field in dataclasses.fields(config):
        descriptor = ParameterDescriptor(
            description=field.metadata.get('help', ''), read_only=field.name in read_only
        )
        default = getattr(config, field.name)
        name = prefix + field.name
        values[field.name] = node.declare_parameter(name, default, descriptor).value
    return dataclasses.replace(config, **values)


def on_parameters(node: Node, change: Callable[[dict[str, Any]], None]) -> None:
    """Call `change` with new parameter values before they are set; its ValueError refuses them."""

    def callback(parameters: list[Parameter]) -> SetParametersResult:
        try:
            change({parameter.name: parameter.value for parameter in parameters})
        except ValueError as error:
            return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)

    node.add_on_set_parameters_callback(callback)


def run(
    make_node: Callable[[], Node],
    arguments: Sequence[str] | None = None,
    is_in_loop: bool = False,
) -> int:
    """Run one node until Ctrl-C, SIGTERM or shutdown; the exit status of its process.

    A node that is part of the control loop gets real-time priority, where the user may have it and
    the node's parameter `priority` is not false.

    A node with a `close` method gets it called before it is destroyed. A ValueError while the
    node is made is its user's to mend: it is printed without a traceback.
    """
    rclpy.init(args=arguments, signal_handler_options=rclpy.SignalHandlerOptions.NO)
    signals: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, frame: signals.append(number))

    def stop_if_asked() -> None:
        if signals:
            raise KeyboardInterrupt

    node = None
    executor = PromptExecutor()
    try:
        # Else the collector looks through all modules now and then, for 14 ms. Not after the
        # node is made: a plant's thread runs by then.
        gc.collect()
        gc.freeze()
        if is_in_loop:
            sys.setswitchinterval(SWITCH_INTERVAL)
        node = make_node()
        # An exception out of a signal handler could come in the midst of rclpy's C++ code.
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        node.create_timer(STOP_PERIOD, stop_if_asked, clock=steady)
        executor.add_node(node)
        if is_in_loop and node.declare_parameter('priority', True).value:
            take_priority()
        executor.spin()
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    except ValueError as error:
        if node is not None:
            raise
        print(f'error: {error}', flush=True)
        return 2
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        if node is not None:
            if hasattr(node, 'close'):
                node.close()
            executor.shutdown()
            node.destroy_node()
        rclpy.try_shutdown()
    return 0


def _text(value: Any) -> str:
    return f'{value:.6g}' if isinstance(value, float) else str(value)

# SPDX-License-Identifier: Apache-2.0
"""A plant in a process of its own and a probe on its topics, for the tests over real ROS 2."""

import threading
import time

import pytest
import rclpy
from rcl_interfaces.srv import SetParameters
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter
from std_msgs.msg import Float64MultiArray
from std_srvs.srv import SetBool, Trigger

from furuta_bringup.processes import Processes
from furuta_description import ros


class Probe:
    """Hears what a plant says, commands it, calls its services."""

    def __init__(self):
        rclpy.init(signal_handler_options=rclpy.SignalHandlerOptions.NO)
        self.node = rclpy.create_node('probe')
        self.joint_states, self.motor_states, self.diagnostics = [], [], {}
        subscribe = self.node.create_subscription
        subscribe(ros.JointState, ros.JOINT_STATES, self.joint_states.append, 100)
        subscribe(ros.BatteryState, ros.MOTOR_STATE, self.motor_states.append, 100)
        subscribe(ros.DiagnosticArray, ros.DIAGNOSTICS, self._on_diagnostics, 100)
        self.commands = self.node.create_publisher(
            Float64MultiArray, ros.COMMANDS, ros.COMMAND_QOS
        )
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self.node)
        self._thread = threading.Thread(target=self._executor.spin, daemon=True)
        self._thread.start()

    def close(self):
        self._executor.shutdown()
        self._thread.join(2)
        self.node.destroy_node()
        rclpy.shutdown()

    def wait(self, claim, what, seconds=10.0):
        deadline = time.monotonic() + seconds
        while not claim():
            assert time.monotonic() < deadline, f'not within {seconds} s: {what}'
            time.sleep(0.01)

    def wait_for_plant(self):
        self.wait(lambda: self.joint_states and self.motor_states, 'states of the plant', 20)
        self.wait(lambda: self.commands.get_subscription_count(), 'plant listens', 20)

    def driven_after(self, moment):
        """For how long the motor was driven after a moment [s], as the plant's stamps tell."""
        newest = lambda: ros.seconds(self.motor_states[-1].header.stamp)  # noqa: E731
        self.wait(lambda: newest() > moment + 0.5, 'states of the half second after')
        driven = (ros.seconds(m.header.stamp) for m in self.motor_states if m.voltage != 0.0)
        return max(driven) - moment

    @property
    def voltage(self):
        return self.motor_states[-1].voltage

    @property
    def sample(self):
        return ros.sample_from(self.joint_states[-1])

    def drive(self, data, seconds):
        """Publish a command at 100 Hz for some time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.commands.publish(Float64MultiArray(data=data))
            time.sleep(0.01)

    def trigger(self, name):
        return self._call(Trigger, name, Trigger.Request())

    def switch(self, name, on):
        return self._call(SetBool, name, SetBool.Request(data=on))

    def set_parameter(self, node, name, value):
        request = SetParameters.Request(
            parameters=[Parameter(name, value=value).to_parameter_msg()]
        )
        return self._call(SetParameters, f'{node}/set_parameters', request).results[0]

    def values(self, name):
        """Newest diagnostics of one component, from now on."""
        self.diagnostics.pop(name, None)
        self.wait(lambda: name in self.diagnostics, f'diagnostics of {name}')
        return {v.key: v.value for v in self.diagnostics[name].values}

    def _on_diagnostics(self, message):
        self.diagnostics.update({status.name: status for status in message.status})

    def _call(self, kind, name, request):
        client = self.node.create_client(kind, name)
        assert client.wait_for_service(10), f'no service {name}'
        future = client.call_async(request)
        self.wait(future.done, f'answer of {name}')
        return future.result()


@pytest.fixture
def probe():
    made = Probe()
    yield made
    made.close()


def _refusal(stack, name):
    deadline = time.monotonic() + 20
    while stack.poll(name) is None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert stack.poll(name) == 2
    stack.stop()
    text = '\n'.join(stack.lines)
    assert 'Traceback' not in text
    return text


@pytest.fixture
def refusal():
    """Gives what a stack printed whose node, by name, ends because of what it was given."""
    return _refusal


@pytest.fixture
def start():
    """Starts nodes; gives their processes by name; ends what is left."""
    stacks = []

    def begin(*nodes):
        lines = []
        stack = Processes(list(nodes), lines.append)
        stacks.append(stack)
        stack.start()
        stack.lines = lines
        return stack

    yield begin
    for stack in stacks:
        stack.stop()

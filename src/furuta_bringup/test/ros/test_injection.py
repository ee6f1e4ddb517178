# SPDX-License-Identifier: Apache-2.0
"""Delays, losses and changed values between a plant and its controller, over real topics."""

import itertools
import json
import time

import numpy as np
import pytest
from std_msgs.msg import Int64MultiArray, String

from furuta_bringup.node_spec import NodeSpec
from furuta_bringup.stack import SimArguments, sim_stack
from furuta_description import ros
from furuta_description.robot import load_robot
from furuta_description.trace import StepTimes

CONTROLLER = 'classical_node'
PLANT = NodeSpec('furuta_sim', 'sim_node', {'robot': 'furuta'})


def classical_node(**parameters):
    given = {'robot': 'furuta', 'rate_hz': 50.0, 'trace': True, **parameters}
    return NodeSpec('furuta_rl', CONTROLLER, given)


class Steps:
    """Rows that the controller traces, by column [ms]."""

    def __init__(self, probe):
        self._rows = []
        probe.node.create_subscription(
            Int64MultiArray,
            ros.TRACED_STEPS,
            lambda message: self._rows.append(ros.rows_from(message)),
            100,
        )
        self._probe = probe

    def take(self, count=1):
        """Columns of the steps of a whole second from now on."""
        self._probe.wait(lambda: self._rows, 'traced steps', 20)
        self._rows.clear()
        self._probe.wait(lambda: len(self._rows) > count, 'traced steps', count + 5)
        rows = np.concatenate(self._rows[1:])  # the first one began before
        return dict(zip(StepTimes._fields, rows.T * 1e-6, strict=True))

    def delays(self):
        """Time from plant to controller and from computed to published [ms], (n,) each."""
        steps = self.take()
        return steps['taken'] - steps['observed'], steps['published'] - steps['computed']


def test_delay_set_while_it_runs_is_the_delay_that_is_measured(probe, start):
    steps = Steps(probe)
    start(PLANT, classical_node())
    probe.wait_for_plant()
    observed, published = steps.delays()
    assert np.median(observed) < 2 and np.median(published) < 2
    assert 'injection' not in probe.values('controller')
    assert probe.set_parameter(CONTROLLER, 'observation.delay', 0.04).successful
    assert probe.set_parameter(CONTROLLER, 'command.delay', 0.005).successful
    observed, published = steps.delays()
    assert np.median(observed) == pytest.approx(40, abs=2)
    assert np.median(published) == pytest.approx(5, abs=2)
    values = probe.values('controller')
    assert values['injection'] == 'observation: delay 0.04; command: delay 0.005'
    assert float(values['rate_hz']) == pytest.approx(50, rel=0.2)
    for name in ('observation.delay', 'command.delay'):
        assert probe.set_parameter(CONTROLLER, name, 0.0).successful
    observed, published = steps.delays()
    assert np.median(observed) < 2 and np.median(published) < 2


def test_wrong_setting_is_refused_with_the_reason_at_start_and_live(probe, start, refusal):
    start(classical_node())
    for name, value, reason in [
        ('observation.dropout', 1.5, 'observation.dropout must be 0 to 1, not 1.5'),
        ('command.distribution', 'normal', 'must be one of fixed, uniform, gamma, recorded'),
        ('observation.recording', 'none.csv', 'distribution recorded and a recording need'),
    ]:
        answer = probe.set_parameter(CONTROLLER, name, value)
        assert not answer.successful and reason in answer.reason
    text = refusal(start(classical_node(**{'command.burst': 0.5})), CONTROLLER)
    assert 'error: command.burst must be 0 or' in text


def test_lost_commands_leave_the_motor_to_the_time_out(probe, start):
    start(PLANT, classical_node())
    probe.wait_for_plant()
    probe.wait(lambda: probe.voltage != 0, 'the motor is driven', 20)
    before = probe.values('plant')['command_timeouts']
    assert probe.set_parameter(CONTROLLER, 'command.dropout', 1.0).successful
    assert probe.driven_after(time.time()) < 0.1 + 0.05  # the time-out of the robot file
    values = probe.values('controller')
    assert int(values['lost_voltages']) > 10
    assert probe.values('plant')['command_timeouts'] > before


def test_commands_are_scaled_and_no_noise_passes_a_refused_sample(probe, start):
    commands = []
    probe.node.create_subscription(ros.Float64MultiArray, ros.COMMANDS, commands.append, 100)
    joint_states = probe.node.create_publisher(ros.JointState, ros.JOINT_STATES, ros.PLANT_QOS)
    parameters = {'command.resolution': 0.5, 'observation.noise': 0.01, 'command.hold': False}
    start(NodeSpec('furuta_rl', 'policy_node', {'robot': 'furuta', **parameters}))
    stop = time.monotonic() + 20
    for i in itertools.count():
        assert time.monotonic() < stop, 'no voltage'
        angle = 3.0 if i % 100 < 50 else float('nan')
        sample = ros.Sample(0.0, 0.1, angle, 0.0, 0.0)
        stamp = ros.time_message(time.time_ns())
        joint_states.publish(ros.joint_state_message(stamp, sample, 0.0))
        time.sleep(0.01)
        if sum(c.data[0] != 0 for c in commands) > 50:
            break
    voltages = np.array([c.data[0] for c in commands])
    assert np.isfinite(voltages).all()
    assert (voltages % 0.5 == 0).all()
    assert (voltages == 0).sum() > 20


def relay_node(topic, output, **parameters):
    remappings = (('input', topic), ('output', output))
    return NodeSpec('furuta_rl', 'relay_node', parameters, remappings=remappings)


def test_relayed_joint_states_come_late_and_changed_and_as_sampled(probe, start):
    arrivals = {}
    probe.node.create_subscription(
        ros.JointState,
        'late',
        lambda m: arrivals.update({ros.nanoseconds(m.header.stamp): (time.monotonic(), m)}),
        100,
    )
    publisher = probe.node.create_publisher(ros.JointState, 'early', ros.PLANT_QOS)
    stack = start(
        relay_node('early', 'late', delay=0.03, jitter=0.01, pendulum_bias=0.5, dropout=0.2)
    )
    probe.wait(lambda: arrivals or publisher.publish(ros.JointState()), 'the relay', 20)
    sent = {}
    for number in range(1, 201):
        stamp = ros.time_message(number)
        sample = ros.Sample(0.0, 1.0, 2.0, 3.0, 4.0)
        sent[number] = time.monotonic()
        publisher.publish(ros.joint_state_message(stamp, sample, 0.1))
        time.sleep(0.01)
    time.sleep(0.1)
    came = {number: arrivals[number] for number in sent if number in arrivals}
    delays = np.array([at - sent[number] for number, (at, _) in came.items()])
    assert len(came) / len(sent) == pytest.approx(0.8, abs=0.12)
    assert 0.03 <= delays.min() < 0.035
    assert (
        0.034 < np.median(delays) < 0.042
    )  # this process has no priority: late on a busy machine
    messages = [message for _, message in came.values()]
    assert {m.position[1] for m in messages} == {2.5}
    assert {m.position[0] for m in messages} == {1.0} and {m.velocity[1] for m in messages} == {4}
    answer = probe.set_parameter('relay_node', 'delay', -1.0)
    assert not answer.successful and 'delay must be 0 to 10' in answer.reason
    assert int(probe.values('relay to /late')['lost']) > 10
    stack.stop()
    assert 'Traceback' not in '\n'.join(stack.lines)


def test_relay_passes_any_message_and_refuses_what_is_none(probe, start, refusal):
    heard = []
    probe.node.create_subscription(ros.BatteryState, 'there', heard.append, 10)
    publisher = probe.node.create_publisher(ros.BatteryState, 'here', 10)
    start(relay_node('here', 'there', type='sensor_msgs/msg/BatteryState'))
    message = ros.motor_state_message(ros.time_message(5), 3.0)
    probe.wait(lambda: heard or publisher.publish(message), 'relayed message', 20)
    assert heard[0].voltage == 3.0 and heard[0].header == message.header
    text = refusal(
        start(relay_node('here', 'there', type='sensor_msgs/msg/Battery')), 'relay_node'
    )
    assert "type 'sensor_msgs/msg/Battery': no such message" in text
    text = refusal(start(relay_node('here', 'here')), 'relay_node')
    assert 'input and output are both /here' in text


def test_any_controller_drives_a_plant_behind_relays_and_leaves_it_at_rest(probe, start):
    arguments = SimArguments(controller='none', twin=False, relay=True, command_delay=0.02)
    stack = start(*sim_stack(arguments))
    probe.wait_for_plant()

    def is_driven():
        probe.drive([1.0], 0.1)
        return probe.voltage == pytest.approx(1.0)

    probe.wait(is_driven, 'the motor is driven')
    assert probe.driven_after(time.time()) < 0.1 + 0.02 + 0.05  # time-out and delay
    stack.stop()
    assert 'Traceback' not in '\n'.join(stack.lines)


def test_plant_becomes_another_at_each_reset_and_says_which(probe, start):
    told = []
    probe.node.create_subscription(
        String, ros.DRAWN, lambda m: told.append(json.loads(m.data)), ros.LATCHED_QOS
    )
    start(*sim_stack(SimArguments(controller='none', twin=False, randomization='wide', seed=7)))
    probe.wait(lambda: told, 'what was drawn', 20)

    def reset():
        before = len(told)
        assert probe.trigger(ros.RESET).success
        probe.wait(lambda: len(told) > before, 'what was drawn')
        return told[-1]['values']

    first, second = told[0]['values'], reset()
    assert (told[0]['seed'], told[0]['number']) == (7, 0)
    name = 'physics.pendulum.mass'
    nominal = load_robot('furuta').physics.pendulum.mass
    assert first[name] != second[name]
    assert all(abs(values[name] / nominal - 1) <= 0.3 for values in (first, second))
    assert int(probe.values('plant')['drawn_plant']) == 1
    assert probe.set_parameter('sim_node', 'start.seed', 7).successful
    assert reset() == first
    assert reset() == second

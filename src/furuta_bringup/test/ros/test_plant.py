# SPDX-License-Identifier: Apache-2.0
"""The plant interface of ARCHITECTURE.md over real topics and services."""

import itertools
import math
import time

import pytest
from rclpy.time import Time

from furuta_bringup.stack import NodeSpec
from furuta_description import ros


def sim_node(**parameters):
    return NodeSpec('furuta_sim', 'sim_node', {'robot': 'furuta', **parameters})


def classical_node(**parameters):
    return NodeSpec('furuta_rl', 'classical_node', {'robot': 'furuta', **parameters})


def test_joint_states_come_at_the_rate_with_system_time_and_names(probe, start):
    start(sim_node())
    probe.wait_for_plant()
    time.sleep(2.0)
    stamps = [ros.seconds(m.header.stamp) for m in probe.joint_states]
    now = probe.node.get_clock().now().nanoseconds * 1e-9
    assert probe.joint_states[-1].name == ['arm_joint', 'pendulum_joint']
    assert (len(stamps) - 1) / (stamps[-1] - stamps[0]) == pytest.approx(500, rel=0.02)
    assert abs(now - stamps[-1]) < 0.1
    assert all(b > a for a, b in itertools.pairwise(stamps))
    motor = {Time.from_msg(m.header.stamp).nanoseconds for m in probe.motor_states}
    assert Time.from_msg(probe.joint_states[-5].header.stamp).nanoseconds in motor
    assert math.isnan(probe.motor_states[-1].current)


@pytest.mark.skipif(not ros.HAS_CONTROL_MSGS, reason='control_msgs comes with a ROS installation')
def test_dynamic_joint_states_carry_the_voltage(probe, start):
    heard = []
    probe.node.create_subscription(
        ros.DynamicJointState, ros.DYNAMIC_JOINT_STATES, heard.append, 10
    )
    start(sim_node())
    probe.wait_for_plant()
    probe.drive([1.0], 0.2)
    probe.wait(lambda: heard, 'dynamic joint states')
    arm = heard[-1].interface_values[0]
    assert dict(zip(arm.interface_names, arm.values, strict=True))['voltage'] == pytest.approx(1.0)


@pytest.mark.parametrize(
    ('data', 'counter'),
    [
        ([math.nan], 'refused_commands'),
        ([math.inf], 'refused_commands'),
        ([], 'refused_commands'),
        ([3.0, 3.0], 'refused_commands'),
        ([99.0], 'limited_commands'),
    ],
    ids=['nan', 'infinity', 'empty', 'two values', 'above the supply'],
)
def test_bad_command_never_reaches_the_motor_and_is_counted(probe, start, data, counter):
    start(sim_node())
    probe.wait_for_plant()
    probe.motor_states.clear()
    probe.drive(data, 0.5)
    applied = [m.voltage for m in probe.motor_states]
    assert all(math.isfinite(v) and abs(v) <= 10.0 for v in applied)
    if counter == 'refused_commands':
        assert set(applied) == {0.0}
    assert int(probe.values('plant')[counter]) > 10


def test_disabled_motor_gets_zero_volts_whatever_arrives(probe, start):
    start(sim_node())
    probe.wait_for_plant()
    probe.drive([1.0], 0.2)
    assert probe.voltage == pytest.approx(1.0)
    assert probe.switch(ros.ENABLE, False).success
    probe.motor_states.clear()
    probe.drive([1.0], 0.3)
    assert {m.voltage for m in probe.motor_states[5:]} == {0.0}
    assert probe.switch(ros.ENABLE, True).success
    probe.drive([-1.0], 0.2)
    assert probe.voltage == pytest.approx(-1.0)


def test_set_zero_needs_a_disabled_motor(probe, start):
    start(sim_node(**{'start.arm_angle': 0.7, 'start.spread': 0.0}))
    probe.wait_for_plant()
    answer = probe.trigger(ros.SET_ZERO)
    assert not answer.success and 'disable' in answer.message
    probe.switch(ros.ENABLE, False)
    assert probe.trigger(ros.SET_ZERO).success
    probe.wait(lambda: abs(probe.sample.arm_angle) < 0.05, 'arm at zero')


def test_fault_latches_until_cleared_and_enabled(probe, start):
    start(sim_node(**{'start.arm_angle': 2.6}))
    probe.wait_for_plant()
    probe.drive([-3.0], 0.2)
    assert probe.voltage == 0.0
    assert not probe.switch(ros.ENABLE, True).success
    assert 'still there' in probe.trigger(ros.CLEAR_FAULT).message
    assert 'arm beyond its limit' in (probe.values('plant') and probe.diagnostics['plant'].message)
    assert probe.set_parameter('sim_node', 'start.arm_angle', 0.0).successful
    assert probe.trigger(ros.RESET).success
    time.sleep(0.1)
    assert probe.trigger(ros.CLEAR_FAULT).success
    assert probe.switch(ros.ENABLE, True).success
    probe.drive([1.0], 0.2)
    assert probe.voltage == pytest.approx(1.0)


def test_physical_values_change_live_and_bad_ones_are_refused_with_the_reason(probe, start):
    start(sim_node(**{'start.pendulum_angle': 1.0}))
    probe.wait_for_plant()
    assert probe.set_parameter('sim_node', 'physics.pendulum.mass', 0.05).successful
    refused = probe.set_parameter('sim_node', 'physics.pendulum.mass', -1.0)
    assert not refused.successful
    assert 'physics.pendulum.mass' in refused.reason and 'greater than 0' in refused.reason
    inertia = probe.set_parameter(
        'sim_node', 'physics.arm.inertia', [1e-6, 1e-6, 1e-3, 0.0, 0.0, 0.0]
    )
    assert not inertia.successful and 'triangle' in inertia.reason
    count = len(probe.joint_states)
    probe.wait(lambda: len(probe.joint_states) > count + 100, 'plant goes on')


def test_speed_factor_moves_the_clock_and_pause_stops_the_samples(probe, start):
    start(sim_node(speed=0.5))
    probe.wait_for_plant()
    began, stamp = time.monotonic(), probe.sample.stamp
    time.sleep(1.5)
    factor = (probe.sample.stamp - stamp) / (time.monotonic() - began)
    assert factor == pytest.approx(0.5, rel=0.05)
    assert probe.switch(ros.PAUSE, True).success
    time.sleep(0.2)
    count = len(probe.joint_states)
    time.sleep(0.5)
    assert len(probe.joint_states) == count
    assert probe.switch(ros.PAUSE, False).success
    probe.wait(lambda: len(probe.joint_states) > count, 'samples again')


def test_unusable_parameter_ends_the_node_with_the_reason(start, refusal):
    text = refusal(start(sim_node(robot='furuuta')), 'sim_node')
    assert 'furuuta' in text and 'qube_servo_2' in text


def test_controller_killed_while_upright_leaves_zero_volts_within_the_time_out(probe, start):
    start(sim_node())
    probe.wait_for_plant()
    controller = start(classical_node())
    probe.wait(
        lambda: abs(abs(probe.sample.pendulum_angle) % math.tau - math.pi) < 0.1, 'upright', 15
    )
    time.sleep(1.0)
    killed = time.time()
    controller.kill('classical_node')
    # Time-out of the robot file; link, tick and the kill itself.
    assert probe.driven_after(killed) < 0.1 + 0.03
    assert probe.voltage == 0.0
    assert int(probe.values('plant')['command_timeouts']) >= 1


def test_controller_carries_on_when_the_plant_is_killed_and_restarted(probe, start):
    plant = start(sim_node())
    probe.wait_for_plant()
    controller = start(classical_node())
    is_upright = lambda: abs(abs(probe.sample.pendulum_angle) % math.tau - math.pi) < 0.1  # noqa: E731
    probe.wait(is_upright, 'upright', 15)
    plant.kill('sim_node')
    time.sleep(0.5)
    probe.joint_states.clear()
    start(sim_node(**{'start.seed': 1}))
    probe.wait(lambda: len(probe.joint_states) > 10, 'restarted plant', 20)
    probe.wait(is_upright, 'upright again', 15)
    assert controller.poll('classical_node') is None

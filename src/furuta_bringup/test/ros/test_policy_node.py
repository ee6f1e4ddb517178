# SPDX-License-Identifier: Apache-2.0
"""A trained policy over real topics: swings up, dies safely, and is refused where it must be."""

import math
import re
import time

import pytest
from std_msgs.msg import Float64MultiArray

from furuta_bringup.stack import NodeSpec, SimArguments, sim_stack
from furuta_description import ros
from furuta_rl.policy import load_card
from furuta_rl.shipped import shipped_policies

ROBOTS = tuple(shipped_policies())


def policy_node(robot='furuta', **parameters):
    return NodeSpec('furuta_rl', 'policy_node', {'robot': robot, **parameters})


def is_upright(probe):
    return abs(abs(probe.sample.pendulum_angle) % math.tau - math.pi) < math.radians(10)


@pytest.mark.parametrize('robot', ROBOTS)
def test_shipped_policy_swings_up_and_holds_until_it_is_killed(probe, start, robot):
    stack = start(*sim_stack(SimArguments(robot=robot, controller='policy', twin=False)))
    probe.wait_for_plant()
    fell = time.monotonic()

    def has_held():
        nonlocal fell
        fell = fell if is_upright(probe) else time.monotonic()
        return time.monotonic() - fell > 2.0

    probe.wait(has_held, 'upright for 2 s', 20)
    values = probe.values('controller')
    rate_hz = load_card(shipped_policies()[robot]).control_rate_hz
    assert float(values['rate_hz']) == pytest.approx(rate_hz, rel=0.5)
    assert 0 < float(values['compute_p50_ms']) < 10
    assert 0 < float(values['observation_age_p50_ms']) < 100
    killed = time.time()
    stack.kill('policy_node')
    # Time-out of the robot file; link, tick and the kill itself.
    assert probe.driven_after(killed) < 0.1 + 0.03
    assert probe.voltage == 0.0


def test_policy_starts_anew_when_the_plant_is_reset(probe, start):
    start(*sim_stack(SimArguments(controller='policy', twin=False)))
    probe.wait_for_plant()
    probe.wait(lambda: is_upright(probe), 'upright', 20)
    before = int(probe.values('controller')['restarts'])
    assert probe.trigger(ros.RESET).success
    probe.wait(lambda: not is_upright(probe), 'hanging')
    probe.wait(lambda: is_upright(probe), 'upright again', 20)
    assert int(probe.values('controller')['restarts']) == before + 1


def test_samples_that_are_not_numbers_give_zero_volts_and_are_counted(probe, start):
    commands = []
    probe.node.create_subscription(Float64MultiArray, ros.COMMANDS, commands.append, 100)
    joint_states = probe.node.create_publisher(ros.JointState, ros.JOINT_STATES, ros.PLANT_QOS)
    start(policy_node())

    def voltage_at(pendulum_angle):
        sample = ros.Sample(0.0, 0.1, pendulum_angle, 0.0, 0.0)
        stamp = ros.time_message(time.time_ns())
        joint_states.publish(ros.joint_state_message(stamp, sample, 0.0))
        time.sleep(0.02)
        return commands[-1].data[0] if commands else None

    probe.wait(lambda: voltage_at(3.0), 'a voltage', 20)
    probe.wait(lambda: voltage_at(math.nan) == 0.0, '0 V')
    commands.clear()
    for _ in range(20):
        voltage_at(math.nan)
    assert {c.data[0] for c in commands} == {0.0}
    probe.wait(lambda: voltage_at(3.0), 'a voltage again')
    assert int(probe.values('controller')['refused_samples']) > 10


@pytest.mark.parametrize(
    ('make_node', 'reason'),
    [
        (lambda cut: policy_node(policy=str(cut)), 'policy.onnx: not a policy'),
        (
            lambda cut: policy_node('qube_servo_2', policy=str(shipped_policies()['furuta'])),
            "made for robot hash .*trained on robot 'furuta'",
        ),
        (lambda cut: policy_node(target_arm_angle=0.5), 'task swing_up has none'),
    ],
    ids=['cut file', 'wrong robot', 'no target'],
)
def test_unusable_policy_ends_the_node_with_the_reason(
    start, refusal, tmp_path, make_node, reason
):
    cut = tmp_path / 'policy.onnx'
    cut.write_bytes(shipped_policies()['furuta'].read_bytes()[:-100])
    text = refusal(start(make_node(cut)), 'policy_node')
    assert re.search(reason, text), text

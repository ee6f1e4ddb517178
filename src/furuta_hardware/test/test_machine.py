# SPDX-License-Identifier: Apache-2.0
"""The emulated machine: the description's physics, its encoders, its defects."""

import math

import numpy as np
import pytest

from furuta_description import dynamics, sensing
from furuta_description.robot import load_robot
from furuta_hardware import protocol
from furuta_hardware.emulated_robot import EmulatedRobot
from furuta_hardware.emulator_commands import COMMANDS, obey
from furuta_hardware.machine import STEP, Machine, hot
from furuta_hardware.messages import Command, Enable

ROBOT = load_robot('furuta')


def run(machine, duty, steps=100):
    for _ in range(steps):
        machine.step(duty)
    return machine.state


def test_machine_moves_as_the_description_says():
    machine = Machine(ROBOT)
    machine.state = dynamics.make_state(0.1, 1.0, 2.0, -3.0)
    expected = dynamics.make_state(*(np.array([v]) for v in (0.1, 1.0, 2.0, -3.0)))
    k = dynamics.make_coefficients(ROBOT.physics)
    for _ in range(200):
        expected = dynamics.step(ROBOT.physics, k, expected, np.array([3.0]), STEP, np)
    found = run(machine, 0.25, 200)
    assert np.allclose([float(v[0]) for v in expected], found, rtol=1e-9)


def test_torque_delay_comes_between_reported_voltage_and_torque():
    prompt = Machine(ROBOT)
    delayed = Machine(ROBOT.with_values({'timing.torque_delay': 0.010}))
    run(prompt, 0.0, 10)
    run(prompt, 0.25, 50)
    run(delayed, 0.25, 60)
    assert tuple(delayed.state) == pytest.approx(tuple(prompt.state), rel=1e-9)
    assert abs(delayed.state.arm_angle) > 0.1


def test_link_delay_beyond_the_firmwares_is_the_commands():
    longer = ROBOT.with_values({'timing.link_delay': ROBOT.timing.link_delay + 0.010})
    robot = EmulatedRobot(ROBOT, hidden=longer)
    robot.set_zero()
    robot.down.put(protocol.encode(Enable(1, 1)) + protocol.encode(Command(1, 5.0)), robot.now_us)
    robot.up.clear()
    driven = []
    for _ in range(15):
        robot.step()
        driven.append(robot.machine.voltage > 0)
    assert driven.index(True) == pytest.approx(10, abs=1)


@pytest.mark.parametrize('angle', [0.0, 1.23, -1.23, 50.0, -171.0])
def test_registers_are_those_of_the_sensing(angle):
    machine = Machine(ROBOT)
    machine.state = dynamics.make_state(angle, -angle, 0.0, 0.0)
    sensors = ROBOT.sensors
    expected = [
        int(sensing.register(np.array([sign * angle]), counts, np)[0])
        for sign, counts in ((1, sensors.arm_counts), (-1, sensors.pendulum_counts))
    ]
    assert list(machine.registers()) == expected


def test_reversed_motor_turns_the_other_way():
    straight, reversed_ = Machine(ROBOT), Machine(ROBOT)
    reversed_.defects.motor_sign = -1
    assert run(straight, 0.3).arm_angle > 0.1
    assert run(reversed_, 0.3).arm_angle < -0.1


def test_stuck_pendulum_stays_where_it_is_and_the_arm_does_not_feel_its_weight():
    machine = Machine(ROBOT.with_values({'physics.cable.stiffness': 0.0}))
    machine.state = dynamics.make_state(0.0, 0.5, 0.0, 0.0)
    machine.defects.is_stuck = True
    state = run(machine, 0.0)
    assert state.pendulum_angle == pytest.approx(0.5, abs=1e-9)
    assert state.arm_angle == pytest.approx(0.0, abs=1e-9)
    assert abs(run(machine, 0.3).arm_angle) > 0.1


def test_hot_motor_has_less_torque():
    warm = hot(ROBOT.physics.motor, 80.0)
    assert warm.resistance == pytest.approx(1.312 * ROBOT.physics.motor.resistance)
    cold, warmed = Machine(ROBOT), Machine(ROBOT)
    warmed.defects.heat = 80.0
    assert run(warmed, 0.3, 50).arm_angle < 0.85 * run(cold, 0.3, 50).arm_angle


def test_hand_moves_the_joints_slowly_and_lets_go():
    machine = Machine(ROBOT)
    machine.place(0.5, math.pi)
    run(machine, 0.0, 100)
    assert 0.1 < machine.state.pendulum_angle < 0.3 and machine.is_held
    run(machine, 0.0, 1500)
    assert not machine.is_held


def test_robot_put_somewhere_before_the_host_comes_is_seen_there_without_a_fault():
    robot = EmulatedRobot(ROBOT)
    robot.set_zero()
    robot.put_by_hand(0.2, math.pi)
    assert robot.registers()[1] == pytest.approx(4096, abs=1)
    assert robot.up.due_us() is None


def test_line_that_is_no_command_is_answered_with_those_there_are():
    robot = EmulatedRobot(ROBOT)
    told = obey(robot, 'explode')
    assert told.startswith('error:') and all(name in told for name in COMMANDS)
    assert obey(robot, 'lose 2').startswith('error: lose: 2 is no share')
    assert obey(robot, 'glitch elbow 3').startswith("error: glitch: 'elbow' is none of")
    assert obey(robot, 'stall').startswith('error: stall')

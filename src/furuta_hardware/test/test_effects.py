# SPDX-License-Identifier: Apache-2.0
"""Effects beyond the robot file: each is the law that it is said to be, and off at 0."""

import math
from dataclasses import fields

import numpy as np
import pytest

from furuta_description import dynamics
from furuta_description.robot import load_robot
from furuta_hardware.effects import NONE, Effects, cogging, sagged_supply
from furuta_hardware.emulated_robot import EmulatedRobot
from furuta_hardware.emulator_commands import obey
from furuta_hardware.machine import STEP, Machine
from furuta_hardware.play import LooseShaft
from furuta_hardware.stalls import Stalls

ROBOT = load_robot('furuta')
MOTOR = ROBOT.physics.motor
FREE = ROBOT.with_values(
    {
        f'physics.{name}': 0.0
        for name in (
            *(f'arm.friction.{kind}' for kind in ('coulomb', 'static', 'viscous')),
            *(f'pendulum.friction.{kind}' for kind in ('coulomb', 'static', 'viscous')),
            'cable.stiffness',
        )
    }
    | {f'physics.motor.{name}': 1e-12 for name in ('torque_constant', 'back_emf_constant')}
)


def run(machine, duty, steps=100):
    for _ in range(steps):
        machine.step(duty)
    return machine.state


@pytest.mark.parametrize(
    'effects',
    [
        Effects(backlash=0.02),
        Effects(supply_resistance=0.3),
        Effects(cogging_torque=0.01),
        Effects(cogging_torque=0.01, cogging_cycles=12.0),
        Effects(cogging_torque=0.01, cogging_phase=1.0),
    ],
)
def test_each_effect_changes_the_motion(effects):
    plain, changed = run(Machine(ROBOT), 0.4), run(Machine(ROBOT, effects=effects), 0.4)
    assert abs(plain.arm_angle - changed.arm_angle) > 1e-3


def test_supply_sags_by_its_resistance_times_what_the_bridge_takes():
    effects = Effects(supply_resistance=0.5)
    # half the time 4 A: 2 A on average, 1 V of 12
    assert sagged_supply(MOTOR, effects, 0.5, 4.0) == pytest.approx(11.0)
    assert sagged_supply(MOTOR, effects, -0.5, -4.0) == pytest.approx(11.0)
    assert sagged_supply(MOTOR, effects, 0.5, -4.0) == 12.0  # braking
    # an arm that is held still, 12 V through 0.5 and 2.18 ohm, less the dead zone of the motor
    held = Machine(FREE, effects=effects)
    for _ in range(50):
        held.state = dynamics.make_state(0.0, 0.0, 0.0, 0.0)._replace(current=held.state.current)
        held.step(1.0)
    assert held.state.current == pytest.approx((12.0 - MOTOR.dead_zone) / 2.68, rel=1e-6)
    assert held.voltage == pytest.approx(12.0 - 0.5 * held.state.current)


def test_cogging_is_greatest_between_detents_and_does_no_work_in_a_turn():
    effects = Effects(cogging_torque=0.01, cogging_cycles=10.0)
    cycle = math.tau / (10 * MOTOR.gear_ratio)
    at = lambda angle: cogging(MOTOR, effects, angle, 0.0, STEP)  # noqa: E731
    assert at(0.0) == 0.0
    assert at(cycle / 4) == pytest.approx(-0.01)  # back to the detent
    assert at(-cycle / 4) == pytest.approx(0.01)
    assert np.mean([at(angle) for angle in np.arange(100) / 100 * cycle]) == pytest.approx(0)
    # a step that moves by half a cycle has the mean of half a sine
    mean = cogging(MOTOR, effects, 0.0, cycle / 2 / STEP, STEP)
    assert mean == pytest.approx(-0.01 * 2 / math.pi)
    assert cogging(MOTOR, effects, 0.1, cycle / STEP, STEP) == pytest.approx(0, abs=1e-12)


def test_arm_swings_about_a_detent_with_the_period_of_its_stiffness():
    torque, cycles = 0.05, 10 * FREE.physics.motor.gear_ratio
    machine = Machine(FREE, effects=Effects(cogging_torque=torque))
    machine.state = dynamics.make_state(1e-4, 0.0, 0.0, 0.0)
    machine.defects.is_stuck = False
    angles = [machine.state.arm_angle for _ in range(400) if machine.step(0.0) is None]
    k = dynamics.make_coefficients(FREE.physics)
    # the pendulum is so slow that it only moves along: eliminated from the mass matrix
    inertia = k.arm - k.coupling_cos**2 / k.pendulum
    expected = math.sqrt(cycles * torque / inertia)  # [rad/s]
    crossings = np.count_nonzero(np.diff(np.sign(angles)))
    assert crossings * math.pi / 0.4 == pytest.approx(expected, rel=0.05)


def test_arm_rests_until_the_shaft_has_crossed_half_of_the_play():
    slack = ROBOT.with_values({'physics.cable.stiffness': 0.0})  # or it moves the loose arm
    machine = Machine(slack, effects=Effects(backlash=0.04))
    sensed = []
    while abs(machine.state.arm_angle) < 1e-6:
        machine.step(0.3)
        sensed.append(machine.registers()[0])
    resolution = math.tau / ROBOT.sensors.arm_counts
    assert sensed[0] == 0
    assert sensed[-1] * resolution == pytest.approx(0.02, abs=2 * resolution)


def test_motor_that_turns_round_finds_the_whole_play():
    machine = Machine(ROBOT, effects=Effects(backlash=0.04))
    resolution = math.tau / ROBOT.sensors.arm_counts
    leads = []
    for duty in (0.15, -0.15):
        run(machine, duty, 60)
        shaft = (machine.registers()[0] + 2**15) % 2**16 - 2**15
        leads.append(shaft * resolution - machine.state.arm_angle)
    assert leads[0] == pytest.approx(0.02, abs=2 * resolution)
    assert leads[1] == pytest.approx(-0.02, abs=2 * resolution)


def test_blow_of_the_shaft_passes_its_momentum_on_to_the_arm():
    physics = FREE.physics
    state = dynamics.make_state(0.0, 0.0, 0.0, 0.0)
    shaft = LooseShaft(physics, 0.02, state)
    shaft.velocity = 3.0
    rotor = dynamics.reflected_rotor_inertia(physics)
    k = dynamics.make_coefficients(physics)
    for _ in range(40):
        state = shaft.step(physics, state, 0.0, 0.0, STEP)
    s, c = math.sin(state.pendulum_angle), math.cos(state.pendulum_angle)
    inertia = k.arm - rotor + k.arm_sin2 * s * s + 2 * k.arm_sincos * s * c
    coupling = k.coupling_sin * s + k.coupling_cos * c
    passed = inertia * state.arm_velocity + coupling * state.pendulum_velocity
    assert state.arm_velocity > 0.5
    assert passed + rotor * shaft.velocity == pytest.approx(rotor * 3.0, rel=0.01)


def test_narrow_play_moves_as_none_does():
    tight = run(Machine(ROBOT, effects=Effects(backlash=1e-9)), 0.4, 200)
    assert tight == pytest.approx(run(Machine(ROBOT), 0.4, 200), rel=0.03)


def test_play_needs_a_rotor():
    robot = ROBOT.with_values({'physics.motor.rotor_inertia': 0.0})
    with pytest.raises(ValueError, match=r'backlash: .*rotor_inertia'):
        Machine(robot, effects=Effects(backlash=0.01))


def test_stalls_come_as_often_and_last_as_long_as_said():
    stalls = Stalls(Effects(stall_rate=5.0, stall_duration=0.02), seed=3)
    lengths = [u - t for t in range(0, 1_000_000_000, 10_000) if (u := stalls.until_us(t))]
    assert len(lengths) == pytest.approx(5000, abs=3 * math.sqrt(5000))
    assert np.mean(lengths) == pytest.approx(20_000 - 5_000, rel=0.1)
    assert Stalls(NONE, seed=3).until_us(1e12) is None


def test_stall_holds_up_what_is_under_way_and_delivers_it_at_its_end():
    robot = EmulatedRobot(ROBOT, effects=Effects(stall_rate=2.0, stall_duration=0.02), seed=1)
    silence = []
    last = 0
    for _ in range(3000):
        robot.up.put(b'x', robot.now_us)
        robot.step()
        if robot.up.take(robot.now_us):
            silence.append(robot.now_us - last)
            last = robot.now_us
    long = [us for us in silence if us > 2000]
    assert 2 <= len(long) <= 12 and max(long) > 10_000


@pytest.mark.parametrize('name', [f.name for f in fields(Effects) if f.name != 'cogging_phase'])
def test_size_below_0_is_refused_by_name(name):
    with pytest.raises(ValueError, match=name):
        Effects(**{name: -1.0})
    assert name in obey(EmulatedRobot(ROBOT), f'effect {name} -1')


def test_effect_comes_and_goes_while_the_machine_runs():
    robot = EmulatedRobot(ROBOT)
    assert obey(robot, 'effect backlash 0.02') == obey(robot, 'effect stall_rate 1') == 'ok'
    assert robot.machine.effects == Effects(backlash=0.02, stall_rate=1.0)
    assert 'supply_resistance' in obey(robot, 'effect sag 1')
    assert obey(robot, 'effect backlash 0') == obey(robot, 'effect stall_rate 0') == 'ok'
    assert robot.machine.effects == NONE

# SPDX-License-Identifier: Apache-2.0
"""Episodes on a robot: back to rest, limits, faults, gaps, messages, verdicts; without topics."""

import math

import numpy as np
import pytest

from furuta_description.dynamics import State
from furuta_description.robot import load_robot
from furuta_rl.criterion import ARM_LIMIT, EPISODE
from furuta_rl.evaluating.robot_judge import judge
from furuta_rl.on_robot.env import MOST_VOID, Phase, RobotEnv
from furuta_rl.on_robot.limits import RESTART_LOAD, MotorHeat, OffWatch, RobotLimits
from furuta_rl.on_robot.players import Reading
from furuta_rl.on_robot.recording import (
    Order,
    Recording,
    order_from,
    pack,
    pack_order,
    recording_from,
    unpack,
)
from furuta_rl.on_robot.rest import Rest
from furuta_rl.shipped import shipped_policies
from furuta_sim.simulator import Start

ROBOT = load_robot('furuta')
PERIOD = 0.02  # [s]
ORDER = Order(EPISODE, ARM_LIMIT)
HANGING = (0.0, 0.0, 0.0, 0.0)
SETTINGS = {'robot': 'furuta', 'controller': 'policy', 'policy': str(shipped_policies()['furuta'])}


class Constant:
    """Gives one voltage, whatever it sees."""

    def __init__(self, voltage):
        self.observation, self.action, self.voltage = np.zeros(2), 0.5, voltage

    def start(self, order):
        pass

    def step(self, reading):
        return self.voltage


class Still:
    """A robot that hangs at rest, whatever is commanded."""

    def __init__(self, voltage=2.0, **limits):
        self.env = RobotEnv(ROBOT, Constant(voltage), PERIOD, RobotLimits(**limits))
        self.env.switched_on()
        self.time, self.commanded = 0.0, 0.0

    def tick(self, pose=HANGING, applied=None, current=0.0):
        applied = self.commanded if applied is None else applied
        self.time += PERIOD
        self.commanded = self.env.step(Reading(self.time, *pose, applied, current))
        return self.commanded

    def play(self):
        """Until an episode has begun."""
        for _ in range(100):
            if self.env.phase is Phase.PLAYING:
                return
            self.tick()
        raise AssertionError(self.env.phase)


# --- back to rest ------------------------------------------------------------------------------


@pytest.mark.parametrize('robot', shipped_policies())
@pytest.mark.parametrize(
    'pose',
    [(0, 3.1, 0, 0), (1.5, 3.0, 0, 0), (2.1, 1.0, 3, 5), (-1, 0, -5, 15), (0, 0, 0, 25)],
    ids=['fallen', 'off centre', 'leaving', 'swinging', 'spinning'],
)
def test_robot_comes_to_rest_from_whatever_it_did(lockstep, robot, pose):
    plant = lockstep({**SETTINGS, 'robot': robot, 'policy': str(shipped_policies()[robot])})
    plant.make(Start(*pose, spread=0.0))
    for _ in range(round(6.0 / PERIOD)):
        plant.tick()
        if plant.env.phase is Phase.READY:
            break
    assert plant.env.phase is Phase.READY
    assert abs(math.remainder(plant.reading.pendulum_angle, math.tau)) < 0.05
    assert abs(plant.reading.arm_angle) < 0.1
    assert not plant.simulator.safety.faults


def test_motor_is_left_alone_once_the_pendulum_hangs_still():
    rest = Rest(ROBOT)
    assert rest.voltage(State(0.05, 0.02, 0.0, 0.0, 0.0)) == 0.0
    assert (
        rest.voltage(State(0.5, 0.0, 0.0, 0.0, 0.0)) < 0.0 < rest.voltage(State(-0.5, *[0.0] * 4))
    )


def test_robot_that_is_held_off_rest_is_given_up_with_what_to_check():
    robot = Still(rest_seconds=2.0)
    robot.env.begin(ORDER)
    for _ in range(120):
        robot.tick((0.5, 0.0, 0.0, 0.0), applied=1.0)
    assert 'does not come to rest within 2 s: arm at 0.50 rad' in robot.env.problem
    assert robot.tick((0.5, 0.0, 0.0, 0.0)) == 0.0


# --- episodes ----------------------------------------------------------------------------------


@pytest.mark.parametrize('controller', ['policy', 'classical'])
def test_shipped_controllers_succeed_by_what_is_measured(lockstep, controller):
    plant = lockstep({**SETTINGS, 'controller': controller})
    plant.order(ORDER)
    recording = plant.wait()
    assert (recording.ending, recording.missed) == ('time', 0)
    period = EPISODE / recording.steps
    assert period == pytest.approx({'policy': 0.02, 'classical': 0.004}[controller])
    np.testing.assert_allclose(np.diff(recording.stamp), period, atol=1e-9)
    verdict = judge([recording, recording], period, ROBOT)
    assert verdict.success.all()
    assert verdict.time_to_upright[0] < 4.0


def test_episode_ends_beyond_the_arm_limit_and_the_robot_is_brought_back():
    robot = Still()
    robot.env.begin(Order(EPISODE, arm_limit=1.0))
    robot.play()
    robot.tick((0.5, 0.0, 1.0, 0.0))
    robot.tick((1.1, 0.0, 1.0, 0.0))
    recording = robot.env.take()
    assert recording.ending == 'arm' and recording.is_lost and recording.steps == 2
    np.testing.assert_array_equal(recording.arm_angle, [0.0, 0.5, 1.1])
    np.testing.assert_array_equal(recording.voltage, [2.0, 2.0])
    assert robot.tick((1.1, 0.0, 0.0, 0.0)) < 0.0
    assert robot.env.take() is None


def test_motor_that_switches_off_ends_the_episode_at_the_step_it_did():
    robot = Still()
    robot.env.begin(ORDER)
    robot.play()
    for _ in range(5):
        robot.tick()
    driven = robot.env._tape.rows[-1].stamp
    for _ in range(12):
        robot.tick(applied=0.0)
    recording = robot.env.take()
    assert recording.ending == 'fault' and recording.is_lost
    assert recording.stamp[-1] == driven and recording.steps == len(recording.stamp) - 1
    assert robot.env.phase is Phase.OFF and robot.tick() == 0.0
    robot.env.begin(ORDER)
    assert robot.tick() == 0.0
    robot.env.switched_on()
    robot.play()


def test_robot_that_nobody_said_is_on_is_not_moved():
    robot = RobotEnv(ROBOT, Constant(2.0), PERIOD, RobotLimits())
    robot.begin(ORDER)
    assert [robot.step(Reading(0.02 * i, 0.5, *HANGING[1:], 0, 0)) for i in range(5)] == [0.0] * 5


def test_gap_in_the_samples_voids_the_episode_and_many_in_a_row_end_it_all():
    robot = Still()
    robot.env.begin(ORDER)
    for count in range(MOST_VOID):
        assert not robot.env.problem
        robot.play()
        robot.env.gap()
        assert robot.env.take() is None and robot.env.void == count + 1
    assert f'{MOST_VOID} episodes in a row had gaps' in robot.env.problem


def test_episode_whose_commands_only_came_late_is_done_again():
    robot = Still()
    robot.env.begin(ORDER)
    robot.play()
    for _ in range(12):
        robot.tick(applied=0.0)
    assert robot.env.take().ending == 'fault'
    robot.env.retry()
    robot.env.switched_on()
    robot.play()
    assert robot.env.void == 1


def test_nothing_that_is_no_number_reaches_the_motor():
    robot = Still(voltage=math.nan)
    robot.env.begin(ORDER)
    robot.play()
    assert robot.tick() == 0.0
    for pose in ((math.nan, 0, 0, 0), (0, math.inf, 0, 0), (0.5, 0, math.nan, 0)):
        assert robot.tick(pose) == 0.0


# --- limits ------------------------------------------------------------------------------------


def test_continuous_current_warms_the_motor_to_what_it_bears_and_no_further():
    heat = MotorHeat(ROBOT, RobotLimits(heat_time=10.0))
    for _ in range(1000):
        heat.update(0.01, 5.0, 0.0, heat.current)
    assert heat.load == pytest.approx(1 - math.exp(-1), rel=1e-6)  # after one time constant
    for _ in range(1000):
        heat.update(0.01, 0.0, 3.0, 0.0)
    assert heat.load == pytest.approx((1 - math.exp(-1)) * math.exp(-1), rel=1e-6)


def test_current_that_is_not_measured_is_that_of_the_motor_model():
    measured, modelled = (MotorHeat(ROBOT, RobotLimits()) for _ in range(2))
    motor = ROBOT.physics.motor
    current = (6.0 - motor.back_emf_constant * motor.gear_ratio * 4.0) / motor.resistance
    measured.update(1.0, 0.0, 0.0, current)
    modelled.update(1.0, 6.0, 4.0, math.nan)
    assert modelled.load == pytest.approx(measured.load) and modelled.load > 0
    modelled.load = 0.0
    modelled.update(1.0, 0.0, 4.0, math.nan)
    assert modelled.load == 0.0  # off: the bridge is open


def test_hot_motor_ends_the_episode_without_losing_it_and_cools_before_the_next():
    robot = Still(heat_current=1.0, heat_time=1.0)
    robot.env.begin(ORDER)
    robot.play()
    while (recording := robot.env.take()) is None:
        robot.tick(current=2.0)
    assert recording.ending == 'hot' and not recording.is_lost and recording.heat > 1.0
    robot.env.begin(ORDER)
    while robot.env.phase is not Phase.PLAYING:
        load = robot.env.heat.load
        assert robot.tick() == 0.0 or robot.env.phase is Phase.PLAYING
    assert load == pytest.approx(RESTART_LOAD, abs=0.02)


def test_motor_counts_as_off_only_while_it_is_driven_and_nothing_is_applied():
    watch = OffWatch()
    assert not any(watch.is_off(0.02 * i, 0.1, 0.0) for i in range(50))
    assert not any(watch.is_off(1 + 0.02 * i, 3.0, 2.0) for i in range(50))
    off = [watch.is_off(2 + 0.02 * i, 3.0, 0.0) for i in range(12)]
    assert off == [0.02 * i > 0.15 for i in range(12)]


@pytest.mark.parametrize('name', ['robot_minutes', 'heat_time', 'rest_seconds', 'heat_current'])
def test_unusable_limit_is_refused(name):
    with pytest.raises(ValueError, match=f'{name} is -1'):
        RobotLimits(**{name: -1})


# --- messages and verdicts ---------------------------------------------------------------------


def make_recording(angles, period=PERIOD, **changes):
    """Pendulum [rad] at every step, the arm at rest."""
    count = len(angles)
    zero = np.zeros(count)
    recording = Recording(
        period * np.arange(count), zero, np.array(angles), zero, zero, zero, zero,
        np.ones((count, 3)), zero[1:], zero[1:] + 1.0, 'time', '', 0.25, 1,
    )  # fmt: skip
    return recording._replace(**changes)


def test_messages_come_back_as_they_were():
    network = {'mean': np.arange(3.0), 'layer.0.weight': np.eye(2)}
    order = Order(8.0, 2.0, 7, network)
    kind, content = unpack(pack_order(order))
    back = order_from(content)
    assert kind == 'order' and back[:3] == order[:3]
    np.testing.assert_equal(dict(back.network), network)
    recording = make_recording([0.0, 0.1], ending='fault', problem='arm too fast')
    kind, content = unpack(pack('episode', recording._asdict()))
    assert kind == 'episode'
    np.testing.assert_equal(recording_from(content)._asdict(), recording._asdict())
    with pytest.raises(ValueError, match='not a whole recording'):
        unpack(pack_order(order)[:-30])


UP, AWAY = [math.pi], [math.pi - 0.2]


@pytest.mark.parametrize(
    ('angles', 'success', 'time'),
    [
        ([0.0] * 101 + UP * 400, True, 2.02),
        ([0.0] * 101 + UP * 300 + AWAY + UP * 99, False, 8.04),  # away once in the last 5 s
        ([0.0] * 101 + AWAY + UP * 399, True, 2.04),
        ([0.0] * 501, False, math.nan),
        ([0.0] * 101 + UP * 350, False, math.nan),  # ended a second too early
    ],
)
def test_verdict_is_that_of_the_criterion(angles, success, time):
    verdict = judge([make_recording(angles)], PERIOD, ROBOT)
    assert verdict.success[0] == success
    assert verdict.time_to_upright[0] == pytest.approx(time, nan_ok=True)
    assert verdict.voltage_rms[0] == pytest.approx(
        1.0 if len(angles) > 500 else math.nan, nan_ok=True
    )


def test_missed_steps_are_judged_by_the_sample_before():
    whole = make_recording([0.0] * 101 + UP * 400)
    kept = np.r_[0:200, 203:501]
    cut = Recording(
        *(c[kept] for c in whole[:8]), *(c[kept[1:] - 1] for c in whole[8:10]), *whole[10:]
    )
    assert judge([cut], PERIOD, ROBOT).success[0]

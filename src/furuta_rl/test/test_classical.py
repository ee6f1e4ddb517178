# SPDX-License-Identifier: Apache-2.0
"""The classical baseline on the simulated plant, without ROS."""

import math

import numpy as np
import pytest

from furuta_description.randomization import PRESETS, count_spreads, draw
from furuta_description.robot import load_robot
from furuta_rl.classical import ClassicalConfig, ClassicalController


def test_switch_has_hysteresis():
    controller = ClassicalController(load_robot('furuta'))
    config = controller.config
    per_angle = controller.gains.cost[1, 1]
    between = math.sqrt(0.5 * (config.catch_cost + config.release_cost) / per_angle)
    controller.step(0.0, math.pi + between, 0.0, 0.0)
    assert not controller.is_balancing
    controller.step(0.0, math.pi, 0.0, 0.0)
    assert controller.is_balancing
    controller.reset()
    controller.past = controller.past._replace(is_balancing=True)
    controller.step(0.0, math.pi + between, 0.0, 0.0)
    assert controller.is_balancing


def test_measurement_that_is_not_finite_gives_zero_volts():
    controller = ClassicalController(load_robot('furuta'))
    assert controller.step(0.0, math.nan, 0.0, 0.0) == 0.0
    assert controller.step(math.inf, 0.0, 0.0, 0.0) == 0.0
    assert controller.step(0.0, math.inf, 0.0, 0.0) == 0.0
    assert controller.step(0.1, math.pi, 0.0, 0.0) != 0.0  # and goes on


def test_voltage_stays_within_the_safety_limit():
    robot = load_robot('furuta')
    controller = ClassicalController(robot)
    random = np.random.default_rng(0)
    for x in random.uniform((-2, -7, -30, -30), (2, 7, 30, 30), (500, 4)):
        assert abs(controller.step(*x)) <= robot.safety.voltage_limit


def test_rehearsing_changes_no_voltage() -> None:
    robot, samples = load_robot('furuta'), np.random.default_rng(1).normal(0, 3, (50, 4))
    plain, rehearsed = ClassicalController(robot), ClassicalController(robot)
    rehearsed.rehearse()  # before any sample
    for sample in samples:
        assert rehearsed.step(*sample) == plain.step(*sample)
        rehearsed.rehearse()


def test_rate_out_of_range_is_refused():
    with pytest.raises(ValueError, match='rate_hz must be'):
        ClassicalController(load_robot('furuta'), ClassicalConfig(rate_hz=5.0))


def test_many_robots_at_once_get_what_each_gets_alone() -> None:
    robot, count = load_robot('furuta'), 6
    random = np.random.default_rng(0)
    ranges = PRESETS['wide']
    deviations = random.uniform(-1, 1, (count, count_spreads(ranges)))
    delay = random.uniform(0, 0.04, count)
    together = ClassicalController(robot, None, draw(robot.physics, ranges, deviations), delay)
    alone = [
        ClassicalController(robot, None, draw(robot.physics, ranges, deviations[i : i + 1]), d)
        for i, d in enumerate(delay)
    ]
    together.reset((count,))
    for controller in alone:
        controller.reset((1,))
    near_upright = random.uniform((-1, 2.9, -1, -1), (1, 3.4, 1, 1), (25, count, 4))
    anywhere = random.uniform((-2, -7, -9, -9), (2, 7, 9, 9), (25, count, 4))
    balancing = []
    for samples in np.concatenate((near_upright, anywhere)):
        voltage = together.step(*samples.T)
        expected = [c.step(*x[:, None])[0] for c, x in zip(alone, samples, strict=True)]
        np.testing.assert_allclose(voltage, expected, rtol=1e-6, atol=1e-6)
        balancing.append(together.is_balancing)
    assert 0.1 < np.mean(balancing) < 0.9


def test_one_robot_serves_any_number_of_plants() -> None:
    controller = ClassicalController(load_robot('furuta'))
    samples = np.random.default_rng(0).uniform(-3.2, 3.2, (20, 5, 4))
    expected = []
    for robot in range(5):
        controller.reset()
        expected.append([controller.step(*x) for x in samples[:, robot]])
    controller.reset((5,))
    voltages = [controller.step(*x.T) for x in samples]
    np.testing.assert_allclose(voltages, np.transpose(expected), rtol=1e-9, atol=1e-9)

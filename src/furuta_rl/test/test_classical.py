# SPDX-License-Identifier: Apache-2.0
"""The classical baseline on the simulated plant, without ROS."""

import math

import numpy as np
import pytest

from furuta_description.robot import load_robot
from furuta_rl.classical import (
    ClassicalConfig,
    ClassicalController,
    delayed_model,
    linearize,
)

ROBOTS = ['furuta', 'qube_servo_2']


@pytest.mark.parametrize('name', ROBOTS)
def test_upright_has_one_unstable_pole(name):
    A, _ = linearize(load_robot(name).physics)
    assert np.sum(np.abs(np.linalg.eigvals(A)) > 1 + 1e-9) == 1


@pytest.mark.parametrize('name', ROBOTS)
@pytest.mark.parametrize('delay', [0.0, 0.003, 0.004, 0.005, 0.011])
def test_delayed_model_moves_as_the_undelayed_one_with_late_commands(name, delay):
    physics, period = load_robot(name).physics, 0.004
    A, B = delayed_model(physics, period, delay)
    a, b = linearize(physics)
    commands = np.random.default_rng(0).normal(size=12)
    x = np.zeros(len(A))
    z = np.zeros(4)
    for u in commands:
        x = A @ x + B * u
    for i in range(12 * 4):
        k = (i - round(delay * 1000)) // 4
        z = a @ z + b * (commands[k] if i >= round(delay * 1000) else 0.0)
    np.testing.assert_allclose(x[:4], z, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize('name', ROBOTS)
def test_closed_loop_is_stable_with_the_known_delay(name):
    robot = load_robot(name)
    controller = ClassicalController(robot)
    config = controller.config
    delay = robot.timing.link_delay + config.host_delay + robot.physics.motor.time_constant
    A, B = delayed_model(robot.physics, 1 / config.rate_hz, delay)
    assert np.max(np.abs(np.linalg.eigvals(A - np.outer(B, controller.gain)))) < 1


def test_switch_has_hysteresis():
    controller = ClassicalController(load_robot('furuta'))
    config = controller.config
    per_angle = controller.cost[1, 1]
    between = math.sqrt(0.5 * (config.catch_cost + config.release_cost) / per_angle)
    controller.step(0.0, math.pi + between, 0.0, 0.0)
    assert not controller.is_balancing
    controller.step(0.0, math.pi, 0.0, 0.0)
    assert controller.is_balancing
    controller.reset()
    controller.is_balancing = True
    controller.step(0.0, math.pi + between, 0.0, 0.0)
    assert controller.is_balancing


def test_measurement_that_is_not_finite_gives_zero_volts():
    controller = ClassicalController(load_robot('furuta'))
    assert controller.step(0.0, math.nan, 0.0, 0.0) == 0.0
    assert controller.step(math.inf, 0.0, 0.0, 0.0) == 0.0


def test_voltage_stays_within_the_safety_limit():
    robot = load_robot('furuta')
    controller = ClassicalController(robot)
    random = np.random.default_rng(0)
    for x in random.uniform((-2, -7, -30, -30), (2, 7, 30, 30), (500, 4)):
        assert abs(controller.step(*x)) <= robot.safety.voltage_limit


def test_rate_out_of_range_is_refused():
    with pytest.raises(ValueError, match='rate_hz must be'):
        ClassicalController(load_robot('furuta'), ClassicalConfig(rate_hz=5.0))

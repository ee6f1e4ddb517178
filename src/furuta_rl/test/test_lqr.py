# SPDX-License-Identifier: Apache-2.0
"""Linear models and the LQR, one robot and many."""

import numpy as np
import pytest
from scipy.linalg import solve_discrete_are

from furuta_description.randomization import PRESETS, count_spreads, draw
from furuta_description.robot import load_robot
from furuta_rl.lqr import delayed_model, linearize, lqr, undelayed

ROBOTS = ['furuta', 'qube_servo_2']
WEIGHTS, INPUT_WEIGHT = np.array([2.2, 48.0, 0.03, 0.2]), 0.01
COUNT = 5


def wide_robots(name):
    """Physics of COUNT robots, and the delay of each."""
    random, ranges = np.random.default_rng(0), PRESETS['wide']
    deviations = random.uniform(-1, 1, (COUNT, count_spreads(ranges)))
    physics = load_robot(name).physics
    return [draw(physics, ranges, d) for d in (deviations, *deviations[:, None])], np.linspace(
        0, 0.04, COUNT
    )


@pytest.mark.parametrize('name', ROBOTS)
def test_upright_has_one_unstable_pole(name):
    A, _ = linearize(load_robot(name).physics)
    assert np.sum(np.abs(np.linalg.eigvals(A[0])) > 1 + 1e-9) == 1


@pytest.mark.parametrize('name', ROBOTS)
@pytest.mark.parametrize('delay', [0.0, 0.003, 0.004, 0.005, 0.011])
def test_delayed_model_moves_as_the_undelayed_one_with_late_commands(name, delay):
    physics, period = load_robot(name).physics, 0.004
    (A,), (B,) = delayed_model(physics, period, delay)
    (a,), (b,) = linearize(physics)
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
def test_models_of_many_robots_are_those_of_each(name):
    (physics, *each), delays = wide_robots(name)
    lag = undelayed(physics, 0.01)
    A, B = delayed_model(physics, 0.004, delays)
    for i, (one, delay) in enumerate(zip(each, delays, strict=True)):
        np.testing.assert_allclose(undelayed(one, 0.01)[0], lag[i], rtol=1e-9, atol=1e-12)
        (a,), (b,) = delayed_model(one, 0.004, delay)
        n = len(b)  # later commands than this robot knows of have no effect
        np.testing.assert_allclose(A[i, :4, :n], a[:4], rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(B[i, :n], b, rtol=1e-9, atol=1e-12)
        assert not A[i, :4, n:].any()


@pytest.mark.parametrize('name', ROBOTS)
@pytest.mark.parametrize('period', [0.004, 0.02])
def test_lqr_is_that_of_the_riccati_equation_as_scipy_solves_it(name, period):
    (physics, *_), delays = wide_robots(name)
    A, B = delayed_model(physics, period, delays)
    gain, cost = lqr(A, B, WEIGHTS, INPUT_WEIGHT)
    Q = np.diag([*WEIGHTS, *np.zeros(A.shape[-1] - 4)])
    for a, b, k, p in zip(A, B, gain, cost, strict=True):
        expected = solve_discrete_are(a, b[:, None], Q, np.array([[INPUT_WEIGHT]]))
        np.testing.assert_allclose(p, expected, rtol=1e-6, atol=1e-6 * np.abs(expected).max())
        np.testing.assert_allclose(
            k, b @ expected @ a / (INPUT_WEIGHT + b @ expected @ b), rtol=1e-5, atol=1e-6
        )


@pytest.mark.parametrize('name', ROBOTS)
def test_closed_loop_is_stable_with_the_known_delay(name):
    (physics, *_), delays = wide_robots(name)
    A, B = delayed_model(physics, 0.004, delays)
    gain, _ = lqr(A, B, WEIGHTS, INPUT_WEIGHT)
    assert np.abs(np.linalg.eigvals(A - B[:, :, None] * gain[:, None, :])).max() < 1

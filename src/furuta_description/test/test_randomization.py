# SPDX-License-Identifier: Apache-2.0
"""Drawn robots are physical, consistent and as far from the file as the ranges say."""

from dataclasses import replace
from operator import attrgetter

import numpy as np
import pytest

from furuta_description import dynamics, randomization
from furuta_description.motor import frictionless
from furuta_description.randomization import PRESETS, LinkRanges, MotorRanges, Ranges
from furuta_description.robot import Physics, load_robot

FURUTA = load_robot('furuta').physics
QUBE = load_robot('qube_servo_2').physics
ROBOTS = [FURUTA, QUBE]


def drawn(ranges: Ranges, physics: Physics = FURUTA, count: int = 500) -> Physics:
    size = (count, randomization.count_spreads(ranges))
    deviations = np.random.default_rng(0).uniform(-1, 1, size)
    return randomization.draw(physics, ranges, deviations)


def leaves(node):
    if not isinstance(node, tuple):
        return [node]
    return [leaf for child in node for leaf in leaves(child)]


@pytest.mark.parametrize('physics', ROBOTS)
def test_none_is_the_robot_file(physics: Physics) -> None:
    assert leaves(drawn(PRESETS['none'], physics)) == pytest.approx(leaves(physics))


@pytest.mark.parametrize('physics', ROBOTS)
@pytest.mark.parametrize('preset', ['default', 'wide'])
def test_every_inertia_is_that_of_a_real_body(physics: Physics, preset: str) -> None:
    robots = drawn(PRESETS[preset], physics)
    for link in (robots.arm, robots.pendulum):
        i = link.inertia
        matrix = np.moveaxis(
            np.array([[i.xx, i.xy, i.xz], [i.xy, i.yy, i.yz], [i.xz, i.yz, i.zz]]), -1, 0
        )
        moments = np.linalg.eigvalsh(matrix)
        assert np.all(moments[:, 0] > 0)
        assert np.all(moments[:, 2] <= (moments[:, 0] + moments[:, 1]) * (1 + 1e-9))


@pytest.mark.parametrize('preset', ['default', 'wide'])
def test_drawn_robots_keep_the_rules_of_robot_files(preset: str) -> None:
    robots = drawn(PRESETS[preset])
    for link in (robots.arm, robots.pendulum):
        assert np.all(link.friction.static >= link.friction.coulomb)
    assert np.all(robots.motor.gear_gain_backdriven >= robots.motor.gear_gain_driving)
    assert all(np.all(leaf >= 0) for leaf in leaves(robots.motor._replace(voltage_bias=0.0)))


@pytest.mark.parametrize(('preset', 'spread'), [('default', 0.1), ('wide', 0.3)])
def test_presets_reach_their_spread_on_every_quantity(preset: str, spread: float) -> None:
    arm, pendulum = (
        link._replace(friction=link.friction._replace(smoothing_velocity=0.0))  # not drawn
        for link in (FURUTA.arm, FURUTA.pendulum)
    )
    physics = FURUTA._replace(arm=arm, pendulum=pendulum)
    robots = drawn(PRESETS[preset], physics)
    for nominal, values in zip(leaves(physics), leaves(robots), strict=True):
        if nominal:
            width = np.abs(values / nominal - 1).max()
            assert 0.7 * spread < width < (1 + spread) ** 3 - 1  # the inertias: mass x length^2
    assert 0.9 * spread < np.abs(robots.motor.voltage_bias).max() <= spread


def test_scaled_robot_is_the_same_robot_of_another_size() -> None:
    """Length x 1.2 and mass x 1.5 on both links: every inertia grows by 1.5 x 1.44."""
    link = LinkRanges(length=0.2, mass=0.5)
    robots = randomization.draw(FURUTA, Ranges(arm=link, pendulum=link), np.ones((1, 4)))
    no_rotor = FURUTA.motor._replace(rotor_inertia=0.0)
    before = dynamics.make_coefficients(FURUTA._replace(motor=no_rotor))
    after = dynamics.make_coefficients(robots._replace(motor=no_rotor))
    for name in ('arm', 'arm_sin2', 'coupling_cos', 'pendulum'):
        assert getattr(after, name)[0] == pytest.approx(getattr(before, name) * 1.5 * 1.44)
    assert after.weight_z[0] == pytest.approx(before.weight_z * 1.5 * 1.2)


def test_drawn_robots_keep_energy_when_nothing_takes_it() -> None:
    robots = frictionless(drawn(PRESETS['wide'], count=20))
    k = dynamics.make_coefficients(robots)
    state = dynamics.make_state(*(np.full(20, x) for x in (0.0, 2.0, 1.0, 2.0)))
    start = dynamics.energy(k, state, np)
    for _ in range(5000):
        state = dynamics.step(robots, k, state, 0.0, 1e-4, np)
    np.testing.assert_allclose(dynamics.energy(k, state, np), start, atol=2e-4)


def test_motor_constants_move_together() -> None:
    robots = drawn(Ranges(motor=MotorRanges(constant=0.3)))
    ratio = robots.motor.torque_constant / robots.motor.back_emf_constant
    np.testing.assert_allclose(
        ratio, FURUTA.motor.torque_constant / FURUTA.motor.back_emf_constant
    )
    assert np.ptp(robots.motor.torque_constant) > 0


def test_widening_goes_from_the_robot_file_to_the_whole_ranges() -> None:
    wide = PRESETS['wide']
    assert wide.widened(1.0) == wide
    nothing = wide.widened(0.0)
    assert randomization.count_spreads(nothing) == 0
    assert nothing == replace(PRESETS['none'], delay=(wide.delay[0],) * 2)
    half = wide.widened(0.5)
    assert half.arm.length == pytest.approx(wide.arm.length / 2)
    assert half.push_velocity == pytest.approx(wide.push_velocity / 2)
    assert half.delay == (0.0, pytest.approx(wide.delay[1] / 2))


def test_total_delay_of_the_presets_is_as_promised() -> None:
    assert PRESETS['default'].longest_delay == pytest.approx(0.020)
    assert PRESETS['wide'].longest_delay == pytest.approx(0.040)


def test_deviations_come_in_the_order_of_their_names() -> None:
    """Every column changes the quantity that it is named after."""
    ranges = PRESETS['wide']
    names = randomization.drawn_names(ranges)
    deviations = np.vstack((np.zeros(len(names)), np.eye(len(names))))
    robots = randomization.draw(FURUTA, ranges, deviations)
    changed = {
        'motor.constant': 'motor.torque_constant',
        'motor.gear_gain': 'motor.gear_gain_driving',
    }
    changed['motor.gear_loss'] = 'motor.gear_gain_backdriven'
    for row, name in enumerate(names, start=1):
        path = changed.get(name, name.replace('cable_', 'cable.'))
        for friction in ('coulomb', 'static', 'stribeck_velocity', 'viscous'):
            path = path.replace(f'.{friction}', f'.friction.{friction}')
        values = attrgetter(path)(robots)
        assert values[row] != values[0], name

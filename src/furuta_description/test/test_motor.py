# SPDX-License-Identifier: Apache-2.0
"""Each part of the motor model against arithmetic done by hand."""

import numpy as np
import pytest

from furuta_description import motor, scalars
from furuta_description.dynamics import State, make_state
from furuta_description.robot import Cable, Motor, load_robot

FURUTA = load_robot('furuta').physics
QUBE = load_robot('qube_servo_2').physics
# Round numbers, so that the expectations below can be worked out in the head.
MOTOR = Motor(
    supply_voltage=12.0, voltage_bias=0.0, dead_zone=0.0, resistance=2.0, torque_constant=0.01,
    back_emf_constant=0.01, time_constant=0.0, gear_ratio=20.0, gear_gain_driving=0.8,
    gear_gain_backdriven=1.2, torque_limit=1.0, rotor_inertia=0.0,
)  # fmt: skip
FRICTION = FURUTA.arm.friction._replace(
    coulomb=0.02, static=0.03, stribeck_velocity=0.5, viscous=0.0, smoothing_velocity=1e-9
)


def settled_current(motor_: Motor, voltage: float, velocity: float) -> float:
    return float(motor.next_current(motor_, voltage, velocity, 0.0, 1e3, np))


def spin(physics, voltage: float) -> float:
    """Speed at which the arm ends, alone on an inertia of 1e-4 kg m^2."""
    state = make_state(0.0, 0.0, 0.0, 0.0)
    for _ in range(10_000):
        drive = motor.drive(physics, state, voltage, 1e-3, np)
        state = state._replace(
            arm_velocity=state.arm_velocity + 1e-3 * drive.arm_torque / 1e-4,
            current=drive.current,
        )
    return float(state.arm_velocity)


def test_direct_drive_ends_at_the_speed_worked_out_by_hand() -> None:
    """Torque k_t (v - k_e w) / R = b w gives w = k_t v / (k_t k_e + b R).

    0.042 x 6 / (0.042^2 + 5e-6 x 8.4) = 0.252 / (0.001764 + 0.000042) = 139.53 rad/s.
    """
    assert spin(QUBE, 6.0) == pytest.approx(139.53, rel=1e-4)


def test_gear_motor_ends_at_the_speed_worked_out_by_hand() -> None:
    """Full supply, dead zone off: 11.75 V; N k = 18.75 x 0.0111 = 0.208125; gear passes 0.8.

    0.8 x 0.208125 (11.75 - 0.208125 w) / 2.18 = 0.020 + 3.9e-4 w
    0.897420 - 0.0158957 w = 0.020 + 0.00039 w, w = 0.877420 / 0.0162857 = 53.877 rad/s,
    3 % below the 530 rpm of the data sheet. The cable is taken off.
    """
    free = FURUTA._replace(cable=FURUTA.cable._replace(stiffness=0.0))
    assert spin(free, 12.0) == pytest.approx(53.877, rel=1e-4)


def test_supply_limits_the_voltage() -> None:
    assert motor.terminal_voltage(MOTOR, 100.0, np) == 12.0
    assert motor.terminal_voltage(MOTOR, -100.0, np) == -12.0


def test_bias_adds_to_the_voltage() -> None:
    assert motor.terminal_voltage(MOTOR._replace(voltage_bias=0.5), 1.0, np) == 1.5


def test_dead_zone_swallows_small_voltages_and_is_taken_off_large_ones() -> None:
    dead = MOTOR._replace(dead_zone=0.25)
    voltage = np.array([-1.0, -0.2, 0.0, 0.25, 1.0])
    np.testing.assert_allclose(motor.terminal_voltage(dead, voltage, np), [-0.75, 0, 0, 0, 0.75])


def test_stalled_motor_draws_voltage_over_resistance() -> None:
    assert settled_current(MOTOR, 6.0, 0.0) == pytest.approx(3.0)


def test_back_emf_stops_the_current_at_no_load_speed() -> None:
    """6 V / (20 x 0.01 V s/rad) = 30 rad/s."""
    assert settled_current(MOTOR, 6.0, 30.0) == pytest.approx(0.0)
    assert settled_current(MOTOR, 0.0, 30.0) == pytest.approx(-3.0)


def test_lag_covers_63_percent_in_one_time_constant_whatever_the_step() -> None:
    lagging = MOTOR._replace(time_constant=1e-2)
    for dt in (1e-2, 1e-3, 1e-4):
        current = 0.0
        for _ in range(round(1e-2 / dt)):
            current = motor.next_current(lagging, 6.0, 0.0, current, dt, np)
        assert current == pytest.approx(3.0 * (1 - np.exp(-1)))


def test_gear_passes_less_when_driving_and_more_when_driven() -> None:
    """20 x 0.01 x 2 A = 0.4 N m: 0.32 while it drives, 0.48 while it brakes, 0.4 at rest."""
    direction = np.array([1.0, -1.0, 0.0])
    np.testing.assert_allclose(motor.gear_torque(MOTOR, 2.0, direction, np), [0.32, 0.48, 0.4])
    np.testing.assert_allclose(motor.gear_torque(MOTOR, -2.0, direction, np), [-0.48, -0.32, -0.4])


def test_gear_never_makes_energy() -> None:
    current, direction = np.meshgrid(np.linspace(-4, 4, 41), [-1.0, 1.0])
    ideal = motor.gear_torque(
        MOTOR._replace(gear_gain_driving=1.0, gear_gain_backdriven=1.0), current, direction, np
    )
    loss = (ideal - motor.gear_torque(MOTOR, current, direction, np)) * direction
    assert loss.min() >= -1e-12


def test_torque_limit_holds() -> None:
    assert motor.gear_torque(MOTOR, 100.0, 1.0, np) == 1.0
    assert motor.gear_torque(MOTOR, -100.0, -1.0, np) == -1.0


def test_friction_falls_from_static_to_coulomb() -> None:
    """At the Stribeck velocity half of the excess is left: 0.02 + 0.01 / 2."""
    velocity = np.array([1e-6, 0.5, 1e4])
    np.testing.assert_allclose(
        motor.friction_torque(FRICTION, velocity, np), [-0.03, -0.025, -0.02], rtol=1e-5
    )


def test_friction_is_against_the_velocity_and_zero_at_rest() -> None:
    velocity = np.linspace(-20, 20, 41)
    for link in (FURUTA.arm, FURUTA.pendulum):
        torque = motor.friction_torque(link.friction, velocity, np)
        assert np.all(torque * velocity <= 0)
        assert torque[20] == 0
        np.testing.assert_allclose(torque, -torque[::-1])


def test_viscous_friction_grows_with_the_velocity() -> None:
    only_viscous = FRICTION._replace(coulomb=0.0, static=0.0, viscous=0.003)
    assert motor.friction_torque(only_viscous, 10.0, np) == pytest.approx(-0.03)


def test_cable_pulls_to_its_rest_angle() -> None:
    cable = FURUTA.cable._replace(stiffness=0.003, rest_angle=0.1)
    assert motor.cable_torque(cable, 1.1, np) == pytest.approx(-0.003)
    assert motor.cable_torque(cable, 0.1, np) == 0


def test_soft_cable_gives_way_but_never_lets_go() -> None:
    cable = Cable(stiffness=0.003, rest_angle=0.0, softening=4.0)
    near, far = -motor.cable_torque(cable, np.array([0.01, 100.0]), np)
    assert near == pytest.approx(0.003 * 0.01, rel=1e-3)
    assert far == pytest.approx(0.0015, rel=1e-3)  # stiffness / sqrt(softening)


def test_arm_takes_motor_friction_and_cable_and_pendulum_only_friction() -> None:
    state = State(0.5, 0.2, 3.0, -4.0, 0.7)
    drive = motor.drive(FURUTA, state, 5.0, 1e-3, np)
    assert drive.arm_torque == pytest.approx(
        drive.motor_torque
        + motor.friction_torque(FURUTA.arm.friction, 3.0, np)
        + motor.cable_torque(FURUTA.cable, 0.5, np)
    )
    assert drive.pendulum_torque == motor.friction_torque(FURUTA.pendulum.friction, -4.0, np)


@pytest.mark.parametrize('robot', ['furuta', 'qube_servo_2'])
@pytest.mark.parametrize(
    ('voltage', 'velocity'), [(3.0, 0.0), (6.0, 4.0), (-2.0, 5.0), (0.0, 8.0)]
)
def test_torque_of_a_plant_without_a_sensor_is_that_of_the_settled_current(
    robot: str, voltage: float, velocity: float
) -> None:
    physics = load_robot(robot).physics
    state = make_state(0.0, 0.0, velocity, 0.0)
    for _ in range(200):
        settled = motor.drive(physics, state, voltage, 1e-3, scalars)
        state = state._replace(current=settled.current)
    found = motor.torque_at(physics, voltage, velocity, scalars)
    assert found == pytest.approx(settled.motor_torque, rel=1e-6)


@pytest.mark.parametrize('voltage', [-7.0, 0.0, 0.1, 5.0, 20.0])
def test_plain_numbers_give_what_numpy_gives(voltage: float) -> None:
    physics = load_robot('furuta').physics
    state = State(0.3, 1.0, 2.0, -3.0, 0.5)
    plain = motor.drive(physics, state, voltage, 1e-3, scalars)
    arrays = motor.drive(physics, State(*map(np.array, state)), np.array(voltage), 1e-3, np)
    assert np.allclose(plain, [float(value) for value in arrays], rtol=1e-12)
    assert motor.voltage_for(physics, -0.1, 2.0, scalars) == pytest.approx(
        float(motor.voltage_for(physics, np.array(-0.1), np.array(2.0), np))
    )

# SPDX-License-Identifier: Apache-2.0
"""Laws that the equations of motion must keep, whatever the robot."""

import numpy as np
import pytest

from furuta_description import dynamics
from furuta_description.dynamics import State
from furuta_description.motor import frictionless
from furuta_description.robot import Physics, Robot, load_robot

# Products of inertia and centres of mass off every axis, so that no term of the equations is 0.
SKEWED = {
    'physics.arm.center_of_mass': [0.05, 0.01, -0.005],
    'physics.arm.inertia': [4e-5, 1.05e-4, 1.1e-4, 1e-5, -2e-6, 3e-6],
    'physics.pendulum.center_of_mass': [0.014, -0.02, -0.12],
    'physics.pendulum.inertia': [3.1e-4, 3e-4, 8e-5, 2e-5, 1.3e-5, -3e-5],
}
ROBOTS = [
    load_robot('furuta'),
    load_robot('qube_servo_2'),
    load_robot('furuta').with_values(SKEWED),
]
IDS = ['furuta', 'qube_servo_2', 'skewed']
ANGLES = np.linspace(-np.pi, np.pi, 181)


def simulate(physics: Physics, state: State, duration: float, dt: float) -> list[State]:
    k = dynamics.make_coefficients(physics)
    states = [state]
    for _ in range(round(duration / dt)):
        states.append(dynamics.step(physics, k, states[-1], 0.0, dt, np))
    return states


def random_states(count: int) -> State:
    rng = np.random.default_rng(1)
    return dynamics.make_state(*(rng.uniform(-a, a, count) for a in (3, np.pi, 15, 15)))


@pytest.mark.parametrize('robot', ROBOTS, ids=IDS)
def test_mass_matrix_is_positive_definite(robot: Robot) -> None:
    m11, m12, m22 = dynamics.mass_matrix(dynamics.make_coefficients(robot.physics), ANGLES, np)
    matrices = np.moveaxis(np.array([[m11, m12], [m12, m22 + 0 * m11]]), -1, 0)
    assert np.linalg.eigvalsh(matrices).min() > 0


@pytest.mark.parametrize('robot', ROBOTS, ids=IDS)
def test_energy_is_that_of_the_moving_bodies(robot: Robot) -> None:
    """Against the velocities of both centres of mass, from rotation matrices."""
    k, states = dynamics.make_coefficients(robot.physics), random_states(50)
    for state in zip(*states, strict=True):
        state = State(*state)
        assert dynamics.energy(k, state, np) == pytest.approx(bodies_energy(robot.physics, state))


def bodies_energy(physics: Physics, state: State) -> float:
    """Sum of m v^2 / 2 + w I w / 2 + m g z over both bodies, and of the rotor."""
    arm, pendulum = physics.arm, physics.pendulum
    c, s = np.cos(state.pendulum_angle), np.sin(state.pendulum_angle)
    tilt = np.array([[1, 0, 0], [0, c, -s], [0, s, c]])  # pendulum in the arm's frame, about x
    v1 = np.array([0, 0, state.arm_velocity])
    v2 = v1 + np.array([state.pendulum_velocity, 0, 0])
    from_joint = tilt @ np.array(pendulum.center_of_mass)
    joint = np.array([arm.length, 0, 0])
    total = 0.5 * dynamics.reflected_rotor_inertia(physics) * state.arm_velocity**2
    for body, rotation, w, v, z in (
        (arm, np.eye(3), v1, np.cross(v1, arm.center_of_mass), 0),
        (pendulum, tilt, v2, np.cross(v1, joint) + np.cross(v2, from_joint), from_joint[2]),
    ):
        inertia = rotation @ tensor(body.inertia) @ rotation.T
        total += 0.5 * body.mass * v @ v + 0.5 * w @ inertia @ w
        total += body.mass * physics.gravity * z
    return float(total)


def tensor(i) -> np.ndarray:
    return np.array([[i.xx, i.xy, i.xz], [i.xy, i.yy, i.yz], [i.xz, i.yz, i.zz]])


@pytest.mark.parametrize('robot', ROBOTS, ids=IDS)
def test_torques_change_the_energy_by_their_power(robot: Robot) -> None:
    k, state = dynamics.make_coefficients(robot.physics), random_states(50)
    t1, t2 = 0.05, -0.002
    a1, a2 = dynamics.acceleration(k, state, t1, t2, np)
    h = 1e-6
    v1, v2 = state.arm_velocity, state.pendulum_velocity

    def energy(t: float) -> np.ndarray:
        q2 = state.pendulum_angle + t * v2 + t * t / 2 * a2
        moved = State(state.arm_angle, q2, v1 + t * a1, v2 + t * a2, 0.0)
        return dynamics.energy(k, moved, np)

    rate = (energy(h) - energy(-h)) / (2 * h)
    np.testing.assert_allclose(rate, t1 * v1 + t2 * v2, atol=1e-6)


@pytest.mark.parametrize('robot', ROBOTS, ids=IDS)
def test_energy_is_conserved_without_friction_as_the_step_goes_to_zero(robot: Robot) -> None:
    """Of the energy between hanging and upright, under 1 % a second is lost at 1 ms.

    The mass matrix turns with the pendulum, so the step is not symplectic and the loss is of
    first order in dt; what two steps extrapolate to is conserved.
    """
    physics = frictionless(robot.physics)
    start = dynamics.make_state(0.0, 2.0, 1.0, 0.0)
    coarse, fine, finer = (energy_error(physics, start, dt) for dt in (1e-3, 5e-4, 2.5e-4))
    assert np.abs(coarse).max() < 0.05
    assert np.abs(finer).max() == pytest.approx(0.25 * np.abs(coarse).max(), rel=0.1)
    assert np.abs(2 * finer[::4] - fine[::2]).max() < 0.1 * np.abs(coarse).max()


def test_energy_only_swings_about_its_value_while_the_arm_is_held() -> None:
    """With a constant mass matrix the step is symplectic: in 30 s there is no drift."""
    error = energy_error(
        held_arm(load_robot('furuta').physics), dynamics.make_state(0.0, 2.0, 0.0, 0.0), 1e-3, 30.0
    )
    assert np.abs(error[-5000:]).max() < 1.001 * np.abs(error[:5000]).max()


def energy_error(physics: Physics, start: State, dt: float, duration: float = 5.0) -> np.ndarray:
    """Energy gained since the start, of that between hanging and upright."""
    k = dynamics.make_coefficients(physics)
    states = State(*np.array(simulate(physics, start, duration, dt)).T)
    energy = dynamics.energy(k, states, np)
    return (energy - energy[0]) / (2 * np.hypot(k.weight_y, k.weight_z))


def held_arm(physics: Physics) -> Physics:
    """Without friction, and the arm on a flywheel."""
    physics = frictionless(physics)
    return physics._replace(motor=physics.motor._replace(rotor_inertia=1e3))


def test_small_swing_period_is_that_of_a_rod_pendulum() -> None:
    """A uniform rod on a held arm: T = 2 pi sqrt(2 L / 3 g) = 2 pi sqrt(0.258 / 29.43) = 0.5883 s.

    The rod is 9.5 mm thick, which adds 0.05 %.
    """
    physics = held_arm(load_robot('qube_servo_2').physics)
    states = simulate(physics, dynamics.make_state(0.0, 0.01, 0.0, 0.0), 3.0, 2e-4)
    assert period(states, 2e-4) == pytest.approx(0.5883, rel=1e-3)


@pytest.mark.parametrize('robot', ROBOTS, ids=IDS)
def test_small_swing_period_with_a_free_arm(robot: Robot) -> None:
    """The arm recoils: the swing feels m22 - m12^2 / m11, and 2 pi sqrt of that over m g c."""
    physics = frictionless(robot.physics)
    k = dynamics.make_coefficients(physics)
    rest = np.arctan2(-k.weight_y, -k.weight_z)  # where the centre of mass hangs lowest
    m11, m12, m22 = dynamics.mass_matrix(k, rest, np)
    expected = 2 * np.pi * np.sqrt((m22 - m12**2 / m11) / np.hypot(k.weight_y, k.weight_z))
    states = simulate(physics, dynamics.make_state(0.0, rest + 0.005, 0.0, 0.0), 3.0, 2e-4)
    assert period(states, 2e-4, rest) == pytest.approx(expected, rel=1e-3)


def period(states: list[State], dt: float, rest: float = 0.0) -> float:
    """Mean time between upward passes through `rest`."""
    angle = np.array([state.pendulum_angle for state in states]) - rest
    passes = np.flatnonzero((angle[:-1] < 0) & (angle[1:] >= 0))
    return float((passes[-1] - passes[0]) * dt / (len(passes) - 1))


def test_pendulum_rests_hanging_and_upright_only() -> None:
    robot = load_robot('qube_servo_2')
    k = dynamics.make_coefficients(robot.physics)
    angle = np.array([0.0, np.pi, np.pi / 2])
    _, a2 = dynamics.acceleration(k, dynamics.make_state(0 * angle, angle, 0.0, 0.0), 0.0, 0.0, np)
    np.testing.assert_allclose(a2[:2], 0, atol=1e-12)
    assert a2[2] < -10  # falls back towards hanging


def test_batch_of_robots_equals_its_members() -> None:
    physics = [frictionless(robot.physics) for robot in ROBOTS]
    together = stacked(*physics)
    states = random_states(len(physics))
    batch = simulate(together, states, 0.01, 1e-3)[-1]
    for i, one in enumerate(physics):
        alone = simulate(one, State(*(field[i] for field in states)), 0.01, 1e-3)[-1]
        np.testing.assert_allclose([field[i] for field in batch], alone, rtol=1e-12)


def stacked(*nodes):
    """Robots of one kind as one, each leaf of shape (B,)."""
    if isinstance(nodes[0], tuple):
        return type(nodes[0])(*(stacked(*fields) for fields in zip(*nodes, strict=True)))
    return np.array(nodes)

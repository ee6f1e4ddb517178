# SPDX-License-Identifier: Apache-2.0
"""All backends against C MuJoCo on the compiled URDF, stepped by a bare loop of its own.

The URDF is compiled as it stands and gets what a URDF cannot hold: gravity and the rotor's
inertia. Errors of trajectories are of each quantity, in units of its largest value or 1.
"""

from functools import cache

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
import pytest

from furuta_description import dynamics, motor
from furuta_description.dynamics import State
from furuta_description.motor import frictionless
from furuta_description.robot import Physics, Robot, load_robot
from furuta_description.urdf import make_urdf
from furuta_sim.backends.analytic import AnalyticBackend
from furuta_sim.backends.mjx import MjxBackend
from furuta_sim.backends.mujoco import MujocoBackend

DT = 1e-3  # [s]
BACKENDS = [AnalyticBackend, MjxBackend, MujocoBackend]


def random_robot(seed: int) -> Robot:
    """Furuta with other lengths and cable, and bodies of four random point masses each."""
    rng = np.random.default_rng(seed)
    values = {
        'physics.arm.length': rng.uniform(0.05, 0.2),
        'physics.cable.softening': rng.uniform(0.2, 3.0),
    }
    for name, middle in (('arm', (0.06, 0, 0)), ('pendulum', (0.01, 0, -0.1))):
        masses = rng.uniform(0.005, 0.03, 4)
        points = np.array(middle) + rng.uniform(-0.06, 0.06, (4, 3))
        center = masses @ points / masses.sum()
        offsets = points - center
        second_moments = np.einsum('b,bi,bj->ij', masses, offsets, offsets)
        inertia = np.trace(second_moments) * np.eye(3) - second_moments
        entries = inertia[[0, 1, 2, 0, 0, 1], [0, 1, 2, 1, 2, 2]]
        values[f'physics.{name}.mass'] = float(masses.sum())
        values[f'physics.{name}.center_of_mass'] = center.tolist()
        values[f'physics.{name}.inertia'] = entries.tolist()
    return load_robot('furuta').with_values(values)


ROBOTS = [load_robot('furuta'), load_robot('qube_servo_2'), *(random_robot(i) for i in range(6))]


def stacked(nodes):
    """Robots as one, each leaf of shape (B,)."""
    if isinstance(nodes[0], tuple):
        return type(nodes[0])(*(stacked(fields) for fields in zip(*nodes, strict=True)))
    return np.array(nodes, dtype=float)


def spread(count: int, scale: tuple[float, float, float, float]) -> State:
    """`count` random states of every robot, robots first."""
    rng = np.random.default_rng(0)
    drawn = (rng.uniform(-a, a, count * len(ROBOTS)) for a in scale)
    return dynamics.make_state(*drawn)


def robots(count: int, change=lambda physics: physics) -> list[Physics]:
    """Every robot `count` times."""
    return [change(robot.physics) for robot in ROBOTS for _ in range(count)]


def compile_urdf(robot: Robot, dt: float) -> mujoco.MjModel:
    spec = mujoco.MjSpec.from_string(make_urdf(robot))
    model = spec.compile()
    model.opt.timestep = dt
    model.opt.gravity[:] = 0, 0, -robot.physics.gravity
    model.dof_armature[0] = dynamics.reflected_rotor_inertia(robot.physics)
    assert not model.dof_damping.any() and not model.dof_frictionloss.any()
    return model


COMPILED = [compile_urdf(robot, DT) for robot in ROBOTS]


def reference(physics: list[Physics], starts: State, voltage: np.ndarray, dt: float) -> np.ndarray:
    """Bare MuJoCo loop; voltages (T, B), result (T + 1, 5, B)."""
    count = len(physics) // len(ROBOTS)
    trajectories = []
    for i, one in enumerate(physics):
        model = COMPILED[i // count]
        model.opt.timestep = dt
        data = mujoco.MjData(model)
        state = State(*(float(field[i]) for field in starts))
        data.qpos[:], data.qvel[:] = state[:2], state[2:4]
        states = [state]
        for volt in voltage[:, i]:
            drive = motor.drive(one, state, volt, dt, np)
            data.qfrc_applied[:] = drive.arm_torque, drive.pendulum_torque
            mujoco.mj_step(model, data)
            state = State(*data.qpos, *data.qvel, drive.current)
            states.append(state)
        trajectories.append(np.array(states))
    return np.moveaxis(np.array(trajectories), 0, -1)


@cache
def make_backend(kind, dt: float, x64: bool):
    """Kept, so that what JAX compiled is used again."""
    return kind(dt)


def simulate(kind, physics: list[Physics], starts: State, voltage: np.ndarray, dt: float):
    """The same by a backend, whole batch at once."""
    backend = make_backend(kind, dt, jax.config.jax_enable_x64)
    cast = np.asarray if kind is MujocoBackend else jnp.asarray
    model = backend.prepare(stacked(physics))
    states = [State(*map(cast, starts))]
    for volt in voltage:
        states.append(backend.step(model, states[-1], cast(volt)))
    return np.array(states, dtype=float)


def each_precision(tolerance: float, tolerance32: float):
    """The three backends in float64, and the two of JAX in float32 too."""
    cases = [(kind, True, tolerance) for kind in BACKENDS]
    cases += [(kind, False, tolerance32) for kind in BACKENDS[:2]]
    names = [f'{kind.__name__}-float{64 if x64 else 32}' for kind, x64, _ in cases]
    return pytest.mark.parametrize(('kind', 'x64', 'tolerance'), cases, ids=names)


@each_precision(1e-9, 1e-4)
def test_accelerations_agree_over_random_states(kind, x64: bool, tolerance: float) -> None:
    """One step of 1 s: the change of velocity is the acceleration, without cancellation."""
    count = 100
    starts = spread(count, (3, np.pi, 15, 15))
    voltage = np.random.default_rng(1).uniform(-12, 12, (1, len(starts[0])))
    physics = robots(count)
    expected = reference(physics, starts, voltage, 1.0)
    with jax.enable_x64(x64):
        states = simulate(kind, physics, starts, voltage, 1.0)
    difference = np.linalg.norm((states - expected)[1, 2:4], axis=0)
    size = np.linalg.norm((expected[1] - expected[0])[2:4], axis=0)
    assert (difference / size).max() < tolerance


@each_precision(1e-7, 1e-4)
def test_frictionless_second_from_hanging_agrees(kind, x64: bool, tolerance: float) -> None:
    starts = spread(2, (1, 0.5, 3, 5))
    voltage = np.zeros((1000, len(starts[0])))
    check_trajectories(kind, x64, robots(2, frictionless), starts, voltage, tolerance)


@each_precision(1e-6, 1e-4)
def test_driven_second_with_friction_agrees(kind, x64: bool, tolerance: float) -> None:
    """The whole motor and friction model under a voltage that reverses three times a second."""
    starts = spread(2, (1, 0.5, 3, 5))
    amplitude = np.random.default_rng(1).uniform(1, 5, len(starts[0]))
    voltage = np.sin(2 * np.pi * 1.5 * np.arange(1000) * DT)[:, None] * amplitude
    check_trajectories(kind, x64, robots(2), starts, voltage, tolerance)


def check_trajectories(kind, x64, physics, starts, voltage, tolerance) -> None:
    expected = reference(physics, starts, voltage, DT)
    with jax.enable_x64(x64):
        states = simulate(kind, physics, starts, voltage, DT)
    scale = np.maximum(1, np.abs(expected).max(axis=0))
    assert (np.abs(states - expected) / scale).max() < tolerance

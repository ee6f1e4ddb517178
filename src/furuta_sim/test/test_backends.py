# SPDX-License-Identifier: Apache-2.0
"""What every backend must do, over every backend."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from furuta_description.dynamics import State, make_state
from furuta_description.robot import Physics, load_robot
from furuta_sim.backends.analytic import AnalyticBackend, Float32Math
from furuta_sim.backends.base import Backend
from furuta_sim.backends.mjx import MjxBackend
from furuta_sim.backends.mujoco import MujocoBackend

B, STEPS = 6, 10
PHYSICS = load_robot('furuta').physics


def states(count: int = B) -> State:
    rng = np.random.default_rng(0)
    drawn = (rng.uniform(-a, a, count).astype(np.float32) for a in (2, np.pi, 10, 10))
    return make_state(*drawn)


VOLTAGE = np.linspace(-10, 10, B, dtype=np.float32)


def mixed_robots() -> Physics:
    """B robots that differ in a mass, in the motor and in friction; all else is shared."""
    factor = np.linspace(0.8, 1.2, B)
    friction = PHYSICS.arm.friction
    return PHYSICS._replace(
        arm=PHYSICS.arm._replace(friction=friction._replace(viscous=friction.viscous * factor)),
        pendulum=PHYSICS.pendulum._replace(mass=PHYSICS.pendulum.mass * factor),
        motor=PHYSICS.motor._replace(resistance=PHYSICS.motor.resistance * factor),
    )


def member(node, i: int):
    """Robot i of a batch."""
    if isinstance(node, tuple):
        return type(node)(*(member(field, i) for field in node))
    return float(node[i]) if np.ndim(node) else node


BACKENDS = [AnalyticBackend(1e-3), MjxBackend(1e-3), MujocoBackend(1e-3)]


@pytest.mark.parametrize('backend', BACKENDS, ids=lambda backend: type(backend).__name__)
class TestBackend:
    def test_result_has_the_shape_of_the_state_and_is_finite(self, backend: Backend) -> None:
        after = backend.step(backend.prepare(PHYSICS), states(), VOLTAGE, STEPS)
        assert isinstance(after, State)
        for field in after:
            assert field.shape == (B,)
            assert np.isfinite(field).all()

    def test_given_state_is_left_as_it_was(self, backend: Backend) -> None:
        before = states()
        backend.step(backend.prepare(PHYSICS), before, VOLTAGE, STEPS)
        np.testing.assert_array_equal(before, states())

    def test_single_steps_of_one_robot_equal_many_of_a_batch(self, backend: Backend) -> None:
        model = backend.prepare(PHYSICS)
        alone = State(*(field[:1] for field in states()))
        for _ in range(STEPS):
            alone = backend.step(model, alone, VOLTAGE[:1])
        assert alone.arm_angle.shape == (1,)
        batch = backend.step(model, states(), VOLTAGE, STEPS)
        np.testing.assert_allclose(member(batch, 0), member(alone, 0), rtol=1e-4, atol=1e-5)

    def test_batch_of_robots_equals_its_members(self, backend: Backend) -> None:
        after = backend.step(backend.prepare(mixed_robots()), states(), VOLTAGE, STEPS)
        for i in range(B):
            alone = backend.step(
                backend.prepare(member(mixed_robots(), i)), states(), VOLTAGE, STEPS
            )
            np.testing.assert_allclose(member(after, i), member(alone, i), rtol=1e-4, atol=1e-5)

    def test_robots_of_a_batch_differ(self, backend: Backend) -> None:
        same = State(*(field[:1].repeat(B) for field in states()))
        after = backend.step(backend.prepare(mixed_robots()), same, 0 * VOLTAGE + 5, STEPS)
        assert len(np.unique(np.round(after.arm_velocity, 4))) == B

    def test_machine_at_rest_stays_there(self, backend: Backend) -> None:
        free = PHYSICS._replace(cable=PHYSICS.cable._replace(stiffness=0.0))
        # The furuta's centre of mass hangs straight below the joint, so angle 0 is its rest.
        rest = State(*np.zeros((5, B), np.float32))
        after = backend.step(backend.prepare(free), rest, 0 * VOLTAGE, STEPS)
        np.testing.assert_allclose(after, 0, atol=1e-6)

    def test_positive_voltage_turns_the_arm_counter_clockwise(self, backend: Backend) -> None:
        rest = State(*np.zeros((5, B), np.float32))
        after = backend.step(backend.prepare(PHYSICS), rest, 0 * VOLTAGE + 5, STEPS)
        assert (after.arm_velocity > 0).all()

    def test_robot_that_diverged_stays_so_and_spoils_no_other(
        self, backend: Backend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)  # where MuJoCo writes its log
        state = states()
        state.pendulum_velocity[2] = np.nan
        model = backend.prepare(PHYSICS)
        after = np.array(backend.step(model, state, VOLTAGE, STEPS))
        good = np.array(backend.step(model, states(), VOLTAGE, STEPS))
        assert np.isnan(after[1, 2])
        others = np.arange(B) != 2
        np.testing.assert_array_equal(after[:, others], good[:, others])


@pytest.mark.parametrize('backend', BACKENDS[:2], ids=['AnalyticBackend', 'MjxBackend'])
def test_prepare_and_step_may_be_traced(backend: Backend) -> None:
    @jax.jit
    def program(mass: jax.Array, state: State) -> State:
        physics = PHYSICS._replace(pendulum=PHYSICS.pendulum._replace(mass=mass))
        return backend.step(backend.prepare(physics), state, VOLTAGE, STEPS)

    mass = mixed_robots().pendulum.mass
    after = program(mass, states())
    for i in (0, B - 1):
        physics = PHYSICS._replace(pendulum=PHYSICS.pendulum._replace(mass=mass[i]))
        alone = backend.step(backend.prepare(physics), states(), VOLTAGE, STEPS)
        np.testing.assert_allclose(member(after, i), member(alone, i), rtol=1e-4, atol=1e-5)


def test_gradient_of_the_closed_form_is_that_of_finite_differences() -> None:
    with jax.enable_x64(True):
        backend = AnalyticBackend(1e-3)
        start = State(*(jnp.asarray(field, jnp.float64) for field in states()))

        def final_angle(resistance: float) -> jax.Array:
            physics = PHYSICS._replace(motor=PHYSICS.motor._replace(resistance=resistance))
            return backend.step(backend.prepare(physics), start, VOLTAGE, 50).arm_angle.sum()

        h = 1e-5
        slope = (final_angle(2.0 + h) - final_angle(2.0 - h)) / (2 * h)
        assert jax.grad(final_angle)(2.0) == pytest.approx(float(slope), rel=1e-6)


def test_fast_sine_and_cosine_are_right_to_float32() -> None:
    angle = np.linspace(-100 * 2 * np.pi, 100 * 2 * np.pi, 200_001).astype(np.float32)
    xp = Float32Math()
    exact = angle.astype(float)
    np.testing.assert_allclose(xp.sin(jnp.asarray(angle)), np.sin(exact), rtol=0, atol=2e-7)
    np.testing.assert_allclose(xp.cos(jnp.asarray(angle)), np.cos(exact), rtol=0, atol=2e-7)

# SPDX-License-Identifier: Apache-2.0
"""Many candidate robots through many windows at once, in one compiled program.

The equations are `dynamics.step` in JAX, the voltage is shifted by each candidate's own delay, to
the fraction of a physics step. The same simulation gives losses (fast, float32) and residuals
with their derivatives (float64).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from furuta_description import dynamics
from furuta_description.dynamics import State
from furuta_description.robot import Physics, Robot
from furuta_sim.backends.analytic import Float32Math
from furuta_sysid import parameters as space
from furuta_sysid.parameters import Floats
from furuta_sysid.priors import Parameter
from furuta_sysid.windows import Windows

Array = Any
LOCALS = 5  # of each window: two angles, two velocities, zero error of the pendulum
FAR = 1e3  # loss of a candidate that ran away


class Inputs(NamedTuple):
    """What the compiled program takes of the windows."""

    voltage: Array  # (pad + T substeps, W)
    angles: Array  # (T, 2, W)
    weight: Array  # (T, W)
    scale: Array  # (2, W) [rad] what a residual is measured in


@dataclass(frozen=True)
class Problem:
    """What the program is compiled for; equal problems share it."""

    parameters: tuple[Parameter, ...]
    physics: Physics
    delay: float  # [s] of the robot file
    dt: float  # physics step [s]
    substeps: int
    pad: int
    samples: int  # of a window

    def prepare(self, unit: Array, start: Array, fine: Array, xp: Any) -> Run:
        """Candidates from `start`, four arrays of the shape of the batch; unit (..., P)."""
        values = space.to_values(self.parameters, unit, jnp)
        named = {p.name: values[..., i] for i, p in enumerate(self.parameters)}
        delay = named.pop('delay', jnp.asarray(self.delay, unit.dtype))
        physics = space.with_parameters(self.physics, named)
        shift = partial(
            _delayed, fine, count=self.samples * self.substeps, dt=self.dt, pad=self.pad
        )
        if start[0].ndim == 1:
            voltage = shift(delay)
        else:
            voltage = jax.vmap(shift, out_axes=1)(jnp.broadcast_to(delay, (len(unit), 1)))
        voltage = voltage.reshape(self.samples, self.substeps, *start[0].shape)
        state = State(start[0], start[1], start[2], start[3], jnp.zeros_like(start[0]))
        model = physics, dynamics.make_coefficients(physics)
        return Run(model, state, voltage, partial(self._advance, model, xp))

    def _advance(self, model: Any, xp: Any, state: State, voltage: Array) -> State:
        """One sample on, under voltages of its physics steps (substeps, ...)."""
        physics, coefficients = model

        def step(i: Any, state: State) -> State:
            return dynamics.step(physics, coefficients, state, voltage[i], self.dt, xp)

        after: State = jax.lax.fori_loop(0, self.substeps, step, state)
        return after


class Run(NamedTuple):
    """A batch that is ready to go."""

    model: Any
    state: State
    voltage: Array  # (T, substeps, ...)
    advance: Callable[[State, Array], State]


class Simulation:
    """The windows and free parameters of one robot."""

    def __init__(self, robot: Robot, parameters: Sequence[Parameter], windows: Windows) -> None:
        """Nothing is compiled before it is used."""
        self.parameters, self.windows = tuple(parameters), windows
        self.problem = Problem(
            self.parameters, robot.physics, robot.timing.torque_delay, windows.dt,
            windows.substeps, windows.pad, len(windows.angles),
        )  # fmt: skip

    def losses(self, unit: Floats, scale: Floats) -> Floats:
        """Mean soft-L1 loss of candidates (B,), from the starts that were read off.

        Args:
            unit: (B, P) in the unit cube.
            scale: (2, W) [rad] beyond which a residual counts in proportion, not squared.
        """
        found = _losses(
            self.problem,
            jnp.asarray(unit, jnp.float32),
            jnp.asarray(self.windows.start, jnp.float32),
            self._inputs(scale, jnp.float32),
        )
        return np.asarray(found, np.float64)

    def residuals(self, unit: Floats, local: Floats, scale: Floats) -> Floats:
        """Residuals (T, 2, W) over `scale`, of one robot (P,) and local unknowns (W, 5)."""
        with jax.enable_x64(True):
            return np.asarray(_residuals(self.problem, *self._point(unit, local, scale)))

    def jacobian(self, unit: Floats, local: Floats, scale: Floats) -> tuple[Floats, Floats]:
        """The same and their derivatives (T, 2, W, P + 5)."""
        with jax.enable_x64(True):
            found = _jacobian(self.problem, *self._point(unit, local, scale))
            return np.asarray(found[0]), np.asarray(found[1])

    def local_start(self) -> Floats:
        """Local unknowns (W, 5) as read off."""
        return np.pad(self.windows.start, ((0, 0), (0, 1)))

    def _point(self, unit: Floats, local: Floats, scale: Floats) -> tuple[Array, Array, Inputs]:
        inputs = self._inputs(scale, jnp.float64)
        return jnp.asarray(unit, jnp.float64), jnp.asarray(local.T, jnp.float64), inputs

    def _inputs(self, scale: Floats, kind: Any) -> Inputs:
        w = self.windows
        return Inputs(*(jnp.asarray(x, kind) for x in (w.voltage, w.angles, w.weight, scale)))


@partial(jax.jit, static_argnums=0)
def _losses(problem: Problem, unit: Array, start: Array, inputs: Inputs) -> Array:
    begin = jnp.broadcast_to(start.T[:, None], (4, len(unit), len(start)))
    run = problem.prepare(unit[:, None], begin, inputs.voltage, Float32Math())

    def sample(carry: Any, given: Any) -> tuple[Any, None]:
        state, total = carry
        voltage, angles, weight = given
        state = run.advance(state, voltage)
        z = jnp.stack([state.arm_angle, state.pendulum_angle]) - angles[:, None]
        z = z / inputs.scale[:, None]
        return (state, total + weight * (jnp.sqrt(1 + z * z) - 1).sum(0)), None

    given = (run.voltage, inputs.angles, inputs.weight)
    (_, total), _ = jax.lax.scan(sample, (run.state, jnp.zeros_like(run.state[0])), given)
    total = jnp.where(jnp.isfinite(total), total, FAR * inputs.weight.sum(0))
    return total.sum(-1) / (2 * inputs.weight.sum())


@partial(jax.jit, static_argnums=0)
def _residuals(problem: Problem, unit: Array, local: Array, inputs: Inputs) -> Array:
    """Residuals (T, 2, W) of one robot (P,) from its own starts (5, W)."""
    run = problem.prepare(unit, local[:4], inputs.voltage, jnp)

    def sample(state: State, voltage: Array) -> tuple[State, Array]:
        state = run.advance(state, voltage)
        return state, jnp.stack([state.arm_angle, state.pendulum_angle + local[4]])

    angles = jax.lax.scan(sample, run.state, run.voltage)[1]
    return (angles - inputs.angles) / inputs.scale * inputs.weight[:, None]


@partial(jax.jit, static_argnums=0)
def _jacobian(problem: Problem, unit: Array, local: Array, inputs: Inputs) -> tuple[Array, Array]:
    """Forward mode: a tangent for each parameter, and for each local unknown of all windows.

    Windows do not act on each other, so one tangent moves all of their first unknowns.
    """
    count = len(unit) + LOCALS
    directions = jnp.eye(count, dtype=unit.dtype)
    tangents = (
        directions[:, : len(unit)],
        jnp.broadcast_to(directions[:, len(unit) :, None], (count, *local.shape)),
    )

    def push(tangent: Any) -> tuple[Array, Array]:
        pushed: tuple[Array, Array] = jax.jvp(
            lambda u, z: _residuals(problem, u, z, inputs), (unit, local), tangent
        )
        return pushed

    found: tuple[Array, Array] = jax.vmap(push, out_axes=(None, -1))(tangents)
    return found


def _delayed(fine: Array, delay: Array, count: int, dt: float, pad: int) -> Array:
    """Mean voltage in each physics step, (count, W), of voltages that act `delay` later.

    Shifted by whole steps, and the rest as a share of the step before: `channel.received` gives
    the same for a message that arrives within a step.
    """
    steps = (delay / dt).reshape(())
    whole = jnp.clip(jnp.floor(steps), 0, pad - 1)
    begin = pad - whole.astype(int)
    late = jax.lax.dynamic_slice_in_dim(fine, begin, count)
    later = jax.lax.dynamic_slice_in_dim(fine, begin - 1, count)
    return late + (steps - whole) * (later - late)

# SPDX-License-Identifier: Apache-2.0
"""MuJoCo's dynamics in JAX (MJX): an independent check of the closed form that runs under jit."""

from __future__ import annotations

import contextlib
import io
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import mujoco

from furuta_description import motor
from furuta_description.dynamics import State
from furuta_description.mjcf import ModelFields, make_mjcf, make_model_fields
from furuta_description.robot import Physics

with contextlib.redirect_stdout(io.StringIO()):  # it prints that there is no NVIDIA Warp
    from mujoco import mjx


class Model(NamedTuple):
    """Robots as MJX takes them."""

    physics: Physics
    fields: ModelFields


class MjxBackend:
    """MJX in JAX's default precision."""

    def __init__(self, dt: float) -> None:
        """Step by `dt` [s]."""
        self.dt = dt
        model = mujoco.MjModel.from_xml_string(make_mjcf(dt))
        self._model = mjx.put_model(model)
        self._data = mjx.make_data(model)

    def prepare(self, physics: Physics) -> Model:
        """See `base.Backend.prepare`."""
        return Model(physics, make_model_fields(physics, jnp))

    @partial(jax.jit, static_argnums=(0, 4))
    def step(self, model: Model, state: State, voltage: jax.Array, steps: int = 1) -> State:
        """See `base.Backend.step`."""
        batched = 0 if model.fields.dof_armature.ndim == 2 else None
        step = jax.vmap(self._step_one, in_axes=(batched, 0, 0, 0))

        def advance(_: Any, state: State) -> State:
            drive = motor.drive(model.physics, state, voltage, self.dt, jnp)
            torque = jnp.stack((drive.arm_torque, drive.pendulum_torque), -1)
            position = jnp.stack((state.arm_angle, state.pendulum_angle), -1)
            velocity = jnp.stack((state.arm_velocity, state.pendulum_velocity), -1)
            position, velocity = step(model.fields, position, velocity, torque)
            (q1, q2), (v1, v2) = position.T, velocity.T
            return State(q1, q2, v1, v2, drive.current)

        after: State = jax.lax.fori_loop(0, steps, advance, state)
        return after

    def _step_one(
        self, fields: ModelFields, position: jax.Array, velocity: jax.Array, torque: jax.Array
    ) -> tuple[jax.Array, jax.Array]:
        """One robot, one step; (2,) each [rad], [rad/s], [N m]."""
        values = fields._asdict()
        model = self._model.tree_replace({'opt.gravity': values.pop('gravity'), **values})
        data = self._data.replace(qpos=position, qvel=velocity, qfrc_applied=torque)
        data = mjx.step(model, data)
        return data.qpos, data.qvel

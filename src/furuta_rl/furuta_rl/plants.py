# SPDX-License-Identifier: Apache-2.0
"""Randomized robots on any backend: the one place where the environment knows which one it is.

`analytic` and `mjx` make a robot's model anew in every control step, which takes less time than
carrying it along; C MuJoCo's compiled models are kept and only those of new episodes are made.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from furuta_description import channel, randomization
from furuta_description.channel import Line
from furuta_description.dynamics import State
from furuta_description.randomization import Ranges
from furuta_description.robot import Physics
from furuta_sim.backends.base import Backend

Array = Any  # numpy or jax array

BACKENDS = ('analytic', 'mjx', 'mujoco')


class Plants:
    """Steps robots that deviate from the nominal one."""

    def __init__(self, backend: str, physics: Physics, ranges: Ranges, dt: float) -> None:
        """Make the backend, stepping by `dt` [s].

        Raises:
            ValueError: the backend is not known.
        """
        self.backend = make_backend(backend, dt)
        self.xp: Any = np if backend == 'mujoco' else jnp
        self._physics, self._ranges = physics, ranges
        self._keeps_model = backend == 'mujoco'
        self._keeps_axes = backend == 'mjx'
        self._nominal = self.backend.prepare(physics)

    def make_model(self, deviations: Array) -> Any:
        """What is to be kept of robots with these deviations (B, n)."""
        if not self._keeps_model:
            return None
        compiled = self._prepare(deviations).compiled
        return compiled * len(deviations) if len(compiled) == 1 else compiled

    def renew(self, kept: Any, deviations: Array, ended: Array) -> Any:
        """What is to be kept after new robots took the place of those that `ended` (B,)."""
        if not self._keeps_model:
            return None
        new = iter(self.make_model(deviations[ended]))
        return [next(new) if is_new else old for is_new, old in zip(ended, kept, strict=True)]

    def model(self, kept: Any, deviations: Array) -> Any:
        """The backend's model of robots with these deviations (B, n)."""
        if not self._keeps_model:
            return self._prepare(deviations)
        physics = randomization.draw(self._physics, self._ranges, deviations)
        return self._nominal._replace(physics=physics, compiled=kept)

    def advance(
        self, model: Any, state: State, line: Line, steps: int, energy: Array | None = None
    ) -> tuple[State, Array | None]:
        """Physics steps under the voltages that arrive on the line.

        Args:
            model: what `model` gave.
            state: (B,) each.
            line: to the motors.
            steps: how many.
            energy: (B,) [J] that the motors took so far; None counts nothing.

        Returns:
            The new state and energy. Counted is |voltage x current|, cut at the supply: what a
            motor gives back while it brakes is burnt elsewhere.
        """
        dt, xp = self.backend.dt, self.xp

        def step(i: Any, before: tuple[State, Array | None]) -> tuple[State, Array | None]:
            state, energy = before
            voltage = channel.received(line, i * dt, dt, xp)
            state = self.backend.step(model, state, voltage)
            if energy is not None:
                limited = xp.minimum(xp.abs(voltage), model.physics.motor.supply_voltage)
                energy = energy + dt * limited * xp.abs(state.current)
            return state, energy

        after: tuple[State, Array | None] = self.loop(steps, step, (state, energy))
        return after

    def loop(self, count: int, body: Callable[[Any, Any], Any], start: Any) -> Any:
        """`body(i, before)` for i in 0..count-1, as the backend's array module does it best."""
        if self.xp is jnp:
            return jax.lax.fori_loop(0, count, body, start)
        for i in range(count):
            start = body(i, start)
        return start

    def _prepare(self, deviations: Array) -> Any:
        physics = randomization.draw(self._physics, self._ranges, deviations)
        model = self.backend.prepare(physics)
        return self._with_nominal_axes(model) if self._keeps_axes else model

    def _with_nominal_axes(self, model: Any) -> Any:
        """The model without its eigenvectors, which the compiler then leaves out.

        An inertia is only ever scaled as a whole, so its axes stay where they are. Finding them
        again takes longer than a control step.
        """
        nominal, physics = self._nominal.fields, model.physics
        scales = (
            physics.arm.inertia.xx / self._physics.arm.inertia.xx,
            physics.pendulum.inertia.xx / self._physics.pendulum.inertia.xx,
        )
        shape = model.fields.body_mass.shape
        scale = jnp.stack([jnp.broadcast_to(x, shape[:-1]) for x in (1.0, *scales)], axis=-1)
        fields = model.fields._replace(
            body_inertia=nominal.body_inertia * scale[..., None],
            body_iquat=jnp.broadcast_to(nominal.body_iquat, (*shape, 4)),
        )
        return model._replace(fields=fields)


def make_backend(name: str, dt: float) -> Backend[Any]:
    """A backend by name, stepping by `dt` [s]; imports only that one's libraries.

    Raises:
        ValueError: there is none of that name.
    """
    if name == 'analytic':
        from furuta_sim.backends.analytic import AnalyticBackend

        return AnalyticBackend(dt)
    if name == 'mjx':
        from furuta_sim.backends.mjx import MjxBackend

        return MjxBackend(dt)
    if name == 'mujoco':
        from furuta_sim.backends.mujoco import MujocoBackend

        return MujocoBackend(dt)
    raise ValueError(f'no backend {name!r}; valid are {", ".join(BACKENDS)}')

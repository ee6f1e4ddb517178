# SPDX-License-Identifier: Apache-2.0
"""C MuJoCo, one step at a time for the whole batch on all cores; always in float64."""

from __future__ import annotations

import copy
import os
from typing import Any, NamedTuple

import mujoco
import numpy as np
from mujoco.rollout import Rollout
from numpy.typing import NDArray

from furuta_description import motor
from furuta_description.dynamics import State
from furuta_description.mjcf import ModelFields, make_mjcf, make_model_fields
from furuta_description.robot import Physics

_TORQUE = mujoco.mjtState.mjSTATE_QFRC_APPLIED.value


class Model(NamedTuple):
    """Robots as C MuJoCo takes them: one compiled model for all, or one for each."""

    physics: Physics
    compiled: list[mujoco.MjModel]


class MujocoBackend:
    """C MuJoCo behind numpy arrays."""

    def __init__(self, dt: float, threads: int | None = None) -> None:
        """Step by `dt` [s] on `threads` cores, by default on all."""
        self.dt = dt
        self._model = mujoco.MjModel.from_xml_string(make_mjcf(dt))
        count = threads or len(os.sched_getaffinity(0))
        self._data = [mujoco.MjData(self._model) for _ in range(count)]
        self._pool = Rollout(nthread=count if count > 1 else 0)

    def prepare(self, physics: Physics) -> Model:
        """See `base.Backend.prepare`."""
        fields = make_model_fields(physics, np)
        if fields.dof_armature.ndim == 1:
            return Model(physics, [self._compiled(fields)])
        return Model(
            physics, [self._compiled(ModelFields(*row)) for row in zip(*fields, strict=True)]
        )

    def step(self, model: Model, state: State, voltage: NDArray[Any], steps: int = 1) -> State:
        """See `base.Backend.step`."""
        now = np.zeros(
            (len(state.arm_angle), 1, 5)
        )  # mjSTATE_FULLPHYSICS: time, angles, velocities
        now[:, 0, 1:].T[:] = state[:4]
        for _ in range(steps):
            drive = motor.drive(model.physics, state, voltage, self.dt, np)
            torque = np.stack(drive[:2], axis=-1, dtype=np.float64)
            now = self._advance(model, now, torque)
            q1, q2, v1, v2 = now[:, 0, 1:].T.copy()
            state = State(q1, q2, v1, v2, drive.current)
        return state

    def _advance(self, model: Model, now: NDArray[Any], torque: NDArray[Any]) -> NDArray[Any]:
        """One step of all robots from `now` (B, 1, 5) under `torque` (B, 2) [N m]."""
        after = np.empty_like(now)
        compiled = model.compiled * len(now) if len(model.compiled) == 1 else model.compiled
        self._pool.rollout(
            compiled,
            self._data,
            now,
            torque[:, None],
            control_spec=_TORQUE,
            skip_checks=True,
            nstep=1,
            state=after,
            sensordata=np.empty((len(now), 1, 0)),
        )
        return after

    def _compiled(self, fields: ModelFields) -> mujoco.MjModel:
        model = copy.copy(self._model)
        set_fields(model, fields)
        return model


def set_fields(model: mujoco.MjModel, fields: ModelFields) -> None:
    """Put the numbers of one robot into a compiled model with the bodies of `make_mjcf`."""
    values = fields._asdict()
    model.opt.gravity[:] = values.pop('gravity')
    for name, value in values.items():
        getattr(model, name)[:] = value

# SPDX-License-Identifier: Apache-2.0
"""The robot as MuJoCo takes it: the tree of bodies, and the numbers that go into a compiled model.

The numbers are set in the compiled model, not written into the text, so that a batch of
randomized robots needs one compilation. Nothing here adds damping, friction or actuators: all
torques come from `motor.py`, the same in every backend.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from furuta_description import dynamics
from furuta_description.quantities import Inertia
from furuta_description.robot import Physics

Array = Any  # numpy or jax array

# Placeholders: `make_model_fields` has the numbers. An inertial frame unlike the body's keeps
# the compiler from leaving it out of the kinematics (mjModel.body_sameframe).
_INERTIAL = '<inertial pos="1 1 1" quat="1 1 1 1" mass="1" diaginertia="1 1 1"/>'


class ModelFields(NamedTuple):
    """Fields of mjModel that depend on the robot, named as there, for one robot or (B,) first.

    Bodies are world, arm, pendulum; the world's rows are 0, or the unit quaternion.
    """

    gravity: Array  # (3,) [m/s^2], of mjModel.opt
    body_pos: Array  # (3, 3) [m] joint in the parent's frame
    body_mass: Array  # (3,) [kg]
    body_subtreemass: Array  # (3,) [kg]
    body_ipos: Array  # (3, 3) [m] centre of mass
    body_iquat: Array  # (3, 4) principal axes
    body_inertia: Array  # (3, 3) [kg m^2] principal moments
    dof_armature: Array  # (2,) [kg m^2]


def make_mjcf(dt: float) -> str:
    """MJCF text of the bodies and joints that the URDF has, with placeholders for numbers.

    Args:
        dt: physics step [s].
    """
    # Constraints, and damping inside the integrator, cost time and do nothing here; with autoreset
    # MuJoCo would replace a state that has diverged by the initial one, unseen. "sparse" makes MJX
    # 1.2 times as fast: it factorizes the mass matrix in place of calling LAPACK for each robot.
    return f"""
<mujoco model="furuta">
  <option timestep="{dt!r}" integrator="Euler" jacobian="sparse">
    <flag contact="disable" constraint="disable" eulerdamp="disable" autoreset="disable"/>
  </option>
  <worldbody>
    <body name="arm_link">
      <joint name="arm_joint" axis="0 0 1"/>
      {_INERTIAL}
      <body name="pendulum_link">
        <joint name="pendulum_joint" axis="1 0 0"/>
        {_INERTIAL}
      </body>
    </body>
  </worldbody>
</mujoco>"""


def make_model_fields(physics: Physics, xp: Any) -> ModelFields:
    """Numbers of one robot, or of B robots where any leaf that is needed here has shape (B,).

    Args:
        physics: one robot, or B robots.
        xp: numpy or jax.numpy.
    """
    arm, pendulum = physics.arm, physics.pendulum
    leaves = xp.broadcast_arrays(
        physics.gravity,
        arm.length, arm.mass, pendulum.mass,
        *arm.center_of_mass, *pendulum.center_of_mass,
        *arm.inertia, *pendulum.inertia,
        dynamics.reflected_rotor_inertia(physics),
    )  # fmt: skip
    gravity, length, m1, m2, *rest, armature = leaves
    zero = xp.zeros_like(length)
    moments1, axes1 = _principal(Inertia(*rest[6:12]), xp)
    moments2, axes2 = _principal(Inertia(*rest[12:18]), xp)
    world_axes = _stack(xp, zero + 1, zero, zero, zero)
    origin = _stack(xp, zero, zero, zero)
    return ModelFields(
        gravity=_stack(xp, zero, zero, -gravity),
        body_pos=_rows(xp, origin, origin, _stack(xp, length, zero, zero)),
        body_mass=_stack(xp, zero, m1, m2),
        body_subtreemass=_stack(xp, m1 + m2, m1 + m2, m2),
        body_ipos=_rows(xp, origin, _stack(xp, *rest[0:3]), _stack(xp, *rest[3:6])),
        body_iquat=_rows(xp, world_axes, axes1, axes2),
        body_inertia=_rows(xp, origin, moments1, moments2),
        dof_armature=_stack(xp, armature, zero),
    )


def _stack(xp: Any, *values: Array) -> Array:
    return xp.stack(values, axis=-1)


def _rows(xp: Any, *rows: Array) -> Array:
    return xp.stack(rows, axis=-2)


def _principal(inertia: Inertia, xp: Any) -> tuple[Array, Array]:
    """Principal moments (..., 3) and the quaternion (..., 4) of their axes."""
    i = inertia
    matrix = _matrix(xp, (i.xx, i.xy, i.xz), (i.xy, i.yy, i.yz), (i.xz, i.yz, i.zz))
    moments, axes = xp.linalg.eigh(matrix)
    # Eigenvectors have free signs; a quaternion needs a right-handed frame.
    axes = axes * xp.sign(xp.linalg.det(axes))[..., None, None]
    return moments, _quaternion(axes, xp)


def _quaternion(rotation: Array, xp: Any) -> Array:
    """Quaternion (w, x, y, z) of a rotation matrix (..., 3, 3).

    I. Y. Bar-Itzhack, "New method for extracting the quaternion from a rotation matrix", Journal
    of Guidance, Control and Dynamics 23 (2000), version 1: the
    eigenvector of 3 K (below) with the largest eigenvalue.
    """
    (xx, xy, xz), (yx, yy, yz), (zx, zy, zz) = (
        [rotation[..., i, j] for j in range(3)] for i in range(3)
    )
    matrix = _matrix(
        xp,
        (xx + yy + zz, zy - yz, xz - zx, yx - xy),
        (zy - yz, xx - yy - zz, xy + yx, xz + zx),
        (xz - zx, xy + yx, yy - xx - zz, yz + zy),
        (yx - xy, xz + zx, yz + zy, zz - xx - yy),
    )
    return xp.linalg.eigh(matrix)[1][..., -1]


def _matrix(xp: Any, *rows: tuple[Array, ...]) -> Array:
    return _rows(xp, *(_stack(xp, *row) for row in rows))

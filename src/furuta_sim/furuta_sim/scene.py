# SPDX-License-Identifier: Apache-2.0
"""The robot as MuJoCo draws it: visuals of the URDF, light, sky, and where to look from."""

from __future__ import annotations

import math

import mujoco

from furuta_description.robot import Robot
from furuta_description.urdf import make_urdf


def make_scene(robot: Robot) -> mujoco.MjModel:
    """A model to be looked at; its physics is no one's."""
    visuals = '<mujoco><compiler discardvisual="false"/></mujoco></robot>'
    spec = mujoco.MjSpec.from_string(make_urdf(robot).replace('</robot>', visuals))
    spec.worldbody.add_light(pos=(1.0, 1.0, 2.0), dir=(-0.4, -0.4, -0.8))
    spec.visual.headlight.ambient, spec.visual.headlight.diffuse = (0.5,) * 3, (0.6,) * 3
    sky = spec.add_texture(name='sky', type=mujoco.mjtTexture.mjTEXTURE_SKYBOX)
    sky.builtin, sky.width, sky.height = mujoco.mjtBuiltin.mjBUILTIN_GRADIENT, 64, 384
    sky.rgb1, sky.rgb2 = (0.93, 0.95, 0.97), (0.75, 0.80, 0.86)
    return spec.compile()


def aim(camera: mujoco.MjvCamera, robot: Robot) -> None:
    """Look at the whole robot, wherever it turns."""
    arm, pendulum = robot.physics.arm.length, robot.physics.pendulum.length
    camera.lookat = (0.0, 0.0, robot.shape.joint_height)
    # The view opens 22.5 degrees to each side of its axis; some room around the pendulum.
    camera.distance = arm + 1.3 * pendulum / math.tan(math.radians(22.5))
    camera.azimuth, camera.elevation = 215.0, -20.0


def pose(model: mujoco.MjModel, data: mujoco.MjData, arm: float, pendulum: float) -> None:
    """Put the robot there [rad]."""
    data.qpos[:] = arm, pendulum
    mujoco.mj_kinematics(model, data)

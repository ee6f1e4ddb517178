# SPDX-License-Identifier: Apache-2.0
"""MuJoCo's own window on the simulated plant."""

from __future__ import annotations

import os

import mujoco

from furuta_description.dynamics import State
from furuta_description.robot import Robot
from furuta_description.urdf import make_urdf


class Viewer:
    """A window that shows states; it has a model of its own and never touches the plant's."""

    def __init__(self, robot: Robot) -> None:
        """Open the window.

        Raises:
            ValueError: there is no display.
        """
        if not (os.environ.get('DISPLAY') or os.environ.get('WAYLAND_DISPLAY')):
            raise ValueError('viewer: no display; use the browser twin, or start without viewer')
        import mujoco.viewer

        visuals = '<mujoco><compiler discardvisual="false"/></mujoco></robot>'
        spec = mujoco.MjSpec.from_string(make_urdf(robot).replace('</robot>', visuals))
        spec.worldbody.add_light(pos=(1.0, 1.0, 2.0), dir=(-0.4, -0.4, -0.8))
        sky = spec.add_texture(name='sky', type=mujoco.mjtTexture.mjTEXTURE_SKYBOX)
        sky.builtin, sky.width, sky.height = mujoco.mjtBuiltin.mjBUILTIN_GRADIENT, 64, 384
        sky.rgb1, sky.rgb2 = (0.93, 0.95, 0.97), (0.75, 0.80, 0.86)
        self._model = spec.compile()
        self._data = mujoco.MjData(self._model)
        self._window = mujoco.viewer.launch_passive(
            self._model, self._data, show_left_ui=False, show_right_ui=False
        )
        height = robot.shape.joint_height
        with self._window.lock():
            self._window.cam.lookat = (0.0, 0.0, 0.8 * height)
            self._window.cam.distance, self._window.cam.azimuth = 4.0 * height, 215.0

    def show(self, state: State) -> None:
        """Show a state of one robot."""
        if not self._window.is_running():
            return
        self._data.qpos[:] = state.arm_angle[0], state.pendulum_angle[0]
        mujoco.mj_kinematics(self._model, self._data)
        self._window.sync()

    def close(self) -> None:
        """Close the window."""
        self._window.close()

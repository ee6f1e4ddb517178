# SPDX-License-Identifier: Apache-2.0
"""MuJoCo's own window on the simulated plant."""

from __future__ import annotations

import os

from furuta_description.dynamics import State
from furuta_description.robot import Robot
from furuta_sim.scene import aim, make_scene, pose


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

        self._model = make_scene(robot)
        self._data = mujoco.MjData(self._model)
        self._window = mujoco.viewer.launch_passive(
            self._model, self._data, show_left_ui=False, show_right_ui=False
        )
        with self._window.lock():
            aim(self._window.cam, robot)

    def show(self, state: State) -> None:
        """Show a state of one robot."""
        if not self._window.is_running():
            return
        pose(self._model, self._data, state.arm_angle[0], state.pendulum_angle[0])
        self._window.sync()

    def close(self) -> None:
        """Close the window."""
        self._window.close()

# SPDX-License-Identifier: Apache-2.0
"""MuJoCo's own window on the simulated plant, 60 times a second."""

from __future__ import annotations

import os
import time

import mujoco

from furuta_description.dynamics import State
from furuta_description.robot import Robot
from furuta_description.urdf import make_urdf

PERIOD = 1 / 60  # [s]


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

        spec = mujoco.MjSpec.from_string(make_urdf(robot))
        spec.compiler.discardvisual = False
        self._model = spec.compile()
        self._data = mujoco.MjData(self._model)
        self._window = mujoco.viewer.launch_passive(self._model, self._data)
        self._due = 0.0

    def show(self, state: State) -> None:
        """Show a state of one robot; most calls return at once."""
        if time.monotonic() < self._due or not self._window.is_running():
            return
        self._due = time.monotonic() + PERIOD
        self._data.qpos[:] = state.arm_angle[0], state.pendulum_angle[0]
        mujoco.mj_kinematics(self._model, self._data)
        self._window.sync()

    def close(self) -> None:
        """Close the window."""
        self._window.close()

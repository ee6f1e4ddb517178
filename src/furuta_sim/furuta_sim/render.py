# SPDX-License-Identifier: Apache-2.0
"""Draws robots side by side into an mp4 file; see `video.py`, which runs this as a process.

    python -m furuta_sim.render ROBOT_FILE STATES.npy VIDEO.mp4 RATE_HZ

Prints how many pictures are done, of how many.
"""

from __future__ import annotations

import math
import sys
from contextlib import closing
from typing import Any

import av
import mujoco
import numpy as np
from numpy.typing import NDArray

from furuta_description.robot import Robot, load_robot
from furuta_sim.scene import aim, make_scene, pose
from furuta_sim.video import HEIGHT, WIDTH


class Camera:
    """Takes pictures of one robot at a time."""

    def __init__(self, robot: Robot) -> None:
        """Make the scene; without the costly parts of drawing, which take ten times the rest."""
        self._model = make_scene(robot)
        self._model.vis.quality.offsamples = 0
        self._data = mujoco.MjData(self._model)
        self._renderer = mujoco.Renderer(self._model, HEIGHT, WIDTH)
        self._view = mujoco.MjvCamera()
        aim(self._view, robot)

    def picture(self, arm: float, pendulum: float) -> NDArray[np.uint8]:
        """(HEIGHT, WIDTH, 3) of the robot in a pose [rad]."""
        pose(self._model, self._data, arm, pendulum)
        self._renderer.update_scene(self._data, self._view)
        for flag in (mujoco.mjtRndFlag.mjRND_SHADOW, mujoco.mjtRndFlag.mjRND_REFLECTION):
            self._renderer.scene.flags[flag] = False
        picture: NDArray[np.uint8] = self._renderer.render()
        return picture

    def close(self) -> None:
        """Give the graphics back."""
        self._renderer.close()


def tile(pictures: list[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """One picture of several, in rows; the last row is filled up with black."""
    columns = math.ceil(math.sqrt(len(pictures)))
    empty = [np.zeros_like(pictures[0])] * (-len(pictures) % columns)
    grid = [*pictures, *empty]
    rows = [np.hstack(grid[i : i + columns]) for i in range(0, len(grid), columns)]
    return np.vstack(rows)


def render(robot_file: str, states: NDArray[Any], film: str, rate_hz: float) -> None:
    """Write the film of states (T, B, 2) [rad]."""
    with closing(Camera(load_robot(robot_file))) as camera, av.open(film, 'w') as container:
        stream = container.add_stream('libx264', rate=round(rate_hz))
        stream.pix_fmt = 'yuv420p'  # the one that every player takes
        for i, robots in enumerate(states, 1):
            picture = tile([camera.picture(*angles) for angles in robots])
            if i == 1:
                stream.height, stream.width = picture.shape[:2]
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format='rgb24')))
            print(i, len(states), flush=True)
        container.mux(stream.encode())


def main() -> None:
    """Run the command line."""
    robot_file, states, film, rate_hz = sys.argv[1:]
    try:
        render(robot_file, np.load(states), film, float(rate_hz))
    except Exception as error:  # whatever a driver of graphics comes up with
        sys.exit(f'error: {" ".join(str(error).split())}')


if __name__ == '__main__':
    main()

# SPDX-License-Identifier: Apache-2.0
"""Films show the whole robot where it is, or say why there is none."""

import os
from pathlib import Path

import numpy as np
import pytest

from furuta_description.robot import load_robot
from furuta_sim.video import HEIGHT, WIDTH, VideoError, write_video

av = pytest.importorskip('av', reason='films are made in .venv/train only')


def film(path: Path, robot: str, angles: list[list[tuple[float, float]]], rate_hz: float = 25.0):
    """Pictures (T, rows, columns, 3) of a film of these angles (T, B, 2)."""
    try:
        write_video(path, load_robot(robot).file, np.array(angles), rate_hz)
    except VideoError as error:
        pytest.skip(str(error))
    with av.open(str(path)) as container:
        return np.stack([f.to_ndarray(format='rgb24') for f in container.decode(video=0)])


def robot_pixels(picture: np.ndarray) -> np.ndarray:
    """Rows and columns (n, 2) where there is more than the sky, which is pale."""
    return np.argwhere(np.ptp(picture.astype(int), axis=-1) > 60)


@pytest.mark.parametrize('robot', ['furuta', 'qube_servo_2'])
def test_the_whole_pendulum_is_in_the_picture_hanging_and_upright(tmp_path, robot):
    poses = [(arm, pendulum) for arm in (-2, 0, 2) for pendulum in (0, 1.6, np.pi, -1.6)]
    pictures = film(tmp_path / 'film.mp4', robot, [[pose] for pose in poses])
    assert pictures.shape == (len(poses), HEIGHT, WIDTH, 3)
    for picture in pictures:
        low, high = robot_pixels(picture).min(0), robot_pixels(picture).max(0)
        assert (low > 2).all() and (high < (HEIGHT - 3, WIDTH - 3)).all()
    hanging, upright = (robot_pixels(pictures[i])[:, 0].min() for i in (4, 6))
    assert upright < hanging - 40


def test_robots_stand_side_by_side_and_fast_samples_are_thinned(tmp_path):
    still = [[(0.0, 0.0), (1.0, 0.0), (0.0, np.pi)]] * 8
    pictures = film(tmp_path / 'film.mp4', 'furuta', still, rate_hz=100.0)
    assert pictures.shape == (2, 2 * HEIGHT, 2 * WIDTH, 3)
    one, turned, upright = (
        pictures[0][row : row + HEIGHT, column : column + WIDTH]
        for row, column in ((0, 0), (0, WIDTH), (HEIGHT, 0))
    )
    assert len(robot_pixels(one)) and len(robot_pixels(turned)) and len(robot_pixels(upright))
    assert not np.array_equal(one, turned) and not np.array_equal(one, upright)


def test_without_gl_the_reason_and_the_remedy_are_named_and_nothing_is_left(tmp_path):
    environment = os.environ | {'MUJOCO_GL': 'disable'}
    with pytest.raises(VideoError, match=r'disable: .+apt-get install libegl1'):
        write_video(
            tmp_path / 'film.mp4',
            load_robot('furuta').file,
            np.zeros((2, 1, 2)),
            25.0,
            environment=environment,
        )
    assert list(tmp_path.iterdir()) == []

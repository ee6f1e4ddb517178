# SPDX-License-Identifier: Apache-2.0
"""Episodes of a controller as a film: some held-out robots, side by side."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import Progress

from furuta_description.randomization import Ranges
from furuta_description.robot import Robot
from furuta_rl import evaluation
from furuta_rl.env import EnvConfig
from furuta_rl.evaluation import Controller
from furuta_rl.task import Task
from furuta_sim.video import VideoError, write_video

ROBOTS = 4


def film(
    path: Path,
    controller: Controller,
    robot: Robot,
    task: Task,
    ranges: Ranges,
    config: EnvConfig,
    console: Console,
) -> bool:
    """Film an episode of the evaluation; says why where that does not work.

    Args:
        path: the .mp4 file.
        controller: who acts.
        robot: the nominal one.
        task: what is wanted.
        ranges: that robots are drawn from.
        config: of the environment.
        console: for a bar, and the reason.

    Returns:
        Whether there is a film.
    """
    env = evaluation.make_env(robot, task, ranges, config, ROBOTS)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task('filming', total=None)
        angles = [
            np.stack((state.plant.arm_angle, state.plant.pendulum_angle), axis=-1)
            for state, *_ in evaluation.play(env, controller, evaluation.held_out_key(0))
        ]

        def on_frame(done: int, total: int) -> None:
            progress.update(bar, completed=done, total=total)

        try:
            write_video(path, robot.file, np.stack(angles), config.control_rate_hz, on_frame)
        except VideoError as error:
            console.print(str(error))
            return False
    return True

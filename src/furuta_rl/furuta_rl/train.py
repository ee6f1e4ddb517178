# SPDX-License-Identifier: Apache-2.0
"""`furuta train`, `ros2 run furuta_rl train`: train a policy, check it and export it."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from furuta_description.command import run_command

# Little but the standard library up here: Ctrl-C must find `main` at work, not an import.
if TYPE_CHECKING:
    from furuta_description.robot import Robot
    from furuta_rl.training.options import TrainOptions
    from furuta_rl.training.trained import Training


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status."""

    def work() -> int:
        from furuta_rl.training.options import parse

        return run(parse(sys.argv[1:] if arguments is None else arguments))

    return run_command(work)


def run(options: TrainOptions) -> int:
    """Train, export and evaluate; the exit status."""
    from rich.console import Console

    from furuta_description.robot import load_robot
    from furuta_rl.training import results, robot_results
    from furuta_rl.training.interrupt import StoppedError
    from furuta_rl.training.run_folder import open_run
    from furuta_sim.compiled import use_cache

    if options.cache is not None:
        use_cache(options.cache)
    console = Console(markup=False, highlight=False, soft_wrap=True)
    robot = load_robot(options.robot)
    training = make_training(options, robot)
    with open_run(options, robot) as folder:
        try:
            trained = training.run(folder, console)
            finish = robot_results.finish if options.is_on_robot else results.finish
            finish(options, robot, folder, trained, console)
            return 0
        except StoppedError as stopped:
            status, reason = 128 + stopped.signal, f'stopped after iteration {stopped.iteration}'
        except KeyboardInterrupt:
            status, reason = 130, 'stopped'
        except OSError as error:
            status, reason = 2, f'error: {folder.folder}: {error.strerror or error}'
        if folder.has_checkpoint:
            reason += f'; to go on: ./furuta train --resume {folder.folder}'
    print(reason, file=sys.stderr)
    return status


def make_training(options: TrainOptions, robot: Robot) -> Training:
    """The training that the options ask for; imports only its trainer's libraries.

    Raises:
        ValueError: an option does not fit, or the libraries are not installed.
    """
    if options.trainer == 'fused':
        from furuta_rl.training.fused import FusedTraining

        return FusedTraining(options, robot)
    try:
        from furuta_rl.skrl_trainer.robot_training import RobotTraining
        from furuta_rl.skrl_trainer.training import SkrlTraining
    except ModuleNotFoundError as error:
        raise ValueError(
            f'the skrl trainer needs {error.name}, which is not installed: start it by `./furuta '
            'train --trainer skrl`, which installs requirements/skrl.txt'
        ) from error
    return (RobotTraining if options.is_on_robot else SkrlTraining)(options, robot)


if __name__ == '__main__':
    gc.disable()  # see `training.interrupt.Interrupt`; it starts faster, too
    sys.exit(main())

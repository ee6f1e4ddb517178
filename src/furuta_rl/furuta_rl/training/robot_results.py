# SPDX-License-Identifier: Apache-2.0
"""What came of a training on a robot: the policy exported, and judged on the same robot."""

from __future__ import annotations

from rich.console import Console

from furuta_description.robot import Robot
from furuta_rl.evaluating import report
from furuta_rl.evaluating.options import EvaluateOptions
from furuta_rl.evaluating.robot_contest import RobotContest
from furuta_rl.training import results
from furuta_rl.training.options import TrainOptions
from furuta_rl.training.run_folder import RunFolder
from furuta_rl.training.trained import Trained


def finish(
    options: TrainOptions, robot: Robot, run: RunFolder, trained: Trained, console: Console
) -> None:
    """Export, have the robot do some episodes without noise, say how it went."""
    summary = results.card_summary(options, trained, options.seed)
    results.export(options, robot, run, trained.policies[0], summary)
    console.print(
        f'policy    {run.policy} after {trained.control_steps:,} control steps, '
        f'{trained.seconds / 60:.1f} min on the robot'
    )
    evaluation = EvaluateOptions(
        policy=run.policy,
        robot=options.robot,
        backend='robot',
        episodes=options.evaluation_episodes,
        limits=options.limits,
        json=run.evaluation,
        plot=run.plot,
    )
    report.episodes(RobotContest(evaluation, console), evaluation, console)
    console.print(f'run       {run.folder}')

# SPDX-License-Identifier: Apache-2.0
"""From trained networks to the result: the best one exported, its worth in evaluation.json."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any, NamedTuple

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from furuta_description.robot import Robot
from furuta_rl import evaluation
from furuta_rl.controllers import TrainedController
from furuta_rl.episodes import EPISODE, Episodes
from furuta_rl.export import export_policy
from furuta_rl.film import film
from furuta_rl.policy import PolicyCard
from furuta_rl.ppo.networks import Policy
from furuta_rl.summary import Summary, summarize
from furuta_rl.training import provenance
from furuta_rl.training.options import TrainOptions
from furuta_rl.training.run_folder import RunFolder
from furuta_rl.training.trained import Trained

EVALUATION_SEED = 0  # for all trainings: all are judged on the same robots


class Candidate(NamedTuple):
    """A trained policy and what it is worth."""

    seed: int
    policy: Policy
    episodes: Episodes
    summary: Summary


def finish(
    options: TrainOptions, robot: Robot, run: RunFolder, trained: Trained, console: Console
) -> None:
    """Export, evaluate, and say how it went.

    Where there is one policy only, it is exported at once; success joins its card afterwards.
    """
    if len(trained.policies) == 1:
        training = _training(options, trained, options.seed)
        _export(options, robot, run, trained.policies[0], training)
        seconds_to_policy = provenance.seconds_of_process()
    candidates = evaluate_all(options, robot, trained.policies, console)
    best = max(candidates, key=_worth)
    training = _training(options, trained, best.seed) | {'success': best.summary.success.share}
    _export(options, robot, run, best.policy, training)
    if len(trained.policies) > 1:
        seconds_to_policy = provenance.seconds_of_process()
    physics_steps = trained.control_steps * options.env.substeps
    figures = {
        'seed': best.seed,
        **asdict(best.summary),
        'training_seconds': trained.seconds,
        'seconds_to_policy': seconds_to_policy,
        'control_steps': trained.control_steps,
        'control_steps_per_second': trained.control_steps / trained.seconds,
        'physics_steps_per_second': physics_steps / trained.seconds,
        'seeds': {c.seed: c.summary.success.share for c in candidates},
    }
    run.write(run.evaluation, figures)
    if options.video:
        controller = TrainedController(best.policy)
        ranges, config = options.ranges, options.env
        film(run.video, controller, robot, options.task, ranges, config, console)
    _report(run, options.robot, candidates, best, figures, console)


def evaluate_all(
    options: TrainOptions, robot: Robot, policies: list[Policy], console: Console
) -> list[Candidate]:
    """Judge each policy on the same held-out robots."""
    count = options.evaluation_episodes
    env = evaluation.make_env(robot, options.task, options.ranges, options.env, count)
    key = evaluation.held_out_key(EVALUATION_SEED)
    steps = len(policies) * count * round(EPISODE * options.env.control_rate_hz)
    candidates = []
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task('evaluating', total=steps)
        for seed, policy in enumerate(policies, options.seed):
            episodes = evaluation.run_episodes(
                env,
                TrainedController(policy),
                key,
                on_step=lambda steps: progress.advance(task, steps),
            )
            candidates.append(Candidate(seed, policy, episodes, summarize(episodes)))
    return candidates


def _worth(candidate: Candidate) -> tuple[float, float]:
    """Success first, then speed."""
    time = candidate.summary.time_to_upright_median
    return candidate.summary.success.share, -math.inf if math.isnan(time) else -time


def _training(options: TrainOptions, trained: Trained, seed: int) -> dict[str, Any]:
    """The card's summary; no times in it, so that the same training gives the same file."""
    is_fused = options.trainer == 'fused'
    return {
        'trainer': 'fused' if is_fused else f'skrl {options.algorithm}',
        'backend': options.env.backend,
        'randomization': options.randomization,
        'seed': seed,
        'control_steps': trained.control_steps // options.seeds,
        'robots': options.robots,
    }


def _export(
    options: TrainOptions, robot: Robot, run: RunFolder, policy: Policy, training: dict[str, Any]
) -> None:
    card = PolicyCard(
        task=options.task_name,
        layout=options.task.layout,
        control_rate_hz=options.env.control_rate_hz,
        voltage_scale=options.task.voltage_scale,
        robot=robot.name,
        robot_hash=robot.hash,
        git_hash=provenance.revision().commit,
        training=training,
    )
    export_policy(run.policy, policy, card)


def _report(
    run: RunFolder,
    robot: str,
    candidates: list[Candidate],
    best: Candidate,
    figures: dict[str, Any],
    console: Console,
) -> None:
    if len(candidates) > 1:
        table = Table('seed', box=None)
        for title in ('success', 'up after (median)', 'p95'):
            table.add_column(title, justify='right')
        for c in candidates:
            s = c.summary
            times = (f'{t:.2f} s' for t in (s.time_to_upright_median, s.time_to_upright_p95))
            mark = '  best' if c is best else ''
            table.add_row(f'{c.seed}{mark}', str(s.success), *times)
        console.print(table)
    summary = best.summary
    console.print(f'success   {summary.success}')
    if summary.success.hits:
        median, p95 = summary.time_to_upright_median, summary.time_to_upright_p95
        console.print(f'upright   after {median:.2f} s (median), {p95:.2f} s (p95)')
    console.print(
        f'training  {figures["training_seconds"]:.2f} s, '
        f'{figures["control_steps_per_second"]:,.0f} control steps/s; '
        f'{figures["seconds_to_policy"]:.1f} s from start to exported policy'
    )
    console.print(f'run       {run.folder}')
    if run.video.exists():
        console.print(f'video     {run.video}')
    which = '' if robot == 'furuta' else f' --robot {robot}'
    console.print(f'next      ./furuta sim{which} --policy {run.policy}')

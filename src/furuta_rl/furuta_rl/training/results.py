# SPDX-License-Identifier: Apache-2.0
"""From trained networks to the result: the best one exported, its worth in evaluation.json."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.progress import Progress

from furuta_description.robot import Robot
from furuta_rl import evaluation
from furuta_rl.controllers import TrainedController
from furuta_rl.evaluating.traces import some_of_both, trace
from furuta_rl.export import export_policy
from furuta_rl.film import film
from furuta_rl.policy import PolicyCard
from furuta_rl.ppo.networks import Policy
from furuta_rl.summary import summarize
from furuta_rl.training import provenance, report
from furuta_rl.training.options import TrainOptions
from furuta_rl.training.report import Candidate
from furuta_rl.training.run_folder import RunFolder
from furuta_rl.training.trained import Trained

EVALUATION_SEED = 0  # for all trainings: all are judged on the same robots


def finish(
    options: TrainOptions, robot: Robot, run: RunFolder, trained: Trained, console: Console
) -> None:
    """Export, evaluate, and say how it went.

    Where there is one policy only, it is exported at once; success joins its card afterwards.
    """
    if len(trained.policies) == 1:
        training = card_summary(options, trained, options.seed)
        export(options, robot, run, trained.policies[0], training)
        seconds_to_policy = provenance.seconds_of_process()
    candidates = evaluate_all(options, robot, trained.policies, console)
    best = max(candidates, key=_worth)
    training = card_summary(options, trained, best.seed) | {'success': best.summary.success.share}
    export(options, robot, run, best.policy, training)
    if len(trained.policies) > 1:
        seconds_to_policy = provenance.seconds_of_process()
    run.write(run.evaluation, _figures(options, trained, candidates, best, seconds_to_policy))
    with console.status('drawing'):
        _draw(options, robot, run, best)
    if options.video:
        world = (robot, options.task, options.ranges, options.env)
        film(run.video, TrainedController(best.policy), *world, console)
    report.show(options, run, candidates, best, console)


def evaluate_all(
    options: TrainOptions, robot: Robot, policies: list[Policy], console: Console
) -> list[Candidate]:
    """Judge each policy on the same held-out robots."""
    chunks = evaluation.chunks_of(options.evaluation_episodes, EVALUATION_SEED)
    size = chunks[0].size
    env = evaluation.make_env(robot, options.task, options.ranges, options.env, size)
    steps = len(policies) * len(chunks) * size * env.episode_steps
    candidates = []
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task('evaluating', total=steps)

        def on_step(steps: int) -> None:
            progress.advance(task, steps)

        for seed, policy in enumerate(policies, options.seed):
            episodes = evaluation.run_chunks(
                env,
                TrainedController(policy),
                chunks,
                options.evaluation_episodes,
                on_step=on_step,
            )
            candidates.append(Candidate(seed, policy, episodes, summarize(episodes)))
    return candidates


def _worth(candidate: Candidate) -> tuple[float, float]:
    """Success first, then speed."""
    time = candidate.summary.time_to_upright_median
    return candidate.summary.success.share, -math.inf if math.isnan(time) else -time


def card_summary(options: TrainOptions, trained: Trained, seed: int) -> dict[str, Any]:
    """The card's summary; no times in it, so that the same training gives the same file."""
    is_fused = options.trainer == 'fused'
    return {
        'trainer': 'fused' if is_fused else f'skrl {options.algorithm}',
        'backend': options.env.backend,
        'randomization': options.randomization,
        'ranges': asdict(options.ranges),
        'seed': seed,
        'control_steps': trained.control_steps // options.seeds,
        'robots': options.robots,
    }


def export(
    options: TrainOptions, robot: Robot, run: RunFolder, policy: Policy, training: dict[str, Any]
) -> None:
    """Write policy.onnx, with a summary of its training in its card."""
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


def _figures(
    options: TrainOptions,
    trained: Trained,
    candidates: list[Candidate],
    best: Candidate,
    seconds_to_policy: float,
) -> dict[str, Any]:
    """What evaluation.json says."""
    physics_steps = trained.control_steps * options.env.substeps
    return {
        'seed': best.seed,
        **asdict(best.summary),
        'training_seconds': trained.seconds,
        'seconds_to_policy': seconds_to_policy,
        'control_steps': trained.control_steps,
        'control_steps_per_second': trained.control_steps / trained.seconds,
        'physics_steps_per_second': physics_steps / trained.seconds,
        'seeds': {c.seed: c.summary.success.share for c in candidates},
    }


def _draw(options: TrainOptions, robot: Robot, run: RunFolder, best: Candidate) -> None:
    from furuta_rl.evaluating import plots  # imports matplotlib, which has time until now

    chunk = evaluation.chunks_of(options.evaluation_episodes, EVALUATION_SEED)[0]
    success = best.episodes.success
    rows = some_of_both(success[: chunk.size])
    world = (robot, options.task, options.ranges, options.env)
    traces = trace(TrainedController(best.policy), *world, chunk, rows)
    title = f'{robot.name}, {options.env.backend}, {options.randomization}'
    figure = plots.episodes(
        *(best.episodes, options.ranges, traces, success[rows]),
        f'{title}: {best.summary.success}\n{run.policy}',
    )
    plots.save(run.plot, figure)

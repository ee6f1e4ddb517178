# SPDX-License-Identifier: Apache-2.0
# environment: peers
"""Training by us and by others, same task and machine: time to 99 % and steps/s.

Everyone gets the same environment, robots and randomization, critics see the same, and policies
are judged by the same 1000 held-out episodes between stretches of training. Times are those of
training alone: neither compilation nor judging counts.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import brax_ppo
import jax
import output
import tyro
from rich.console import Console

from furuta_description.robot import load_robot
from furuta_rl import evaluation
from furuta_rl.controllers import TrainedController
from furuta_rl.env import Env
from furuta_rl.ppo.trainer import Trainer
from furuta_rl.skrl_trainer.training import SkrlTraining
from furuta_rl.training.fused import chunk_length
from furuta_rl.training.options import TrainOptions, parse
from furuta_sim.compiled import use_cache

SOLVED = 0.99  # of the held-out episodes
Look = Callable[[float, int, Any], None]  # seconds, control steps, controller
Train = Callable[[TrainOptions, Env, Look], None]


@dataclass
class Options:
    """Options of the benchmark."""

    seeds: int = 3
    limit: float = 120.0
    """Longest training of a seed [s]."""
    robot: str = 'furuta'
    robots: int = 1024
    randomization: str = 'default'
    only: tuple[str, ...] = ()
    """Some of: fused, skrl, brax_as_ours, brax_small, brax; all by default."""
    json: Path | None = None


class Result(NamedTuple):
    """What came of one seed."""

    solved: float | None  # [s] of training
    steps: int  # control steps until then, or until the limit
    best: float  # success
    speed: float  # control steps/s


class DoneError(Exception):
    """There is no more to be seen of a training."""


class Judge:
    """Held-out episodes for whoever trained."""

    def __init__(self, options: TrainOptions) -> None:
        robot = load_robot(options.robot)
        self._env = evaluation.make_env(robot, options.task, options.ranges, options.env, 1000)
        self._key = evaluation.held_out_key(0)

    def success(self, controller: Any) -> float:
        return float(evaluation.run_episodes(self._env, controller, self._key).success.mean())


def train_fused(options: TrainOptions, env: Env, look: Look) -> None:
    trainer = Trainer(env, options.ppo)
    state, seconds = trainer.start([options.seed]), 0.0
    chunk = chunk_length(options.ppo.iterations, 10)
    program = Trainer.train.lower(trainer, state, chunk).compile()
    for iteration in range(chunk, options.iterations + 1, chunk):
        began = time.perf_counter()
        state, _ = jax.block_until_ready(program(state))
        seconds += time.perf_counter() - began
        steps = iteration * options.ppo.steps * options.robots
        look(seconds, steps, TrainedController(trainer.policy(state, 0)))


def train_skrl(options: TrainOptions, env: Env, look: Look) -> None:
    training = SkrlTraining(options, env.robot)
    training.compile()
    for iteration in range(1, options.skrl.iterations + 1):
        training.advance()
        if iteration % 5 == 0:
            look(training.seconds, training.control_steps, TrainedController(training.policy()))


def train_brax(settings: dict[str, Any], networks: dict[str, Any]) -> Train:
    def train(options: TrainOptions, env: Env, look: Look) -> None:
        brax_ppo.train(env, options.seed, settings, networks, look)

    return train


# Its name, who trains, and further arguments of `furuta train`.
PEERS: dict[str, tuple[str, Train, tuple[str, ...]]] = {
    'fused': ('furuta, fused', train_fused, ()),
    'skrl': ('skrl PPO', train_skrl, ('--trainer', 'skrl')),
    'brax_as_ours': ('brax PPO as ours', train_brax(brax_ppo.AS_OURS, brax_ppo.SMALL), ()),
    'brax_small': ('brax PPO, small', train_brax(brax_ppo.ITS_OWN, brax_ppo.SMALL), ()),
    'brax': ('brax PPO as it comes', train_brax(brax_ppo.ITS_OWN, {}), ()),
}


def race(name: str, seed: int, options: Options) -> Result:
    """Train one seed until it is solved or the time is up."""
    _, train, arguments = PEERS[name]
    given = ('--robot', options.robot, '--robots', str(options.robots), '--seed', str(seed))
    chosen = parse([*arguments, *given, '--randomization', options.randomization])
    robot = load_robot(chosen.robot)
    env = Env(robot, chosen.task, chosen.ranges, chosen.env, chosen.robots)
    judge, best, last, solved = Judge(chosen), 0.0, (0.0, 0), None

    def look(seconds: float, steps: int, controller: Any) -> None:
        nonlocal best, last, solved
        last, success = (seconds, steps), judge.success(controller)
        best = max(best, success)
        Console(stderr=True).print(
            f'{name} seed {seed}: {seconds:.1f} s, {steps:,} steps, {100 * success:.1f} %'
        )
        if success >= SOLVED:
            solved = seconds
        if success >= SOLVED or seconds > options.limit:
            raise DoneError

    with suppress(DoneError):
        train(chosen, env, look)
    return Result(solved, last[1], best, last[1] / max(last[0], 1e-9))


def main(options: Options) -> None:
    """Measure and print."""
    unknown = set(options.only) - set(PEERS)
    if unknown:
        raise SystemExit(f'error: no peer {", ".join(unknown)}; valid: {", ".join(PEERS)}')
    use_cache(parse([]).cache)
    rows, figures = [], {}
    for name in options.only or PEERS:
        results = [race(name, seed, options) for seed in range(options.seeds)]
        times = [r.solved for r in results if r.solved is not None]
        figures[name] = [r._asdict() for r in results]
        rows.append(
            (
                PEERS[name][0],
                f'{len(times)} of {len(results)}',
                f'{statistics.median(times):.1f}' if times else f'> {options.limit:.0f}',
                f'{max(times):.1f}' if len(times) == len(results) else '-',
                f'{statistics.median(r.steps for r in results) / 1e6:.2f}',
                f'{statistics.median(r.speed for r in results) / 1e3:.0f}',
                f'{100 * min(r.best for r in results):.1f}',
            )
        )
    output.show(
        f'{options.robots} robots, randomization {options.randomization}, analytic',
        (
            'trainer',
            f'seeds at {100 * SOLVED:.0f} %',
            'median [s]',
            'worst [s]',
            'steps [M]',
            'k steps/s',
            'success [%]',
        ),
        rows,
    )
    output.write(options.json, figures)


if __name__ == '__main__':
    main(tyro.cli(Options, prog='furuta bench peers', description=__doc__))

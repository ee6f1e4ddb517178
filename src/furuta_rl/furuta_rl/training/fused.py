# SPDX-License-Identifier: Apache-2.0
"""The fused trainer's run: PPO in one JAX program, chunk by chunk, from checkpoint to checkpoint.

A chunk is one call of the program. Between two of them figures are written, checkpoints saved,
the policy looked at, and Ctrl-C heard. A checkpoint holds all that decides what follows.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any, NamedTuple

import jax
import numpy as np
from rich.console import Console

from furuta_description.robot import Robot
from furuta_rl.env import Env
from furuta_rl.ppo import checkpoint
from furuta_rl.ppo.checkpoint import CheckpointError
from furuta_rl.ppo.trainer import Trainer, TrainState
from furuta_rl.training.interrupt import Interrupt, StoppedError
from furuta_rl.training.metrics import Figures, Metrics
from furuta_rl.training.options import TrainOptions
from furuta_rl.training.progress import TrainingProgress
from furuta_rl.training.run_folder import RunFolder
from furuta_rl.training.trained import Trained, TrainingError
from furuta_rl.training.validation import Validation

LONGEST_CHUNK = 10  # iterations of one call; every other number of them would be compiled anew


class Position(NamedTuple):
    """How far a training got."""

    state: TrainState
    iteration: int
    seconds: float  # of training so far, without compilation


class FusedTraining:
    """One training, of one seed or of several at once."""

    def __init__(self, options: TrainOptions, robot: Robot) -> None:
        """Check the options; nothing is compiled yet.

        Raises:
            ValueError: the backend does not run in JAX, or the robots cannot be shared out.
        """
        if options.env.backend == 'mujoco':
            raise ValueError(
                '--backend mujoco is no JAX program: give it to --trainer skrl, or take '
                '--backend mjx or analytic'
            )
        self._options = options
        self._total, self._round = options.iterations, options.ppo.iterations
        self._chunk = chunk_length(self._round, options.checkpoint_every)
        self._seeds = range(options.seed, options.seed + options.seeds)
        env = Env(robot, options.task, options.ranges, options.env, options.robots)
        self._trainer = Trainer(env, options.ppo)
        self._validation = Validation(options, robot)

    def run(self, run: RunFolder, console: Console) -> Trained:
        """Train round by round until one ends with the success that is asked for.

        Raises:
            StoppedError: by a signal; all is saved.
            TrainingError: there is nothing left to train.
        """
        position = self._begin(run, console)
        # Judged anew where a checkpoint lies at the end of a round: it may be the last one.
        if not self._is_enough(position, self._round_success(position)[1]):
            position = self._train(position, run, console)
        policies = [self._trainer.policy(position.state, i) for i in range(len(self._seeds))]
        return Trained(policies, self._control_steps(position.iteration), position.seconds)

    def _train(self, position: Position, run: RunFolder, console: Console) -> Position:
        with console.status('compiling'):
            program = Trainer.train.lower(self._trainer, position.state, self._chunk).compile()
        with (
            closing(Metrics(run.metrics, self._seeds, position.iteration)) as metrics,
            TrainingProgress(console, self._round_end(position), position.iteration) as progress,
            Interrupt() as interrupt,
        ):
            success = math.nan
            while not self._is_enough(position, success):
                progress.extend(self._round_end(position))
                position, figures = self._advance(program, position)
                best, success = self._validate(position, figures)
                metrics.add(position.iteration, figures)
                speed = self._control_steps(position.iteration) / position.seconds
                episode_return = figures['episode_return'][-1, best]
                progress.show(position.iteration, speed, episode_return, success)
                if interrupt.signal or self._is_due(position, self._options.checkpoint_every):
                    metrics.save()
                    self._save(run, position)
                if interrupt.signal:
                    raise StoppedError(interrupt.signal, position.iteration)
        return position

    def _advance(
        self, program: Callable[[TrainState], Any], position: Position
    ) -> tuple[Position, Figures]:
        """One chunk on; figures of its iterations, (chunk, S) each."""
        start = time.perf_counter()
        state, metrics = program(position.state)
        figures = {name: np.asarray(metric) for name, metric in metrics.items()}
        seconds = position.seconds + time.perf_counter() - start
        iteration = position.iteration + self._chunk
        if not np.isfinite(figures['value_loss'][-1]).any():
            raise TrainingError(
                f'the loss is no number any more at iteration {iteration}: try a lower '
                '--ppo.learning-rate'
            )
        figures['seconds'] = np.full_like(figures['reward'], seconds)
        return Position(state, iteration, seconds), figures

    def _validate(self, position: Position, figures: Figures) -> tuple[int, float]:
        """The seed with the highest return, and the success where it is time to look, else NaN."""
        best = int(np.argmax(np.nan_to_num(figures['episode_return'][-1], nan=-np.inf)))
        chosen, success = self._round_success(position)
        if not math.isnan(success):
            best = chosen
        every = self._options.validate_every
        is_open = position.iteration < self._total and math.isnan(success)
        if every and is_open and self._is_due(position, every):
            success = self._success(position, best)
        figures['success'] = np.full_like(figures['reward'], math.nan)
        figures['success'][-1, best] = success
        return best, success

    def _is_enough(self, position: Position, success: float) -> bool:
        """Whether the training is over, given the success at this position, NaN if not known."""
        is_round_over = position.iteration > 0 and position.iteration % self._round == 0
        is_good = is_round_over and success >= self._options.goal
        return is_good or position.iteration >= self._total

    def _round_success(self, position: Position) -> tuple[int, float]:
        """The best seed and its success where another round may follow, else NaN."""
        if position.iteration % self._round or not 0 < position.iteration < self._total:
            return 0, math.nan
        successes = [self._success(position, i) for i in range(len(self._seeds))]
        return int(np.argmax(successes)), max(successes)

    def _round_end(self, position: Position) -> int:
        """Iteration at which the present round ends."""
        return min((position.iteration // self._round + 1) * self._round, self._total)

    def _success(self, position: Position, index: int) -> float:
        return self._validation.success(self._trainer.policy(position.state, index))

    def _begin(self, run: RunFolder, console: Console) -> Position:
        """The first state, or that of the newest whole checkpoint."""
        first = self._trainer.start(self._seeds)
        for path in (run.checkpoint, run.previous_checkpoint):
            if not path.exists():
                continue
            try:
                about, stored = checkpoint.load_about(path), checkpoint.load(path, first)
            except CheckpointError as error:
                console.print(f'{error}; taking the one before')
                continue
            # Laid over the devices as the first one is: the same program takes both.
            state = jax.tree.map(lambda x, like: jax.device_put(x, like.sharding), stored, first)
            return Position(state, about['iteration'], about['seconds'])
        return Position(first, 0, 0.0)

    def _save(self, run: RunFolder, position: Position) -> None:
        if run.checkpoint.exists():
            run.checkpoint.replace(run.previous_checkpoint)
        about = {'iteration': position.iteration, 'seconds': position.seconds}
        checkpoint.save(run.checkpoint, position.state, about)

    def _is_due(self, position: Position, every: int) -> bool:
        """Whether the last chunk held a multiple of `every`, or was the last of a round."""
        iteration = position.iteration
        is_over = iteration % self._round == 0
        return is_over or iteration // every > (iteration - self._chunk) // every

    def _control_steps(self, iterations: int) -> int:
        """Of all seeds together."""
        ppo, robots = self._options.ppo, self._options.robots
        return iterations * ppo.steps * robots * len(self._seeds)


def chunk_length(iterations: int, longest: int) -> int:
    """Iterations of one call of the program: the most that leave no remainder."""
    longest = min(longest, LONGEST_CHUNK)
    return max(n for n in range(1, longest + 1) if iterations % n == 0)

# SPDX-License-Identifier: Apache-2.0
"""The skrl trainer's run: agent and environment, iteration by iteration, between checkpoints.

The loop over control steps is our own: skrl's takes the first observation of the next episode
for the last one of this, so that what is bootstrapped at a time limit belongs to another episode.
"""

from __future__ import annotations

import logging
import math
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import jax
import numpy as np
import torch
from rich.console import Console

from furuta_description.robot import Robot
from furuta_rl.env import Env
from furuta_rl.ppo.checkpoint import CheckpointError
from furuta_rl.ppo.networks import Policy
from furuta_rl.skrl_trainer import checkpoint
from furuta_rl.skrl_trainer.agents import make_agent
from furuta_rl.skrl_trainer.environment import TorchEnv
from furuta_rl.skrl_trainer.episodes import EpisodeTally
from furuta_rl.skrl_trainer.networks import to_fused
from furuta_rl.training.interrupt import Interrupt, StoppedError
from furuta_rl.training.metrics import Metrics
from furuta_rl.training.options import TrainOptions
from furuta_rl.training.progress import TrainingProgress
from furuta_rl.training.run_folder import RunFolder
from furuta_rl.training.trained import Trained, TrainingError
from furuta_rl.training.validation import Validation

ITERATION = 16  # control steps, where the algorithm knows no rollouts
# Figures of the agent, and what skrl calls them in one algorithm or another.
FIGURES = {
    'policy_loss': ('Loss / Policy loss',),
    'value_loss': ('Loss / Value loss', 'Loss / Critic loss'),
    'std': ('Policy / Standard deviation',),
}

logging.getLogger('skrl').setLevel(logging.ERROR)


class SkrlTraining:
    """One training of one agent."""

    def __init__(self, options: TrainOptions, robot: Robot) -> None:
        """Make agent and environment, all their randomness drawn from the seed.

        Raises:
            ValueError: an option does not fit; which, and what is valid.
        """
        if options.seeds != 1:
            raise ValueError(f'--seeds is {options.seeds}; valid with the skrl trainer: 1')
        torch.manual_seed(options.seed)
        # Networks this small take longer on several threads, which the physics needs.
        torch.set_num_threads(1)
        env = Env(robot, options.task, options.ranges, options.env, options.robots)
        self._environment = TorchEnv(env, jax.random.key(options.seed))
        self._agent: Any = make_agent(
            options.algorithm, self._environment, options.skrl.hidden, options.skrl.set
        )
        self._episodes = EpisodeTally(options.robots)
        self._options = options
        self._total = options.skrl.iterations
        self._steps = getattr(self._agent.cfg, 'rollouts', ITERATION)
        self._iteration = 0
        self.seconds = 0.0  # of training so far, without compilation
        self._validation = Validation(options, robot)

    def run(self, run: RunFolder, console: Console) -> Trained:
        """See `trained.Training`."""
        self._restore(run, console)
        if self._iteration < self._total:
            self._train(run, console)
        return Trained([self.policy()], self.control_steps, self.seconds)

    @property
    def control_steps(self) -> int:
        """Of all robots together, so far."""
        return self._iteration * self._steps * self._options.robots

    def compile(self) -> None:
        """Take now the time that the first control steps would take."""
        self._environment.compile()

    def _train(self, run: RunFolder, console: Console) -> None:
        with console.status('compiling'):
            self.compile()
        with (
            closing(Metrics(run.metrics, [self._options.seed], self._iteration)) as metrics,
            TrainingProgress(console, self._total, self._iteration) as progress,
            Interrupt() as interrupt,
        ):
            while self._iteration < self._total:
                figures = self.advance()
                metrics.add(self._iteration, {k: np.array([[v]]) for k, v in figures.items()})
                speed = self.control_steps / self.seconds
                total, success = figures['episode_return'], figures['success']
                progress.show(self._iteration, speed, total, success)
                if interrupt.signal or self._is_due(self._options.checkpoint_every):
                    metrics.save()
                    self._save(run)
                if interrupt.signal:
                    raise StoppedError(interrupt.signal, self._iteration)

    def advance(self) -> dict[str, float]:
        """One iteration on; its figures."""
        start = time.perf_counter()
        for step in range(self._iteration * self._steps, (self._iteration + 1) * self._steps):
            self._step(step)
        self._iteration += 1
        self.seconds += time.perf_counter() - start
        figures = self._episodes.take()
        tracked = self._agent.tracking_data
        for name, keys in FIGURES.items():
            values = [value for key in keys for value in tracked.get(key, ())]
            figures[name] = float(np.mean(values)) if values else math.nan
            if values and not math.isfinite(figures[name]):
                raise TrainingError(
                    f'{name} is no number any more at iteration {self._iteration}: try a lower '
                    '--skrl.set learning_rate=...'
                )
        tracked.clear()
        figures['seconds'] = self.seconds
        every = self._options.validate_every
        is_time = every and self._iteration < self._total and self._is_due(every)
        figures['success'] = self._validation.success(self.policy()) if is_time else math.nan
        return figures

    def _step(self, step: int) -> None:
        """One control step of all robots, and what the agent learns from it."""
        agent, environment = self._agent, self._environment
        observation, privileged = environment.observation, environment.privileged
        clock = {'timestep': step, 'timesteps': self._total * self._steps}
        agent.pre_interaction(**clock)
        with torch.no_grad():
            action, _ = agent.act(observation, privileged, **clock)
            outcome = environment.step(action)
            self._episodes.add(outcome)
            agent.record_transition(
                observations=observation,
                states=privileged,
                actions=action,
                rewards=outcome.reward,
                next_observations=outcome.observation,
                next_states=outcome.privileged,
                terminated=outcome.terminated,
                truncated=outcome.truncated,
                infos={},
                **clock,
            )
        agent.post_interaction(**clock)

    def policy(self) -> Policy:
        """What was learned so far, without noise."""
        return to_fused(self._agent.policy, self._agent._observation_preprocessor)

    def _is_due(self, every: int) -> bool:
        return self._iteration == self._total or self._iteration % every == 0

    def _save(self, run: RunFolder) -> None:
        state = {
            'iteration': self._iteration,
            'seconds': self.seconds,
            'agent': checkpoint.agent_state(self._agent),
            'environment': self._environment.save(),
            'episodes': torch.from_numpy(self._episodes.under_way),
        }
        save_newest(run, state)

    def _restore(self, run: RunFolder, console: Console) -> None:
        """Go on from the newest whole checkpoint, if there is one."""
        saved = restore_newest(run, console)
        if saved is None:
            return
        checkpoint.restore_agent(self._agent, saved['agent'])
        self._environment.restore(saved['environment'])
        self._episodes.under_way = saved['episodes'].numpy()
        self._iteration, self.seconds = saved['iteration'], saved['seconds']


def save_newest(run: RunFolder, state: dict[str, Any]) -> None:
    """Write a checkpoint, and keep the one before it."""
    newest, previous = checkpoints(run)
    if newest.exists():
        newest.replace(previous)
    checkpoint.save(newest, state)


def restore_newest(run: RunFolder, console: Console) -> dict[str, Any] | None:
    """The newest whole checkpoint, if there is one."""
    for path in checkpoints(run):
        if not path.exists():
            continue
        try:
            return checkpoint.load(path)
        except CheckpointError as error:
            console.print(f'{error}; taking the one before')
    return None


def checkpoints(run: RunFolder) -> tuple[Path, Path]:
    """Where the newest state is kept, and the one before it."""
    return run.checkpoint.with_suffix('.pt'), run.previous_checkpoint.with_suffix('.pt')

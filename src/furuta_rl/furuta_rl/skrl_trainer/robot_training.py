# SPDX-License-Identifier: Apache-2.0
"""SAC on a robot, over topics: an iteration is an episode there, with its share of learning.

The robot runs the policy of an order in its own process, so learning never holds up its control
loop; the agent learns from an episode while the robot is at rest and does the next one. Whatever
decides how it goes on is in the checkpoint, the replay memory too.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any, NamedTuple

import jax
import numpy as np
import torch
from rich.console import Console

from furuta_description.robot import Robot
from furuta_rl.criterion import ARM_LIMIT, EPISODE
from furuta_rl.evaluating.robot_judge import judge
from furuta_rl.on_robot.client import RobotClient, RobotError
from furuta_rl.on_robot.recording import Order, Recording, pack
from furuta_rl.ppo.networks import Policy
from furuta_rl.skrl_trainer import checkpoint
from furuta_rl.skrl_trainer.agents import make_agent
from furuta_rl.skrl_trainer.anchor import anchor
from furuta_rl.skrl_trainer.networks import to_fused
from furuta_rl.skrl_trainer.spaces import RobotSpaces
from furuta_rl.skrl_trainer.start import network_of, start_from
from furuta_rl.skrl_trainer.training import FIGURES, restore_newest, save_newest
from furuta_rl.skrl_trainer.transitions import remember, transitions_of
from furuta_rl.training.interrupt import Interrupt, StoppedError
from furuta_rl.training.metrics import Metrics
from furuta_rl.training.options import TrainOptions, to_json
from furuta_rl.training.progress import TrainingProgress
from furuta_rl.training.run_folder import RunFolder
from furuta_rl.training.trained import Trained, TrainingError

DEFAULTS = ('batch_size=256', 'gradient_steps=2')  # of SAC, a control step at a time
STARTED = ('initial_entropy_value=0.02', 'learning_rate=(3e-4, 1e-3, 3e-4)')  # from a policy
LEAST = 250  # updates after an episode, however short: the return to rest takes its time, too
FEWEST = 1000  # transitions before anything is learned
NEVER = 1 << 30  # skrl's clock, which nothing here goes by


class Tested(NamedTuple):
    """A policy and how its test episode went; the greater one is the better."""

    success: float
    episode_return: float
    policy: Policy


class RobotTraining:
    """One training on one robot."""

    def __init__(
        self,
        options: TrainOptions,
        robot: Robot,
        make_client: Callable[..., Any] = RobotClient,
    ) -> None:
        """Make the agent; the robot is not asked yet.

        Raises:
            ValueError: an option does not fit; which, and what is valid.
        """
        _check(options)
        torch.manual_seed(options.seed)
        torch.set_num_threads(1)
        self._options, self._robot, self._make_client = options, robot, make_client
        chosen = (*DEFAULTS, *(STARTED if options.start else ()), *options.skrl.set)
        spaces = RobotSpaces(options.task.observation_size)
        self._agent: Any = make_agent(options.algorithm, spaces, options.skrl.hidden, chosen)
        if options.start:
            start_from(self._agent, options.start)
            anchor(self._agent, options.skrl.anchor)
        self._rates = [group['lr'] for group in self._actor_groups()]
        self._acting = network_of(self._agent, with_noise=True)
        self._total = options.skrl.iterations
        self._iteration = self._due = self.control_steps = 0
        self.seconds = 0.0  # on the robot so far
        self._best: Tested | None = None

    def run(self, run: RunFolder, console: Console) -> Trained:
        """See `trained.Training`."""
        self._restore(run, console)
        if self._iteration < self._total:
            self._train(run, console)
        self._learn(lambda: False)  # from the last episode
        self._save(run)
        # On one robot a policy can be lost again; what was seen to work is kept.
        policy = self._best.policy if self._best else self.policy()
        return Trained([policy], self.control_steps, self.seconds)

    def policy(self) -> Policy:
        """What was learned so far, without noise."""
        return to_fused(self._agent.policy, self._agent._observation_preprocessor)

    def _train(self, run: RunFolder, console: Console) -> None:
        options, task = self._options, self._options.task
        settings = {
            'robot': str(self._robot.file),
            'controller': 'explorer',
            'task': json.dumps(to_json(task)),
            'rate_hz': float(options.env.control_rate_hz),
        }

        def say(text: str) -> None:
            if text.startswith(('motor off', 'no joint')):
                console.print(text)

        with (
            closing(Metrics(run.metrics, [options.seed], self._iteration)) as metrics,
            TrainingProgress(console, self._total, self._iteration) as progress,
            Interrupt() as interrupt,
            self._make_client(settings, options.limits, say) as robot,
        ):
            while self._iteration < self._total and not robot.is_time_up:
                try:
                    recording = self._episode(robot, lambda: bool(interrupt.signal))
                except RobotError as error:
                    self._save(run)
                    raise TrainingError(
                        f'{error}; to go on: ./furuta train --resume {run.folder}'
                    ) from error
                if recording is None:
                    metrics.save()
                    self._save(run)
                    raise StoppedError(interrupt.signal, self._iteration)
                figures = self._take_in(recording, run)
                metrics.add(self._iteration, {k: np.array([[v]]) for k, v in figures.items()})
                speed = self.control_steps / self.seconds
                progress.show(
                    self._iteration, speed, figures['episode_return'], figures['success']
                )
                if self._iteration % options.checkpoint_every == 0:
                    metrics.save()
                    self._save(run)

    def _episode(self, robot: Any, is_stopped: Callable[[], bool]) -> Recording | None:
        """Have the next episode done and learn from the last one; None if stopped."""
        start = time.perf_counter()
        limits = (self._options.env.episode, self._options.task.arm_limit)
        network = self._acting
        if self._is_test(self._iteration + 1):  # of all that was learned, hence after that
            self._learn(is_stopped)
            limits, network = (EPISODE, ARM_LIMIT), network_of(self._agent, with_noise=False)
        robot.order(Order(*limits, self._options.seed + self._iteration, network))
        self._learn(is_stopped)
        recording: Recording | None = robot.wait(is_stopped)
        self.seconds += time.perf_counter() - start
        return recording

    def _is_test(self, iteration: int) -> bool:
        """Every so often, at the end, and what is started from."""
        every = self._options.validate_every
        is_end = iteration == self._total or (iteration == 1 and self._options.start is not None)
        return bool(every) and (is_end or iteration % every == 0)

    def _take_in(self, recording: Recording, run: RunFolder) -> dict[str, float]:
        """Keep an episode; its figures."""
        self._iteration += 1
        transitions = transitions_of(recording, self._options.task)
        content = recording._asdict() | {'reward': transitions.rewards}
        file = run.folder / 'episodes' / f'{self._iteration:05}.npz'
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(pack('episode', content))
        remember(self._agent.memory, transitions)
        self._due = max(recording.steps, LEAST)
        self.control_steps += recording.steps
        self._acting = network_of(self._agent, with_noise=True)
        success = math.nan
        if self._is_test(self._iteration):
            period = self._options.env.period
            success = float(judge([recording], period, self._robot).success[0])
            tested = Tested(success, float(transitions.rewards.sum()), self.policy())
            if self._best is None or tested[:2] > self._best[:2]:
                self._best = tested
        tracked = self._agent.tracking_data
        figures = {
            'reward': float(transitions.rewards.mean()) if recording.steps else math.nan,
            'episode_return': float(transitions.rewards.sum()),
            'episode_length': float(recording.steps),
            'terminated': float(recording.is_lost),
            'motor_heat': recording.heat,
            'missed_steps': float(recording.missed),
            **{name: _mean(tracked, keys) for name, keys in FIGURES.items()},
            'seconds': self.seconds,
            'success': success,
        }
        tracked.clear()
        return figures

    def _learn(self, is_stopped: Callable[[], bool]) -> None:
        """The updates that are due: one for each control step of the last episode, or `LEAST`."""
        agent, memory = self._agent, self._agent.memory
        if not memory.filled and memory.memory_index < FEWEST:
            self._due = 0
        is_held = self._options.start and self._iteration <= self._options.skrl.warm_up
        for group, rate in zip(self._actor_groups(), self._rates, strict=True):
            group['lr'] = 0.0 if is_held else rate
        agent.enable_models_training_mode(True)
        while self._due and not is_stopped():
            agent.update(timestep=NEVER, timesteps=NEVER)
            self._due -= 1
        agent.enable_models_training_mode(False)
        if not all(p.isfinite().all() for p in agent.policy.parameters()):
            raise TrainingError(
                f'the policy is no number any more after episode {self._iteration}: try a lower '
                '--skrl.set learning_rate=...'
            )

    def _actor_groups(self) -> list[dict[str, Any]]:
        """What changes the policy: not the critics, which may learn before it does."""
        agent = self._agent
        groups = [*agent.policy_optimizer.param_groups, *agent.entropy_optimizer.param_groups]
        return groups

    def _save(self, run: RunFolder) -> None:
        acting = {name: torch.from_numpy(array) for name, array in self._acting.items()}
        leaves = jax.tree.leaves(self._best) if self._best else []
        best = [torch.tensor(np.asarray(leaf)) for leaf in leaves]
        state = {
            'iteration': self._iteration,
            'seconds': self.seconds,
            'control_steps': self.control_steps,
            'due': self._due,
            'acting': acting,
            'agent': checkpoint.agent_state(self._agent),
            'best': best,
        }
        save_newest(run, state)

    def _restore(self, run: RunFolder, console: Console) -> None:
        saved = restore_newest(run, console)
        if saved is None:
            return
        checkpoint.restore_agent(self._agent, saved['agent'])
        self._acting = {name: tensor.numpy() for name, tensor in saved['acting'].items()}
        self._iteration, self.seconds = saved['iteration'], saved['seconds']
        self.control_steps, self._due = saved['control_steps'], saved['due']
        if saved['best']:
            structure = jax.tree.structure(Tested(0.0, 0.0, self.policy()))
            leaves = [leaf.numpy() for leaf in saved['best']]
            self._best = jax.tree.unflatten(structure, leaves)


def _mean(tracked: dict[str, Any], keys: tuple[str, ...]) -> float:
    values = [value for key in keys for value in tracked.get(key, ())]
    return float(np.mean(values)) if values else math.nan


def _check(options: TrainOptions) -> None:
    wrong = {
        '--algorithm': (options.algorithm, 'SAC'),
        '--seeds': (options.seeds, 1),
        '--task': (options.task_name, 'swing_up'),
    }
    for name, (given, valid) in wrong.items():
        if given != valid:
            raise ValueError(f'{name} is {given}; valid with --backend robot: {valid}')

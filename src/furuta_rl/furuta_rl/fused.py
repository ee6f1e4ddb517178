# SPDX-License-Identifier: Apache-2.0
"""The fused trainer's run: PPO in one JAX program, chunk by chunk."""

from __future__ import annotations

import time
from typing import NamedTuple

import jax
import numpy as np

from furuta_description.robot import Robot
from furuta_rl.env import Env
from furuta_rl.ppo.networks import Policy
from furuta_rl.ppo.trainer import Trainer
from furuta_rl.run_folder import RunFolder
from furuta_rl.train_options import TrainOptions

LONGEST_CHUNK = 10  # iterations between two looks; a program for each length would be compiled


class Trained(NamedTuple):
    """What came of a training."""

    policies: list[Policy]  # of each seed
    control_steps: int  # of each seed
    seconds: float  # without compilation


def train(options: TrainOptions, robot: Robot, run: RunFolder) -> Trained:
    """Train until the iterations are done."""
    env = Env(robot, options.task, options.ranges, options.env, options.robots)
    trainer = Trainer(env, options.ppo)
    seeds = range(options.seed, options.seed + options.seeds)
    state = trainer.start(seeds)
    chunk = chunk_length(options.ppo.iterations)
    advance = Trainer.train.lower(trainer, state, chunk).compile()
    seconds = 0.0
    for done in range(0, options.ppo.iterations, chunk):
        start = time.perf_counter()
        state, metrics = advance(state)
        metrics = jax.tree.map(np.asarray, metrics)
        seconds += time.perf_counter() - start
        print(done + chunk, metrics['episode_return'][-1], metrics['terminated'][-1])
    policies = [trainer.policy(state, i) for i in range(options.seeds)]
    steps = options.ppo.iterations * options.ppo.steps * options.robots
    return Trained(policies, steps, seconds)


def chunk_length(iterations: int) -> int:
    """Iterations of one call of the program: the most that leave no remainder."""
    return max(n for n in range(1, LONGEST_CHUNK + 1) if iterations % n == 0)

# SPDX-License-Identifier: Apache-2.0
"""Choices that train well, by how far the robots are drawn; the defaults of `furuta train`.

The defaults of `Task`, `EnvConfig` and `PPOConfig` are those for robots close to the robot file.
Robots that differ widely and answer late ask for more: what the last steps did to the robot
tells which one it is, so the observation shows them, and the networks are larger.
"""

from __future__ import annotations

from dataclasses import dataclass

from furuta_rl.env import EnvConfig
from furuta_rl.ppo.config import PPOConfig
from furuta_rl.task import TASKS, Task


@dataclass(frozen=True)
class Recipe:
    """Choices that go together."""

    task: Task
    env: EnvConfig
    ppo: PPOConfig
    robots: int
    rounds: int


def make_recipe(task: str, randomization: str) -> Recipe:
    """The recipe for a task and a preset of randomization.

    Raises:
        KeyError: there is no such task.
    """
    env = EnvConfig(is_staggered=True)
    if randomization != 'wide':
        return Recipe(TASKS[task](), env, PPOConfig(), robots=1024, rounds=4)
    ppo = PPOConfig(iterations=1000, epochs=3, minibatches=16, learning_rate=3e-3, hidden=(64, 64))
    # The arm's weight: a late push-off less often ends beyond the arm's limit.
    weight = max(0.1, TASKS[task].arm_weight)
    wanted = TASKS[task](history=5, balance_weight=1.0, arm_weight=weight)
    return Recipe(wanted, env, ppo, robots=2048, rounds=1)

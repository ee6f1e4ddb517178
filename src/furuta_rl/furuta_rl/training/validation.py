# SPDX-License-Identifier: Apache-2.0
"""Success of a policy while it is trained, on robots that neither training nor evaluation has."""

from __future__ import annotations

from furuta_description.robot import Robot
from furuta_rl import evaluation
from furuta_rl.controllers import TrainedController
from furuta_rl.ppo.networks import Policy
from furuta_rl.training.options import TrainOptions

EPISODES = 512  # a standard error of 0.3 % at 99.5 %
BRANCH = 1_000_000  # of the held-out draws, far beyond those of any evaluation


class Validation:
    """The criterion of the evaluation, on fewer robots."""

    def __init__(self, options: TrainOptions, robot: Robot) -> None:
        """Nothing is compiled until the first look."""
        self._env = evaluation.make_env(robot, options.task, options.ranges, options.env, EPISODES)

    def success(self, policy: Policy) -> float:
        """Share of the episodes that succeed."""
        key = evaluation.held_out_key(0, BRANCH)
        episodes = evaluation.run_episodes(self._env, TrainedController(policy), key)
        return float(episodes.success.mean())

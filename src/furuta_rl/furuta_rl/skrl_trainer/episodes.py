# SPDX-License-Identifier: Apache-2.0
"""Tallies of episodes: the figures of `fused`, by the same names."""

from __future__ import annotations

import math

import numpy as np

from furuta_rl.skrl_trainer.environment import Outcome


class EpisodeTally:
    """Of the episodes under way, and of those that ended since the last look."""

    def __init__(self, robots: int) -> None:
        """None of the robots has done a step."""
        self.under_way = np.zeros((2, robots))  # sum of rewards, control steps
        self._rewards: list[float] = []
        self._ended = np.zeros((3, 0))  # sum of rewards, control steps, whether terminated

    def add(self, outcome: Outcome) -> None:
        """Take in a control step of all robots."""
        reward = outcome.reward[:, 0].cpu().numpy()
        terminated = outcome.terminated[:, 0].cpu().numpy()
        is_over = terminated | outcome.truncated[:, 0].cpu().numpy()
        self.under_way += (reward, np.ones_like(reward))
        self._rewards.append(float(reward.mean()))
        ended = np.stack((*self.under_way[:, is_over], terminated[is_over]))
        self._ended = np.concatenate((self._ended, ended), axis=1)
        self.under_way[:, is_over] = 0

    def take(self) -> dict[str, float]:
        """Figures since the last call; means over episodes are NaN if none ended."""
        count = self._ended.shape[1]
        means = self._ended.mean(axis=1).tolist() if count else [math.nan] * 3
        reward = float(np.mean(self._rewards))
        self._rewards, self._ended = [], np.zeros((3, 0))
        names = ('episode_return', 'episode_length', 'terminated')
        return {'reward': reward, 'episodes': count, **dict(zip(names, means, strict=True))}

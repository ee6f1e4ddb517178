# SPDX-License-Identifier: Apache-2.0
"""A recorded episode as what is learned from: the task's rewards for what was measured."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from furuta_description.dynamics import State
from furuta_rl.on_robot.recording import Recording
from furuta_rl.task import Task

LOST = -1.0  # reward of the step that lost an episode, as in `Task.reward`


class Transitions(NamedTuple):
    """T control steps."""

    observations: NDArray[Any]  # (T, n)
    actions: NDArray[Any]  # (T,)
    rewards: NDArray[Any]  # (T,)
    next_observations: NDArray[Any]  # (T, n)
    terminated: NDArray[Any]  # (T,) bool


def transitions_of(recording: Recording, task: Task) -> Transitions:
    """Every control step of an episode; only the last one can have lost it."""
    after = State(
        recording.arm_angle[1:],
        recording.pendulum_angle[1:],
        recording.arm_velocity[1:],
        recording.pendulum_velocity[1:],
        0.0,
    )
    before = np.concatenate(([0.0], recording.action[:-1]))[: recording.steps]
    rewards = task.reward(after, recording.action, before, np.zeros(recording.steps), np)
    terminated = np.zeros(recording.steps, bool)
    if recording.is_lost and recording.steps:
        terminated[-1], rewards[-1] = True, LOST
    return Transitions(
        recording.observation[:-1].astype(np.float32),
        recording.action.astype(np.float32),
        np.asarray(rewards, np.float32),
        recording.observation[1:].astype(np.float32),
        terminated,
    )


def remember(memory: Any, transitions: Transitions) -> None:
    """Put an episode into a replay memory of skrl, whose critics see what the policy sees."""
    columns = [torch.from_numpy(np.ascontiguousarray(column)) for column in transitions]
    for observation, action, reward, following, lost in zip(*columns, strict=True):
        memory.add_samples(
            observations=observation[None],
            states=observation[None],
            actions=action.reshape(1, 1),
            rewards=reward.reshape(1, 1),
            next_observations=following[None],
            next_states=following[None],
            terminated=lost.reshape(1, 1),
        )

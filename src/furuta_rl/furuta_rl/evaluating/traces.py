# SPDX-License-Identifier: Apache-2.0
"""What some robots of an evaluation did, step by step, by letting them do it once more."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from furuta_description.randomization import Ranges
from furuta_description.robot import Robot
from furuta_rl.env import EnvConfig
from furuta_rl.evaluation import Chunk, Controller, make_env, play, select, start_from
from furuta_rl.task import Task

TRACED = 24  # robots whose trajectories are drawn


class Traces(NamedTuple):
    """What some robots did, step by step; NaN once they are lost."""

    time: NDArray[Any]  # (T,) [s]
    arm: NDArray[Any]  # (T, B) [rad]
    pendulum: NDArray[Any]  # (T, B) [rad] from upright
    voltage: NDArray[Any]  # (T, B) [V] commanded


def trace(
    controller: Controller,
    robot: Robot,
    task: Task,
    ranges: Ranges,
    config: EnvConfig,
    chunk: Chunk,
    robots: NDArray[Any],
) -> Traces:
    """Follow some robots of a chunk, given by their places in it.

    Args:
        controller: who acts, as in the evaluation.
        robot: the nominal one.
        task: what is wanted.
        ranges: that robots are drawn from.
        config: of the environment.
        chunk: of the evaluation, see `evaluation.chunks_of`.
        robots: (B,) places.
    """
    first = make_env(robot, task, ranges, config, chunk.size).reset(chunk.key)
    chosen = start_from(select(first, robots))
    env = make_env(robot, task, ranges, config, len(robots))
    steps, is_on = [], np.ones(len(robots), bool)
    for state, action, result in play(env, controller, chunk.key, chosen):
        step = np.array([*state.plant[:2], action[:, 0]])
        steps.append(np.where(is_on, step, np.nan))  # a robot that is lost starts anew
        is_on = is_on & ~np.asarray(result.terminated)
    arm, angle, action = np.moveaxis(np.array(steps), 1, 0)
    pendulum = np.remainder(angle, 2 * math.pi) - math.pi
    time = np.arange(len(steps)) * config.period
    return Traces(time, arm, pendulum, task.voltage(action, np))


def some_of_both(success: NDArray[Any]) -> NDArray[Any]:
    """Places of some episodes: failures, up to a third, and successes."""
    failed = np.flatnonzero(~success)[: TRACED // 3]
    return np.concatenate((failed, np.flatnonzero(success)[: TRACED - len(failed)]))

# SPDX-License-Identifier: Apache-2.0
"""Verdicts on recorded episodes by the criterion of `episodes.py`, from what was measured."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from furuta_description.robot import Robot
from furuta_rl.criterion import EPISODE
from furuta_rl.env import Env, EnvConfig, EnvState, Transition
from furuta_rl.episodes import Episodes, start_tally, tally_of
from furuta_rl.episodes import judge as judge_tally
from furuta_rl.on_robot.recording import Recording
from furuta_rl.task import Task


@dataclass(frozen=True, eq=False)
class _Recorded:
    """What the criterion asks of an environment, for N episodes that were recorded."""

    batch_size: int
    config: EnvConfig
    task: Task
    observation_size: int = 0  # what is judged comes first
    xp: Any = np

    @property
    def episode_steps(self) -> int:
        return round(EPISODE * self.config.control_rate_hz)


@dataclass(frozen=True)
class _First:
    """What the criterion asks of first states: nothing was drawn."""

    delay: Any
    deviations: Any


def judge(recordings: Sequence[Recording], period: float, robot: Robot) -> Episodes:
    """Verdicts on N episodes; one that ended before its time, whyever, was not upright after.

    Args:
        recordings: of the episodes.
        period: control period [s].
        robot: that did them.
    """
    count, limit = len(recordings), robot.safety.voltage_limit
    config = EnvConfig('robot', 1 / period, period)
    env = cast(Env, _Recorded(count, config, Task(voltage_scale=limit)))
    zero, tally = np.zeros(count), start_tally(env)
    columns = np.array([on_grid(recording, env.episode_steps, period) for recording in recordings])
    for step, (arm, angle, voltage) in enumerate(np.moveaxis(columns, 0, 2), 1):
        has_ended = np.isnan(arm)
        truth = np.nan_to_num(np.stack((arm, -np.cos(angle), -np.sin(angle)), axis=-1))
        result = Transition(zero, has_ended, ~has_ended, zero, truth)
        action = np.nan_to_num(voltage / limit)[:, None]
        tally = tally_of(env)(tally, np.int32(step), zero, action, result)
    first = _First(np.full(count, math.nan), np.zeros((count, 0)))
    return judge_tally(env, cast(EnvState, first), tally)


def on_grid(recording: Recording, steps: int, period: float) -> NDArray[Any]:
    """Arm and pendulum at the end of each control step, and its voltage, (steps, 3).

    Where a step was missed, the sample before it counts; after the episode's end all is NaN.
    """
    since = recording.stamp - recording.stamp[0]
    times = period * np.arange(1, steps + 1)
    rows = np.searchsorted(since, times + 0.5 * period, side='right') - 1
    voltage = recording.voltage[np.maximum(rows - 1, 0)] if recording.steps else 0 * times
    columns = (recording.arm_angle[rows], recording.pendulum_angle[rows], voltage)
    return np.where((times <= since[-1] + 0.5 * period)[:, None], np.stack(columns, -1), np.nan)

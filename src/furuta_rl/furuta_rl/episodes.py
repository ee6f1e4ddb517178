# SPDX-License-Identifier: Apache-2.0
"""Whole episodes of B robots, judged by what truly happened.

An episode succeeds if the pendulum, at rest at first, is within 10 degrees of upright at every
control step of the last 5 s of 10 s, and the arm within +-120 degrees throughout. The `follow`
task is judged the same way, starting upright.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import jax
import numpy as np
from numpy.typing import NDArray

from furuta_rl.criterion import HOLD
from furuta_rl.env import Env, EnvState, Transition
from furuta_rl.task import UPRIGHT

Array = Any  # numpy or jax array


class Episodes(NamedTuple):
    """What became of N episodes; numpy, (N,) each."""

    success: NDArray[Any]  # bool
    time_to_upright: NDArray[Any]  # [s] from when on it was upright to the end; NaN: never
    was_up: NDArray[Any]  # bool: upright at one control step at least
    arm_rms: NDArray[Any]  # [rad] from its target, of the last 5 s; NaN: lost before
    pendulum_rms: NDArray[Any]  # [rad] from upright, of the last 5 s
    voltage_rms: NDArray[Any]  # [V] commanded, of the last 5 s
    arm_max: NDArray[Any]  # [rad] largest angle to either side
    delay: NDArray[Any]  # [s]
    deviations: NDArray[Any]  # (N, n) -1..1 of the drawn parameters


class Tally(NamedTuple):
    """Of the first episode of each robot, (B,) each; what follows a reset does not count."""

    is_on: Array  # bool: it was not lost yet
    last_away: Array  # int32: last control step that was not upright
    was_up: Array  # bool
    arm_max: Array  # [rad]
    squares: Array  # (B, 3) sums over the last 5 s: arm, pendulum, voltage


def start_tally(env: Env) -> Tally:
    """Before the first control step."""
    xp, count = env.xp, env.batch_size
    false = xp.zeros(count, bool)
    zero = xp.zeros(count, np.float32)
    return Tally(~false, xp.zeros(count, np.int32), false, zero, xp.stack((zero,) * 3, -1))


@lru_cache(maxsize=2)
def tally_of(env: Env) -> Callable[..., Tally]:
    """What takes a control step into the tally, compiled where that is possible."""

    def count(
        tally: Tally, step: Array, target: Array, action: Array, result: Transition
    ) -> Tally:
        xp = env.xp
        arm, cos, sin = (
            result.final_privileged[:, env.observation_size + column] for column in range(3)
        )
        error = xp.arctan2(sin, cos)
        is_on = tally.is_on & ~result.terminated
        is_up = is_on & (xp.abs(error) < UPRIGHT)
        is_end = is_on & (step >= _hold_start(env))
        squares = xp.stack((arm - target, error, env.task.voltage(action[:, 0], xp)), -1) ** 2
        arm_max = xp.maximum(tally.arm_max, xp.where(tally.is_on, xp.abs(arm), 0.0))
        return Tally(
            is_on=is_on,
            last_away=xp.where(is_up, tally.last_away, step),
            was_up=tally.was_up | is_up,
            arm_max=arm_max,
            squares=tally.squares + xp.where(is_end[:, None], squares, 0.0),
        )

    return count if env.xp is np else jax.jit(count)


def judge(env: Env, first: EnvState, tally: Tally) -> Episodes:
    """Verdicts on whole episodes, from their first states and their tallies."""
    start, end = _hold_start(env), env.episode_steps
    is_for_good = tally.is_on & (tally.last_away < end)
    time = np.where(is_for_good, (tally.last_away + 1) * env.config.period, np.nan)
    rms = np.sqrt(tally.squares / (end - start + 1))
    arm_rms, pendulum_rms, voltage_rms = np.where(tally.is_on[:, None], rms, np.nan).T
    return Episodes(
        success=is_for_good & (tally.last_away < start),
        time_to_upright=time,
        was_up=tally.was_up,
        arm_rms=arm_rms,
        pendulum_rms=pendulum_rms,
        voltage_rms=voltage_rms,
        arm_max=tally.arm_max,
        delay=np.asarray(first.delay),
        deviations=np.asarray(first.deviations),
    )


def _hold_start(env: Env) -> int:
    """First control step of the last 5 s."""
    return env.episode_steps - round(HOLD * env.config.control_rate_hz)

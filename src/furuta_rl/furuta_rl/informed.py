# SPDX-License-Identifier: Apache-2.0
"""The judge of which draws can be solved at all: a controller that knows what none can know.

It is the classical controller with the true parameters of each robot. It acts on the state that
will be when its command arrives, found by simulating the true robot from its true state, with
the commands under way, over the true delay. Noise, counts and losses of measurements do not
touch it; jitter, lost commands and pushes do, drawn as often and as hard as for any controller.

A draw, that is a robot and its delay, counts as solvable if any of several variants solves it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray

from furuta_description import channel, randomization
from furuta_description.dynamics import State
from furuta_description.randomization import Ranges
from furuta_description.robot import Robot
from furuta_rl.classical import ClassicalConfig, ClassicalController
from furuta_rl.env import Env, EnvConfig, EnvState
from furuta_rl.evaluation import (
    Prepare,
    chunks_of,
    make_env,
    run_episodes,
    select,
    start_from,
)
from furuta_rl.task import Task

RATE_HZ = 250.0  # control rate; the same robots and delays are drawn at every rate
PHYSICS_DT = 0.002  # [s]
BATCH = 512  # robots at a time
Array = Any  # numpy or jax array

_BASE = ClassicalConfig(rate_hz=RATE_HZ, lag_compensation=0.0)  # true velocities have no lag
_FREE_ARM = replace(_BASE, angle_weight=(1.3, 0.145))
# Picked one by one from 38, each solving the most of what was left of 3000 wide draws: nothing was
# left of furuta's after the first, 0.1 % of qube_servo_2's after these.
VARIANTS = (
    replace(_FREE_ARM, swing=1.1, catch_cost=300.0),
    replace(_FREE_ARM, swing=0.5, catch_cost=600.0),
    _BASE,
    replace(_BASE, centering=0.7),
    replace(_BASE, centering=2.5),
    replace(_FREE_ARM, swing=1.1, catch_cost=600.0),
    replace(_FREE_ARM, catch_cost=2000.0),
    replace(_BASE, swing=0.5, catch_cost=2000.0),
    replace(_BASE, energy_gain=15.0),
)


class InformedController:
    """Classical controller on robots that it knows all about."""

    def __init__(self, env: Env, config: ClassicalConfig) -> None:
        """Take the environment that it is to act in; both rates must be the same."""
        self._env, self._config = env, config
        self._predict = self._ahead if env.xp is np else jax.jit(self._ahead)

    def start(self, state: EnvState) -> None:
        """See `Controller.start`."""
        env = self._env
        # The linearisation takes differences, too fine for the environment's float32.
        deviations = np.asarray(state.deviations, np.float64)
        physics = randomization.draw(env.robot.physics, env.ranges, deviations)
        self._controller = ClassicalController(env.robot, self._config, physics, delay=0.0)
        self._controller.reset((len(deviations),))

    def act(self, state: EnvState) -> Array:
        """See `Controller.act`."""
        ahead = [np.asarray(x, np.float64) for x in self._predict(state)[:4]]
        return (self._controller.step(*ahead) / self._env.task.voltage_scale)[:, None]

    def _ahead(self, state: EnvState) -> State:
        """True state when a command sent now arrives."""
        env, dt = self._env, self._env.config.physics_dt
        model = env.plants.model(state.model, state.deviations)
        wait = state.delay - state.early

        def step(i: Any, plant: State) -> State:
            voltage = channel.received(state.line, i * dt, dt, env.xp)
            after = env.plants.backend.step(model, plant, voltage)
            is_before = (i + 0.5) * dt < wait
            return State(
                *(env.xp.where(is_before, x, y) for x, y in zip(after, plant, strict=True))
            )

        steps = math.ceil(env.ranges.longest_delay / dt)
        arrival: State = env.plants.loop(steps, step, state.plant)
        return arrival


def solvable(
    robot: Robot,
    task: Task,
    ranges: Ranges,
    seed: int,
    episodes: int,
    prepare: Prepare | None = None,
    variants: Sequence[ClassicalConfig] = VARIANTS,
    on_step: Callable[[int], None] | None = None,
) -> NDArray[Any]:
    """Which of the draws of `evaluate` with the same arguments can be solved, (N,) bool.

    Each variant only tries what those before it did not solve.
    """
    task = replace(task, voltage_scale=robot.safety.voltage_limit)
    config = EnvConfig(control_rate_hz=RATE_HZ, physics_dt=PHYSICS_DT)
    env = make_env(robot, task, ranges, config, BATCH)
    solved = []
    for chunk in chunks_of(episodes, seed):
        first = make_env(robot, task, ranges, config, chunk.size).reset(chunk.key)
        first = prepare(first, chunk.robots) if prepare else first
        is_solved = np.zeros(chunk.size, bool)
        for variant in variants:
            controller = InformedController(env, variant)
            tried = np.flatnonzero(~is_solved)
            for start in range(0, len(tried), BATCH):
                rows = np.resize(tried[start : start + BATCH], BATCH)  # filled up by repeating
                chosen = select(first, rows)
                result = run_episodes(env, controller, chunk.key, start_from(chosen), on_step)
                is_solved[rows] |= result.success
        solved.append(is_solved)
    return np.concatenate(solved)[:episodes]

# SPDX-License-Identifier: Apache-2.0
"""B robots on a task: a backend's physics, a link that takes time, sensors, episodes.

Batch first, auto-reset, and no state of its own: all that changes is in `EnvState`. On `analytic`
and `mjx`, `reset` and `step` are pure functions that may be called under jax.jit, vmap and scan;
on `mujoco` the same code runs in numpy. The same seed draws the same robots, delays and noise on
each of them.

    action -> volts -> line (delay, jitter, loss) -> plant -> noise, counts, loss -> observation

All delay sits in the command's line: a loop cannot tell on which of its ways time is lost.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import jax
import numpy as np

from furuta_description import channel, draws, randomization, sensing
from furuta_description.channel import Line, Link
from furuta_description.dynamics import State
from furuta_description.randomization import Ranges
from furuta_description.robot import Robot, Sensors
from furuta_rl.plants import Plants
from furuta_rl.task import Memory, Task

Array = Any  # numpy or jax array


@dataclass(frozen=True)
class EnvConfig:
    """Choices of the environment."""

    backend: str = 'analytic'
    """physics: analytic, mjx or mujoco"""
    control_rate_hz: float = 50.0
    """control steps a second [Hz]"""
    physics_dt: float = 0.002
    """physics step [s]; a whole number of them makes a control step"""
    episode: float = 3.0
    """length of an episode [s]"""
    is_staggered: bool = False
    """cut the first episodes short by random shares, so that robots do not all end at once"""
    from_rest: bool = False
    """start every episode at rest, as the evaluation does, and not from anywhere"""
    widening: float = 0.0
    """curriculum: share of the ranges that a robot's draws widen by after an episode that ends
    upright, and narrow by after any other, starting from none; 0 draws from all of them at once"""

    @property
    def period(self) -> float:
        """Control period [s]."""
        return 1 / self.control_rate_hz

    @property
    def substeps(self) -> int:
        """Physics steps in a control step."""
        return round(self.period / self.physics_dt)

    def __post_init__(self) -> None:
        """Check the choices.

        Raises:
            ValueError: the control period is no whole number of physics steps.
        """
        steps = self.period / self.physics_dt
        if round(steps) < 1 or abs(steps - round(steps)) > 1e-6:
            raise ValueError(
                f'physics_dt {self.physics_dt} s must divide the control period {self.period} s'
            )


class EnvState(NamedTuple):
    """All that B robots and their episodes are; every leaf has B first."""

    observation: Array  # (B, observation_size)
    privileged: Array  # (B, privileged_size)
    keys: Array  # (B, 2) uint32 of the next draws
    tick: Array  # (B,) int32 control steps into the episode
    plant: State  # true state
    line: Line  # commands under way [V]
    memory: Memory  # what the controller knows
    deviations: Array  # (B, n) -1..1 of the drawn parameters
    delay: Array  # (B,) [s]
    target: Array  # (B,) [rad] commanded arm angle
    early: Array  # (B,) [s] by which this control step comes before its time
    age: Array  # (B,) [s] of the newest measurement that arrived, at the step's proper time
    level: Array  # (B,) share of the ranges that is drawn from
    model: Any  # what the backend keeps of the robots, None where nothing is worth keeping
    energy: Array | None = None  # (B,) [J] that the motors took, None where nobody counts


class Transition(NamedTuple):
    """What a control step brought; (B,) each."""

    reward: Array
    terminated: Array  # bool: lost
    truncated: Array  # bool: time is up
    final_observation: Array  # (B, n) before the reset
    final_privileged: Array  # (B, m)


class Env:
    """Task x backend x ranges, for `batch_size` robots."""

    action_size = 1

    def __init__(
        self, robot: Robot, task: Task, ranges: Ranges, config: EnvConfig, batch_size: int
    ) -> None:
        """Make the plants; nothing is drawn yet.

        Raises:
            ValueError: the backend is not known.
        """
        self.robot, self.task, self.ranges, self.config = robot, task, ranges, config
        self.batch_size = batch_size
        self.plants = Plants(config.backend, robot.physics, ranges, config.physics_dt)
        self.xp = self.plants.xp
        self.episode_steps = round(config.episode * config.control_rate_hz)
        self._slots = channel.slots_for(ranges.longest_delay, config.period)
        self._burst = ranges.dropout_burst or None
        self._spreads = randomization.count_spreads(ranges)
        self._is_noisy, self._is_lossy = ranges.angle_noise > 0, ranges.measurement_dropout > 0
        self.observation_size = task.observation_size
        self.privileged_size = task.observation_size + len(State._fields) + 2 + self._spreads

    def reset(self, key: Array) -> EnvState:
        """Start all robots; `key` is one of jax.random's."""
        xp = self.xp
        seed = xp.asarray(jax.random.bits(key, (2,), 'uint32'))
        keys = draws.make_keys(seed, self.batch_size, xp)
        level = xp.full(self.batch_size, 0.0 if self.config.widening else 1.0, np.float32)
        drawn = draws.uniforms(keys, _EPISODE + self._spreads, xp)
        keys = draws.next_keys(keys)
        state = self._begin(drawn, draws.next_keys(keys), level)
        if self.config.is_staggered:
            tick = self.episode_steps * draws.uniforms(keys, 1, xp)[:, 0]
            state = state._replace(tick=tick.astype(np.int32))
        return state._replace(model=self.plants.make_model(state.deviations))

    def step(self, state: EnvState, action: Array) -> tuple[EnvState, Transition]:
        """One control period with `action` (B, 1) in -1..1, then a new episode where one ended."""
        xp = self.xp
        drawn = draws.uniforms(state.keys, _STEP + _EPISODE + self._spreads, xp)
        now, before = drawn[:, :_STEP], state.memory.actions[..., 0]
        after = self._act(state, xp.clip(action[:, 0], -1, 1), now)
        action = after.memory.actions[..., 0]
        reward = self.task.reward(after.plant, action, before, after.target, xp)
        terminated = self.task.terminated(after.plant, xp)
        truncated = (after.tick >= self.episode_steps) & ~terminated
        result = Transition(reward, terminated, truncated, after.observation, after.privileged)
        ended = terminated | truncated
        fresh = self._begin(drawn[:, _STEP:], after.keys, self._next_level(after, truncated))
        new = self._where(ended, fresh, after)
        return new._replace(model=self.plants.renew(state.model, new.deviations, ended)), result

    def advance(self, state: EnvState, action: Array) -> EnvState:
        """One control period with `action` (B, 1) in -1..1, whatever becomes of the episodes."""
        drawn = draws.uniforms(state.keys, _STEP, self.xp)
        return self._act(state, self.xp.clip(action[:, 0], -1, 1), drawn)

    def within(self, ranges: Ranges, sensors: Sensors) -> Env:
        """This environment with other numbers, which may be traced ones, in ranges and sensors.

        Parameters are drawn, and slots, noise and losses are there, as this one has them.
        """
        other = copy.copy(self)
        other.ranges, other.robot = ranges, replace(self.robot, sensors=sensors)
        return other

    def _act(self, state: EnvState, action: Array, drawn: Array) -> EnvState:
        """The state one control period on, episodes going on."""
        xp, task, period, level = self.xp, self.task, self.config.period, state.level
        link = Link(
            delay=state.delay - state.early,
            jitter=self.ranges.delay_jitter * level,
            dropout=self.ranges.command_dropout * level,
            burst=self._burst,
        )
        line = channel.send(state.line, task.voltage(action, xp), link, drawn[:, _LINK], 0.0, xp)
        plant = self._pushed(state.plant, level, drawn[:, _PUSH])
        model = self.plants.model(state.model, state.deviations)
        plant, energy = self.plants.advance(model, plant, line, self.config.substeps, state.energy)
        early = self.ranges.period_jitter * period * level * drawn[:, _EARLY]
        loss = Link(dropout=self.ranges.measurement_dropout * level, burst=self._burst)
        is_fresh = ~channel.lost(loss, drawn[:, _LOSS], state.age > state.early, xp)
        memory = task.remember(
            state.memory,
            action,
            *self._measured(plant, early, level, drawn[:, _NOISE]),
            state.age + period - early,
            xp,
            is_fresh if self._is_lossy else None,
        )
        return self._seen(
            state._replace(
                keys=draws.next_keys(state.keys),
                tick=state.tick + 1,
                plant=plant,
                line=channel.elapse(line, period),
                memory=memory,
                target=task.next_target(state.target, drawn[:, _TARGET], period, xp),
                early=early,
                age=xp.where(is_fresh, early, state.age + period),
                energy=energy,
            )
        )

    def _begin(self, drawn: Array, keys: Array, level: Array) -> EnvState:
        """First state of new episodes, without a model."""
        xp, task = self.xp, self.task
        pose = task.rest_state if self.config.from_rest else task.initial_state
        plant = pose(drawn[:, _POSE], xp)
        zero = xp.zeros_like(level)
        shortest, longest = self.ranges.delay
        angles = self._measured(plant, zero, level, drawn[:, _FIRST_NOISE])
        return self._seen(
            EnvState(
                observation=None,
                privileged=None,
                keys=keys,
                tick=xp.zeros(self.batch_size, np.int32),
                plant=plant,
                line=channel.make_line(zero, self._slots, xp, bool(self._burst)),
                memory=task.start(*angles, xp),
                deviations=level[:, None] * (2 * drawn[:, _EPISODE:] - 1),
                delay=shortest + (longest - shortest) * level * drawn[:, _DELAY],
                target=task.first_target(drawn[:, _FIRST_TARGET]),
                early=zero,
                age=zero,
                level=level,
                model=None,
            )
        )

    def _seen(self, state: EnvState) -> EnvState:
        """The state with its observations.

        The critic also sees the true state, the delay [control periods] and the parameters.
        """
        xp, plant = self.xp, state.plant
        observation = self.task.observation(state.memory, state.target, xp)
        cos, sin = -xp.cos(plant.pendulum_angle), -xp.sin(plant.pendulum_angle)
        truth = (plant.arm_angle, cos, sin, *plant[2:], state.delay / self.config.period)
        privileged = (observation, xp.stack(truth, axis=-1), state.deviations)
        return state._replace(
            observation=observation.astype(np.float32),
            privileged=xp.concatenate(privileged, axis=-1).astype(np.float32),
        )

    def _measured(
        self, plant: State, early: Array, level: Array, drawn: Array
    ) -> tuple[Array, Array]:
        """Measured angles (B,) [rad], sampled `early` [s] before the state."""
        arm = plant.arm_angle - early * plant.arm_velocity
        pendulum = plant.pendulum_angle - early * plant.pendulum_velocity
        if self._is_noisy:
            noise = self.ranges.angle_noise * level[:, None] * draws.normals(drawn, self.xp)
            arm, pendulum = arm + noise[:, 0], pendulum + noise[:, 1]
        if not self.ranges.quantised:
            return arm, pendulum
        sensors = self.robot.sensors
        return (
            sensing.quantise(arm, sensors.arm_counts, self.xp),
            sensing.quantise(pendulum, sensors.pendulum_counts, self.xp),
        )

    def _pushed(self, plant: State, level: Array, drawn: Array) -> State:
        """The state after a push against the pendulum, where there is one."""
        happens = drawn[:, 0] < self.ranges.push_rate * self.config.period
        push = self.ranges.push_velocity * level * (2 * drawn[:, 1] - 1)
        return plant._replace(pendulum_velocity=plant.pendulum_velocity + happens * push)

    def _next_level(self, state: EnvState, truncated: Array) -> Array:
        """Share of the ranges for the next episode, where this one ended."""
        if not self.config.widening:
            return state.level
        succeeded = truncated & self.task.is_upright(state.plant, state.target, self.xp)
        change = self.xp.where(succeeded, self.config.widening, -self.config.widening)
        return self.xp.clip(state.level + change, 0, 1).astype(np.float32)

    def _where(self, condition: Array, new: EnvState, old: EnvState) -> EnvState:
        def pick(new: Array, old: Array) -> Array:
            return self.xp.where(condition.reshape(-1, *[1] * (old.ndim - 1)), new, old)

        old = old._replace(model=None)
        return EnvState(*jax.tree.map(pick, tuple(new), tuple(old)))


# Columns of the draws of a control step and, after them, of a new episode.
_EARLY, _LOSS, _LINK, _PUSH = 0, 1, slice(2, 4), slice(4, 6)
_TARGET, _NOISE, _STEP = slice(6, 8), slice(8, 10), 10
_POSE, _DELAY, _FIRST_TARGET, _FIRST_NOISE, _EPISODE = slice(0, 5), 5, 6, slice(7, 9), 9

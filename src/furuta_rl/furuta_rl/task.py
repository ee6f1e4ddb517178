# SPDX-License-Identifier: Apache-2.0
"""What is wanted of the robot: observation, reward, termination, initial states, action to volts.

Written once, with the array module passed in as `xp`: the environment, the evaluation and the
policy node call the same functions. The observation is made of measured angles, their stamps and
past actions, which is all a real robot has. A new task is a subclass of `Task` and a line in
`TASKS`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

from furuta_description.dynamics import State, make_state
from furuta_description.sensing import wrap_angle

Array = Any  # numpy or jax array

FRAME = ('arm_angle', 'upright_cos', 'upright_sin', 'arm_velocity', 'pendulum_velocity')  # SI
PAST_ACTIONS = 3  # enough to make up for delays of three control periods
MAX_HISTORY = 10
UPRIGHT = math.radians(10)  # [rad] of pendulum within which it counts as upright
BALANCE_WIDTH = 0.15  # [rad] standard deviation of the bell that rewards being near upright


class Memory(NamedTuple):
    """What the observation is made of, newest first."""

    arm_angle: Array  # (B,) [rad] newest measured
    pendulum_angle: Array  # (B,) [rad]
    frames: Array  # (B, (1 + history) * len(FRAME))
    actions: Array  # (B, max(PAST_ACTIONS, history)) in -1..1, the oldest last


@dataclass(frozen=True)
class Task:
    """Swing up and balance, with the arm at its zero."""

    voltage_scale: float = 10.0
    """voltage of an action of 1 [V]"""
    history: int = 0
    """earlier control steps, measurements and actions, that the observation shows; 0 to 10"""
    arm_limit: float = 2.0
    """the episode is lost with the arm beyond this angle [rad]"""
    arm_weight: float = 0.05
    """cost of the arm's distance from where it should be [1/rad^2]"""
    balance_weight: float = 0.0
    """reward for being near upright, all of it at upright and a tenth of it 18 degrees away"""
    velocity_weight: float = 0.002
    """cost of the pendulum's velocity while it is up [s^2/rad^2]"""
    action_weight: float = 0.01
    """cost of the action squared"""
    change_weight: float = 0.02
    """cost of the change of action squared"""
    target_span: float = 0.0
    """commanded arm angles lie within this to both sides [rad]"""

    def __post_init__(self) -> None:
        """Check the choices.

        Raises:
            ValueError: the history is too long.
        """
        if not 0 <= self.history <= MAX_HISTORY:
            raise ValueError(f'history must be 0..{MAX_HISTORY}, not {self.history}')

    @property
    def layout(self) -> tuple[str, ...]:
        """Name of every entry of the observation; an exported policy carries it along."""
        frames = [
            name if age == 0 else f'{name}[-{age}]'
            for age in range(1 + self.history)
            for name in FRAME
        ]
        actions = [f'action[-{age + 1}]' for age in range(self._action_count)]
        return (*frames, *actions, *self._target_layout)

    @property
    def observation_size(self) -> int:
        """Length of the observation."""
        return len(self.layout)

    def start(self, arm_angle: Array, pendulum_angle: Array, xp: Any) -> Memory:
        """Memory at the first measurement, (B,) [rad] each: as if it had always been so."""
        zero = 0 * arm_angle
        frame = _frame(arm_angle, pendulum_angle, zero, zero, xp)
        frames = xp.concatenate([frame] * (1 + self.history), axis=-1)
        actions = xp.stack([zero] * self._action_count, axis=-1)
        return Memory(arm_angle, pendulum_angle, frames, actions)

    def remember(
        self,
        memory: Memory,
        action: Array,
        arm_angle: Array,
        pendulum_angle: Array,
        elapsed: Array,
        xp: Any,
        is_fresh: Array | None = None,
    ) -> Memory:
        """Memory one control step on.

        Velocities are differences over the control step: no filter's lag, little noise.

        Args:
            memory: of the step before.
            action: taken in it, (B,) in -1..1.
            arm_angle: newest measured (B,) [rad], unwrapped.
            pendulum_angle: newest measured (B,) [rad], unwrapped.
            elapsed: between the stamps of this and the last fresh measurement, (B,) [s].
            xp: array module.
            is_fresh: (B,) where the measurement came; elsewhere the last is held. None: all did.
        """
        arm_velocity = (arm_angle - memory.arm_angle) / elapsed
        pendulum_velocity = (pendulum_angle - memory.pendulum_angle) / elapsed
        frame = _frame(arm_angle, pendulum_angle, arm_velocity, pendulum_velocity, xp)
        if is_fresh is not None:
            arm_angle = xp.where(is_fresh, arm_angle, memory.arm_angle)
            pendulum_angle = xp.where(is_fresh, pendulum_angle, memory.pendulum_angle)
            frame = xp.where(is_fresh[..., None], frame, memory.frames[..., : len(FRAME)])
        if self.history:
            kept = memory.frames[..., : -len(FRAME)]
            frame = xp.concatenate((frame, kept), axis=-1)
        actions = xp.concatenate((action[..., None], memory.actions[..., :-1]), axis=-1)
        return Memory(arm_angle, pendulum_angle, frame, actions)

    def observation(self, memory: Memory, target: Array, xp: Any) -> Array:
        """Observation (B, observation_size), in the order of `layout`."""
        return xp.concatenate((memory.frames, memory.actions), axis=-1)

    def voltage(self, action: Array, xp: Any) -> Array:
        """Command of an action, (B,) [V]; actions beyond -1..1 are cut."""
        return self.voltage_scale * xp.minimum(xp.maximum(action, -1), 1)

    def reward(self, state: State, action: Array, before: Array, target: Array, xp: Any) -> Array:
        """Reward of a control step, (B,), 1 + balance_weight at rest where the robot should be.

        Args:
            state: true state at the end of the step.
            action: taken in it, (B,) in -1..1.
            before: the action before, (B,).
            target: arm angle wanted, (B,) [rad].
            xp: array module.
        """
        up = 0.5 * (1 - xp.cos(state.pendulum_angle))
        near = xp.exp((up - 1) / (1 - math.cos(BALANCE_WIDTH)))
        reward = (
            up
            + self.balance_weight * near
            - self.arm_weight * (state.arm_angle - target) ** 2
            - self.velocity_weight * state.pendulum_velocity**2 * up
            - self.action_weight * action**2
            - self.change_weight * (action - before) ** 2
        )
        return xp.where(self.terminated(state, xp), -1.0, reward)

    def terminated(self, state: State, xp: Any) -> Array:
        """Whether the episode is lost, (B,) bool."""
        return xp.logical_not(xp.abs(state.arm_angle) <= self.arm_limit)  # so is a NaN

    def is_upright(self, state: State, target: Array, xp: Any) -> Array:
        """Whether the robot does what is wanted, (B,) bool."""
        return xp.abs(wrap_angle(state.pendulum_angle - math.pi, xp)) < UPRIGHT

    def initial_state(self, uniforms: Array, xp: Any) -> State:
        """States (B,) to start from: half of them hang at rest, half do anything.

        A pendulum that spins is among them: a policy that overshoots must learn to catch it.

        Args:
            uniforms: (B, 5) in [0, 1).
            xp: array module.
        """
        arm, pendulum, arm_velocity, velocity = (2 * uniforms[:, i] - 1 for i in range(4))
        hangs = uniforms[:, 4] < 0.5
        return make_state(
            xp.where(hangs, 0.1, 1.5) * arm,
            xp.where(hangs, 0.1, math.pi) * pendulum,
            xp.where(hangs, 0.05, 5.0) * arm_velocity,
            xp.where(hangs, 0.05, 15.0) * velocity,
        )

    def rest_state(self, uniforms: Array, xp: Any) -> State:
        """States (B,) that the evaluation starts from: hanging at rest; see `initial_state`."""
        arm, pendulum = 2 * uniforms[:, 0] - 1, 2 * uniforms[:, 1] - 1
        return make_state(0.1 * arm, 0.05 * pendulum, 0 * arm, 0 * arm)

    def next_target(self, target: Array, uniforms: Array, period: float, xp: Any) -> Array:
        """Arm angle wanted one control period later, (B,) [rad]; uniforms (B, 2) in [0, 1)."""
        return 0 * target

    def first_target(self, uniforms: Array) -> Array:
        """Arm angle wanted at the start, (B,) [rad], from (B,) in [0, 1)."""
        return self.target_span * (2 * uniforms - 1)

    @property
    def _action_count(self) -> int:
        return max(PAST_ACTIONS, self.history)

    @property
    def _target_layout(self) -> tuple[str, ...]:
        return ()


@dataclass(frozen=True)
class FollowTask(Task):
    """Balance while the arm follows a commanded angle, which jumps now and then."""

    arm_weight: float = 0.1
    """cost of the arm's distance from where it should be [1/rad^2]"""
    target_span: float = 1.0
    """commanded arm angles lie within this to both sides [rad]"""
    target_rate: float = 0.3
    """jumps of the commanded angle [1/s]"""
    fall_angle: float = 0.6
    """the episode is lost with the pendulum this far from upright [rad]"""

    def observation(self, memory: Memory, target: Array, xp: Any) -> Array:
        """See `Task.observation`; the commanded angle comes last."""
        return xp.concatenate((memory.frames, memory.actions, target[..., None]), axis=-1)

    def terminated(self, state: State, xp: Any) -> Array:
        """See `Task.terminated`; a fall is one more reason."""
        has_fallen = -xp.cos(state.pendulum_angle) < math.cos(self.fall_angle)
        return super().terminated(state, xp) | has_fallen

    def is_upright(self, state: State, target: Array, xp: Any) -> Array:
        """See `Task.is_upright`; the arm must be within 0.3 rad of its target."""
        return super().is_upright(state, target, xp) & (xp.abs(state.arm_angle - target) < 0.3)

    def initial_state(self, uniforms: Array, xp: Any) -> State:
        """Near upright; see `Task.initial_state`."""
        arm, pendulum, arm_velocity, velocity = (2 * uniforms[:, i] - 1 for i in range(4))
        return make_state(
            self.target_span * arm, math.pi + 0.2 * pendulum, 0.5 * arm_velocity, 0.5 * velocity
        )

    def rest_state(self, uniforms: Array, xp: Any) -> State:
        """See `Task.rest_state`; upright, where this task begins."""
        hanging = super().rest_state(uniforms, xp)
        return hanging._replace(pendulum_angle=math.pi + hanging.pendulum_angle)

    def next_target(self, target: Array, uniforms: Array, period: float, xp: Any) -> Array:
        """See `Task.next_target`."""
        jumps = uniforms[:, 0] < self.target_rate * period
        return xp.where(jumps, self.first_target(uniforms[:, 1]), target)

    @property
    def _target_layout(self) -> tuple[str, ...]:
        return ('target_arm_angle',)


TASKS: dict[str, type[Task]] = {'swing_up': Task, 'follow': FollowTask}


def _frame(
    arm_angle: Array, pendulum_angle: Array, arm_velocity: Array, pendulum_velocity: Array, xp: Any
) -> Array:
    """One step's measurements in the order of FRAME, (B, 5); upright has cosine 1, sine 0."""
    cos, sin = -xp.cos(pendulum_angle), -xp.sin(pendulum_angle)
    return xp.stack((arm_angle, cos, sin, arm_velocity, pendulum_velocity), axis=-1)

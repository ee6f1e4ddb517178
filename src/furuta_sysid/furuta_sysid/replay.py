# SPDX-License-Identifier: Apache-2.0
"""Recordings replayed open loop: what a robot file says the joints should have done.

A recording is cut into windows. Each starts in the state that explains its first moments best, and
goes on by the recorded voltage alone, so the error grows with the horizon as the model is wrong.
Windows of all horizons go through one batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray
from scipy.signal import savgol_filter

from furuta_description import dynamics
from furuta_description.robot import Physics, Robot
from furuta_sim.backends.analytic import Float32Math
from furuta_sysid.trajectory import Floats, Recording

STEP = 1e-3  # [s] of the physics, at most
START = 0.5  # [s] of a window that its start state is estimated from
SMOOTHING = 0.05  # [s] over which the first guess of the velocities is taken
ITERATIONS = 4  # of Gauss and Newton's method
NUDGE = np.array([1e-3, 1e-3, 1e-2, 1e-2])  # [rad, rad, rad/s, rad/s] of finite differences
ROOM = 32  # batches are filled up to multiples, so that one compiled program serves many


@dataclass(frozen=True)
class Windows:
    """Windows of one length that start one after the other in a recording."""

    horizon: float
    """[s]; what was asked for, or the longest stretch if that is shorter"""
    time: Floats
    """(T,) [s] from the start of a window, its first sample left out"""
    begin: Floats
    """(W,) [s] of each window in the recording"""
    measured: Floats
    """(W, T, 2) [rad]"""
    simulated: Floats
    """(W, T, 2) [rad]"""

    @property
    def residual(self) -> Floats:
        """(W, T, 2) measured less simulated [rad]."""
        return self.measured - self.simulated

    @property
    def rms(self) -> Floats:
        """(2,) root mean square error of arm and pendulum [rad]."""
        return np.asarray(np.sqrt(np.mean(self.residual**2, axis=(0, 1))))

    @property
    def fit_percent(self) -> Floats:
        """(2,) 100 (1 - |y - y_simulated| / |y - mean of y|); 100 is perfect, 0 is a constant."""
        around = self.measured - self.measured.mean(axis=(0, 1))
        spread = np.linalg.norm(around.reshape(-1, 2), axis=0)
        missed = np.linalg.norm(self.residual.reshape(-1, 2), axis=0)
        return np.asarray(100 * (1 - missed / np.maximum(spread, 1e-12)))


def replay(robot: Robot, recording: Recording, horizons: Sequence[float]) -> list[Windows]:
    """Replay a recording in windows of each horizon [s].

    The voltage takes `timing.torque_delay` to become a torque.
    """
    lengths = [_length(recording, horizon) for horizon in horizons]
    starts = [_starts(recording, length) for length in lengths]
    simulated = _simulated(robot, recording, np.concatenate(starts), max(lengths))
    result, first = [], 0
    for length, begin in zip(lengths, starts, strict=True):
        rows = begin[:, None] + np.arange(1, length + 1)
        result.append(
            Windows(
                horizon=length * recording.dt,
                time=recording.dt * np.arange(1, length + 1, dtype=float),
                begin=recording.dt * begin.astype(float),
                measured=recording.angles[rows],
                simulated=simulated[first : first + len(begin), :length],
            )
        )
        first += len(begin)
    return result


def delayed(recording: Recording, delay: float, substeps: int) -> Floats:
    """Mean voltage of every physics step, (N, substeps) [V], when it comes `delay` [s] late."""
    edges = recording.dt * np.arange(len(recording) + 1)
    charge = recording.dt * np.concatenate([[0.0], np.cumsum(recording.voltage)])
    fine = recording.dt / substeps * np.arange(len(recording) * substeps + 1)
    mean = np.diff(np.interp(fine - delay, edges, charge)) / (recording.dt / substeps)
    return np.asarray(mean.reshape(len(recording), substeps))


def _length(recording: Recording, horizon: float) -> int:
    """Samples of a window."""
    longest = max(part.stop - part.start for part in recording.parts) - 1
    return int(max(1, min(round(horizon / recording.dt), longest)))


def _starts(recording: Recording, length: int) -> NDArray[np.intp]:
    """First samples of the windows, in stretches without a hole."""
    return np.concatenate(
        [np.arange(part.start, part.stop - length, length) for part in recording.parts]
    )


def _simulated(
    robot: Robot, recording: Recording, starts: NDArray[np.intp], length: int
) -> Floats:
    """(W, length, 2) [rad] after each start; the batch is filled up with its last window."""
    substeps = max(1, round(recording.dt / STEP))
    starts = np.concatenate([starts, np.full(-len(starts) % ROOM, starts[-1])])
    volts = delayed(recording, robot.timing.torque_delay, substeps)
    volts = np.concatenate([volts, np.zeros((length, substeps))])
    angles = np.concatenate([recording.angles, np.tile(recording.angles[-1], (length, 1))])
    rows = starts[:, None] + np.arange(length)  # (W, length)
    inputs = np.moveaxis(volts[rows], 0, -1)  # (length, substeps, W)
    dt = recording.dt / substeps
    few = min(length, max(8, round(START / recording.dt)))
    whole = np.moveaxis(angles[rows[:, :few] + 1], 0, -1)  # (few, 2, W)
    state = _guess(recording, starts)
    state = _estimate(robot.physics, state, (inputs[:few], whole), recording.resolution, dt)
    return np.moveaxis(_run(robot.physics, state, inputs, dt), -1, 0)


def _guess(recording: Recording, starts: NDArray[np.intp]) -> Floats:
    """(4, W) angles and velocities from a quadratic through the samples around."""
    smooth = np.zeros((len(recording), 4))
    wanted = max(5, 2 * round(SMOOTHING / recording.dt / 2) + 1)
    for part in recording.parts:  # never across a hole
        width = min(wanted, (part.stop - part.start - 1) // 2 * 2 + 1)
        for deriv in (0, 1):
            smooth[part, 2 * deriv : 2 * deriv + 2] = savgol_filter(
                recording.angles[part], width, min(2, width - 1), deriv, recording.dt, axis=0
            )
    return np.asarray(smooth[starts].T)


def _estimate(
    physics: Physics,
    state: Floats,
    data: tuple[Floats, Floats],
    resolution: tuple[float, float],
    dt: float,
) -> Floats:
    """Start states (4, W) that explain inputs and angles best, by Gauss and Newton's method.

    A step that makes a window worse is not taken.
    """
    inputs, measured = data
    scale = np.array(resolution)[:, None]

    def residual(state: Floats) -> Floats:
        return np.asarray((_run(physics, state, inputs, dt) - measured) / scale)  # (T, 2, W)

    now = residual(state)
    for _ in range(ITERATIONS):
        slopes = [
            (residual(state + nudge[:, None]) - now) / nudge.sum() for nudge in np.diag(NUDGE)
        ]
        jacobian = np.stack(slopes).reshape(4, -1, state.shape[1]).transpose(2, 1, 0)
        flat = now.reshape(-1, state.shape[1]).T[:, :, None]  # (W, 2 T, 1)
        normal = np.swapaxes(jacobian, 1, 2) @ jacobian + 1e-6 * np.eye(4)
        step = np.linalg.solve(normal, np.swapaxes(jacobian, 1, 2) @ flat)[:, :, 0].T
        tried = residual(state - step)
        is_better = np.sum(tried**2, axis=(0, 1)) < np.sum(now**2, axis=(0, 1))
        state, now = np.where(is_better, state - step, state), np.where(is_better, tried, now)
    return np.asarray(state)


def _run(physics: Physics, state: Floats, inputs: Floats, dt: float) -> Floats:
    """Angles (T, 2, W) after each row of the voltages (T, substeps, W)."""
    leaves = jax.tree.map(jnp.float32, physics)
    found = _scan(leaves, jnp.asarray(state, jnp.float32), jnp.asarray(inputs, jnp.float32), dt)
    angles = np.nan_to_num(np.asarray(found, dtype=float), nan=1e6, posinf=1e6, neginf=-1e6)
    return np.asarray(angles)


@partial(jax.jit, static_argnums=3)
def _scan(physics: Physics, state: jax.Array, inputs: jax.Array, dt: float) -> jax.Array:
    coefficients, xp = dynamics.make_coefficients(physics), Float32Math()

    def sample(state: Any, volts: jax.Array) -> tuple[Any, jax.Array]:
        def advance(i: Any, state: Any) -> Any:
            return dynamics.step(physics, coefficients, state, volts[i], dt, xp)

        state = jax.lax.fori_loop(0, inputs.shape[1], advance, state)
        return state, jnp.stack([state.arm_angle, state.pendulum_angle])

    angles: jax.Array = jax.lax.scan(sample, dynamics.make_state(*state), inputs)[1]
    return angles

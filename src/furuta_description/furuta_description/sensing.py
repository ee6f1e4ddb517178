# SPDX-License-Identifier: Apache-2.0
"""From joint angle to what the board reports: encoder counts, wrap, zero offset and velocity.

The firmware does the same, so all arithmetic is float32 in a fixed order. The velocity comes from
a second-order tracking loop (phase-locked loop) on the counts, critically damped: Harnefors and
Nee, "A general algorithm for speed and position estimation of AC motors", IEEE Transactions on
Industrial Electronics 47(1), 2000, eq. 13, with both poles at the bandwidth. A constant velocity
is tracked without error; a velocity that changes is seen 2 / bandwidth later.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

Array = Any  # numpy or jax array of shape (B,), or a numpy scalar

REGISTER_SPAN = 65536  # the board's pulse counter has 16 bits


class EncoderState(NamedTuple):
    """What the board remembers of one encoder; each (B,)."""

    counts: Array  # int32, unwrapped
    residual: Array  # float32 [counts], tracked position minus counts
    velocity: Array  # float32 [counts/s]


class Tracker(NamedTuple):
    """Constants of one encoder at one sampling period, float32."""

    period: np.float32  # [s]
    velocity_gain: np.float32  # [1/s]
    correction: np.float32  # [1]
    resolution: np.float32  # [rad/count]


def make_tracker(counts_per_revolution: int, bandwidth: float, period: float) -> Tracker:
    """Constants for an encoder sampled every `period` [s], with the loop's bandwidth [rad/s].

    Raises:
        ValueError: the loop would not be stable at this period.
    """
    if not 0 < bandwidth * period < 0.5:
        raise ValueError(
            f'velocity bandwidth {bandwidth} rad/s needs a sampling period below '
            f'{0.5 / bandwidth:.3g} s, not {period} s'
        )
    return Tracker(
        np.float32(period),
        np.float32(bandwidth**2 * period),
        np.float32(1 - 2 * bandwidth * period),
        np.float32(2 * math.pi / counts_per_revolution),
    )


def register(angle: Array, counts_per_revolution: int, xp: Any) -> Array:
    """What the 16-bit pulse counter reads at an angle [rad], (B,) int32 in 0..65535."""
    return _counts(angle, counts_per_revolution, xp).astype(np.int32) & (REGISTER_SPAN - 1)


def quantise(angle: Array, counts_per_revolution: int, xp: Any) -> Array:
    """The angle [rad] as the encoder resolves it, (B,), unwrapped."""
    resolution = 2 * math.pi / counts_per_revolution
    return _counts(angle, counts_per_revolution, xp) * resolution


def start(reading: Array) -> EncoderState:
    """State at rest, from the first register reading (B,), taken as -32768..32767 counts."""
    counts = _signed(reading)
    zero = (counts * 0).astype(np.float32)
    return EncoderState(counts, zero, zero)


def track(state: EncoderState, reading: Array, tracker: Tracker) -> EncoderState:
    """One sampling period: unwrap the register, then correct position and velocity.

    Args:
        state: (B,) each.
        reading: 16-bit register (B,), int32; it may move by half its span at most.
        tracker: constants of the encoder.
    """
    moved = _signed(reading - state.counts)
    error = moved.astype(np.float32) - state.residual - state.velocity * tracker.period
    return EncoderState(
        state.counts + moved,
        -(tracker.correction * error),
        state.velocity + tracker.velocity_gain * error,
    )


def angle(state: EncoderState, offset: Array, tracker: Tracker) -> Array:
    """Unwrapped joint angle, (B,) float32 [rad], `offset` counts off the encoder's own zero."""
    return (state.counts - offset).astype(np.float32) * tracker.resolution


def velocity(state: EncoderState, tracker: Tracker) -> Array:
    """Joint velocity, (B,) float32 [rad/s]."""
    return state.velocity * tracker.resolution


def wrap_angle(angle: Array, xp: Any) -> Array:
    """The angle in [-pi, pi), (B,) [rad]."""
    return angle - 2 * math.pi * xp.floor((angle + math.pi) / (2 * math.pi))


def _counts(angle: Array, counts_per_revolution: int, xp: Any) -> Array:
    return xp.floor(angle * (counts_per_revolution / (2 * math.pi)) + 0.5)


def _signed(counts: Array) -> Array:
    """Lowest 16 bits as a signed number."""
    half = REGISTER_SPAN // 2
    return ((counts + half) & (REGISTER_SPAN - 1)) - half

# SPDX-License-Identifier: Apache-2.0
"""Test signals within -1..1, each of `count` samples of period `dt` [s].

L. Ljung, "System Identification: Theory for the User", 2nd edition, 1999, section 13.3: chirps,
multi-sines of low crest factor, random binary signals. Each excites what the others leave out.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from furuta_sysid.plan_options import SIGNAL_NAMES
from furuta_sysid.trajectory import Floats

SLOW, FAST = 0.6, 8.0  # [Hz] of chirps and multi-sines
EMPHASIS = 0.7  # power of the frequency that a chirp's amplitude rises with
TAPER = 0.3  # [s] in which they come and go
PUSH = 0.12  # [s] of each half of a push
HOLD = (0.12, 0.5)  # [s] of steps
BIT = 0.08  # [s] that a pseudo-random bit lasts at least
TRIES = 50  # draws of random phases, of which the one with the lowest peak is taken

Signal = Callable[[int, float, np.random.Generator], Floats]


def free_swing(count: int, dt: float, random: np.random.Generator) -> Floats:
    """A push forth and back that sets the pendulum going, then nothing, twice."""
    time = np.arange(count) * dt
    half = time % (count * dt / 2)
    sign = np.where(time < count * dt / 2, 1.0, -1.0)
    push = np.where(half < PUSH, 1.0, np.where(half < 2 * PUSH, -1.0, 0.0))
    return np.asarray(sign * push)


def chirp_up(count: int, dt: float, random: np.random.Generator) -> Floats:
    """A sine from `SLOW` to `FAST`, its frequency rising by the same factor each second.

    The slower it is, the further a voltage turns the arm: the amplitude rises with the frequency.
    """
    duration = count * dt
    rate = math.log(FAST / SLOW) / duration
    grown = np.exp(rate * np.arange(count) * dt)
    phase = math.tau * SLOW * (grown - 1) / rate
    return np.asarray(np.sin(phase) * (grown / grown[-1]) ** EMPHASIS * _taper(count, dt))


def chirp_down(count: int, dt: float, random: np.random.Generator) -> Floats:
    """The same from fast to slow, beginning the other way."""
    return -chirp_up(count, dt, random)[::-1]


def multi_sine(count: int, dt: float, random: np.random.Generator) -> Floats:
    """All harmonics of a period of 5 s from `SLOW` to `FAST`, all alike."""
    frequency = np.arange(max(1, round(SLOW * 5)), round(FAST * 5) + 1) / 5
    time = np.arange(count) * dt
    best, lowest = np.zeros(count), math.inf
    cycle = time < 5.0
    for _ in range(TRIES):
        phase = random.uniform(0, math.tau, len(frequency))
        angle = math.tau * np.outer(time[cycle], frequency) + phase
        peak = float(np.max(np.abs(np.sum(np.sin(angle), axis=1))))
        if peak < lowest:
            lowest = peak
            best = np.sum(np.sin(math.tau * np.outer(time, frequency) + phase), axis=1) / peak
    return np.asarray(np.clip(best, -1, 1) * _taper(count, dt))


def prbs(count: int, dt: float, random: np.random.Generator) -> Floats:
    """Pseudo-random binary signal: every `BIT` it may change its sign."""
    length = max(1, round(BIT / dt))
    bits = random.integers(0, 2, -(-count // length)) * 2.0 - 1.0
    return np.repeat(bits, length)[:count] * _taper(count, dt)


def steps(count: int, dt: float, random: np.random.Generator) -> Floats:
    """Levels of alternating sign and random height, each held for a while."""
    signal, at, sign = np.zeros(count), 0, 1.0
    while at < count:
        held = round(random.uniform(*HOLD) / dt)
        signal[at : at + held] = sign * random.uniform(0.3, 1.0)
        at, sign = at + held, -sign
    return signal


SIGNALS: dict[str, Signal] = dict(
    zip(SIGNAL_NAMES, (free_swing, chirp_up, prbs, multi_sine, steps, chirp_down), strict=True)
)


def _taper(count: int, dt: float) -> Floats:
    """1, but from 0 and to 0 within `TAPER` at both ends."""
    edge = np.minimum(np.arange(count), np.arange(count)[::-1]) * dt / TAPER
    return np.minimum(edge, 1.0)

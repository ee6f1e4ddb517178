# SPDX-License-Identifier: Apache-2.0
"""A link that takes time and loses messages: delay, jitter, dropout, hold and noise.

Messages carry one number. The receiver holds the newest that arrived, newest by when it was sent:
one that was overtaken under way is ignored. The functions below are pure, take B links at once
and any array module; `Channel` is the same for one link with a clock and a seed of its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from furuta_description import draws

Array = Any  # numpy or jax array of shape (B,), or a float


@dataclass(frozen=True)
class Link:
    """Properties of a link; floats, or arrays of shape (B,)."""

    delay: Array = 0.0
    """time from sent to arrived [s]"""
    jitter: Array = 0.0
    """up to this much longer, drawn evenly for each message [s]"""
    dropout: Array = 0.0
    """probability that a message is lost"""
    noise: Array = 0.0
    """standard deviation of what is added to the value, in its unit"""


class Line(NamedTuple):
    """What B links hold; times are counted from now."""

    held: Array  # (B,) newest value that had arrived when the last message was sent
    values: tuple[Array, ...]  # (B,) each, sent since, newest first; as many as there are slots
    remaining: tuple[Array, ...]  # (B,) [s] until each arrives, below 0 once it has, inf if lost


def slots_for(longest_delay: float, period: float) -> int:
    """Slots that a line needs so that nothing is pushed out under way, sending each `period`."""
    return math.ceil(longest_delay / period - 1e-9) + 1


def make_line(value: Array, slots: int, xp: Any) -> Line:
    """Lines on which nothing is under way and `value` (B,) is held."""
    return Line(value, (value,) * slots, (xp.zeros_like(value),) * slots)


def send(line: Line, value: Array, link: Link, uniforms: Array, normal: Array, xp: Any) -> Line:
    """Put a message on each line.

    Args:
        line: B lines; their oldest message is forgotten, arrived or not (see `slots_for`).
        value: (B,).
        link: properties of the links.
        uniforms: (B, 2) in [0, 1): what jitter and loss are made of.
        normal: (B,) standard normal numbers, what noise is made of.
        xp: array module.
    """
    remaining = link.delay + link.jitter * uniforms[:, 0]
    remaining = xp.where(uniforms[:, 1] < link.dropout, np.inf, remaining)
    value = value + link.noise * normal
    return Line(
        received(line, 0.0, 0.0, xp),
        (value, *line.values[:-1]),
        (remaining, *line.remaining[:-1]),
    )


def elapse(line: Line, duration: Array) -> Line:
    """Let time pass, (B,) or a float [s]."""
    return line._replace(remaining=tuple(left - duration for left in line.remaining))


def received(line: Line, start: Array, span: float, xp: Any) -> Array:
    """Mean over [start, start + span] from now of the value that the receiver holds, (B,).

    A span of 0 gives the value held at `start`. The mean makes a message that arrives within a
    simulation step act for its share of it.
    """
    value = line.held
    for sent, remaining in zip(reversed(line.values), reversed(line.remaining), strict=True):
        if span:
            share = xp.minimum(xp.maximum((start + span - remaining) / span, 0), 1)
            value = value + share * (sent - value)
        else:
            value = xp.where(remaining <= start, sent, value)
    return value


class Channel:
    """One link with its own clock and random numbers, for topics."""

    def __init__(self, link: Link, value: float, slots: int, seed: int = 0) -> None:
        """Hold `value` until the first message arrives."""
        self.link = link
        self._line = make_line(np.array([value]), slots, np)
        self._keys = draws.make_keys(np.array((seed, 0), np.uint32), 1, np)
        self._now: float | None = None

    def send(self, value: float, now: float) -> None:
        """Put a message on the link at time `now` [s]."""
        self._elapse(now)
        drawn = draws.uniforms(self._keys, 4, np)
        self._keys = draws.next_keys(self._keys)
        normal = draws.normals(drawn[:, 2:], np)[:, 0]
        self._line = send(self._line, np.array([value]), self.link, drawn, normal, np)

    def receive(self, now: float) -> float:
        """What the receiver holds at time `now` [s]; time never runs backwards."""
        self._elapse(now)
        return float(received(self._line, 0.0, 0.0, np)[0])

    def _elapse(self, now: float) -> None:
        self._line = elapse(self._line, 0.0 if self._now is None else now - self._now)
        self._now = now

# SPDX-License-Identifier: Apache-2.0
"""A link that takes time, loses messages and changes what they say.

Messages carry one number. The receiver holds the newest that arrived, newest by when it was sent:
one that was overtaken under way is ignored. The functions below are pure, take B links at once
and any array module; `delivery.py` has the same for one link on a clock. What is left at None
takes no part in the computation.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

Array = Any  # numpy or jax array of shape (B,), or a float


@dataclass(frozen=True)
class Link:
    """Properties of a link; floats, or arrays of shape (B,)."""

    delay: Array = 0.0
    """time from sent to arrived [s]"""
    jitter: Array = 0.0
    """up to this much longer, drawn evenly for each message [s]"""
    transits: Array | None = None
    """(n,) equally likely times [s] that are added in place of the jitter; see `latency.py`"""
    dropout: Array = 0.0
    """probability that a message is lost"""
    burst: Array | None = None
    """mean number of messages that are lost in a row; None: each is lost by itself"""
    is_zero_when_lost: bool = False
    """whether a lost message arrives as 0; else it never does, and the last one is held"""
    scale: Array = 1.0
    """the value is multiplied by this"""
    bias: Array = 0.0
    """what is added to the value, in its unit"""
    noise: Array = 0.0
    """standard deviation of what is added to the value, in its unit"""
    resolution: Array | None = None
    """the value arrives as a multiple of this, in its unit"""


class Line(NamedTuple):
    """What B links hold; times are counted from now."""

    held: Array  # (B,) newest value that had arrived when the last message was sent
    values: tuple[Array, ...]  # (B,) each, sent since, newest first; as many as there are slots
    remaining: tuple[Array, ...]  # (B,) [s] until each arrives, below 0 once it has, inf if lost
    was_lost: Array | None = None  # (B,) bool: the last message was; for links with bursts


def slots_for(longest_delay: float, period: float) -> int:
    """Slots that a line needs so that nothing is pushed out under way, sending each `period`."""
    return math.ceil(longest_delay / period - 1e-9) + 1


def make_line(value: Array, slots: int, xp: Any, has_bursts: bool = False) -> Line:
    """Lines on which nothing is under way and `value` (B,) is held."""
    was_lost = xp.zeros(value.shape, bool) if has_bursts else None
    return Line(value, (value,) * slots, (xp.zeros_like(value),) * slots, was_lost)


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
    is_lost = lost(link, uniforms[:, 1], line.was_lost, xp)
    remaining = transit(link, uniforms[:, 0], xp)
    value = changed(value, link, normal, xp)
    if link.is_zero_when_lost:
        value = xp.where(is_lost, 0.0, value)
    else:
        remaining = xp.where(is_lost, np.inf, remaining)
    return Line(
        received(line, 0.0, 0.0, xp),
        (value, *line.values[:-1]),
        (remaining, *line.remaining[:-1]),
        None if line.was_lost is None else is_lost,
    )


def transit(link: Link, uniform: Array, xp: Any) -> Array:
    """Times that messages take [s], (B,), from numbers in [0, 1)."""
    if link.transits is None:
        return link.delay + link.jitter * uniform
    places = (uniform * len(link.transits)).astype(np.int32)
    return link.delay + xp.asarray(link.transits)[places]


def lost(link: Link, uniform: Array, was_lost: Array | None, xp: Any) -> Array:
    """Whether messages are lost, (B,) bool, from numbers in [0, 1).

    With bursts, a link is either good and loses nothing or bad and loses all (E. N. Gilbert,
    "Capacity of a Burst-Noise Channel", Bell System Technical Journal 39, 1960), and turns so
    that the share `dropout` is lost, `burst` messages in a row on average. That can only be
    where `burst` (1 - `dropout`) is at least `dropout`.

    Args:
        link: properties of the links.
        uniform: (B,).
        was_lost: whether the message before was; None without bursts.
        xp: array module.
    """
    if link.burst is None:
        return uniform < link.dropout
    assert was_lost is not None  # see `make_line`
    leave = 1 / link.burst
    enter = leave * link.dropout / (1 - link.dropout)
    return uniform < xp.where(was_lost, 1 - leave, enter)


def changed(value: Array, link: Link, normal: Array, xp: Any) -> Array:
    """Values as they arrive, (B,), in the order scale, bias, noise, resolution."""
    value = value * link.scale + link.bias + link.noise * normal
    if link.resolution is None:
        return value
    return xp.round(value / link.resolution) * link.resolution


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

# SPDX-License-Identifier: Apache-2.0
"""One link of `channel.py` on a clock, and the thread that hands over what arrives in time.

A message is anything; its values are changed by who takes it, with the normal numbers that were
drawn for it. Clocks of the channel are passed in; the thread's is the monotonic one.
"""

from __future__ import annotations

import heapq
import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from furuta_description import channel, draws, latency
from furuta_description.channel import Link
from furuta_description.injection import Command, Observation, Transit

AHEAD = 64  # messages that are drawn for at a time: one by one takes 0.1 ms each
UNIFORMS = 6  # of a message: jitter, loss, and the normal numbers
NORMALS = 4


class Arrival(NamedTuple):
    """A message that arrived or, at the time it would have, one that was lost."""

    message: Any
    is_lost: bool
    normals: tuple[float, ...]  # NORMALS of them, what noise is made of


class Channel:
    """One link with its own clock and random numbers."""

    def __init__(self, link: Link, seed: int = 0, number: int = 0) -> None:
        """Nothing is under way; links of the same seed differ by their number."""
        self.link = link
        self.lost = 0  # messages
        self.overtaken = 0  # messages that came after one that was sent later
        self._keys = draws.make_keys(np.array((seed, number), np.uint32), 1, np)
        self._drawn: Iterator[tuple[float, bool, tuple[float, ...]]] = iter(())
        self._was_lost = False
        self._sent, self._newest = 0, -1
        self._under_way: list[tuple[float, int, Arrival]] = []

    @property
    def due(self) -> float:
        """When the next message arrives [s]; inf if none is under way."""
        return self._under_way[0][0] if self._under_way else math.inf

    def send(self, message: Any, now: float) -> None:
        """Put a message on the link at time `now` [s]."""
        drawn = next(self._drawn, None)
        if drawn is None:
            self._drawn = self._draw()
            drawn = next(self._drawn)
        transit, self._was_lost, normals = drawn
        self.lost += self._was_lost
        arrival = Arrival(message, self._was_lost, normals)
        heapq.heappush(self._under_way, (now + transit, self._sent, arrival))
        self._sent += 1

    def arrived(self, now: float) -> list[Arrival]:
        """What has arrived until `now` [s] and was not overtaken, oldest first."""
        taken = []
        while self.due <= now:
            _, number, arrival = heapq.heappop(self._under_way)
            if number < self._newest:
                self.overtaken += not arrival.is_lost
                continue
            if not arrival.is_lost or self.link.is_zero_when_lost:
                self._newest = number
            taken.append(arrival)
        return taken

    def _draw(self) -> Iterator[tuple[float, bool, tuple[float, ...]]]:
        """Transit time, loss and normal numbers of the next messages."""
        numbers = np.arange(AHEAD, dtype=np.uint32)[:, None] * np.array((1, 0), np.uint32)
        drawn = draws.uniforms(self._keys + numbers, UNIFORMS, np)
        self._keys = self._keys + np.array((AHEAD, 0), np.uint32)
        transits = channel.transit(self.link, drawn[:, 0], np)
        normals = draws.normals(drawn[:, 2:], np).tolist()
        was_lost = self._was_lost
        for transit, chance, normal in zip(transits.tolist(), drawn[:, 1], normals, strict=True):
            was_lost = bool(channel.lost(self.link, chance, was_lost, np))
            yield transit, was_lost, tuple(normal)


def changed_angles(
    link: Link, angles: tuple[float, float], normals: tuple[float, ...]
) -> tuple[float, float]:
    """Arm and pendulum angle [rad] as they arrive over a link of observations."""
    arm, pendulum = channel.changed(np.array(angles), link, np.array(normals[:2]), np).tolist()
    return arm, pendulum


def changed_velocities(
    settings: Observation, velocities: tuple[float, float], normals: tuple[float, ...]
) -> tuple[float, float]:
    """Velocities of arm and pendulum [rad/s] as they arrive."""
    arm, pendulum = (
        velocity + settings.velocity_noise * normal
        for velocity, normal in zip(velocities, normals[2:], strict=True)
    )
    return arm, pendulum


def changed_voltage(link: Link, arrival: Arrival) -> float | None:
    """Voltage of a command [V] as it arrives; None if none does. What is no number is 0 V."""
    if arrival.is_lost:
        return 0.0 if link.is_zero_when_lost else None
    voltage = float(channel.changed(arrival.message, link, arrival.normals[0], np))
    return voltage if math.isfinite(voltage) else 0.0


def link_of(settings: Transit) -> Link:
    """The link that does what the settings say; that of observations has a bias for each angle.

    Raises:
        ValueError: there is no such recording.
    """
    transits = None
    if settings.distribution == 'gamma' and settings.jitter:
        transits = latency.gamma(settings.jitter, settings.gamma_shape)
    elif settings.distribution == 'recorded':
        transits = latency.load_recorded(settings.recording)
    link = Link(
        delay=settings.delay,
        jitter=settings.jitter,
        transits=transits,
        dropout=settings.dropout,
        burst=settings.burst or None,
    )
    if isinstance(settings, Observation):
        return replace(
            link,
            bias=np.array((settings.arm_bias, settings.pendulum_bias)),
            noise=settings.noise,
            resolution=settings.resolution or None,
        )
    if isinstance(settings, Command):
        return replace(
            link,
            is_zero_when_lost=not settings.hold,
            scale=settings.scale,
            bias=settings.bias,
            noise=settings.noise,
            resolution=settings.resolution or None,
        )
    return link


class Delivery:
    """Thread that hands the arrivals of channels to who takes them, each at its time.

    It waits for absolute times, so that single delays do not add up.
    """

    def __init__(
        self,
        receivers: Mapping[Channel, Callable[[Arrival], None]],
        on_failure: Callable[[], object],
    ) -> None:
        """Start; each channel's arrivals go to its receiver, in the thread.

        Should a receiver raise, that is the end of the thread, and `on_failure` is called.
        """
        self._receivers = receivers
        self._on_failure = on_failure
        self._changed = threading.Condition()
        self._is_running = True
        self._thread = threading.Thread(target=self._run, name='delivery', daemon=True)
        self._thread.start()

    def send(self, channel: Channel, message: Any) -> None:
        """Put a message on one of the channels now."""
        with self._changed:
            channel.send(message, time.monotonic())
            self._changed.notify()

    def close(self) -> None:
        """Drop what is under way; nothing is handed over any more."""
        with self._changed:
            self._is_running = False
            self._changed.notify()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _run(self) -> None:
        try:
            while self._is_running:
                for receive, arrival in self._wait():
                    receive(arrival)
        except BaseException:
            self._on_failure()
            raise

    def _wait(self) -> list[tuple[Callable[[Arrival], None], Arrival]]:
        """What arrives next, with who takes it; nothing at the end."""
        with self._changed:
            while self._is_running:
                due, now = min(channel.due for channel in self._receivers), time.monotonic()
                if due <= now:
                    return [
                        (receive, arrival)
                        for channel, receive in self._receivers.items()
                        for arrival in channel.arrived(now)
                    ]
                self._changed.wait(None if due == math.inf else due - now)
            return []

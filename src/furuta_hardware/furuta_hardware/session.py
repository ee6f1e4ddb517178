# SPDX-License-Identifier: Apache-2.0
"""What the host knows of a board it talks to: bytes and times in, readings out. No port, no clock.

Requests are repeated until they are answered. A connection begins with four of them: motor off,
who are you, what are you built with, and the rate of states; no state is passed on before all are
answered. A board that restarts begins a new connection by itself.
"""

from __future__ import annotations

import math
import threading
from typing import Any, NamedTuple

from furuta_hardware import messages, protocol
from furuta_hardware.clock_map import ClockMap
from furuta_hardware.encoder_watch import EncoderWatch
from furuta_hardware.link_statistics import SEQUENCE_SPAN, LinkStatistics
from furuta_hardware.messages import Configuration, Identity, Message, State

REPEAT_NS = 50_000_000  # a request without an answer is sent again
REQUESTS = 256
REPRESENTABLE = 1e30  # [V] beyond it a float32 may not hold it


class Reading(NamedTuple):
    """One sample of the robot in SI, with its time on the host's clock."""

    stamp_ns: int  # when the board took it; strictly growing
    arrival_ns: int
    arm_angle: float
    pendulum_angle: float
    arm_velocity: float
    pendulum_velocity: float
    voltage: float
    state: State

    @property
    def commanded_ns(self) -> int:
        """When the board took the command that its state echoes, on the host's clock."""
        return self.stamp_ns - self.state.command_age_us * 1000


class Request:
    """A request on its way."""

    def __init__(self, frame: bytes) -> None:
        """Not sent yet."""
        self.frame = frame
        self.due_ns = 0
        self.answer: Any = None
        self._is_answered = threading.Event()

    def wait(self, timeout: float) -> Any:
        """The answer; None if none came in time [s]."""
        self._is_answered.wait(timeout)
        return self.answer

    def settle(self, answer: Message) -> None:
        """The answer has come."""
        self.answer = answer
        self._is_answered.set()


class Session:
    """One board, over as many connections as it takes."""

    def __init__(self, rate_hz: int) -> None:
        """Greet a board that is asked for `rate_hz` states a second."""
        self.parser = protocol.Parser()
        self.statistics = LinkStatistics()
        self.has_heard = False  # anything at all, sense or not
        self.restarts = 0  # of the board since we first met it
        self.jumps = [0, 0]  # of arm and pendulum counts that no joint can have made
        self.other_version: int | None = None  # of a board that speaks another protocol
        self.state: State | None = None  # newest one of this connection
        self._rate_hz = rate_hz
        self._pending: dict[int, Request] = {}
        self.sequence = 0  # of the newest command
        self._next_request = self._stamp_ns = self._time_us = 0
        self._lock = threading.Lock()
        self.begin()

    def begin(self) -> None:
        """A new connection: forget what was on its way, and greet."""
        self.clock = ClockMap()
        self.statistics.restart()
        self.state = None
        self._watches: list[EncoderWatch] = []
        with self._lock:
            self._pending.clear()
        self._greeting = [
            self.request(messages.Enable, 0),
            self.request(messages.QueryIdentity),
            self.request(messages.QueryConfiguration),
            self.request(messages.SetRate, self._rate_hz),
        ]

    @property
    def is_ready(self) -> bool:
        """The connection's greeting is answered."""
        return all(request.answer is not None for request in self._greeting)

    @property
    def identity(self) -> Identity | None:
        """Who the board is."""
        identity: Identity | None = self._greeting[1].answer
        return identity

    @property
    def configuration(self) -> Configuration | None:
        """What the board was built with."""
        configuration: Configuration | None = self._greeting[2].answer
        return configuration

    def request(self, kind: Any, *values: int) -> Request:
        """Queue a request; `outbox` sends it until it is answered."""
        with self._lock:
            self._next_request = (self._next_request + 1) % REQUESTS
            made = Request(protocol.encode(kind(self._next_request, *values)))
            self._pending[self._next_request] = made
        return made

    def outbox(self, now_ns: int) -> bytes:
        """Requests that are due."""
        with self._lock:
            due = [request for request in self._pending.values() if now_ns >= request.due_ns]
        for request in due:
            request.due_ns = now_ns + REPEAT_NS
        return b''.join(request.frame for request in due)

    def command(self, voltage: float, now_ns: int) -> bytes:
        """The frame of a command [V]; NaN is for the board to refuse and to count."""
        self.sequence = self.sequence % (SEQUENCE_SPAN - 1) + 1  # 0 = no command yet
        self.statistics.sent(self.sequence, now_ns)
        if not abs(voltage) < REPRESENTABLE:
            voltage = math.nan
        return protocol.encode(messages.Command(self.sequence, voltage))

    def feed(self, data: bytes, arrival_ns: int) -> list[Reading]:
        """Take bytes that have arrived; the readings that became whole with them."""
        readings = []
        self.has_heard |= bool(data)
        for message in self.parser.feed(data):
            if isinstance(message, State):
                readings += self._read(message, arrival_ns)
            elif isinstance(message, protocol.OtherVersion):
                self.other_version = message.version
            else:
                with self._lock:
                    request = self._pending.pop(message[0], None)
                if request is not None:
                    request.settle(message)
        return readings

    def _read(self, state: State, arrival_ns: int) -> list[Reading]:
        if state.time_us < self._time_us:
            self.begin()
            self.restarts += 1  # last: who sees it finds no identity but the new one
        self._time_us = state.time_us
        self.clock.add(state.time_us, arrival_ns)
        if not self.is_ready or self.configuration is None:
            return []
        stamp_ns = max(self.clock.to_host_ns(state.time_us), self._stamp_ns + 1)
        self._stamp_ns, self.state = stamp_ns, state
        self.statistics.arrived(state, arrival_ns, stamp_ns)
        self._watch(state, self.configuration)
        reading = Reading(
            stamp_ns,
            arrival_ns,
            state.arm_counts * self.configuration.arm_resolution,
            state.pendulum_counts * self.configuration.pendulum_resolution,
            state.arm_velocity,
            state.pendulum_velocity,
            state.voltage,
            state,
        )
        return [reading]

    def _watch(self, state: State, built: Configuration) -> None:
        """Look for jumps of the counts, but not over a zero pose that is being set."""
        if not self._watches:
            resolutions = (built.arm_resolution, built.pendulum_resolution)
            self._watches = [EncoderWatch(resolution) for resolution in resolutions]
        if not state.flags & messages.Flag.ENABLED:
            for watch in self._watches:
                watch.restart()
            return
        counts = (state.arm_counts, state.pendulum_counts)
        for joint, (watch, count) in enumerate(zip(self._watches, counts, strict=True)):
            self.jumps[joint] += watch.jump(state.time_us, count) != 0

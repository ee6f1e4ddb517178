# SPDX-License-Identifier: Apache-2.0
"""One direction of an emulated serial line: bytes go in, and come out later and perhaps damaged.

Knows no clock and no port: times [us] are passed in, never running backwards.
"""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass

CAPACITY = 4096  # [bytes] that wait in buffers of the chips and of the host's driver


@dataclass
class Timing:
    """How long bytes take. All zero: no time at all."""

    baud_rate: int = 0  # 10 bits a byte; 0 = native USB
    usb_frame_us: int = 0  # a USB host collects bytes once a frame; 0 = UART
    jitter_us: int = 0  # mean of an exponential delay of each piece
    delay_us: int = 0  # of everything


@dataclass
class Noise:
    """What happens to a byte, as a probability."""

    flipped: float = 0.0  # one of its bits is wrong
    lost: float = 0.0
    doubled: float = 0.0


class Wire:
    """Bytes on their way, first in, first out."""

    def __init__(self, timing: Timing, seed: int = 0) -> None:
        """An empty line without noise."""
        self.timing = timing
        self.noise = Noise()
        self._random = random.Random(seed)
        self._queue: deque[tuple[float, bytes]] = deque()
        self._waiting = 0
        self._free_us = 0.0  # when the line is idle again
        self._last_us = 0.0  # nothing overtakes
        self._stalled_until_us = 0.0

    def put(self, data: bytes, now_us: float) -> bool:
        """Send bytes; False, and none are sent, if the buffers are full."""
        if self._waiting + len(data) > CAPACITY:
            return False
        timing = self.timing
        done = max(now_us, self._free_us)
        if timing.baud_rate:
            done += len(data) * 10e6 / timing.baud_rate
        self._free_us = done
        if timing.usb_frame_us:
            done = -(-done // timing.usb_frame_us) * timing.usb_frame_us
        if timing.jitter_us:
            done += self._random.expovariate(1 / timing.jitter_us)
        self._last_us = max(self._last_us, done + timing.delay_us)
        self._queue.append((self._last_us, data))
        self._waiting += len(data)
        return True

    def due_us(self) -> float | None:
        """When the next bytes arrive; None if none are on their way."""
        return max(self._queue[0][0], self._stalled_until_us) if self._queue else None

    def take(self, now_us: float) -> bytes:
        """The bytes that have arrived by now."""
        arrived = []
        while self._queue and max(self._queue[0][0], self._stalled_until_us) <= now_us:
            arrived.append(self._queue.popleft()[1])
        data = b''.join(arrived)
        self._waiting -= len(data)
        return self._damaged(data) if any(vars(self.noise).values()) else data

    def stall(self, until_us: float) -> None:
        """Nothing arrives before then; what waits comes all at once."""
        self._stalled_until_us = max(self._stalled_until_us, until_us)

    def clear(self) -> None:
        """Lose what is on its way."""
        self._queue.clear()
        self._waiting = 0

    def _damaged(self, data: bytes) -> bytes:
        noise, chance = self.noise, self._random.random
        damaged = bytearray()
        for byte in data:
            if chance() < noise.lost:
                continue
            if chance() < noise.flipped:
                byte ^= 1 << self._random.randrange(8)
            damaged += bytes((byte, byte) if chance() < noise.doubled else (byte,))
        return bytes(damaged)

# SPDX-License-Identifier: Apache-2.0
"""The robot's end of the socket to who asks for episodes."""

from __future__ import annotations

import queue
import threading
from collections.abc import Mapping
from multiprocessing.connection import Connection
from typing import Any

from furuta_rl.on_robot.recording import pack


class Line:
    """A socket, read and written by threads, so that nobody waits for the other end."""

    def __init__(self, descriptor: int) -> None:
        """Take a socket."""
        self._connection = Connection(descriptor)
        self._come: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._go: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._writer = threading.Thread(target=self._write, daemon=True)
        self._writer.start()
        threading.Thread(target=self._read, daemon=True).start()

    def take(self) -> list[bytes | None]:
        """Messages that have come; None: the other end is gone."""
        return [self._come.get() for _ in range(self._come.qsize())]

    def send(self, kind: str, content: Mapping[str, Any]) -> None:
        """Have a message sent."""
        self._go.put(pack(kind, content))

    def close(self) -> None:
        """Send what is left."""
        self._go.put(None)
        self._writer.join(1.0)

    def _read(self) -> None:
        try:
            while True:
                self._come.put(self._connection.recv_bytes())
        except (EOFError, OSError):
            self._come.put(None)

    def _write(self) -> None:
        while (message := self._go.get()) is not None:
            try:
                self._connection.send_bytes(message)
            except OSError:
                return  # the reader tells

# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C in a training: it stops where it can be taken up again."""

from __future__ import annotations

import signal
from types import FrameType
from typing import Any, Self


class StoppedError(Exception):
    """A signal stopped the training; a checkpoint was saved."""

    def __init__(self, signal: int, iteration: int) -> None:
        """Which signal it was, and how far the training got."""
        self.signal, self.iteration = signal, iteration


class Interrupt:
    """SIGINT or SIGTERM asks a loop to stop where it can; a second one stops it where it is."""

    def __init__(self) -> None:
        """Nothing asked yet."""
        self.signal = 0
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        """Take the signals."""
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._ask)
        return self

    def __exit__(self, *_: object) -> None:
        """Give them back."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _ask(self, number: int, _: FrameType | None) -> None:
        if self.signal:
            raise KeyboardInterrupt
        self.signal = number

# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C in a training: it stops where it can be taken up again."""

from __future__ import annotations

import gc
import signal
from types import FrameType
from typing import Any, Self


class StoppedError(Exception):
    """A signal stopped the training; a checkpoint was saved."""

    def __init__(self, signal: int, iteration: int) -> None:
        """Which signal it was, and how far the training got."""
        self.signal, self.iteration = signal, iteration


class Interrupt:
    """SIGINT or SIGTERM asks a loop to stop where it can; a second one stops it where it is.

    Garbage is collected in here only: a KeyboardInterrupt that falls into JAX's callback of the
    collector is lost, which happened to one in ten while modules were imported.
    """

    def __init__(self) -> None:
        """Nothing asked yet."""
        self.signal = 0
        self._was_collecting = True
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        """Take the signals."""
        self._was_collecting = gc.isenabled()
        gc.enable()
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._ask)
        return self

    def __exit__(self, *_: object) -> None:
        """Give them back."""
        if not self._was_collecting:
            gc.disable()
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _ask(self, number: int, _: FrameType | None) -> None:
        if self.signal:
            raise KeyboardInterrupt
        self.signal = number

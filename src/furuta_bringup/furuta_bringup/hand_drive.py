# SPDX-License-Identifier: Apache-2.0
"""Driving by hand: what the slider and the held arrow keys ask of the motor."""

from __future__ import annotations

HOLD_TIME = 0.2  # [s] a held key repeats every 50 ms; without repeats the voltage is gone by then


class HandDrive:
    """The voltage asked for by hand; None while nobody drives.

    A key has to be held: its voltage ends by itself when the repeats stop, be it because the key
    was released or because the browser is gone.
    """

    def __init__(self) -> None:
        """Start with nobody driving."""
        self._driver: int | None = None
        self._slider = 0.0
        self._held = 0.0
        self._held_until = 0.0

    @property
    def driver(self) -> int | None:
        """Number of the browser that drives, None if none does."""
        return self._driver

    def engage(self, driver: int) -> None:
        """Let browser `driver` drive, from 0 V."""
        self._slider = self._held = 0.0
        self._driver = driver

    def release(self) -> None:
        """Let go of the motor."""
        self._driver = None

    def slide(self, voltage: float) -> None:
        """Apply `voltage` [V] until told otherwise."""
        self._slider = voltage

    def hold(self, voltage: float, now: float) -> None:
        """Apply `voltage` [V] instead of the slider's for as long as this is repeated.

        Args:
            voltage: [V].
            now: monotonic time [s].
        """
        self._held, self._held_until = voltage, now + HOLD_TIME

    def voltage(self, now: float) -> float | None:
        """Voltage to command at `now` [s], None if nobody drives."""
        if self._driver is None:
            return None
        return self._held if now < self._held_until else self._slider

# SPDX-License-Identifier: Apache-2.0
"""A controller whose samples and commands go over two disturbed links (`injection.py`).

The links carry what the links of the training environment do: the sample of each control step,
with the stamp of when it was taken, and the voltage of each control step. Where a sample is lost
the controller acts on what it holds, at the time the sample would have come.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from furuta_description.delivery import (
    Arrival,
    Channel,
    Delivery,
    changed_angles,
    changed_velocities,
    changed_voltage,
    link_of,
)
from furuta_description.injection import Injection


class Controlling(Protocol):
    """What is disturbed; all three are called in one thread, which is not the caller's."""

    def act(self, seen: Any) -> float:
        """Voltage for a sample that came [V]."""

    def act_blind(self, seen: Any) -> float:
        """Voltage where a sample was lost [V]."""

    def drive(self, voltage: float, cause: Any) -> None:
        """A voltage [V] has come; its cause is as `Injected` made it."""


class Sent(NamedTuple):
    """A voltage under way [V]."""

    voltage: float
    cause: tuple[Any, Any, int, int]  # message and info of its sample, taken and answered at [ns]


class Injected:
    """The two links and the thread that serves them."""

    def __init__(
        self,
        injection: Injection,
        controlling: Controlling,
        now_ns: Callable[[], int],
        on_failure: Callable[[], object],
    ) -> None:
        """Make the links.

        Args:
            injection: what they do.
            controlling: who gets what arrives.
            now_ns: clock of the times that the controller is told [ns].
            on_failure: called if the controller raises.

        Raises:
            ValueError: a recording is not usable.
        """
        self._injection, self._controlling, self._now_ns = injection, controlling, now_ns
        seed = injection.seed
        self._observations = Channel(link_of(injection.observation), seed, 0)
        self._commands = Channel(link_of(injection.command), seed, 1)
        self._delivery = Delivery(
            {self._observations: self._on_sample, self._commands: self._on_command}, on_failure
        )

    def observe(self, seen: Any) -> None:
        """Put a sample, `seen.sample`, with its message and info on its link."""
        self._delivery.send(self._observations, seen)

    def values(self) -> dict[str, Any]:
        """What the diagnostics say."""
        return {
            'injection': str(self._injection),
            'lost_samples': self._observations.lost,
            'lost_voltages': self._commands.lost,
            'overtaken': self._observations.overtaken + self._commands.overtaken,
        }

    def close(self) -> None:
        """Drop what is under way."""
        self._delivery.close()

    def _on_sample(self, arrival: Arrival) -> None:
        seen, taken = arrival.message, self._now_ns()
        if arrival.is_lost:
            voltage = self._controlling.act_blind(seen)
        else:
            voltage = self._controlling.act(seen._replace(sample=self._changed(arrival)))
        cause = (seen.message, seen.info, taken, self._now_ns())
        self._delivery.send(self._commands, Sent(voltage, cause))

    def _changed(self, arrival: Arrival) -> Any:
        sample, settings = arrival.message.sample, self._injection.observation
        if not settings.changes_values:
            return sample
        stamp, *values = sample
        angles = changed_angles(self._observations.link, values[:2], arrival.normals)
        velocities = changed_velocities(settings, values[2:], arrival.normals)
        return type(sample)(stamp, *angles, *velocities)

    def _on_command(self, arrival: Arrival) -> None:
        voltage, cause = arrival.message
        came = changed_voltage(self._commands.link, arrival._replace(message=voltage))
        if came is not None:
            self._controlling.drive(came, cause)

# SPDX-License-Identifier: Apache-2.0
"""An emulated robot at the other end of a link without a port, as fast as the machine allows.

The same firmware core, machine, wires and session as through a port, in one thread and in the
emulation's own time: for tests, and for judging a robot file without waiting.
"""

from __future__ import annotations

from typing import Any

from furuta_description.robot import load_robot
from furuta_hardware import messages
from furuta_hardware.emulated_robot import STEP_US, EmulatedRobot
from furuta_hardware.session import Reading, Session

COMMAND_PERIOD = 5  # steps
PATIENCE = 500  # steps


class EmulatedRig:
    """A `selftest.Rig`."""

    def __init__(self, robot: str = 'furuta', zeroed: bool = True, **options: Any) -> None:
        """Connect to an `EmulatedRobot` of these options, whose user has set zero or not."""
        self.robot = load_robot(robot)
        self.emulated = EmulatedRobot(self.robot, **options)
        if zeroed:
            self.emulated.set_zero()
        self.session = Session(500)
        while not self.session.is_ready:
            self.step()

    @property
    def now_ns(self) -> int:
        """Time of the emulation."""
        return self.emulated.now_us * 1000

    def step(self, voltage: float | None = None) -> list[Reading]:
        """One step of the emulation, with a command now and then if there is a voltage."""
        emulated = self.emulated
        emulated.down.put(self.session.outbox(self.now_ns), emulated.now_us)
        if voltage is not None and emulated.now_us // STEP_US % COMMAND_PERIOD == 0:
            emulated.down.put(self.session.command(voltage, self.now_ns), emulated.now_us)
        emulated.step()
        return self.session.feed(emulated.up.take(emulated.now_us), self.now_ns)

    def run(self, seconds: float, voltage: float | None = None) -> list[Reading]:
        """Let time pass, commanding a voltage or nothing; the readings of that time."""
        steps = round(seconds * 1e6 / STEP_US)
        return [reading for _ in range(steps) for reading in self.step(voltage)]

    def request(self, kind: Any, *values: int) -> Any:
        """Ask the board for something.

        Raises:
            TimeoutError: it does not answer.
        """
        request = self.session.request(kind, *values)
        for _ in range(PATIENCE):
            self.step()
            if request.answer is not None:
                return request.answer
        raise TimeoutError('the emulated board does not answer')

    def ask(self, kind: Any, *values: int) -> str:
        """Have the board do something; why it refuses, or ''."""
        return messages.RESULT_TEXT[messages.Result(self.request(kind, *values).result)]

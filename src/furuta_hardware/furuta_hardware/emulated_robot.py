# SPDX-License-Identifier: Apache-2.0
"""A whole robot with its serial line, emulated: the firmware's real core on an emulated machine.

Steps in time of its own, as fast as it is asked to: emulator.py paces it and puts it behind a
port. The machine may be of another robot file than the firmware, as a real one always is.
"""

from __future__ import annotations

import math
from dataclasses import replace

from furuta_description.robot import Robot
from furuta_hardware import protocol
from furuta_hardware.core_library import Board
from furuta_hardware.effects import NONE, Effects
from furuta_hardware.machine import STEP, Machine
from furuta_hardware.messages import ResetReason, SetZero
from furuta_hardware.stalls import Stalls
from furuta_hardware.wire import Timing, Wire

STEP_US = round(STEP * 1e6)
RESTART_US = 50_000  # how long the supply is too low, and the chip takes to start


class EmulatedRobot:
    """Board, machine and the two directions of the line; times in us since it was made."""

    def __init__(
        self,
        robot: Robot,
        hidden: Robot | None = None,
        timing: Timing | None = None,
        seed: int = 0,
        drift: float = 0.0,
        board_id: int = 1,
        effects: Effects = NONE,
    ) -> None:
        """Switch it on, in the zero pose.

        Args:
            robot: what the firmware was built with.
            hidden: what the machine really is; None = the same. By what its link delay is longer
                than the firmware's, commands take longer still.
            timing: of both directions; None = no time at all.
            seed: of noise and jitter.
            drift: of the board's clock, board seconds per second, less one.
            board_id: number of the chip.
            effects: what the machine and the host have beyond their numbers.
        """
        self.now_us = 0
        self.driven_us = -1  # when the motor last had a voltage; -1 = never
        self.is_plugged = True
        hidden = hidden or robot
        self.machine = Machine(hidden, effects)
        timing = timing or Timing()
        longer = max(0.0, hidden.timing.link_delay - robot.timing.link_delay)
        self.down = Wire(replace(timing, delay_us=timing.delay_us + round(longer * 1e6)), seed)
        self.up = Wire(timing, seed + 1)
        self._seed, self._stalls = seed, Stalls(effects, seed + 2)
        self._robot, self._drift, self._id = robot, drift, board_id
        self._inbox = bytearray()
        self._duty = 0.0
        self._starts_us: int | None = None
        self._reset_reason = ResetReason.POWER_ON
        self._board = self._start(self._reset_reason)

    def take_effects(self, effects: Effects) -> None:
        """Have these effects from now on."""
        self.machine.effects = effects
        self._stalls = Stalls(effects, self._seed + 2, self.now_us)

    def step(self) -> None:
        """One period of the board's loop, and of the physics."""
        if until := self._stalls.until_us(self.now_us):
            self.up.stall(until)
            self.down.stall(until)
        if self._starts_us is None:
            self._board.step()
        elif self.now_us >= self._starts_us:
            self._board = self._start(self._reset_reason)
        self.machine.step(self._duty)
        if self.machine.voltage:
            self.driven_us = self.now_us + STEP_US
        self.now_us += STEP_US

    def skip(self, us: int) -> None:
        """Time in which nothing moved: whoever paces this was held up."""
        self.now_us += us

    def set_zero(self) -> None:
        """What a user does first: make the present pose the zero pose. Before a host connects."""
        self._inbox += protocol.encode(SetZero(0))
        self.step()
        self.up.clear()

    def put_by_hand(self, arm_angle: float, pendulum_angle: float) -> None:
        """Move it there at once, before a host connects; the encoders see every step of it."""
        self.machine.place(arm_angle, pendulum_angle)
        while self.machine.is_held:
            self.step()
        for _ in range(round(0.2 / STEP)):  # and hold it until the board sees it stand still
            self.machine.place(arm_angle, pendulum_angle)
            self.step()
        self.up.clear()

    def restart(self, reason: ResetReason) -> None:
        """The board starts anew; the motor is off from now on."""
        self._duty = 0.0
        self._inbox.clear()
        self._reset_reason = reason
        self._starts_us = self.now_us + RESTART_US

    # --- what the board is connected to (core_library.BoardIO) ---

    def registers(self) -> tuple[int, int]:
        """Pulse counters of arm and pendulum."""
        return self.machine.registers()

    def current(self) -> float:
        """Not measured."""
        return math.nan

    def drive(self, duty: float) -> None:
        """The motor's bridge."""
        self._duty = duty

    def receive(self, size: int) -> bytes:
        """Bytes from the host."""
        if self.is_plugged:
            self._inbox += self.down.take(self.now_us)
        data = bytes(self._inbox[:size])
        del self._inbox[:size]
        return data

    def send(self, data: bytes) -> bool:
        """Bytes to the host; into the air if it is not there."""
        return self.up.put(data, self.now_us) if self.is_plugged else True

    def _start(self, reason: ResetReason) -> Board:
        self._starts_us = None
        return Board(self._robot, _Clocked(self, self.now_us, self._drift), self._id, reason)


class _Clocked:
    """The robot's connections with the board's clock, which starts with the board and drifts."""

    def __init__(self, robot: EmulatedRobot, since_us: int, drift: float) -> None:
        self.registers, self.current, self.drive = robot.registers, robot.current, robot.drive
        self.receive, self.send = robot.receive, robot.send
        self._robot, self._since_us, self._rate = robot, since_us, 1 + drift

    def now_us(self) -> int:
        return round((self._robot.now_us - self._since_us) * self._rate)

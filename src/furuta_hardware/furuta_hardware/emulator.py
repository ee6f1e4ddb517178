# SPDX-License-Identifier: Apache-2.0
"""The emulated robot behind a pseudo-terminal, in real time: a process that stands for a board.

    python -m furuta_hardware.emulator --link /tmp/pendulum

Then `/tmp/pendulum` is a serial port with a board on it, and `/tmp/pendulum.control` takes the
lines of emulator_commands.py, one per datagram.
"""

from __future__ import annotations

import contextlib
import os
import pty
import select
import signal
import socket
import sys
import time
import tty
from dataclasses import dataclass
from pathlib import Path

import tyro

from furuta_description.realtime import take_priority
from furuta_description.robot import load_robot
from furuta_hardware.core_library import CoreError
from furuta_hardware.effects import NONE, Effects
from furuta_hardware.emulated_robot import STEP_US, EmulatedRobot
from furuta_hardware.emulator_commands import obey
from furuta_hardware.plant_file import load_plant
from furuta_hardware.wire import Timing

CATCH_UP_US = 50_000  # held up for longer, the time is dropped: nothing moved in it
CHUNK = 4096  # [bytes]
STDIN = 0


@dataclass(frozen=True)
class Options:
    """An emulated board and machine on a pseudo-terminal."""

    link: Path
    """Name of the port; its control socket is beside it."""
    robot: str = 'furuta'
    """Robot that the firmware was built for: a name in config/ or a file."""
    hidden: str = ''
    """Robot or plant file that the machine really is; empty = the same."""
    effects: Effects = NONE
    """What it has beyond its numbers; a plant file brings its own."""
    arm_angle: float = 0.0
    """Pose at the start [rad]."""
    pendulum_angle: float = 0.0
    """Pose at the start, 0 hangs [rad]."""
    zeroed: bool = True
    """The user has set the zero pose since it was switched on."""
    baud_rate: int = 921600
    """Of the line; 0 = native USB."""
    usb_frame_us: int = 1000
    """A USB host collects bytes once a frame [us]; 0 = no USB."""
    jitter_us: int = 50
    """Mean of the delay that comes on top [us]."""
    delay_us: int = 0
    """Further delay of each way [us]."""
    drift: float = 3e-5
    """Of the board's clock against the host's."""
    seed: int = 0
    """Of noise and jitter."""
    board_id: int = 1
    """Number of the chip."""
    on_leash: bool = False
    """End when standard input ends, that is with the process that started this one."""


class Port:
    """A pseudo-terminal with a name, that can be taken away and put back."""

    def __init__(self, link: Path) -> None:
        """Take the name, if it is free."""
        self.link = link
        self.fd = -1
        self.plug()

    def plug(self) -> None:
        """Make the terminal; ours stays open too, or reading would fail while nobody has it."""
        self.fd, self._slave = pty.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self.fd, False)
        self.link.unlink(missing_ok=True)
        self.link.symlink_to(os.ttyname(self._slave))

    def unplug(self) -> None:
        """Hang up: who has it open gets an error."""
        self.link.unlink(missing_ok=True)
        os.close(self._slave)
        os.close(self.fd)
        self.fd = -1

    def write(self, data: bytes) -> None:
        """Send what there is room for; a port that nobody reads loses the rest."""
        with contextlib.suppress(BlockingIOError):
            os.write(self.fd, data)


class Emulator:
    """Paces a robot by absolute deadlines and carries its bytes to and from the port."""

    def __init__(self, robot: EmulatedRobot, link: Path, leash: bool) -> None:
        """Offer the port.

        Raises:
            OSError: the names cannot be made.
        """
        self._robot = robot
        self._control = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._control_file = link.with_name(link.name + '.control')
        self._control_file.unlink(missing_ok=True)
        self._control.bind(str(self._control_file))
        self._port = Port(link)
        self._leash = [STDIN] if leash else []
        self.is_running = True
        self.epoch_ns = time.monotonic_ns() - robot.now_us * 1000

    def run(self) -> None:
        """Run until stopped."""
        while self.is_running:
            self._step(self._now_us())
            if self._port.fd >= 0:
                self._carry()
            self._wait()

    def close(self) -> None:
        """Take the names away."""
        if self._port.fd >= 0:
            self._port.unplug()
        self._control.close()
        self._control_file.unlink(missing_ok=True)
        if self._leash:  # its folder was made for it, by who may not be there any more
            with contextlib.suppress(OSError):
                self._control_file.parent.rmdir()

    def _now_us(self) -> float:
        return (time.monotonic_ns() - self.epoch_ns) / 1000

    def _step(self, now_us: float) -> None:
        late = now_us - self._robot.now_us
        if late > CATCH_UP_US:
            self._robot.skip(int(late) // STEP_US * STEP_US)
        while self._robot.now_us <= now_us:
            self._robot.step()

    def _carry(self) -> None:
        data = self._robot.up.take(self._now_us())
        if data:
            self._port.write(data)

    def _wait(self) -> None:
        """Sleep until a step or bytes are due, or somebody says something."""
        due = self._robot.up.due_us()
        wake = self._robot.now_us if due is None else min(due, self._robot.now_us)
        port, control = self._port.fd, self._control.fileno()
        inputs = [control, *self._leash, *([port] if port >= 0 else [])]
        ready, _, _ = select.select(inputs, [], [], max(0.0, wake - self._now_us()) * 1e-6)
        if port in ready:
            self._robot.down.put(os.read(port, CHUNK), self._now_us())
        if control in ready:
            self._obey()
        if STDIN in ready and not os.read(STDIN, CHUNK):
            self.is_running = False

    def _obey(self) -> None:
        line, sender = self._control.recvfrom(CHUNK)
        answer = obey(self._robot, line.decode(errors='replace'))
        if self._robot.is_plugged != (self._port.fd >= 0):
            self._port.plug() if self._robot.is_plugged else self._port.unplug()
        if sender:
            self._control.sendto(answer.encode(), sender)


def make_robot(options: Options) -> EmulatedRobot:
    """The robot as it is when a host finds it.

    Raises:
        ValueError: a robot file is not usable.
        CoreError: the firmware's core cannot be compiled.
    """
    timing = Timing(options.baud_rate, options.usb_frame_us, options.jitter_us, options.delay_us)
    plant = load_plant(options.hidden or options.robot)
    if NONE not in (plant.effects, options.effects):
        raise ValueError(f'effects: the plant {options.hidden} brings its own')
    robot = EmulatedRobot(
        load_robot(options.robot),
        plant.machine(),
        timing,
        options.seed + plant.seed,
        options.drift,
        options.board_id,
        plant.effects if options.effects == NONE else options.effects,
    )
    if options.zeroed:
        robot.set_zero()
    robot.put_by_hand(options.arm_angle, options.pendulum_angle)
    return robot


def main() -> int:
    """Run until SIGTERM, Ctrl-C or the end of the leash; says `ready` once the port is there."""
    options = tyro.cli(Options)
    try:
        emulator = Emulator(make_robot(options), options.link, options.on_leash)
    except (ValueError, CoreError, OSError) as error:
        print(f'error: {error}', flush=True)
        return 2

    def stop(number: int, frame: object) -> None:
        emulator.is_running = False

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN if options.on_leash else stop)
    take_priority()  # a board has no other programs beside it
    print('ready', emulator.epoch_ns, flush=True)
    try:
        emulator.run()
    finally:
        emulator.close()
    return 0


if __name__ == '__main__':
    sys.exit(main())

# SPDX-License-Identifier: Apache-2.0
"""`furuta selftest` and `furuta zero`, at a real or an emulated board; both open the port."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from furuta_description.robot import Robot, load_robot
from furuta_hardware import messages
from furuta_hardware.configuration import differences
from furuta_hardware.emulator_process import EMULATOR, EmulatorProcess
from furuta_hardware.link import Link, LinkError
from furuta_hardware.messages import Flag
from furuta_hardware.rest import moving
from furuta_hardware.selftest import Selftest
from furuta_hardware.session import Reading

COMMAND_PERIOD = 0.005  # [s]
PATIENCE = 1.0  # [s] for a reading
WATCH = 1.0  # [s] a pose must be still before it becomes zero
LOOK = 0.1  # [s] at what has become of it
POSE = 'arm forward, pendulum hanging still'
KEPT = (
    'the board keeps it until it restarts (power, brown-out, reset button, flashing); until it is '
    'set anew, the motor stays off then'
)


class LinkRig:
    """A `selftest.Rig` at a real port."""

    def __init__(self, port: str) -> None:
        """Connect.

        Raises:
            PortError: the port cannot be opened.
            LinkError: what is behind it is no board of ours.
        """
        self._readings: list[Reading] = []
        self._lock = threading.Lock()
        self.link = Link(port, self._on_reading)
        self.request, self.ask = self.link.request, self.link.ask

    def run(self, seconds: float, voltage: float | None = None) -> list[Reading]:
        """Let time pass, commanding a voltage or nothing; the readings of that time."""
        with self._lock:
            self._readings.clear()
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0 or not self._readings:
            if voltage is not None:
                self.link.command(voltage)
            time.sleep(min(max(left, 0.0), COMMAND_PERIOD))
            if left < -PATIENCE:
                raise LinkError('; '.join(self.link.problems()) or 'no states come')
        with self._lock:
            return list(self._readings)

    def _on_reading(self, reading: Reading) -> None:
        with self._lock:
            self._readings.append(reading)


def run_selftest(port: str, robot_name: str, is_agreed: bool) -> int:
    """Check the robot at a port; 0 if nothing is wrong. Asks before it moves, unless agreed."""
    console = Console()
    robot = load_robot(robot_name)
    with _board(port, robot_name) as rig:
        _print_board(rig.link, robot, console)
        question = f'The arm will move, up to its limit. {POSE.capitalize()}?'
        if not (is_agreed or _agree(question, console)):
            return 1
        failures = 0
        for name, is_good, text in Selftest(rig, robot).run():
            mark = '[green]ok  [/green]' if is_good else '[bold red]FAIL[/bold red]'
            console.print(f'{mark} {name:18} {text}', highlight=False, soft_wrap=True)
            failures += not is_good
    console.print('mend this, then run it again' if failures else 'the robot is as it should be')
    return 1 if failures else 0


def run_zero(port: str, robot_name: str, is_agreed: bool) -> int:
    """Make the present pose the zero pose; 0 if it is. Asks before, unless agreed."""
    console = Console()
    with _board(port, robot_name) as rig:
        if not (is_agreed or _agree(f'{POSE.capitalize()}?', console)):
            return 1
        before = rig.run(WATCH)
        refusal = f'{motion}: let it come to rest' if (motion := moving(before)) else ''
        if refusal := refusal or rig.ask(messages.SetZero):
            console.print(f'error: {refusal}')
            return 1
        after = rig.run(LOOK)
    console.print(f'zero pose set{_change(before[-1], after[-1])}', highlight=False)
    console.print(KEPT, highlight=False)
    return 0


@contextmanager
def _board(port: str, robot_name: str) -> Iterator[LinkRig]:
    emulator = EmulatorProcess(robot=robot_name) if port == EMULATOR else None
    try:
        rig = LinkRig(emulator.port if emulator else port)
        try:
            yield rig
        finally:
            rig.link.close()
    finally:
        if emulator:
            emulator.close()


def _change(before: Reading, after: Reading) -> str:
    """What that has changed, if there was a zero pose before."""
    if not before.state.flags & Flag.ZERO_IS_SET:
        return ''
    arm = math.degrees(before.arm_angle - after.arm_angle)
    pendulum = math.degrees(before.pendulum_angle - after.pendulum_angle)
    return f'; by the one before, the arm was {arm:+.1f} deg off and the pendulum {pendulum:+.1f}'


def _print_board(link: Link, robot: Robot, console: Console) -> None:
    console.print(link.board_text(), highlight=False)
    assert link.session.configuration is not None
    for difference in differences(link.session.configuration, robot):
        console.print(f'[yellow]built with other numbers, flash it again: {difference}')


def _agree(question: str, console: Console) -> bool:
    return console.input(f'{question} \\[y/n] ').strip().lower() in ('y', 'yes')

# SPDX-License-Identifier: Apache-2.0
# environment: train
"""Random faults for half an hour: the motor never runs on, every fault is got over, memory stays.

A host drives the emulated board and behaves as a user would: after each fault it mends what the
board asks for and enables the motor again. Exit 0 if nothing got stuck.
"""

from __future__ import annotations

import math
import random
import resource
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import output
import tyro
from rich.progress import Progress

from furuta_description.robot import load_robot
from furuta_hardware import messages
from furuta_hardware.emulator_process import EmulatorProcess
from furuta_hardware.health import Health
from furuta_hardware.link import Link

COMMAND_PERIOD = 0.005  # [s]
SWAY = 0.4  # [s] of the voltage to and fro
RECOVERY = 10.0  # [s] in which the motor must be driven again
RUN_ON = 0.2  # [s] of driving after a fault that must stop it: time-out and a busy machine
GROWTH_MB = 20.0
SETTLING = 0.1  # share of the time after which memory is measured first
FAULTS = {  # what begins it, what ends it, whether the motor must stop
    'noise': ('flip 0.002', 'flip 0', False),
    'losses': ('lose 0.002', 'lose 0', False),
    'doubles': ('double 0.002', 'double 0', False),
    'stall': ('stall 0.4', None, True),
    'unplug': ('unplug', 'plug', True),
    'brown-out': ('brownout', None, True),
    'small glitch': ('glitch pendulum 100', None, False),
    'large glitch': ('glitch pendulum 3000', None, True),
    'stuck pendulum': ('stick on', 'stick off', False),
    'hot motor': ('heat 80', 'heat 0', False),
    'motor reversed': ('reverse motor', 'reverse motor', False),
}


@dataclass
class Options:
    """Options of the benchmark."""

    seconds: float = 1800.0
    seed: int = 0
    json: Path | None = None


class User:
    """Drives, and mends what can be mended from here."""

    def __init__(self, emulator: EmulatorProcess):
        self.emulator = emulator
        self.link = Link(emulator.port, self._on_reading)
        self.health = Health(load_robot('furuta'))
        self.voltage = 0.0
        self._is_running = True
        self._thread = threading.Thread(target=self._drive)
        self._thread.start()

    def recover(self) -> float:
        """Do what the board asks for until the motor is driven; how long it took [s]."""
        began = time.monotonic()
        while time.monotonic() - began < RECOVERY:
            self.health.problems(self.link.session)
            if self.link.ask(messages.Enable, 1):
                self.emulator.tell('place 0 0')
                time.sleep(0.05)
                self.link.ask(messages.ClearFault)
                self.link.ask(messages.SetZero)
            elif abs(self.voltage) > 1:
                return time.monotonic() - began
            time.sleep(0.05)
        raise RuntimeError(f'stuck: {self.link.problems()}, {self.emulator.state()}')

    def close(self) -> None:
        self._is_running = False
        self._thread.join()
        self.link.close()

    def _on_reading(self, reading) -> None:
        self.voltage = reading.voltage

    def _drive(self) -> None:
        while self._is_running:
            self.link.command(math.copysign(2.5, math.sin(math.tau * time.monotonic() / SWAY)))
            time.sleep(COMMAND_PERIOD)


def soak(options: Options) -> dict:
    """Fault after fault until the time is up."""
    draw = random.Random(options.seed)
    counts = dict.fromkeys(FAULTS, 0)
    slowest, longest, memory = 0.0, 0.0, []
    with EmulatorProcess() as emulator, Progress() as progress:
        user = User(emulator)
        try:
            user.recover()
            task = progress.add_task('soak', total=options.seconds)
            user.link.report()
            began = time.monotonic()
            while (elapsed := time.monotonic() - began) < options.seconds:
                name = draw.choice(list(FAULTS))
                begin, end, must_stop = FAULTS[name]
                counts[name] += 1
                at_ns = time.monotonic_ns()
                emulator.tell(begin)
                time.sleep(draw.uniform(0.3, 1.0))
                if must_stop and name != 'stall':  # a stall ends by itself, and so does its stop
                    longest = max(longest, (emulator.last_driven_ns() - at_ns) * 1e-9)
                if end:
                    emulator.tell(end)
                slowest = max(slowest, user.recover())
                if elapsed > SETTLING * options.seconds:
                    memory.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
                progress.update(task, completed=elapsed)
            report = user.link.report()
        finally:
            user.close()
    return {
        'faults': counts,
        'slowest recovery [s]': slowest,
        'longest driven after a fault [s]': longest,
        'memory growth [MB]': memory[-1] - memory[0] if memory else 0.0,
        'report': report,
    }


def main(options: Options) -> int:
    """Run and print; 0 if the motor stopped in time and memory stayed."""
    figures = soak(options)
    rows = [*figures['faults'].items(), *figures['report'].items()]
    rows += [(name, value) for name, value in figures.items() if name.endswith(']')]
    output.show(f'soak of {options.seconds:g} s', ('', ''), rows)
    output.write(options.json, figures)
    stopped = figures['longest driven after a fault [s]'] < RUN_ON
    return 0 if stopped and figures['memory growth [MB]'] < GROWTH_MB else 1


if __name__ == '__main__':
    sys.exit(main(tyro.cli(Options, prog='furuta bench soak', description=__doc__)))

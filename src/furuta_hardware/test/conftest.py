# SPDX-License-Identifier: Apache-2.0
"""An emulated robot behind a port, and a host that drives it."""

import math
import threading
import time

import pytest

from furuta_description.robot import load_robot
from furuta_hardware import messages
from furuta_hardware.emulator_process import EmulatorProcess
from furuta_hardware.health import Health
from furuta_hardware.link import Link

TIMEOUT = 0.1  # [s] of the robot file
SWAY = 0.4  # [s] of the voltage to and fro


class Host:
    """A link with everything that is read from it; `drive` commands until the end."""

    def __init__(self, port):
        self.readings = []
        self.link = Link(port, self.readings.append)
        self.health = Health(load_robot('furuta'))
        self._voltage = None
        self._is_running = True
        self._thread = threading.Thread(target=self._command)
        self._thread.start()

    def drive(self, voltage=2.0, is_swaying=True):
        """Enable, and command a voltage to and fro so that the arm stays about the middle."""
        assert self.link.ask(messages.Enable, 1) == ''
        self._voltage = (voltage, is_swaying)
        self.wait(lambda: abs(self.readings[-1].voltage) > 1, 'motor is driven')

    def problems(self):
        return '; '.join(
            self.link.problems()
            or self.health.problems(self.link.session, self.readings[-1].state)
        )

    def wait(self, claim, what, seconds=5.0):
        deadline = time.monotonic() + seconds
        while not claim():
            assert time.monotonic() < deadline, f'not within {seconds} s: {what}'
            time.sleep(0.01)

    def wait_for_problem(self, words):
        self.wait(lambda: words in self.problems(), words)

    @property
    def is_enabled(self):
        return bool(self.readings[-1].state.flags & messages.Flag.ENABLED)

    def close(self):
        self._is_running = False
        self._thread.join()
        self.link.close()

    def _command(self):
        while self._is_running:
            if self._voltage is not None:
                voltage, is_swaying = self._voltage
                to_and_fro = math.copysign(1, math.sin(math.tau * time.monotonic() / SWAY))
                self.link.command(voltage * (to_and_fro if is_swaying else 1))
            time.sleep(0.005)


@pytest.fixture
def emulator():
    with EmulatorProcess() as made:
        yield made


@pytest.fixture
def host(emulator):
    made = Host(emulator.port)
    yield made
    made.close()

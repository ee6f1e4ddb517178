# SPDX-License-Identifier: Apache-2.0
"""The readers of the wire, a board on a bench, and a robot behind a port with its host."""

import ctypes
import math
import threading
import time

import pytest

from furuta_description.robot import load_robot
from furuta_hardware import core_library, messages
from furuta_hardware.emulator_process import EmulatorProcess
from furuta_hardware.health import Health
from furuta_hardware.link import Link
from furuta_hardware.messages import LAYOUTS, Command, Enable, SetRate, SetZero, State
from furuta_hardware.protocol import Parser, ParserCounts, encode

TIMEOUT = 0.1  # [s] of the robot file
SWAY = 0.4  # [s] of the voltage to and fro


class Frame(ctypes.Structure):
    _fields_ = (
        ('type', ctypes.c_uint8),
        ('payload', ctypes.POINTER(ctypes.c_uint8)),
        ('size', ctypes.c_size_t),
    )


class Receiver(ctypes.Structure):
    _fields_ = (
        ('encoded', ctypes.c_uint8 * 128),
        ('size', ctypes.c_size_t),
        ('is_too_long', ctypes.c_bool),
        ('bad', ctypes.c_uint32),
        ('other_version', ctypes.c_uint32),
    )


class CoreParser:
    """The receiver of the C core, with the face of `Parser`."""

    def __init__(self):
        self._receiver = Receiver()
        self._take = core_library.load().receiver_take
        self._take.restype = ctypes.c_bool
        self._unknown = self._messages = 0

    @property
    def counts(self):
        receiver = self._receiver
        return ParserCounts(self._messages, receiver.bad, self._unknown, receiver.other_version)

    def feed(self, data):
        frame = Frame()
        messages = []
        for byte in data:
            if self._take(ctypes.byref(self._receiver), byte, ctypes.byref(frame)):
                messages.append(self._message(frame.type, bytes(frame.payload[: frame.size])))
        return [message for message in messages if message]

    def _message(self, number, payload):
        kind, layout = LAYOUTS.get(number, (None, None))
        if kind is None or layout.size != len(payload):
            self._unknown += 1
            return None
        self._messages += 1
        return kind(*layout.unpack(payload))


@pytest.fixture(params=[Parser, CoreParser], ids=['python', 'c'])
def make_parser(request):
    """Every test of reading is one of both."""
    return request.param


class Bench:
    """A board with nothing but a clock, two encoders to turn by hand and a wire."""

    def __init__(self, robot='furuta'):
        self.now = 0
        self.turned = [0, 0]  # [counts]
        self.amperes = math.nan
        self.duties = []
        self.has_room = True
        self.step_duration_us = 0
        self._to_board = b''
        self._from_board = b''
        self.robot = load_robot(robot)
        self.board = core_library.Board(self.robot, self, board_id=42)

    def now_us(self):
        self.now += self.step_duration_us
        return self.now

    def registers(self):
        return self.turned[0] & 0xFFFF, self.turned[1] & 0xFFFF

    def current(self):
        return self.amperes

    def drive(self, duty):
        self.duties.append(duty)

    def receive(self, size):
        data, self._to_board = self._to_board[:size], self._to_board[size:]
        return data

    def send(self, data):
        if self.has_room:
            self._from_board += data
        return self.has_room

    @property
    def voltage(self):
        return self.duties[-1] * self.robot.physics.motor.supply_voltage

    def run(self, steps=1, *messages, junk=b''):
        """Send the messages, step the board; what it sent meanwhile."""
        self._to_board += junk + b''.join(encode(message) for message in messages)
        self._from_board = b''
        for _ in range(steps):
            self.now += 1000
            self.board.step()
        return Parser().feed(self._from_board)

    def states(self, steps=1, *messages):
        return [m for m in self.run(steps, *messages) if isinstance(m, State)]

    def enable(self, rate_hz=1000):
        """Zero set, motor enabled, a state each step."""
        answers = self.run(1, SetZero(1), Enable(2, 1), SetRate(3, rate_hz))
        assert [a.result for a in answers if not isinstance(a, State)] == [0, 0, 0]

    def hold(self, steps, voltage):
        """A command each step."""
        return [s for i in range(steps) for s in self.states(1, Command(i % 65535 + 1, voltage))]


@pytest.fixture
def make_bench():
    return Bench


@pytest.fixture
def bench():
    return Bench()


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
        return '; '.join(self.link.problems() or self.health.problems(self.link.session))

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

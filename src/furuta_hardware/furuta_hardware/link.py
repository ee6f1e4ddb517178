# SPDX-License-Identifier: Apache-2.0
"""The link to a board: a thread that owns the port, reads it, and finds it again when it is gone.

    with Link('/dev/ttyUSB0', on_reading=print) as link:
        link.request(messages.Enable, 1)
        link.command(1.5)

`on_reading` is called in the link's thread; everything else may be called from any. What is said
over the wire is session.py's.
"""

from __future__ import annotations

import contextlib
import termios
import threading
import time
from collections.abc import Callable
from typing import Any

import serial

from furuta_hardware import messages, ports
from furuta_hardware.health import why_no_board
from furuta_hardware.messages import Result
from furuta_hardware.ports import PortError
from furuta_hardware.session import Reading, Request, Session

STATE_RATE_HZ = 500
GREETING_PATIENCE = 3.0  # [s] for a board that restarts when its port is opened, as many do
ANSWER_PATIENCE = 0.5  # [s]
RETRY = 0.2  # [s] between looks whether the device is back
SILENCE = 0.1  # [s] without a state that counts as one
END_PATIENCE = 1.0  # [s]


class LinkError(ValueError):
    """The board is not one we can use, or does not answer; the message says what to do."""


class Link:
    """The host's end of the line to one board."""

    def __init__(
        self,
        port: str,
        on_reading: Callable[[Reading], None] = lambda reading: None,
        on_end: Callable[[], None] = lambda: None,
        rate_hz: int = STATE_RATE_HZ,
    ) -> None:
        """Open the port and greet the board, whose motor is off from then on.

        Args:
            port: of the board.
            on_reading: gets every sample.
            on_end: called if the thread ends before `close`.
            rate_hz: samples a second.

        Raises:
            PortError: the port cannot be opened.
            LinkError: what is behind it is no board of ours.
        """
        self.session = Session(rate_hz)
        self.reconnects = 0
        self._on_reading, self._on_end = on_reading, on_end
        self._port: serial.Serial | None = ports.open_port(port)
        self._name = ports.name_that_stays(port)
        self._board: int | None = None  # its chip's number
        self._refusal = ''  # why the device that is there is not used
        self._heard_ns = time.monotonic_ns()
        self._is_running = True
        self._thread = threading.Thread(target=self._run, name='link', daemon=True)
        self._thread.start()
        self._expect_board()

    def __enter__(self) -> Link:
        """It is connected already."""
        return self

    def __exit__(self, *error: Any) -> None:
        """Leave the motor off."""
        self.close()

    @property
    def is_connected(self) -> bool:
        """A board is there, greeted and heard."""
        silent = (time.monotonic_ns() - self._heard_ns) * 1e-9
        return self._port is not None and self.session.is_ready and silent < SILENCE

    def board_text(self) -> str:
        """Who is there, for people."""
        identity = self.session.identity
        if identity is None:
            return f'no board at {self._name}'
        version = f'{identity.major}.{identity.minor}.{identity.patch}'
        robot = identity.robot.rstrip(b'\0').decode(errors='replace')
        return (
            f'board {identity.board_id:x} at {self._name}, firmware {version}, built for {robot}'
        )

    def command(self, voltage: float) -> int:
        """Send a command [V] on its way, lost if there is no board; its sequence number."""
        self._send(self.session.command(voltage, time.monotonic_ns()))
        return self.session.sequence

    def post(self, kind: Any, *values: int) -> Request:
        """Send a request on its way, which will hold the answer; never waits."""
        request = self.session.request(kind, *values)
        self._send(self.session.outbox(time.monotonic_ns()))
        return request

    def request(self, kind: Any, *values: int) -> Any:
        """Ask the board, and wait for its answer.

        Raises:
            LinkError: there is no answer.
        """
        answer = self.post(kind, *values).wait(ANSWER_PATIENCE)
        if answer is None:
            raise LinkError('; '.join(self.problems()) or 'the board does not answer')
        return answer

    def ask(self, kind: Any, *values: int) -> str:
        """Have the board do something; the reason if it refuses or does not answer, else ''."""
        try:
            return messages.RESULT_TEXT[Result(self.request(kind, *values).result)]
        except LinkError as error:
            return str(error)

    def problems(self) -> list[str]:
        """What is wrong with the line, in plain words."""
        if self._refusal:
            return [self._refusal]
        if self._port is None:
            return [
                f'{self._name} is gone: plug the board in again; the motor stays off until enabled'
            ]
        silent = (time.monotonic_ns() - self._heard_ns) * 1e-9
        if silent > SILENCE:
            return [f'nothing from the board for {silent:.1f} s: look at its power and its cable']
        return []

    def report(self) -> dict[str, Any]:
        """Figures of the line, for diagnostics."""
        session = self.session
        return session.statistics.report(time.monotonic_ns()) | {
            'bad_frames': session.parser.counts.bad,
            'reconnects': self.reconnects,
            'board_restarts': session.restarts,
            'arm_encoder_jumps': session.jumps[0],
            'pendulum_encoder_jumps': session.jumps[1],
            'clock_drift_ppm': -session.clock.drift * 1e6,
        }

    def close(self) -> None:
        """Switch the motor off and let go of the port."""
        if self._is_running and self.is_connected:
            self.ask(messages.Enable, 0)
        self._is_running = False
        self._thread.join(END_PATIENCE)

    def _expect_board(self) -> None:
        try:
            deadline = time.monotonic() + GREETING_PATIENCE
            while not self.session.is_ready:
                if time.monotonic() > deadline or not self._thread.is_alive():
                    raise LinkError(why_no_board(self.session, self._name))
                time.sleep(0.01)
        except BaseException:
            self._is_running = False
            self._thread.join(END_PATIENCE)
            raise

    # --- the thread ---

    def _run(self) -> None:
        try:
            while self._is_running:
                if self._port is None:
                    self._reconnect()
                else:
                    self._converse(self._port)
        finally:
            self._part()
            if self._is_running:
                self._on_end()

    def _converse(self, port: serial.Serial) -> None:
        try:
            self._send(self.session.outbox(time.monotonic_ns()))
            data = port.read(1)
            data += port.read(port.in_waiting)
        except (OSError, termios.error):  # serial.SerialException is an OSError
            self._let_go()
            return
        if data:
            self._hear(data)

    def _hear(self, data: bytes) -> None:
        now_ns = time.monotonic_ns()
        for reading in self.session.feed(data, now_ns):
            if not self._is_same_board():
                self._let_go()
                return
            self._heard_ns = now_ns
            self._on_reading(reading)

    def _is_same_board(self) -> bool:
        """Whether the board is the one that was there first."""
        identity = self.session.identity
        if identity is None:  # it restarted just after this reading, and will be asked again
            return True
        found = identity.board_id
        self._board = found if self._board is None else self._board
        self._refusal = ''
        if found != self._board:
            self._refusal = (
                f'another board ({found:x}) is at {self._name}, not {self._board:x} as before: '
                'plug that in, or start again for the new one'
            )
        return not self._refusal

    def _reconnect(self) -> None:
        time.sleep(RETRY)
        try:
            self._port = ports.open_port(self._name)
        except PortError:
            return
        self.session.begin()
        self.reconnects += 1

    def _send(self, data: bytes) -> None:
        """Never waits: what does not fit is lost, and a request is sent again."""
        port = self._port
        if port is None or not data:
            return
        with contextlib.suppress(OSError, termios.error):  # reading notices it too
            port.write(data)

    def _let_go(self) -> None:
        port, self._port = self._port, None
        if port is not None:
            port.close()

    def _part(self) -> None:
        """Whatever ends the thread, the motor is off; the board's time-out is behind this."""
        self.session.request(messages.Enable, 0)
        self._send(self.session.outbox(time.monotonic_ns()))
        self._let_go()

# SPDX-License-Identifier: Apache-2.0
"""What is wrong with the real plant, in plain words, from one look to the next.

Looks at a session and knows no port: the line itself is link.py's to judge.
"""

from __future__ import annotations

from furuta_description.robot import Robot
from furuta_description.safety import Fault, fault_texts
from furuta_hardware.configuration import differences
from furuta_hardware.messages import Flag, ResetReason
from furuta_hardware.protocol import PROTOCOL_VERSION
from furuta_hardware.session import Session

NOISY = 0.01  # share of bad frames that is more than a plug being pulled
REMEMBER = 10  # looks for which what has passed is still told
JOINTS = ('arm', 'pendulum')
MANUAL = 'furuta_hardware/firmware/README.md'


class Health:
    """Compares each look with the one before."""

    def __init__(self, robot: Robot) -> None:
        """The robot that the board should have been built for."""
        self._robot = robot
        self._counts = (0, 0)  # states and bad frames
        self._events: dict[str, int] = {}  # what has happened, and for how many looks to tell it
        self._jumps = [0, 0]
        self._restarts = 0

    def problems(self, session: Session) -> list[str]:
        """What is wrong now, or has just been."""
        found = self._noise(session) + self._differences(session)
        state = session.state
        if state is not None:  # else a new connection, which cannot say yet why it is new
            found += fault_texts(Fault(state.faults))
            if not state.flags & Flag.ZERO_IS_SET:
                found.append(
                    'zero pose not set: arm forward, pendulum hanging still, then set it '
                    '(motor/set_zero or `furuta zero`); the motor stays off until then'
                )
            self._note_events(session)
        for event in list(self._events):
            self._events[event] -= 1
            found.append(event)
            if not self._events[event]:
                del self._events[event]
        return found

    def _noise(self, session: Session) -> list[str]:
        counts = session.parser.counts
        now = (counts.messages, counts.bad + counts.unknown)
        messages, bad = (new - old for new, old in zip(now, self._counts, strict=True))
        self._counts = now
        if bad > NOISY * (messages + bad) and messages:
            return [
                f'{bad} of {messages + bad} frames damaged: check the cable, its length and ground'
            ]
        return []

    def _differences(self, session: Session) -> list[str]:
        if session.configuration is None:
            return []
        found = differences(session.configuration, self._robot)
        if not found:
            return []
        return [
            'the board was built with other numbers: flash it again (' + ', '.join(found) + ')'
        ]

    def _note_events(self, session: Session) -> None:
        if session.restarts > self._restarts and session.identity is not None:
            self._events[_restart_text(session.identity.reset_reason)] = REMEMBER
            self._restarts = session.restarts
        for joint, (new, old) in enumerate(zip(session.jumps, self._jumps, strict=True)):
            if new > old:
                self._events[
                    f'counts of the {JOINTS[joint]} encoder jumped: check its wires and shield; '
                    'the zero pose may be off, set it again'
                ] = REMEMBER
        self._jumps = list(session.jumps)


def why_no_board(session: Session, port: str) -> str:
    """Why what is at a port does not answer the greeting."""
    counts = session.parser.counts
    if session.other_version is not None:
        return (
            f'the board at {port} speaks version {session.other_version} of the protocol, this '
            f'suite version {PROTOCOL_VERSION}: flash the firmware that comes with it ({MANUAL})'
        )
    if counts.messages:
        return f'the board at {port} talks but does not answer: is its receive wire connected?'
    if session.has_heard:
        return (
            f'the device at {port} is none of ours, or not flashed yet ({MANUAL}): it sends '
            'something else'
        )
    return (
        f'nothing comes from {port}: is the board powered and flashed ({MANUAL}), and is this its '
        'port?'
    )


def _restart_text(reason: int) -> str:
    if reason == ResetReason.BROWN_OUT:
        return 'the board restarted after a brown-out: its supply is too weak for the motor'
    if reason == ResetReason.WATCHDOG:
        return 'the board restarted by its watchdog: its firmware hung'
    if reason == ResetReason.POWER_ON:
        return 'the board was without power, or its reset button was pressed'
    return 'the board restarted'

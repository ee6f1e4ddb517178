# SPDX-License-Identifier: Apache-2.0
"""The wire between host and board: bytes in, messages out, and the reverse. No port, no clock.

Frames are defined in firmware/PROTOCOL.md, what is in them in messages.py. Bytes may come in any
pieces, with anything between the frames: what is not a whole, sound frame of this version is
counted and skipped.
"""

from __future__ import annotations

import struct
from binascii import crc_hqx
from dataclasses import dataclass
from typing import NamedTuple

from cobs import cobs

from furuta_hardware.messages import LAYOUTS, NUMBERS, Message

PROTOCOL_VERSION = 1
ENCODED_MAX = 128  # [bytes] between two delimiters; more is junk
CRC_START = 0xFFFF
DELIMITER = b'\0'
NOTHING = struct.Struct('')


class OtherVersion(NamedTuple):
    """A sound frame of another version of the protocol; made by the parser, never sent."""

    version: int


def encode(message: Message) -> bytes:
    """The frame of a message as it goes on the wire, delimiters included.

    Raises:
        struct.error: a field does not fit its place.
    """
    number = NUMBERS[type(message)]
    content = bytes((PROTOCOL_VERSION, number)) + LAYOUTS[number][1].pack(*message)
    crc = crc_hqx(content, CRC_START).to_bytes(2, 'little')
    encoded: bytes = cobs.encode(content + crc)
    return DELIMITER + encoded + DELIMITER


@dataclass
class ParserCounts:
    """What a parser has seen."""

    messages: int = 0
    bad: int = 0  # COBS or checksum wrong, or too long
    unknown: int = 0  # sound, but of no type or length of this version
    other_version: int = 0


class Parser:
    """Finds the messages in a stream of bytes."""

    def __init__(self) -> None:
        self.counts = ParserCounts()
        self._rest = bytearray()

    def feed(self, data: bytes) -> list[Message | OtherVersion]:
        """Take the next bytes, however many; the messages that became whole with them."""
        first, *others = data.split(DELIMITER)
        self._rest += first[: ENCODED_MAX + 1]  # enough to tell that it is too long
        if not others:
            del self._rest[ENCODED_MAX + 1 :]
            return []
        whole = [bytes(self._rest), *others[:-1]]
        self._rest = bytearray(others[-1][: ENCODED_MAX + 1])
        return [message for encoded in whole if encoded and (message := self._decode(encoded))]

    def _decode(self, encoded: bytes) -> Message | OtherVersion | None:
        content = _content(encoded)
        if content is None:
            self.counts.bad += 1
            return None
        version, number, payload = content[0], content[1], content[2:-2]
        if version != PROTOCOL_VERSION:
            self.counts.other_version += 1
            return OtherVersion(version)
        kind, layout = LAYOUTS.get(number, (None, NOTHING))
        if kind is None or layout.size != len(payload):
            self.counts.unknown += 1
            return None
        self.counts.messages += 1
        message: Message = kind(*layout.unpack(payload))
        return message


def _content(encoded: bytes) -> bytes | None:
    """Version, type, payload and checksum of a frame; None if it is not sound."""
    if len(encoded) > ENCODED_MAX:
        return None
    try:
        content = cobs.decode(encoded)
    except cobs.DecodeError:
        return None
    sound = len(content) >= 4 and crc_hqx(content[:-2], CRC_START) == int.from_bytes(
        content[-2:], 'little'
    )
    return content if sound else None

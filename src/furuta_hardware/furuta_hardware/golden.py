# SPDX-License-Identifier: Apache-2.0
"""The frames of firmware/golden_frames.txt, that both sides of the wire are tested with."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from furuta_hardware.messages import NUMBERS, Message
from furuta_hardware.paths import FIRMWARE_DIR

FILE = FIRMWARE_DIR / 'golden_frames.txt'
KINDS: dict[str, Any] = {
    re.sub('(?<!^)(?=[A-Z])', '_', kind.__name__).lower(): kind for kind in NUMBERS
}


class Golden(NamedTuple):
    """A frame and what it is."""

    frame: bytes
    name: str  # of the message; or how it is counted: bad, unknown, other_version
    fields: dict[str, Any]

    @property
    def message(self) -> Message | None:
        """The message; None for a frame that is none."""
        kind = KINDS.get(self.name)
        return kind(**self.fields) if kind else None


def _value(name: str, text: str) -> int | float | bytes:
    if name == 'robot':
        return text.encode().ljust(24, b'\0')
    return int(text) if re.fullmatch(r'-?\d+', text) else float(text)


def _golden(line: str) -> Golden:
    frame, name, *fields = line.split()
    pairs = (field.split('=') for field in fields)
    return Golden(bytes.fromhex(frame), name, {key: _value(key, text) for key, text in pairs})


LINES = FILE.read_text().splitlines()
GOLDEN = [_golden(line) for line in LINES if line and not line.startswith('#')]
MESSAGES = [golden for golden in GOLDEN if golden.message]
REJECTED = [golden for golden in GOLDEN if not golden.message]

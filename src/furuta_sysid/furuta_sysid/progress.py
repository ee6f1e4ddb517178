# SPDX-License-Identifier: Apache-2.0
"""How far a fit is, for whoever shows it, and what it needs to go on after a stop."""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

from furuta_description.whole_file import write_whole
from furuta_sysid.parameters import Floats
from furuta_sysid.search import Search

SAVE_PERIOD = 2.0  # [s]


class Progress(NamedTuple):
    """One report."""

    stage: str
    share: float
    """of the work that may be needed, 0..1; a search that converges early skips some"""
    loss: float
    """root mean square of the best residuals so far, in encoder steps"""
    seconds_left: float


Report = Callable[[Progress], None]


@dataclass
class Memory:
    """What decides how a fit goes on; the same memory ends in the same numbers."""

    key: str
    """hash of robot, recordings and options that it belongs to"""
    search: Search | None = None
    found: list[tuple[float, Floats]] = field(default_factory=list)
    """cost and point of each finished restart"""
    unit: Floats | None = None
    """the point of the newest polished stage"""
    stage: int = 0
    """polished stages done"""
    scale: Floats | None = None
    seconds: float = 0.0
    """of earlier processes"""


class Notebook:
    """Keeps the memory in a file and reports."""

    def __init__(self, key: str, file: Path | None, report: Report | None) -> None:
        """Take up the memory in the file if it belongs to the same fit; None keeps no file."""
        self.memory = _load(file, key) if file else Memory(key)
        self._file, self._report = file, report
        self._begin = self._saved = time.monotonic()
        self._first_share: float | None = None
        self._earlier = self.memory.seconds

    @property
    def seconds(self) -> float:
        """Wall time of this fit, that of earlier processes included."""
        return self._earlier + time.monotonic() - self._begin

    def note(self, stage: str, share: float, loss: float, is_step: bool = False) -> None:
        """Report, and save now and then; `is_step` saves in any case."""
        now = time.monotonic()
        if self._first_share is None:
            self._first_share = share
        done = share - self._first_share
        left = (now - self._begin) * (1 - share) / done if done > 0 else np.nan
        if self._report:
            self._report(Progress(stage, share, loss, left))
        if self._file and (is_step or now - self._saved > SAVE_PERIOD):
            self.memory.seconds = self.seconds
            write_whole(self._file, pickle.dumps(self.memory))
            self._saved = time.monotonic()

    def close(self) -> None:
        """The fit is over: nothing is left to go on with."""
        if self._file:
            self._file.unlink(missing_ok=True)


def _load(file: Path, key: str) -> Memory:
    try:
        memory = pickle.loads(file.read_bytes())
    except (OSError, EOFError, pickle.UnpicklingError, AttributeError, ImportError):
        return Memory(key)
    is_same = isinstance(memory, Memory) and memory.key == key
    return memory if is_same else Memory(key)

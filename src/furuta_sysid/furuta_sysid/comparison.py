# SPDX-License-Identifier: Apache-2.0
"""One recording replayed with two robot files, before and after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from furuta_description.robot import Robot
from furuta_sysid.replay import Windows, replay
from furuta_sysid.result import HORIZONS
from furuta_sysid.trajectory import Recording


@dataclass(frozen=True)
class Comparison:
    """Windows of every horizon."""

    recording: Recording
    part: str
    """`training` or `validation`"""
    before: list[Windows]
    after: list[Windows]


def compare(recording: Recording, part: str, robots: Sequence[Robot]) -> Comparison:
    """Replay a recording with two robots."""
    before, after = (replay(robot, recording, HORIZONS) for robot in robots)
    return Comparison(recording, part, before, after)

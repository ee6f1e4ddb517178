# SPDX-License-Identifier: Apache-2.0
"""What `furuta rehearse` takes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal


def _option(default: Any, text: str) -> Any:
    return field(default=default, metadata={'help': text})


@dataclass(frozen=True, kw_only=True)
class RehearsalConfig:
    """Options of a rehearsal."""

    policy: str = _option('', 'policy file (.onnx); empty = the one that comes with the robot')
    controller: Literal['policy', 'classical'] = _option('policy', 'what drives the motor')
    robot: str = _option('furuta', 'robot that controller and firmware believe it is')
    plants: str = _option('50', 'how many to draw, or a plant file, or a folder of them')
    seed: int = _option(1, 'of the draw; the same seed draws the same plants')
    worst: int = _option(3, 'so many of the slowest are kept as bags, besides those that failed')
    out: str = _option('', 'folder to make; rehearsals/<date>_<time> if empty')

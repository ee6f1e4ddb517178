# SPDX-License-Identifier: Apache-2.0
"""What `furuta rehearse` takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from furuta_bringup.node_spec import option


@dataclass(frozen=True, kw_only=True)
class RehearsalConfig:
    """Options of a rehearsal."""

    policy: str = option('', 'policy file (.onnx); empty = the one that comes with the robot')
    controller: Literal['policy', 'classical'] = option('policy', 'what drives the motor')
    robot: str = option('furuta', 'robot that controller and firmware believe it is')
    plants: str = option('50', 'how many to draw, or a plant file, or a folder of them')
    seed: int = option(1, 'of the draw; the same seed draws the same plants')
    worst: int = option(3, 'so many of the slowest are kept as bags, besides those that failed')
    again: int = option(2, 'how often to meet a plant again if this machine held up the loop')
    out: str = option('', 'folder to make; rehearsals/<date>_<time> if empty')

# SPDX-License-Identifier: Apache-2.0
"""What every trainer gives back."""

from __future__ import annotations

from typing import NamedTuple

from furuta_rl.ppo.networks import Policy


class TrainingError(RuntimeError):
    """The training cannot go on; the message says why and what may help."""


class Trained(NamedTuple):
    """What came of a training."""

    policies: list[Policy]  # of each seed
    control_steps: int  # of all seeds together
    seconds: float  # without compilation

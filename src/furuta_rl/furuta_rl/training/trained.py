# SPDX-License-Identifier: Apache-2.0
"""What every trainer does and gives back."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from rich.console import Console

from furuta_rl.ppo.networks import Policy
from furuta_rl.training.run_folder import RunFolder


class TrainingError(RuntimeError):
    """The training cannot go on; the message says why and what may help."""


class Trained(NamedTuple):
    """What came of a training."""

    policies: list[Policy]  # of each seed
    control_steps: int  # of all seeds together
    seconds: float  # without compilation


class Training(Protocol):
    """One training by one of the trainers."""

    def run(self, run: RunFolder, console: Console) -> Trained:
        """Train to the end, from the newest checkpoint of the folder if it has one.

        Raises:
            StoppedError: by a signal; all is saved.
            TrainingError: there is nothing left to train.
        """

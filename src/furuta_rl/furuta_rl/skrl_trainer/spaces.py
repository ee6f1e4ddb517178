# SPDX-License-Identifier: Apache-2.0
"""What an agent is told of the one robot it learns on; its critics see what its policy sees."""

from __future__ import annotations

from typing import Any

import torch

from furuta_rl.skrl_trainer.environment import TorchEnv, make_box


class RobotSpaces:
    """Stands where a `TorchEnv` does when an agent is made."""

    batch_size, action_size = 1, 1

    def __init__(self, observation_size: int) -> None:
        """Of one robot."""
        self.observation_size = self.privileged_size = observation_size
        self.device = torch.device('cpu')
        self.observation_space = self.state_space = make_box(observation_size)
        self.action_space = make_box(self.action_size, 1.0)

    @property
    def env(self) -> Any:
        """Where the sizes are asked for."""
        return self


Spaces = TorchEnv | RobotSpaces

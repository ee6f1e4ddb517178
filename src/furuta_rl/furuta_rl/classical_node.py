# SPDX-License-Identifier: Apache-2.0
"""ROS node of the classical baseline: joint states in, voltage out, paced by the samples."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import Any

from furuta_description import ros
from furuta_description.robot import load_robot
from furuta_rl.classical import ClassicalConfig, ClassicalController
from furuta_rl.controller_node import ControllerNode


@dataclass(frozen=True)
class NodeConfig:
    """Deployment of the controller."""

    robot: str = field(default='furuta', metadata={'help': 'robot name or file'})
    rate_hz: float = ClassicalConfig.rate_hz
    host_delay: float = ClassicalConfig.host_delay


class ClassicalNode(ControllerNode):
    """Classical controller."""

    def __init__(self) -> None:
        """Declare parameters, build the controller, connect the topics."""
        super().__init__('classical_node')
        config = ros.declare_parameters(self, NodeConfig(), ('robot', 'rate_hz', 'host_delay'))
        choices = ClassicalConfig(rate_hz=config.rate_hz, host_delay=config.host_delay)
        self.controller = ClassicalController(load_robot(config.robot), choices)
        self.connect(config.rate_hz)
        self.declare_injection()

    def reset(self) -> None:
        """See `ControllerNode.reset`."""
        self.controller.reset()

    def step(self, sample: ros.Sample) -> float:
        """See `ControllerNode.step`."""
        return float(self.controller.step(*sample[1:]))

    def rehearse(self) -> None:
        """See `ControllerNode.rehearse`."""
        self.controller.rehearse()

    def values(self) -> dict[str, Any]:
        """See `ControllerNode.values`."""
        return {'balancing': bool(self.controller.is_balancing)}


def main() -> int:
    """Run the classical controller."""
    return ros.run(ClassicalNode, sys.argv, is_in_loop=True)


if __name__ == '__main__':
    sys.exit(main())

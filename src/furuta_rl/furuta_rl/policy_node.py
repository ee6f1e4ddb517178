# SPDX-License-Identifier: Apache-2.0
"""ROS node of a trained policy: joint states in, voltage out, paced by the samples.

Task, control rate and voltage scale come from the policy's file.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import Any

from furuta_description import ros
from furuta_description.robot import load_robot
from furuta_rl.controller_node import ControllerNode
from furuta_rl.policy_controller import PolicyController
from furuta_rl.shipped import policy_file


@dataclass(frozen=True)
class NodeConfig:
    """Deployment of a policy."""

    robot: str = field(default='furuta', metadata={'help': 'robot name or file'})
    policy: str = field(
        default='', metadata={'help': 'policy file (.onnx); empty = the one of the robot'}
    )
    target_arm_angle: float = field(
        default=0.0, metadata={'help': 'where the arm should be [rad], if the task takes it'}
    )


class PolicyNode(ControllerNode):
    """Trained policy."""

    def __init__(self) -> None:
        """Declare parameters, load the policy, connect the topics."""
        super().__init__('policy_node')
        config = ros.declare_parameters(self, NodeConfig(), ('robot', 'policy'))
        file = policy_file(config.robot, config.policy)
        self.controller = PolicyController(file, load_robot(config.robot))
        self.controller.aim(config.target_arm_angle)
        ros.on_parameters(self, self._on_parameters)
        self.connect(self.controller.rate_hz)
        self.declare_injection()

    def reset(self) -> None:
        """See `ControllerNode.reset`."""
        self.controller.reset()

    def step(self, sample: ros.Sample) -> float:
        """See `ControllerNode.step`."""
        return self.controller.step(sample.stamp, sample.arm_angle, sample.pendulum_angle)

    def step_blind(self) -> float:
        """See `ControllerNode.step_blind`."""
        return self.controller.step_blind()

    def rehearse(self) -> None:
        """See `ControllerNode.rehearse`."""
        self.controller.rehearse()

    def values(self) -> dict[str, Any]:
        """See `ControllerNode.values`."""
        controller = self.controller
        return {
            'policy': controller.policy.file.name,
            'task': controller.policy.card.task,
            'refused_samples': controller.refused_samples,
            'restarts': controller.restarts,
        }

    def _on_parameters(self, values: dict[str, Any]) -> None:
        if 'target_arm_angle' in values:
            self.controller.aim(values['target_arm_angle'])


def main() -> int:
    """Run a policy."""
    return ros.run(PolicyNode, sys.argv, is_in_loop=True)


if __name__ == '__main__':
    sys.exit(main())

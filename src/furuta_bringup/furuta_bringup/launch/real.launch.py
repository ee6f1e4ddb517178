# SPDX-License-Identifier: Apache-2.0
"""Real plant and controller: `ros2 launch furuta_bringup real.launch.py port:=/dev/ttyUSB0`."""

from furuta_bringup.launching import describe
from furuta_bringup.stack import RealArguments, real_stack


def generate_launch_description():
    """Nodes and arguments as `stack.py` says."""
    return describe(RealArguments, real_stack)

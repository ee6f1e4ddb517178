# SPDX-License-Identifier: Apache-2.0
"""Simulated plant, controller and twin: `ros2 launch furuta_bringup sim.launch.py`."""

from furuta_bringup.launching import describe
from furuta_bringup.stack import SimArguments, sim_stack


def generate_launch_description():
    """Nodes and arguments as `stack.py` says."""
    return describe(SimArguments, sim_stack)

# SPDX-License-Identifier: Apache-2.0
"""Excite and record a plant: `ros2 launch furuta_bringup capture.launch.py plant:=real`."""

from furuta_bringup.launching import describe
from furuta_bringup.stack import CaptureArguments, capture_stack


def generate_launch_description():
    """Nodes and arguments as `stack.py` says."""
    return describe(CaptureArguments, capture_stack)

# SPDX-License-Identifier: Apache-2.0
"""Executable `sysid` of `ros2 run furuta_sysid`: in `.venv/train`, but for what drives a plant."""

from __future__ import annotations

import os
import sys

from furuta_description.training_environment import run_there
from furuta_sysid.sysid import CAPTURE


def sysid() -> int:
    """`ros2 run furuta_sysid sysid`."""
    arguments = sys.argv[1:]
    if arguments[:1] == [CAPTURE]:
        command = [sys.executable, '-m', 'furuta_bringup.cli', 'sysid', *arguments]
        os.execv(sys.executable, command)
    return run_there('furuta_sysid.sysid', arguments)

# SPDX-License-Identifier: Apache-2.0
"""Executables `train`, `evaluate`, `report` of `ros2 run furuta_rl`: modules, in `.venv/train`."""

from __future__ import annotations

import sys

from furuta_description.training_environment import run_there


def train() -> int:
    """`ros2 run furuta_rl train`."""
    return run_there('furuta_rl.train', sys.argv[1:])


def evaluate() -> int:
    """`ros2 run furuta_rl evaluate`."""
    return run_there('furuta_rl.evaluate', sys.argv[1:])


def report() -> int:
    """`ros2 run furuta_rl report`."""
    return run_there('furuta_rl.report', sys.argv[1:])

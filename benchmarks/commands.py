# SPDX-License-Identifier: Apache-2.0
"""The suite's own commands in fresh processes, as a user runs them, and the figures they give."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from furuta_description.training_environment import run_environment

ROOT = Path(__file__).resolve().parents[1]


def train(folder: Path, *arguments: str) -> dict[str, Any]:
    """Run `furuta train` into an empty folder; its evaluation.json and the `policy`'s file.

    Raises:
        SystemExit: it failed; it has said why.
    """
    print('furuta train', *arguments, flush=True)
    _run('furuta_rl.train', '--runs', str(folder), *arguments)
    (run,) = folder.glob('*/*/evaluation.json')
    return json.loads(run.read_text()) | {'policy': str(run.parent / 'policy.onnx')}


def evaluate(folder: Path, *arguments: str) -> dict[str, Any]:
    """Run `furuta evaluate`; its figures.

    Raises:
        SystemExit: it failed; it has said why.
    """
    print('furuta evaluate', *arguments, flush=True)
    file = folder / 'figures.json'
    _run('furuta_rl.evaluate', '--json', str(file), *arguments)
    return json.loads(file.read_text())


def sysid(*arguments: str) -> None:
    """Run `furuta sysid` with a subcommand that drives no plant.

    Raises:
        SystemExit: it failed; it has said why.
    """
    print('furuta sysid', *arguments, flush=True)
    _run('furuta_sysid.sysid', *arguments)


def run_with_ros(*arguments: str) -> int:
    """Run Python with these arguments in the environment that has rclpy; its exit status."""
    print(*arguments, flush=True)
    python, environment = run_environment(ROOT)
    return subprocess.run([python, *arguments], env=environment).returncode


def _run(module: str, *arguments: str) -> None:
    done = subprocess.run([sys.executable, '-P', '-m', module, *arguments])
    if done.returncode:
        raise SystemExit(done.returncode)

# SPDX-License-Identifier: Apache-2.0
"""The folder of one training, runs/<task>/<time>: what lies where, and how it is written.

config.json       all options, versions, hashes: enough to do it again
metrics.csv       a line for each iteration and seed
events.out.*      the same for TensorBoard
checkpoint.npz    newest state, and the one before it
policy.onnx       the result
evaluation.json   what it is worth
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax

from furuta_description.robot import Robot
from furuta_description.whole_file import write_whole
from furuta_rl import provenance
from furuta_rl.train_options import TrainOptions, to_json


class RunFolder:
    """Paths and small files of a run."""

    def __init__(self, folder: Path) -> None:
        """A folder that is there."""
        self.folder = folder
        self.config = folder / 'config.json'
        self.metrics = folder / 'metrics.csv'
        self.checkpoint = folder / 'checkpoint.npz'
        self.previous_checkpoint = folder / 'checkpoint_previous.npz'
        self.policy = folder / 'policy.onnx'
        self.evaluation = folder / 'evaluation.json'

    def write(self, path: Path, content: Mapping[str, Any]) -> None:
        """Write a file of figures, whole."""
        write_whole(path, (json.dumps(content, indent=2) + '\n').encode())


def make_run(options: TrainOptions, robot: Robot) -> RunFolder:
    """A new folder with its config.json."""
    parent = options.runs / options.task_name
    run = RunFolder(_make_folder(parent, time.strftime('%Y-%m-%d_%H-%M-%S')))
    commit, is_dirty = provenance.revision()
    config = {
        'options': to_json(options),
        'command': sys.argv,
        'robot': {'name': robot.name, 'hash': robot.hash},
        'git': {'hash': commit, 'dirty': is_dirty},
        'versions': provenance.versions(),
        'devices': [str(device) for device in jax.local_devices()],
    }
    run.write(run.config, config)
    return run


def _make_folder(parent: Path, name: str) -> Path:
    """A folder of its own, whatever runs at the same time."""
    for number in range(1, 1000):
        folder = parent / (name if number == 1 else f'{name}_{number}')
        try:
            folder.mkdir(parents=True)
            return folder
        except FileExistsError:
            continue
    raise FileExistsError(f'{parent / name}: there are too many of that name')

# SPDX-License-Identifier: Apache-2.0
"""The folder of one training, runs/<task>/<time>: what lies where, and how it is written.

config.json       all options, versions, hashes: enough to do it again
metrics.csv       a line for each iteration and seed
events.out.*      the same for TensorBoard
checkpoint.npz    newest state, and the one before it
policy.onnx       the result
evaluation.json   what it is worth, and how long it took
evaluation.png    the same as a picture
video.mp4         some episodes, with --video
"""

from __future__ import annotations

import fcntl
import json
import math
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from furuta_description.robot import Robot
from furuta_description.whole_file import write_whole
from furuta_rl.training import provenance
from furuta_rl.training.options import RunError, TrainOptions, load_config, to_json


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
        self.plot = folder / 'evaluation.png'
        self.video = folder / 'video.mp4'

    @property
    def has_checkpoint(self) -> bool:
        """Whether a training can go on here, rather than begin anew."""
        return any(self.folder.glob('checkpoint*'))

    def write(self, path: Path, content: Mapping[str, Any]) -> None:
        """Write a file of figures, whole; what is no number becomes null."""
        write_whole(path, (json.dumps(_without_nan(content), indent=2) + '\n').encode())


@contextmanager
def open_run(options: TrainOptions, robot: Robot) -> Iterator[RunFolder]:
    """The run's folder, a new one or that to go on in, for this process alone.

    Raises:
        RunError: another process trains there, or the robot is another one now.
        OSError: it cannot be made.
    """
    run = _reopen(options.resume, robot) if options.resume else _make_run(options, robot)
    with run.config.open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RunError(f'{run.folder}: another process trains there') from None
        try:
            yield run
        finally:
            if not run.metrics.exists():  # nothing was trained: leave no trace
                _remove(run)


def _make_run(options: TrainOptions, robot: Robot) -> RunFolder:
    parent = options.runs / options.task_name
    run = RunFolder(_make_folder(parent, time.strftime('%Y-%m-%d_%H-%M-%S')))
    commit, is_dirty = provenance.revision()
    config = {
        'options': to_json(options),
        'command': sys.argv,
        'robot': {'name': robot.name, 'hash': robot.hash},
        'git': {'hash': commit, 'dirty': is_dirty},
        'versions': provenance.versions(),
    }
    run.write(run.config, config)
    return run


def _reopen(folder: Path, robot: Robot) -> RunFolder:
    config, run = load_config(folder), RunFolder(folder)
    if config['robot']['hash'] != robot.hash:
        raise RunError(
            f'{folder}: the file of robot {robot.name!r} has other numbers now; train anew'
        )
    for path in folder.glob('.*.*'):  # what a killed process was about to write
        path.unlink()
    return run


def _make_folder(parent: Path, name: str) -> Path:
    """A folder of its own, whatever runs at the same time."""
    for number in range(1, 1000):
        folder = parent / (name if number == 1 else f'{name}_{number}')
        try:
            folder.mkdir(parents=True)
            return folder
        except FileExistsError:
            if not folder.is_dir():
                raise
    raise FileExistsError(f'{parent / name}: there are too many of that name')


def _remove(run: RunFolder) -> None:
    run.config.unlink(missing_ok=True)
    if not any(run.folder.iterdir()):
        os.rmdir(run.folder)


def _without_nan(content: Any) -> Any:
    if isinstance(content, Mapping):
        return {key: _without_nan(value) for key, value in content.items()}
    return None if isinstance(content, float) and math.isnan(content) else content

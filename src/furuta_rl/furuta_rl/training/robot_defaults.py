# SPDX-License-Identifier: Apache-2.0
"""Defaults of a training on a robot: an iteration is an episode, saved at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from furuta_description.randomization import PRESETS
from furuta_rl.env import EnvConfig
from furuta_rl.skrl_trainer.options import ON_ROBOT, SkrlOptions
from furuta_rl.task import Task

ROBOT = 'robot'  # the backend that is one, over topics


def robot_defaults(start: Path | None) -> dict[str, Any]:
    """Fields of `TrainOptions`; task, rate and layers are those of a policy to start from.

    Raises:
        PolicyError: it is none.
    """
    from furuta_rl.evaluating.contest import longest_step

    task, hidden, rate_hz = Task(), SkrlOptions.hidden, EnvConfig.control_rate_hz
    if start:
        from furuta_rl.export import read_network  # imports onnx
        from furuta_rl.policy import load_card
        from furuta_rl.policy_controller import task_of

        card = load_card(start)
        task, rate_hz = task_of(card, start), card.control_rate_hz
        hidden = tuple(len(bias) for _, bias in read_network(start)[2][:-1])
    return {
        'robots': 1,
        'checkpoint_every': 1,
        'validate_every': 10,
        'evaluation_episodes': 10,
        'env': EnvConfig(ROBOT, rate_hz, longest_step(rate_hz), episode=8.0),
        'task': task,
        'skrl': SkrlOptions(ON_ROBOT, hidden),
        'ranges': PRESETS['none'],
    }

# SPDX-License-Identifier: Apache-2.0
# environment: train skrl
"""Training on MuJoCo: MJX by fused, C MuJoCo by skrl, and the same policy on every backend.

Everything goes through `furuta train` and `furuta evaluate` in processes of their own, cold with
an empty compilation cache. Exit 0 only if all is within bounds.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import commands
import output
import tyro

MJX = {'success': 0.99, 'training_seconds': 90.0, 'control_steps_per_second': 90e3}
MUJOCO_SUCCESS = 0.9
AGREEMENT = 0.01  # between a policy's success on one backend and on another
BACKENDS = ('analytic', 'mjx', 'mujoco')


@dataclass
class Options:
    """Options of the benchmark."""

    robot: str = 'furuta'
    randomization: str = 'default'
    iterations: int = 40
    """Rollouts of skrl's PPO on C MuJoCo, of 1024 robots x 16 control steps."""
    json: Path | None = None


def train_all(options: Options, folder: Path) -> dict[str, dict[str, Any]]:
    """Figures of each training by its title."""
    chosen = ('--robot', options.robot, '--randomization', options.randomization)
    cold = ('--cache', str(folder / 'cache'))
    count = ('--skrl.iterations', str(options.iterations))
    trainings = {
        'mjx, fused, cold': ('--backend', 'mjx', *cold),
        'mjx, fused, warm': ('--backend', 'mjx', *cold),
        'mujoco, skrl PPO': ('--trainer', 'skrl', '--backend', 'mujoco', *count),
        'analytic, fused': ('--backend', 'analytic'),
    }
    return {
        title: commands.train(folder / str(i), *chosen, *arguments)
        for i, (title, arguments) in enumerate(trainings.items())
    }


def evaluate_everywhere(policy: str, options: Options, folder: Path) -> dict[str, float]:
    """Success of a policy on each backend, the same robots everywhere."""
    chosen = ('--robot', options.robot, '--randomization', options.randomization)
    figures = {
        backend: commands.evaluate(folder, *chosen, '--policy', policy, '--backend', backend)
        for backend in BACKENDS
    }
    return {backend: success(figure) for backend, figure in figures.items()}


def success(figures: dict[str, Any]) -> float:
    """Share of the episodes."""
    return figures['success']['share']


def find_misses(trained: dict[str, dict[str, Any]], everywhere: dict[str, float]) -> list[str]:
    """What is not within bounds."""
    misses = []
    for title in ('mjx, fused, cold', 'mjx, fused, warm'):
        figures = trained[title]
        if success(figures) < MJX['success']:
            misses.append(f'{title}: success {success(figures):.3f}')
        if figures['training_seconds'] > MJX['training_seconds']:
            misses.append(f'{title}: {figures["training_seconds"]:.0f} s of training')
        if figures['control_steps_per_second'] < MJX['control_steps_per_second']:
            misses.append(f'{title}: {figures["control_steps_per_second"]:,.0f} steps/s')
    if success(trained['mujoco, skrl PPO']) < MUJOCO_SUCCESS:
        misses.append(f'mujoco: success {success(trained["mujoco, skrl PPO"]):.3f}')
    for backend, share in everywhere.items():
        if abs(share - everywhere['analytic']) > AGREEMENT:
            misses.append(f'trained on analytic, on {backend}: success {share:.3f}')
    return misses


def main(options: Options) -> int:
    """Measure and print; the exit status."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        trained = train_all(options, folder)
        policy = trained['analytic, fused'].pop('policy')
        everywhere = evaluate_everywhere(policy, options, folder)
    output.show(
        f'training of {options.robot}, randomization {options.randomization}',
        ('', 'training [s]', 'to policy [s]', 'control steps/s', 'physics steps/s', 'success [%]'),
        [
            (
                title,
                f'{figures["training_seconds"]:.1f}',
                f'{figures["seconds_to_policy"]:.1f}',
                f'{figures["control_steps_per_second"]:,.0f}',
                f'{figures["physics_steps_per_second"]:,.0f}',
                f'{100 * success(figures):.1f}',
            )
            for title, figures in trained.items()
        ],
    )
    output.show(
        'policy trained on analytic, 1000 held-out episodes on each backend',
        ('backend', 'success [%]'),
        [(backend, f'{100 * share:.1f}') for backend, share in everywhere.items()],
    )
    misses = find_misses(trained, everywhere)
    for miss in misses:
        print('not within bounds:', miss)
    output.write(options.json, {'training': trained, 'everywhere': everywhere, 'misses': misses})
    return 1 if misses else 0


if __name__ == '__main__':
    sys.exit(main(tyro.cli(Options, prog='furuta bench mjx', description=__doc__)))

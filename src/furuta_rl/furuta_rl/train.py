# SPDX-License-Identifier: Apache-2.0
"""`furuta train`, `ros2 run furuta_rl train`: train a policy, check it and export it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

# Nothing but the standard library up here: Ctrl-C must find `main` at work, and not an import.
if TYPE_CHECKING:
    from furuta_rl.train_options import TrainOptions


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status."""
    try:
        from furuta_rl import train_options

        return run(train_options.parse(sys.argv[1:] if arguments is None else arguments))
    except (ValueError, OSError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def run(options: TrainOptions) -> int:
    """Train, export and evaluate; the exit status."""
    from furuta_description.robot import load_robot
    from furuta_rl import provenance
    from furuta_rl.export import export_policy
    from furuta_rl.policy import PolicyCard
    from furuta_rl.run_folder import make_run

    if options.cache is not None:
        use_cache(options.cache)
    robot = load_robot(options.robot)
    folder = make_run(options, robot)
    if options.trainer == 'skrl':
        raise ValueError('the skrl trainer is still to come; valid: fused')
    from furuta_rl import fused

    trained = fused.train(options, robot, folder)
    card = PolicyCard(
        task=options.task_name,
        layout=options.task.layout,
        control_rate_hz=options.env.control_rate_hz,
        voltage_scale=options.task.voltage_scale,
        robot=robot.name,
        robot_hash=robot.hash,
        git_hash=provenance.revision().commit,
        training={'trainer': options.trainer, 'seed': options.seed},
    )
    export_policy(folder.policy, trained.policies[0], card)
    wall = provenance.seconds_of_process()
    speed = trained.control_steps * options.seeds / trained.seconds
    print(f'{folder.policy}: {trained.seconds:.2f} s of training, {wall:.2f} s in all')
    print(f'{speed:,.0f} control steps/s')
    return 0


def use_cache(folder: Path) -> None:
    """Keep compiled programs there, small ones too, for the next process."""
    import jax

    set_option: Any = jax.config.update  # has no types
    set_option('jax_compilation_cache_dir', str(folder))
    set_option('jax_persistent_cache_min_compile_time_secs', 0)


if __name__ == '__main__':
    sys.exit(main())

# SPDX-License-Identifier: Apache-2.0
"""`furuta evaluate`, `ros2 run furuta_rl evaluate`: how good a policy or the classical one is."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from furuta_description.command import run_command

# Little but the standard library up here: Ctrl-C must find `main` at work, not an import.
if TYPE_CHECKING:
    from furuta_rl.evaluating.options import EvaluateOptions


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status."""

    def work() -> int:
        from furuta_rl.evaluating.options import parse

        return run(parse(sys.argv[1:] if arguments is None else arguments))

    return run_command(work)


def run(options: EvaluateOptions) -> int:
    """Evaluate, print, and write what is asked for; the exit status."""
    from rich.console import Console

    from furuta_rl.evaluating import report
    from furuta_rl.evaluating.contest import Contest
    from furuta_rl.evaluating.robot_contest import RobotContest
    from furuta_sim.compiled import use_cache

    if options.cache is not None:
        use_cache(options.cache)
    console = Console(highlight=False, soft_wrap=True)
    contest = (RobotContest if options.is_on_robot else Contest)(options, console)
    for path in (options.json, options.plot):
        if path:
            check_writable(path)
    if isinstance(contest, Contest) and options.grid:
        report.grid(contest, options, console)
    else:
        report.episodes(contest, options, console)
    return 0


def check_writable(path: Path) -> None:
    """Find out before the work.

    Raises:
        OSError: no file can be written there.
    """
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, 'is a folder', str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    if not os.access(path.parent, os.W_OK):
        raise PermissionError(errno.EACCES, 'cannot be written to', str(path.parent))


if __name__ == '__main__':
    sys.exit(main())

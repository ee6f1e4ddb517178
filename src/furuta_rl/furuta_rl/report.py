# SPDX-License-Identifier: Apache-2.0
"""`furuta report`, `ros2 run furuta_rl report`: how far a policy holds, on one page."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from furuta_description.command import run_command

# Little but the standard library up here: Ctrl-C must find `main` at work, not an import.
if TYPE_CHECKING:
    from furuta_rl.robustness.options import ReportOptions


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status."""

    def work() -> int:
        from furuta_rl.robustness.options import parse

        return run(parse(sys.argv[1:] if arguments is None else arguments))

    return run_command(work)


def run(options: ReportOptions) -> int:
    """Sweep, print how far it holds, and write the report; the exit status."""
    from rich.console import Console

    from furuta_rl.evaluate import check_writable
    from furuta_rl.robustness import outputs
    from furuta_rl.robustness.contest import Contest
    from furuta_sim.compiled import use_cache

    if options.cache is not None:
        use_cache(options.cache)
    console = Console(highlight=False, soft_wrap=True)
    contest = Contest(options)
    for path in outputs.paths(options, contest.file):
        check_writable(path)
    findings = contest.sweep(console)
    outputs.show(findings, console)
    outputs.write(findings, options, contest.file, console)
    return 0


if __name__ == '__main__':
    sys.exit(main())

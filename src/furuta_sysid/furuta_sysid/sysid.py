# SPDX-License-Identifier: Apache-2.0
"""`furuta sysid`, `ros2 run furuta_sysid sysid`: the subcommands, each a module with a `main`."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence

from furuta_description.command import run_command

STOPPED = 130  # exit status after Ctrl-C
CAPTURE = 'capture'  # it drives a plant, so furuta_bringup has it
COMMANDS = {
    CAPTURE: ('', 'excite a plant (simulated, emulated or real) and record it'),
    'plan': ('furuta_sysid.plan', 'show what capture would play'),
    'identify': ('furuta_sysid.identify', 'find the parameters from recordings'),
    'validate': ('furuta_sysid.validate', 'hold a robot file against recordings'),
    'apply': ('furuta_sysid.apply', 'make the tuned robot the one in use'),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if not arguments or arguments[0] in ('-h', '--help'):
        print(usage())
        return 0
    name, *rest = arguments
    if name not in COMMANDS or not COMMANDS[name][0]:
        why = 'drives a plant: ./furuta sysid capture' if name == CAPTURE else 'is no command'
        print(f'error: {name!r} {why}\n{usage()}', file=sys.stderr)
        return 2

    def work() -> int:
        status: int = importlib.import_module(COMMANDS[name][0]).main(rest)
        return status

    return run_command(work)


def usage() -> str:
    """What the subcommands are."""
    lines = [f'  {name:<10}{text}' for name, (_, text) in COMMANDS.items()]
    return '\n'.join(
        [
            'usage: furuta sysid COMMAND [--help] [options]',
            '',
            'From a minute of motion to a tuned robot file.',
            '',
            *lines,
        ]
    )


def end(status: int) -> None:
    """End the process; at once after Ctrl-C, for JAX's threads still compute and would crash."""
    sys.stdout.flush()
    sys.stderr.flush()
    if status == STOPPED:
        os._exit(status)
    sys.exit(status)


if __name__ == '__main__':
    end(main())

# SPDX-License-Identifier: Apache-2.0
"""The `furuta` command. Each subcommand imports what it needs when it runs, and nothing more."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import tyro

from furuta_bringup.stack import SimArguments


def _with_help(kind: Any, **further: Any) -> Any:
    """The arguments class as tyro wants it: help texts of the fields as annotations."""
    hints = get_type_hints(kind)
    fields: list[Any] = [
        (f.name, Annotated[hints[f.name], tyro.conf.arg(help=f.metadata['help'])],
         dataclasses.field(default=f.default))
        for f in dataclasses.fields(kind)
    ]
    fields += [(name, *rest) for name, rest in further.items()]
    return dataclasses.make_dataclass(kind.__name__, fields, frozen=True)


SimOptions = _with_help(
    SimArguments,
    duration=(
        Annotated[float, tyro.conf.arg(help='end by itself after this time of the plant [s]; '
                                            '0 = run until Ctrl-C')], 0.0),
    summary=(
        Annotated[Path, tyro.conf.arg(help='JSON file written with --duration')],
        Path('sim_summary.json')),
)

app = tyro.extras.SubcommandApp()


@app.command
def sim(options: tyro.conf.OmitArgPrefixes[SimOptions]) -> int:
    """Simulated pendulum, controller and browser twin over ROS topics."""
    from furuta_bringup.sim import run_sim

    values = dataclasses.asdict(options)
    duration, summary = values.pop('duration'), values.pop('summary')
    return run_sim(SimArguments(**values), duration, summary)


@app.command
def doctor() -> int:
    """Check this machine and say how to mend what is missing."""
    from furuta_bringup.doctor import main as run_doctor

    return run_doctor()


def main() -> int:
    """Run the command line; the exit status."""
    if len(sys.argv) == 1:
        sys.argv.append('--help')
    try:
        return app.cli(prog='furuta', description='Furuta pendulum, from simulation to hardware.')
    except ValueError as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


if __name__ == '__main__':
    sys.exit(main())

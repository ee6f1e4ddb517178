# SPDX-License-Identifier: Apache-2.0
"""The `furuta` command. Each subcommand imports what it needs when it runs, and nothing more."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import tyro

from furuta_bringup import middleware
from furuta_bringup.record_config import RecordConfig
from furuta_bringup.rehearsal_config import RehearsalConfig
from furuta_bringup.stack import (
    BoardArguments,
    CaptureArguments,
    RealArguments,
    SimArguments,
    TwinArguments,
    real_stack,
    sim_stack,
)
from furuta_description.parameters import parameter_arguments
from furuta_description.training_environment import run_there


def _with_help(kind: Any, **further: Any) -> Any:
    """The arguments class as tyro wants it: help texts of the fields as annotations."""
    hints = get_type_hints(kind, include_extras=True)
    fields: list[Any] = [
        (
            f.name,
            Annotated[hints[f.name], tyro.conf.arg(help=f.metadata['help'])],
            dataclasses.field(default=f.default),
        )
        for f in dataclasses.fields(kind)
    ]
    fields += [(name, *rest) for name, rest in further.items()]
    return dataclasses.make_dataclass(kind.__name__, fields, frozen=True)


RUN: dict[str, Any] = {
    'duration': (
        Annotated[
            float,
            tyro.conf.arg(
                help='end by itself after this time of the plant [s]; 0 = run until Ctrl-C'
            ),
        ],
        0.0,
    ),
    'summary': (
        Annotated[Path, tyro.conf.arg(help='JSON file written with --duration')],
        Path('sim_summary.json'),
    ),
}
SimOptions = _with_help(SimArguments, **RUN)
RealOptions = _with_help(RealArguments, **RUN)
BoardOptions = _with_help(BoardArguments)
CaptureOptions = _with_help(CaptureArguments)

TwinOptions = _with_help(TwinArguments)

RecordOptions = _with_help(
    RecordConfig,
    recover=(
        Annotated[
            bool,
            tyro.conf.FlagCreatePairsOff,
            tyro.conf.arg(help='make a bag whole whose recorder was killed'),
        ],
        False,
    ),
)

RehearsalOptions = _with_help(RehearsalConfig)

# Modules with a command line of their own, which only the training environment can read.
TRAINING = {
    'train': 'furuta_rl.train',
    'evaluate': 'furuta_rl.evaluate',
    'report': 'furuta_rl.report',
    'sysid': 'furuta_sysid.sysid',
}
CAPTURE = ['sysid', 'capture']  # the part of it that needs this one
ROBOT_ENV = 'robot-env'  # the node that they start with --backend robot

app = tyro.extras.SubcommandApp()


@app.command
def sim(options: tyro.conf.OmitArgPrefixes[SimOptions]) -> int:  # type: ignore[valid-type]
    """Simulated pendulum, controller and browser twin over ROS topics."""
    return _bring_up(SimArguments, sim_stack, options)


@app.command
def real(options: tyro.conf.OmitArgPrefixes[RealOptions]) -> int:  # type: ignore[valid-type]
    """Real pendulum at a serial port (or `--port emulator`), controller and browser twin."""
    return _bring_up(RealArguments, real_stack, options)


@app.command
def selftest(options: tyro.conf.OmitArgPrefixes[BoardOptions]) -> int:  # type: ignore[valid-type]
    """Check a robot's wiring and its limits; says what is wrong and how to mend it."""
    from furuta_hardware.commissioning import run_selftest

    return run_selftest(*dataclasses.astuple(options))


@app.command
def zero(options: tyro.conf.OmitArgPrefixes[BoardOptions]) -> int:  # type: ignore[valid-type]
    """Make the present pose the zero pose: arm forward, pendulum hanging still."""
    from furuta_hardware.commissioning import run_zero

    return run_zero(*dataclasses.astuple(options))


@app.command
def rehearse(options: tyro.conf.OmitArgPrefixes[RehearsalOptions]) -> int:  # type: ignore[valid-type]
    """Let a controller meet hidden plants over topics, before it meets the real one."""
    from furuta_bringup.rehearse import run_rehearsal

    return run_rehearsal(RehearsalConfig(**dataclasses.asdict(options)))


@app.command
def emulator(command: tyro.conf.Positional[tuple[str, ...]]) -> int:
    """Do something to the emulated robot that runs: `furuta emulator unplug`; no words: list."""
    from furuta_hardware.emulator_process import tell_running

    print(tell_running(' '.join(command)))
    return 0


def _bring_up(kind: Any, stack: Any, options: Any) -> int:
    from furuta_bringup.bring_up import run_bring_up

    values = dataclasses.asdict(options)
    duration, summary = values.pop('duration'), values.pop('summary')
    return run_bring_up(kind(**values), stack, duration, summary)


@app.command
def twin(options: tyro.conf.OmitArgPrefixes[TwinOptions]) -> int:  # type: ignore[valid-type]
    """Browser twin alone, for a plant that runs already."""
    from furuta_bringup.twin_node import TwinNode
    from furuta_description import ros

    middleware.apply()
    return ros.run(TwinNode, ['furuta', *parameter_arguments(dataclasses.asdict(options))])


@app.command
def record(options: tyro.conf.OmitArgPrefixes[RecordOptions]) -> int:  # type: ignore[valid-type]
    """Record all topics into a rosbag2 bag (MCAP), or recover one."""
    from furuta_bringup.record import run_record

    middleware.apply()
    values = dataclasses.asdict(options)
    recover = values.pop('recover')
    return run_record(RecordConfig(**values), recover)


@app.command
def train() -> int:
    """Train a policy, check it and export it (`./furuta train --help`)."""
    return run_there(TRAINING['train'], sys.argv[2:])


@app.command
def evaluate() -> int:
    """Judge a policy or controller by many episodes (`./furuta evaluate --help`)."""
    return run_there(TRAINING['evaluate'], sys.argv[2:])


@app.command
def report() -> int:
    """How far a policy holds, on one page (`./furuta report --help`)."""
    return run_there(TRAINING['report'], sys.argv[2:])


@app.command
def sysid() -> int:
    """From recordings to a tuned robot file: capture, identify, ... (`./furuta sysid --help`)."""
    return run_there(TRAINING['sysid'], sys.argv[2:])


@app.command
def firmware(robot: str = 'furuta') -> int:
    """Make the header with a robot's numbers that the board's firmware is built with.

    Args:
        robot: a name in config/ or a file.
    """
    from furuta_description.robot import load_robot
    from furuta_hardware.configuration import write_header

    header = write_header(load_robot(robot))
    print(
        f'wrote {header}\nNow build and flash, with the tools of ESP-IDF in the shell '
        f'(see {header.parents[2] / "README.md"}):\n  cd {header.parents[1]}\n'
        '  idf.py -B /tmp/furuta_firmware -D IDF_TARGET=esp32s3 -p /dev/ttyUSB0 flash   # or esp32'
    )
    return 0


@app.command
def doctor() -> int:
    """Check this machine and say how to mend what is missing."""
    from furuta_bringup.doctor import main as run_doctor

    return run_doctor()


@app.command(name='test')
def run_tests() -> int:
    """Run everything's tests, set-up included (`./furuta test --help`)."""
    raise ValueError('the environments come first: run ./furuta test in the checkout')


@app.command
def bench() -> int:
    """Run a benchmark, `./furuta bench NAME --help`; without a name it lists them."""
    raise ValueError('the environments come first: run ./furuta bench NAME in the checkout')


def _robot_env() -> int:
    """What `train` and `evaluate --backend robot` start; of no use by itself."""
    from furuta_rl import robot_env_node

    middleware.apply()
    return robot_env_node.main()


def _capture(arguments: list[str]) -> int:
    """`furuta sysid capture`, the part of `sysid` that drives a plant."""
    options = tyro.cli(CaptureOptions, args=arguments, prog='furuta sysid capture')
    from furuta_bringup.capture import run_capture

    return run_capture(CaptureArguments(**dataclasses.asdict(options)))


def main() -> int:
    """Run the command line; the exit status."""
    if len(sys.argv) == 1:
        sys.argv.append('--help')
    if sys.argv[1] in TRAINING and sys.argv[1:3] != CAPTURE:
        return run_there(TRAINING[sys.argv[1]], sys.argv[2:])
    if sys.argv[1] == ROBOT_ENV:
        return _robot_env()
    try:
        if sys.argv[1:3] == CAPTURE:
            return _capture(sys.argv[3:])
        status: int = app.cli(
            prog='furuta', description='Furuta pendulum, from simulation to hardware.'
        )
        return status
    except ValueError as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


if __name__ == '__main__':
    sys.exit(main())

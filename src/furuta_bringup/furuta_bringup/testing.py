# SPDX-License-Identifier: Apache-2.0
"""`./furuta test`: every test of the suite, each in the environment it belongs to.

Runs in `.venv/train`; the script `furuta` has set up both environments and built the workspace.
Pure tests run where there is no rclpy, which is the proof that the pure core is pure; the tests
in `test/ros` run with the workspace sourced, over a DDS domain of their own on this machine only.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from furuta_bringup import debian, middleware

ROOT = Path(__file__).resolve().parents[3]
USAGE = """usage: ./furuta test [--fast] [--with-skrl] [--install-system-packages] [pytest options]

  --fast                     leave out the tests marked slow
  --with-skrl                install torch and skrl, without which their tests are skipped
  --install-system-packages  install missing Debian packages by sudo (done anyway as root)
  pytest options             files, -k, -x, ...; with them ruff and mypy are left out"""
SETUP = ('--install-system-packages', '--with-skrl')  # the second is done by the script `furuta`
NO_TESTS = 5  # exit status of pytest when nothing was collected
TAKES_VALUE = ('-k', '-m', '-p', '-o', '-c', '-W', '-n')


class Step(NamedTuple):
    """One command of the run."""

    title: str
    command: Sequence[str]
    environment: Mapping[str, str]


class Outcome(NamedTuple):
    """How a step ended: exit status and time taken [s]."""

    title: str
    status: int
    duration: float


def split(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Arguments of pytest as options and paths; the paths (with their `::name`) made absolute."""
    options: list[str] = []
    paths: list[str] = []
    for before, argument in zip(['', *arguments], arguments, strict=False):
        path, *rest = argument.split('::')
        if before in TAKES_VALUE or argument.startswith('-') or not Path(path).exists():
            options.append(argument)
        else:
            paths.append('::'.join([str(Path(path).resolve()), *rest]))
    return options, paths


def pure_and_ros(paths: Sequence[str], root: Path = ROOT) -> tuple[list[str], list[str]]:
    """The paths for the pure tests and those for the tests over topics; all if none is given."""
    pure, ros = [], []
    for path in paths or [str(root)]:
        file = Path(path.split('::')[0])
        if file.match('test/ros/*') or file.match('test/ros'):
            ros.append(path)
            continue
        pure.append(path)
        if file.is_dir():
            ros += sorted(map(str, file.glob('**/test/ros')))
    return pure, ros


def pure_environment(environment: Mapping[str, str], root: Path = ROOT) -> dict[str, str]:
    """The sources on the path, nothing of ROS, and each program of JAX compiled only once.

    Compiling is most of the tests' time, and many of them, in several processes, compile the same.
    """
    sources = os.pathsep.join(map(str, sorted((root / 'src').iterdir())))
    cache = {
        'JAX_COMPILATION_CACHE_DIR': str(root / '.venv' / 'train' / 'jax_cache'),
        'JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS': '0',
    }
    return {**cache, **environment, 'PYTHONPATH': sources, 'AMENT_PREFIX_PATH': ''}


def ros_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """A domain of its own on this machine only, so that runs side by side do not hear each other.

    Domains above 101 would use ports that Linux gives to other programs.
    """
    kept = {k: v for k, v in environment.items() if k != 'ROS_LOCALHOST_ONLY'}
    own = {
        'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST',
        'ROS_DOMAIN_ID': str(random.randint(1, 101)),
    }
    return {**kept, **middleware.discovery_settings(), **own}


def make_steps(arguments: Sequence[str], environment: Mapping[str, str]) -> list[Step]:
    """What is to be run, in order."""
    options, paths = split([argument for argument in arguments if argument != '--fast'])
    pure, ros = pure_and_ros(paths)
    pytest = ['-m', 'pytest', f'--rootdir={ROOT}', f'--config-file={ROOT / "pyproject.toml"}']
    if '--fast' in arguments:
        pytest += ['-m', 'not slow']
    train, run = (str(ROOT / '.venv' / name / 'bin/python') for name in ('train', 'run'))
    without_ros = pure_environment(environment)
    steps = []
    if not options and not paths:
        steps = [
            Step('ruff check', [train, '-m', 'ruff', 'check'], environment),
            Step('ruff format', [train, '-m', 'ruff', 'format', '--diff'], environment),
            Step('mypy', [train, '-m', 'mypy'], environment),
        ]
    if pure:
        no_rclpy = 'import importlib.util as u, sys; sys.exit(u.find_spec("rclpy") is not None)'
        steps += [
            Step('no rclpy here', [train, '-c', no_rclpy], without_ros),
            Step('pure tests', [train, *pytest, *options, *pure], without_ros),
        ]
    if ros:
        steps.append(
            Step('ROS tests', [run, *pytest, *options, *ros], ros_environment(environment))
        )
    return steps


def status_of(outcomes: Sequence[Outcome]) -> int:
    """Exit status: the first failure's; that no test was found only counts if no run found any."""
    failed = [o.status for o in outcomes if o.status not in (0, NO_TESTS)]
    tests = [o.status for o in outcomes if o.title.endswith(' tests')]
    if not failed and tests and all(status == NO_TESTS for status in tests):
        return NO_TESTS
    return failed[0] if failed else 0


def provide_system_packages(may_use_sudo: bool) -> None:
    """Install the Debian packages that tests need, or say what is missing."""
    needs = debian.missing()
    if needs and (os.geteuid() == 0 or may_use_sudo) and debian.find_command('apt-get'):
        print('==> system packages:', ', '.join(need.what for need in needs), flush=True)
        debian.install(needs)
        needs = debian.missing()
    if needs:
        names = ', '.join(need.what for need in needs)
        print(
            f'==> missing: {names}; tests that need them skip. Install them with\n'
            f'    {debian.apt_line(needs)}',
            flush=True,
        )


def run(step: Step) -> Outcome:
    """Run one step, its output going to the terminal."""
    print(f'\n==> {step.title}', flush=True)
    start = time.monotonic()
    status = subprocess.run(step.command, env=dict(step.environment), cwd=ROOT).returncode
    return Outcome(step.title, status, time.monotonic() - start)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run everything and sum it up; the exit status."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if '-h' in arguments or '--help' in arguments:
        print(USAGE)
        return 0
    provide_system_packages(may_use_sudo='--install-system-packages' in arguments)
    steps = make_steps([a for a in arguments if a not in SETUP], os.environ)
    try:
        outcomes = [run(step) for step in steps]
    except KeyboardInterrupt:
        return 130
    print('\n==> summary')
    for outcome in outcomes:
        word = {0: 'ok', NO_TESTS: 'none'}.get(outcome.status, 'FAILED')
        print(f'{word:>7}  {outcome.title:<14} {outcome.duration:6.1f} s')
    return status_of(outcomes)


if __name__ == '__main__':
    sys.exit(main())

# SPDX-License-Identifier: Apache-2.0
"""`furuta doctor`: what this machine has, what it lacks, and how to mend that.

Each check is a small function that returns a Result. What could hang or die (DDS, OpenGL, JAX)
is tried in a process of its own. Only what the simulation cannot do without is a failure.
"""

from __future__ import annotations

import getpass
import glob
import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal, NamedTuple

from furuta_bringup import debian

ROOT = Path(__file__).resolve().parents[3]  # the checkout, in a workspace built with links
MESSAGES = (
    'builtin_interfaces',
    'diagnostic_msgs',
    'rcl_interfaces',
    'rosgraph_msgs',
    'sensor_msgs',
    'std_msgs',
    'std_srvs',
)
SERIAL_PORTS = ('/dev/ttyUSB*', '/dev/ttyACM*')
GOVERNOR = Path('/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor')
NEEDED_SPACE = 2e9  # [bytes] for both environments and some recordings
SET_UP = 'run ./furuta again: it sets up what is missing'
TRY_GL = 'import mujoco; mujoco.GLContext(64, 64).make_current(); print("ok")'
TRY_PRIORITY = (
    'from furuta_description.realtime import take_priority; raise SystemExit(not take_priority())'
)
TRY_JAX = 'import jax; print(*jax.devices())'


class Result(NamedTuple):
    """What a check found; `remedy` says how to mend it."""

    name: str
    status: Literal['ok', 'warn', 'fail']
    detail: str
    remedy: str = ''


def ask(command: Sequence[str], timeout: float, **variables: str) -> tuple[bool, str]:
    """Whether a command succeeded within the time [s], and the last line that it printed."""
    environment = {**os.environ, **variables}
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=timeout
        )
    except subprocess.TimeoutExpired:
        return False, f'no answer within {timeout:g} s'
    except OSError as error:
        return False, str(error)
    lines = (done.stdout if done.returncode == 0 else done.stderr).strip().splitlines()
    return done.returncode == 0, lines[-1].strip() if lines else f'exit status {done.returncode}'


def check_python(version: tuple[int, ...] = sys.version_info[:3]) -> Result:
    """Python 3.11 or 3.12."""
    found = '.'.join(map(str, version))
    if (3, 11) <= version < (3, 13):
        return Result('Python', 'ok', found)
    return Result('Python', 'fail', found, '3.11 or 3.12 is needed: PYTHON=python3.12 ./furuta')


def check_ros(environment: Mapping[str, str] = os.environ) -> Result:
    """Whether rclpy comes from an installed ROS 2 or as a wheel."""
    spec = importlib.util.find_spec('rclpy')
    if spec is None:
        return Result('ROS 2', 'fail', 'no rclpy', SET_UP)
    where = str(Path(spec.origin or '').parent)
    if any(where.startswith(prefix) for prefix in _ros_prefixes(environment)):
        return Result('ROS 2', 'ok', f'installed: {environment["ROS_DISTRO"]}, {where}')
    try:
        version = importlib.metadata.version('ros-rclpy')
    except importlib.metadata.PackageNotFoundError:
        return Result('ROS 2', 'warn', f'rclpy of unknown origin: {where}', SET_UP)
    return Result('ROS 2', 'ok', f'as wheels: rclpy {version} (no launch, ros2, RViz)')


def _ros_prefixes(environment: Mapping[str, str]) -> list[str]:
    if not environment.get('ROS_DISTRO'):
        return []
    return [prefix for prefix in environment.get('AMENT_PREFIX_PATH', '').split(':') if prefix]


def check_messages(packages: Sequence[str] = MESSAGES) -> Result:
    """Message packages that the suite's topics and services use."""
    missing = [name for name in packages if importlib.util.find_spec(name) is None]
    if not missing:
        return Result('messages', 'ok', f'{len(packages)} packages')
    apt = ' '.join(f'ros-$ROS_DISTRO-{name.replace("_", "-")}' for name in missing)
    remedy = f'sudo apt-get install {apt}' if os.environ.get('ROS_DISTRO') else SET_UP
    return Result('messages', 'fail', f'missing: {", ".join(missing)}', remedy)


def check_dds() -> Result:
    """A message to oneself over DDS."""
    worked, answer = ask([sys.executable, '-m', 'furuta_bringup.loopback_node'], timeout=20)
    if worked:
        return Result('DDS', 'ok', f'message to itself took {answer} ms')
    remedy = 'see ROS_DOMAIN_ID, ROS_AUTOMATIC_DISCOVERY_RANGE, the firewall and /dev/shm'
    return Result('DDS', 'fail', answer, remedy)


def check_serial(patterns: Sequence[str] = SERIAL_PORTS) -> Result:
    """Ports that the ESP32 may be at, and the right to use them."""
    ports = sorted(port for pattern in patterns for port in glob.glob(pattern))
    if not ports:
        remedy = 'plug in the ESP32; only the real robot needs it'
        return Result('serial ports', 'warn', 'none', remedy)
    closed = [port for port in ports if not os.access(port, os.R_OK | os.W_OK)]
    if not closed:
        return Result('serial ports', 'ok', ', '.join(ports))
    group = Path(closed[0]).group()
    remedy = f'sudo usermod -aG {group} {getpass.getuser()}, then log out and in'
    return Result('serial ports', 'warn', f'not allowed: {", ".join(closed)}', remedy)


def check_gl() -> Result:
    """Whether MuJoCo can render without a screen."""
    kinds = ('egl', 'osmesa')
    answers = [ask([sys.executable, '-c', TRY_GL], 30, MUJOCO_GL=kind) for kind in kinds]
    usable = [kind for kind, (worked, _) in zip(kinds, answers, strict=True) if worked]
    if usable:
        return Result('GL', 'ok', ', '.join(f'MUJOCO_GL={kind}' for kind in usable))
    remedy = 'sudo apt-get install libegl1 libgl1 libgl1-mesa-dri; only pictures need it'
    return Result('GL', 'warn', f'neither egl nor osmesa works: {answers[0][1]}', remedy)


def check_jax(python: Path = ROOT / '.venv/train/bin/python') -> Result:
    """Devices that training would use."""
    if not python.exists():
        return Result('JAX', 'ok', 'not set up: comes with train, test and bench')
    quiet = {'PYTHONPATH': '', 'JAX_LOGGING_LEVEL': 'ERROR'}
    worked, answer = ask([str(python), '-c', TRY_JAX], 60, **quiet)
    if worked:
        return Result('JAX', 'ok', answer)
    return Result('JAX', 'warn', answer, f'rm -rf {python.parents[1]} and run ./furuta test')


def check_system_packages(needs: Sequence[debian.Need] = debian.NEEDS) -> list[Result]:
    """Compilers, browser and tools that tests use."""
    missing = debian.missing(needs)
    return [
        Result(need.what, 'warn', 'missing', debian.apt_line([need]))
        if need in missing
        else Result(need.what, 'ok', need.packages[0])
        for need in needs
    ]


def check_disk(folder: Path = ROOT, needed: float = NEEDED_SPACE) -> Result:
    """Free space [bytes] where environments and recordings go."""
    free = shutil.disk_usage(folder).free
    detail = f'{free / 1e9:.1f} GB free'
    if free >= needed:
        return Result('disk', 'ok', detail)
    return Result('disk', 'warn', detail, f'make room: {needed / 1e9:.0f} GB are good to have')


def check_cpu(governor: Path = GOVERNOR) -> Result:
    """Cores, and whether the clock stays up: slow governors make deadlines slip."""
    detail = f'{len(os.sched_getaffinity(0))} cores'
    mode = governor.read_text().strip() if governor.exists() else 'not shown'
    remedy = ''
    if mode in ('powersave', 'conservative'):
        remedy = 'for the real robot: sudo cpupower frequency-set -g performance'
    return Result('CPU', 'warn' if remedy else 'ok', f'{detail}, governor {mode}', remedy)


def check_priority(command: Sequence[str] = (sys.executable, '-c', TRY_PRIORITY)) -> Result:
    """Whether plant and controller may run before everything else."""
    is_allowed, _ = ask(command, 20)
    if is_allowed:
        return Result('real-time priority', 'ok', 'allowed')
    user = getpass.getuser()
    return Result(
        'real-time priority',
        'warn',
        'not allowed: other programs can hold the control loop up',
        f'for the real robot: printf "{user} - rtprio 50\\n{user} - memlock unlimited\\n" | '
        'sudo tee /etc/security/limits.d/furuta.conf, then log in again',
    )


CHECKS: tuple[Callable[[], Result | list[Result]], ...] = (
    check_python,
    check_ros,
    check_messages,
    check_dds,
    check_serial,
    check_gl,
    check_jax,
    check_system_packages,
    check_disk,
    check_cpu,
    check_priority,
)


def run_checks(checks: Sequence[Callable[[], Result | list[Result]]] = CHECKS) -> list[Result]:
    """The results in the order of the checks, which run side by side."""
    with ThreadPoolExecutor() as pool:
        found = list(pool.map(lambda check: check(), checks))
    return [r for results in found for r in (results if isinstance(results, list) else [results])]


def main() -> int:
    """Print what was found; exit status 1 if the simulation cannot run like this."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    with console.status('looking at this machine'):
        results = run_checks()
    table = Table('', 'what', 'found', 'how to mend it', box=None, pad_edge=False)
    colour = {'ok': 'green', 'warn': 'yellow', 'fail': 'red'}
    for result in results:
        status = f'[{colour[result.status]}]{result.status}'
        table.add_row(status, result.name, result.detail, result.remedy)
    console.print(table)
    return 1 if any(result.status == 'fail' for result in results) else 0


if __name__ == '__main__':
    sys.exit(main())

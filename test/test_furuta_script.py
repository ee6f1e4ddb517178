# SPDX-License-Identifier: Apache-2.0
"""What the `furuta` script says where it cannot go on; every test run goes through the rest."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / 'furuta'


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout in which nothing has been set up, with one benchmark."""
    shutil.copy(SCRIPT, tmp_path)
    shutil.copytree(SCRIPT.parent / 'requirements', tmp_path / 'requirements')
    (tmp_path / 'benchmarks').mkdir()
    (tmp_path / 'benchmarks/speed.py').write_text('# environment: neither\nprint(1)\n')
    return tmp_path


def call(checkout: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if k not in ('ROS_DISTRO', 'PYTHON')}
    return subprocess.run(
        [checkout / 'furuta', *arguments],
        env=environment | variables,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_without_a_usable_python_the_apt_line_is_named(checkout: Path):
    done = call(checkout, 'sim', PYTHON='/bin/false')
    assert done.returncode == 1
    assert 'apt-get install python3 python3-venv' in done.stderr and '/bin/false' in done.stderr


def test_another_ros_is_refused_by_name(checkout: Path):
    done = call(checkout, 'sim', ROS_DISTRO='humble', AMENT_PREFIX_PATH='/opt/ros/humble')
    assert done.returncode == 1 and 'humble' in done.stderr


def test_an_unknown_benchmark_lists_those_there_are(checkout: Path):
    done = call(checkout, 'bench', 'sped')
    assert done.returncode == 2 and 'speed' in done.stderr


def test_a_benchmark_has_to_say_its_environment(checkout: Path):
    done = call(checkout, 'bench', 'speed')
    assert done.returncode == 1 and '# environment' in done.stderr


def test_a_step_that_fails_shows_its_output_and_leaves_no_half_environment(checkout: Path):
    python = checkout / 'python'
    python.write_text(
        '#!/bin/sh\ncase "$*" in *"-m venv"*) echo disk is full; exit 3;; esac\necho 3.12.0\n'
    )
    python.chmod(0o755)
    done = call(checkout, 'sim', PYTHON=str(python))
    assert done.returncode == 1 and 'disk is full' in done.stderr
    assert not (checkout / '.venv/run/made').exists()


@pytest.mark.parametrize('command', ['train', 'evaluate', 'report'])
def test_training_commands_run_in_the_training_environment(checkout: Path, command: str):
    ros = [name for name in ('jazzy', 'kilted') if Path(f'/opt/ros/{name}/setup.bash').exists()]
    environment = checkout / '.venv/train'
    (environment / 'bin').mkdir(parents=True)
    python = environment / 'bin/python'
    python.write_text('#!/bin/sh\necho "$@"; echo "$PYTHONPATH"\n')
    python.chmod(0o755)
    shutil.copytree(checkout / 'requirements', environment / 'has')
    (environment / 'made').write_text('\n'.join([str(checkout), *(ros or ['none']), '3.12.0']))
    (checkout / 'src/furuta_rl').mkdir(parents=True)
    done = call(checkout, command, '--robot', 'furuta', '--help')
    assert done.returncode == 0, done.stderr
    called, path = done.stdout.splitlines()
    assert called == f'-P -m furuta_rl.{command} --robot furuta --help'
    assert path == str(checkout / 'src/furuta_rl')

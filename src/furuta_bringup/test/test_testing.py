# SPDX-License-Identifier: Apache-2.0
"""Which tests run where, and what the run's exit status is."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from furuta_bringup import testing
from furuta_bringup.testing import Outcome


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ('test_a.py', 'ros/test_b.py'):
        file = tmp_path / 'src/furuta_x/test' / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_paths_and_options_are_told_apart(tree: Path):
    options, paths = testing.split(['-k', 'src', '-x', 'src/furuta_x/test/test_a.py::test_it'])
    assert options == ['-k', 'src', '-x']
    assert paths == [f'{tree}/src/furuta_x/test/test_a.py::test_it']


def test_a_file_runs_only_in_the_environment_it_belongs_to(tree: Path):
    pure = f'{tree}/src/furuta_x/test/test_a.py::test_it'
    ros = f'{tree}/src/furuta_x/test/ros/test_b.py'
    assert testing.pure_and_ros([pure]) == ([pure], [])
    assert testing.pure_and_ros([ros]) == ([], [ros])


def test_a_folder_gives_its_ros_tests_to_the_other_environment(tree: Path):
    package = f'{tree}/src/furuta_x'
    assert testing.pure_and_ros([package]) == ([package], [f'{package}/test/ros'])
    assert testing.pure_and_ros([], root=tree) == ([f'{tree}'], [f'{package}/test/ros'])


def test_pure_tests_see_the_sources_and_no_ros(tree: Path):
    environment = testing.pure_environment({'PYTHONPATH': '/opt/ros/x', 'HOME': '/h'}, root=tree)
    assert environment['PYTHONPATH'] == f'{tree}/src/furuta_x'
    assert environment['HOME'] == '/h'


def test_programs_compiled_by_one_run_are_there_for_the_next(tree: Path):
    code = 'import jax; jax.jit(lambda x: x + 1)(1.0)'
    outside = {name: value for name, value in os.environ.items() if 'CACHE' not in name}
    environment = testing.pure_environment(outside, root=tree)
    assert not (tree / '.venv').exists()
    subprocess.run([sys.executable, '-c', code], env=environment, check=True)
    assert list((tree / '.venv/train/jax_cache').glob('jit__lambda*'))


def test_ros_tests_stay_on_this_machine_in_a_domain_of_their_own():
    environment = testing.ros_environment({'ROS_DOMAIN_ID': '0', 'ROS_LOCALHOST_ONLY': '0'})
    assert 1 <= int(environment['ROS_DOMAIN_ID']) <= 101
    assert environment['ROS_AUTOMATIC_DISCOVERY_RANGE'] == 'LOCALHOST'
    assert 'ROS_LOCALHOST_ONLY' not in environment


def test_fast_leaves_out_slow_tests_and_nothing_else():
    titles = [step.title for step in testing.make_steps([], {})]
    fast = testing.make_steps(['--fast'], {})
    assert [step.title for step in fast] == titles
    assert all('not slow' in step.command for step in fast if step.title.endswith(' tests'))


@pytest.mark.parametrize(
    ('statuses', 'expected'),
    [((0, 0), 0), ((0, 1), 1), ((2, 0), 2), ((5, 0), 0), ((0, 5), 0), ((5, 5), 5), ((5, 1), 1)],
)
def test_status_is_a_failure_only_if_a_run_failed_or_none_found_a_test(statuses, expected):
    titles = ('pure tests', 'ROS tests')
    outcomes = [Outcome(t, s, 0.0) for t, s in zip(titles, statuses, strict=True)]
    assert testing.status_of(outcomes) == expected

# SPDX-License-Identifier: Apache-2.0
"""An installed command finds the environment that training runs in, or says what to do."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from furuta_description.training_environment import find_checkout, run_environment, run_there

INSTALLED = 'install/furuta_description/lib/python3.12/site-packages/furuta_description/it.py'


def make_checkout(folder: Path) -> Path:
    """A checkout whose training environment only says how it was called."""
    python = folder / '.venv/train/bin/python'
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "$@"; echo "$PYTHONPATH"\n')
    python.chmod(0o755)
    (folder / 'furuta').touch()
    (folder / 'src/furuta_rl').mkdir(parents=True)
    (folder / 'src/furuta_sim').mkdir()
    return folder


def make_file(file: Path) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()
    return file


@pytest.mark.parametrize('place', ['src/furuta_description/furuta_description/it.py', INSTALLED])
def test_checkout_is_found_from_its_sources_and_from_what_was_built_in_it(tmp_path, place):
    checkout = make_checkout(tmp_path / 'furuta')
    assert find_checkout(make_file(checkout / place)) == checkout


def test_checkout_is_found_in_the_workspace_around_it(tmp_path):
    checkout = make_checkout(tmp_path / 'workspace/src/furuta')
    assert find_checkout(make_file(tmp_path / 'workspace' / INSTALLED)) == checkout


def test_checkout_is_found_through_the_links_of_an_installation(tmp_path):
    checkout = make_checkout(tmp_path / 'furuta')
    source = make_file(checkout / 'src/furuta_description/it.py')
    link = tmp_path / 'elsewhere/it.py'
    link.parent.mkdir()
    link.symlink_to(source)
    assert find_checkout(link) == checkout


def test_command_becomes_the_module_in_that_environment(tmp_path):
    checkout = make_checkout(tmp_path)
    near = make_file(checkout / INSTALLED)
    code = (
        'from pathlib import Path; from furuta_description.training_environment import run_there;'
        f'run_there("furuta_rl.train", ["--backend", "mjx"], Path({str(near)!r}))'
    )
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
    called, path = done.stdout.splitlines()
    assert called == '-P -m furuta_rl.train --backend mjx'
    assert path.split(os.pathsep) == [
        str(checkout / 'src' / p) for p in ('furuta_rl', 'furuta_sim')
    ]


def test_without_an_environment_it_says_how_to_make_one(tmp_path, capsys):
    assert run_there('furuta_rl.train', [], make_file(tmp_path / INSTALLED)) == 2
    assert './furuta train --help' in capsys.readouterr().err


def test_node_of_a_training_finds_the_sources_and_an_installed_ros(tmp_path, monkeypatch):
    checkout = make_checkout(tmp_path / 'furuta')
    modules = tmp_path / 'ros/lib/python3.12/site-packages'
    modules.mkdir(parents=True)
    monkeypatch.setenv('AMENT_PREFIX_PATH', f'{tmp_path / "ros"}:{tmp_path / "gone"}')
    monkeypatch.setenv('ROS_DOMAIN_ID', '7')
    python, environment = run_environment(checkout)
    assert python == checkout / '.venv/run/bin/python'
    expected = [checkout / 'src/furuta_rl', checkout / 'src/furuta_sim', modules]
    assert environment['PYTHONPATH'].split(':') == list(map(str, expected))
    assert environment['ROS_DOMAIN_ID'] == '7'

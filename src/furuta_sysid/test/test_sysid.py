# SPDX-License-Identifier: Apache-2.0
"""The command and its table of subcommands."""

import subprocess
import sys

import pytest

from furuta_sysid.sysid import COMMANDS, main


@pytest.mark.parametrize('arguments', [[], ['--help']])
def test_help_lists_every_subcommand(arguments, capsys):
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    assert all(f'\n  {name} ' in printed for name in COMMANDS)


@pytest.mark.parametrize('name', ['identfy', 'capture'])
def test_word_that_cannot_be_done_here_is_answered_with_what_can(name, capsys):
    assert main([name]) == 2
    assert 'identify' in capsys.readouterr().err


def test_mistake_ends_with_one_line_and_status_2():
    command = [sys.executable, '-m', 'furuta_sysid.sysid', 'plan', '--signals', 'chirp']
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("error: signal 'chirp': must be among free_swing")

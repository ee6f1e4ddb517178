# SPDX-License-Identifier: Apache-2.0
"""`furuta selftest`, `furuta zero` and `furuta emulator` as a user runs them."""

import os
import subprocess
import sys

import pytest

from furuta_hardware import messages
from furuta_hardware.emulator_process import EmulatorProcess
from furuta_hardware.link import Link

FURUTA = [sys.executable, '-m', 'furuta_bringup.cli']


def _run(*arguments, answer=''):
    return subprocess.run(
        [*FURUTA, *arguments], capture_output=True, text=True, timeout=60, input=answer
    )


@pytest.fixture
def emulator():
    with EmulatorProcess(zeroed=False) as made:
        yield made


def test_zero_is_set_after_the_question_and_kept_by_the_board(emulator):
    with Link(emulator.port) as link:
        assert 'zero pose' in link.ask(messages.Enable, 1)
    asked = _run('zero', '--port', emulator.port, answer='n\n')
    assert asked.returncode == 1 and 'pendulum hanging still?' in asked.stdout
    done = _run('zero', '--port', emulator.port, answer='y\n')
    assert done.returncode == 0, done.stdout + done.stderr
    assert 'zero pose set\n' in done.stdout and 'until it restarts' in done.stdout
    with Link(emulator.port) as link:
        assert link.ask(messages.Enable, 1) == ''


def test_zero_that_is_set_again_says_how_far_off_it_was(emulator):
    with Link(emulator.port) as link:
        assert link.ask(messages.SetZero) == ''
    emulator.tell('place 0.1 0')
    emulator.tell('stick on')  # the hanging pendulum stays put, so that the robot is at rest
    done = _run('zero', '--port', emulator.port, '--yes')
    assert 'the arm was +5.7 deg off and the pendulum +0.0' in done.stdout


def test_zero_of_a_moving_pendulum_is_refused(emulator):
    emulator.tell('place 0 1.0')
    done = _run('zero', '--port', emulator.port, '--yes')
    assert done.returncode == 1 and ' moves (' in done.stdout


def test_reversed_encoder_is_named_and_the_motor_left_off(emulator):
    emulator.tell('reverse pendulum')
    done = _run('selftest', '--port', emulator.port, '--yes')
    assert done.returncode == 1
    assert 'pendulum encoder is reversed: swap its wires A and B' in done.stdout
    assert emulator.state()['voltage'] == 0.0


@pytest.mark.parametrize('command', ['selftest', 'zero'])
def test_port_that_is_held_or_missing_is_said_without_a_traceback(command, emulator):
    missing = _run(command, '--port', '/dev/ttyUSB99', '--yes')
    assert missing.returncode == 2
    assert '/dev/ttyUSB99: no such port' in missing.stderr and 'Traceback' not in missing.stderr
    with Link(emulator.port):
        held = _run(command, '--port', emulator.port, '--yes')
    assert held.returncode == 2
    assert f'is held by process {os.getpid()}' in held.stderr and 'Traceback' not in held.stderr


def test_emulator_that_does_not_run_is_said():
    done = _run('emulator', 'explode')
    assert done.returncode == 2 and 'error:' in done.stderr and 'Traceback' not in done.stderr

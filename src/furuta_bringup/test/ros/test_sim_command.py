# SPDX-License-Identifier: Apache-2.0
"""`furuta sim` as a user runs it: real processes, real topics."""

import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from furuta_bringup.stack import NodeSpec

FURUTA = [sys.executable, '-m', 'furuta_bringup.cli']


def _run(*arguments, timeout=60):
    return subprocess.run([*FURUTA, *arguments], capture_output=True, text=True, timeout=timeout)


def _children(pid):
    """Processes whose parent is `pid`, as /proc tells."""
    found = []
    for stat in Path('/proc').glob('[0-9]*/stat'):
        try:
            fields = stat.read_text().rpartition(')')[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[1]) == pid:
            found.append(int(stat.parent.name))
    return found


@pytest.mark.slow
@pytest.mark.parametrize('robot', ['furuta', 'qube_servo_2'])
@pytest.mark.parametrize('controller', ['policy', 'classical'])
def test_pendulum_is_upright_within_5_s_and_held(robot, controller, tmp_path):
    file = tmp_path / 'summary.json'
    arguments = ['--robot', robot, '--controller', controller, '--summary', str(file)]
    for _ in range(3):
        done = _run('sim', *arguments, '--duration', '12', '--no-twin')
        summary = json.loads(file.read_text())
        if not summary['plant_dropped']:
            break  # else the machine stood still for over 50 ms, which tells nothing of the suite
    assert done.returncode == 0, done.stdout
    assert summary['success']
    assert summary['time_to_upright'] < 5.0
    assert summary['falls'] == 0
    assert max(-summary['arm_min'], summary['arm_max']) < 2.1


def test_run_that_is_not_upright_fails_and_says_so(tmp_path):
    file = tmp_path / 'summary.json'
    done = _run(
        'sim', '--controller', 'none', '--duration', '2', '--no-twin', '--summary', str(file)
    )
    assert done.returncode == 1
    assert not json.loads(file.read_text())['success']
    assert 'not upright for the last 5 s' in done.stdout


def test_ctrl_c_ends_everything_at_once_without_a_stray_process():
    command = subprocess.Popen(
        [*FURUTA, 'sim', '--no-twin'], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    deadline = time.monotonic() + 30
    while len(children := _children(command.pid)) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    time.sleep(1.0)
    began = time.monotonic()
    command.send_signal(signal.SIGINT)
    output = command.communicate(timeout=20)[0]
    assert command.returncode == 0
    assert time.monotonic() - began < 3.0
    assert 'Traceback' not in output
    assert not [pid for pid in children if Path(f'/proc/{pid}').exists()]


def test_port_of_the_page_that_is_taken_is_named_with_the_way_out():
    with socket.create_server(('127.0.0.1', 0)) as other:
        port = other.getsockname()[1]
        done = _run('sim', '--twin-port', str(port))
    assert done.returncode != 0
    assert str(port) in done.stdout and 'another port' in done.stdout
    assert 'Traceback' not in done.stdout


def test_damaged_policy_ends_the_run_with_the_reason(tmp_path):
    policy = tmp_path / 'policy.onnx'
    policy.write_bytes(b'damaged')
    done = _run('sim', '--no-twin', '--policy', str(policy))
    assert done.returncode == 1
    assert 'policy.onnx: not a policy' in done.stdout and 'policy_node ended' in done.stdout
    assert 'Traceback' not in done.stdout


def test_second_plant_on_the_same_topics_is_refused(probe, start):
    start(NodeSpec('furuta_sim', 'sim_node', {}))
    probe.wait_for_plant()
    done = _run('sim', '--no-twin', '--duration', '10')
    assert done.returncode == 1
    assert 'ROS_DOMAIN_ID' in done.stdout


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['sim', '--robot', 'furuuta'], 'furuta, qube_servo_2'),
        (['sim', '--controller', 'clasical'], 'classical'),
        (['sim', '--policy', 'none.onnx'], 'furuta train'),
        (['simm'], 'sim'),
        (['sim', '--durationn', '3'], '--duration'),
        (['sim', '--speed', '-1', '--duration', '2', '--no-twin'], 'speed must be'),
    ],
)
def test_typo_is_answered_with_what_is_valid(arguments, message):
    done = _run(*arguments)
    assert done.returncode != 0
    text = done.stdout + done.stderr
    assert message in text and 'Traceback' not in text


def test_no_argument_shows_the_help():
    done = _run()
    assert done.returncode == 0
    for name in ('sim', 'twin', 'record', 'doctor', 'test', 'bench'):
        assert name in done.stdout


@pytest.mark.parametrize('name', ['sim', 'twin', 'record', 'doctor'])
def test_every_command_has_help(name):
    done = _run(name, '--help')
    assert done.returncode == 0
    assert 'usage: furuta ' + name in done.stdout

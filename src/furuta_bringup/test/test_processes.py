# SPDX-License-Identifier: Apache-2.0
"""Starting and ending processes, with small programs instead of nodes."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from furuta_bringup.processes import Processes, StackError
from furuta_bringup.stack import NodeSpec

PROGRAM = """
import signal, sys, time
if 'stubborn:=true' not in sys.argv:
    signal.signal(signal.SIGINT, signal.default_int_handler)
print('up', flush=True)
try:
    time.sleep(0 if 'short:=true' in sys.argv else 60)
    sys.exit(3)
except KeyboardInterrupt:
    print('clean end')
"""


@pytest.fixture
def program(tmp_path, monkeypatch):
    package = tmp_path / 'small_package'
    package.mkdir()
    (package / '__init__.py').touch()
    (package / 'program.py').write_text(PROGRAM)
    monkeypatch.setenv('PYTHONPATH', f'{tmp_path}:{os.environ.get("PYTHONPATH", "")}')

    def make(**parameters):
        return NodeSpec('small_package', 'program', parameters)

    return make


def wait_for(lines, text):
    deadline = time.monotonic() + 10
    while not any(text in line for line in lines):
        assert time.monotonic() < deadline, lines
        time.sleep(0.01)


def is_alive(pid):
    return Path(f'/proc/{pid}').exists()


def test_node_is_interrupted_and_its_lines_are_kept(program):
    lines = []
    with Processes([program()], lines.append) as stack:
        stack.start()
        wait_for(lines, 'up')
    assert '[program] clean end' in lines


def test_node_that_ignores_the_interrupt_is_killed(program, monkeypatch):
    monkeypatch.setattr('furuta_bringup.processes.PATIENCE', 0.3)
    lines = []
    with Processes([program(stubborn=True)], lines.append) as stack:
        stack.start()
        wait_for(lines, 'up')
        pid = stack.pid('program')
    assert not is_alive(pid)


def test_second_interrupt_kills_what_does_not_end(program):
    lines = []
    stack = Processes([program(stubborn=True)], lines.append)
    stack.start()
    wait_for(lines, 'up')
    pid = stack.pid('program')
    threading.Timer(0.3, os.kill, [os.getpid(), signal.SIGINT]).start()
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        stack.stop()
    assert time.monotonic() - began < 2.0
    assert not is_alive(pid)


def test_node_that_ends_by_itself_is_reported_with_its_status(program):
    lines = []
    with Processes([program(short=True)], lines.append) as stack:
        stack.start()
        wait_for(lines, 'up')
        with pytest.raises(StackError, match='program ended by itself, exit status 3'):
            for _ in range(500):
                stack.check()
                time.sleep(0.01)


def test_nodes_end_when_their_starter_is_killed(program):
    code = (
        'import sys, time\n'
        'from furuta_bringup.processes import Processes\n'
        'from furuta_bringup.stack import NodeSpec\n'
        'stack = Processes([NodeSpec("small_package", "program", {})], print)\n'
        'stack.start()\n'
        'print(stack.pid("program"), flush=True)\n'
        'time.sleep(60)\n'
    )
    starter = subprocess.Popen([sys.executable, '-c', code], stdout=subprocess.PIPE, text=True)
    pid = int(starter.stdout.readline())
    assert starter.stdout.readline().startswith('[program] up')
    starter.send_signal(signal.SIGKILL)
    starter.wait()
    deadline = time.monotonic() + 5
    while is_alive(pid):
        assert time.monotonic() < deadline, 'a stray process'
        time.sleep(0.05)


def test_node_of_a_ros_installation_is_refused_where_there_is_none(monkeypatch):
    monkeypatch.setenv('PATH', '/nowhere')
    with pytest.raises(StackError, match='rviz2 comes with a ROS installation'):
        Processes([NodeSpec('rviz2', 'rviz2', {}, is_ours=False)], print)

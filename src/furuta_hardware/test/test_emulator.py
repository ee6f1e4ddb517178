# SPDX-License-Identifier: Apache-2.0
"""The emulator as a process: its pace, its end, and what it says when it cannot start."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from furuta_hardware.emulator_process import EmulatorError, EmulatorProcess, tell

OWNER = """
import time
from furuta_hardware.emulator_process import EmulatorProcess
emulator = EmulatorProcess()
print(emulator.port, emulator.process.pid, flush=True)
time.sleep(60)
"""


def test_emulated_time_is_the_hosts(emulator):
    began, state = time.monotonic(), emulator.state()
    time.sleep(1.0)
    elapsed = emulator.state()['now_us'] - state['now_us']
    assert elapsed * 1e-6 == pytest.approx(time.monotonic() - began, abs=0.03)


def test_emulator_that_was_stopped_drops_the_time_instead_of_racing(emulator):
    os.kill(emulator.process.pid, signal.SIGSTOP)
    time.sleep(0.5)
    os.kill(emulator.process.pid, signal.SIGCONT)
    time.sleep(0.1)
    now_ns = emulator.epoch_ns + emulator.state()['now_us'] * 1000
    assert (time.monotonic_ns() - now_ns) * 1e-9 < 0.1


def test_port_that_nobody_reads_does_not_hold_it_up(emulator):
    time.sleep(1.0)  # 27 kB, several times what a terminal buffers
    before = emulator.state()['now_us']
    time.sleep(0.3)
    assert emulator.state()['now_us'] - before > 250_000


def test_emulator_ends_with_the_process_that_started_it():
    owner = subprocess.Popen([sys.executable, '-c', OWNER], stdout=subprocess.PIPE, text=True)
    port, pid = owner.stdout.readline().split()
    owner.kill()
    owner.wait()
    owner.stdout.close()
    deadline = time.monotonic() + 5
    while Path(f'/proc/{pid}').exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert not Path(port).parent.exists()


def test_end_leaves_no_file_and_no_process():
    with EmulatorProcess() as emulator:
        folder = Path(emulator.port).parent
        assert sorted(file.name for file in folder.iterdir()) == ['port', 'port.control']
    assert not folder.exists()
    assert emulator.process.returncode == 0
    with pytest.raises(EmulatorError, match='no emulator answers'):
        tell(emulator.port, 'state')


def test_unknown_robot_is_named_with_those_there_are():
    with pytest.raises(EmulatorError, match='furuta, qube_servo_2'):
        EmulatorProcess(hidden='qubee')

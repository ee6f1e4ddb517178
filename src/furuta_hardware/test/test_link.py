# SPDX-License-Identifier: Apache-2.0
"""The link to an emulated board through a real port, and every fault of the line and the robot."""

import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from furuta_hardware import messages
from furuta_hardware.emulator_process import EmulatorProcess
from furuta_hardware.link import Link

TIMEOUT = 0.1  # [s] of the robot file
SLACK = 0.03  # [s] for two threads of a busy machine and one loop period
DRIVER = """
import sys, time
from furuta_hardware import messages
from furuta_hardware.link import Link
link = Link(sys.argv[1])
assert link.ask(messages.Enable, 1) == ''
print('driving', flush=True)
while True:
    link.command(3.0 if time.monotonic() % 0.4 < 0.2 else -3.0)
    time.sleep(0.002)
"""


def seconds_driven_since(emulator, then_ns):
    return (emulator.last_driven_ns() - then_ns) * 1e-9


def test_states_come_at_the_rate_with_true_stamps(emulator):
    readings = []
    with Link(emulator.port, readings.append, rate_hz=500) as link:
        time.sleep(3.0)
    numbers = np.array([r.state.sequence for r in readings])
    assert (np.diff(numbers) == 1).all()
    assert link.session.statistics.lost == 0
    board_us = np.array([r.state.time_us for r in readings])
    true_ns = emulator.epoch_ns + board_us * 1000 / (1 + 3e-5)
    late = (np.array([r.stamp_ns for r in readings]) - true_ns)[-500:] * 1e-6
    assert (np.diff([r.stamp_ns for r in readings]) > 0).all()
    assert late.min() > 0.0 and late.max() < 2.5  # [ms] the wire takes 1


def test_motor_is_off_until_enabled_and_after_the_end(emulator):
    with Link(emulator.port) as link:
        for _ in range(20):
            link.command(5.0)
            time.sleep(0.005)
        assert emulator.state()['driven_us'] == -1
        assert link.ask(messages.Enable, 1) == ''
        for _ in range(20):
            link.command(2.0)
            time.sleep(0.005)
        assert emulator.state()['driven_us'] > 0
        ended = time.monotonic_ns()
    assert seconds_driven_since(emulator, ended) < SLACK


def test_port_has_one_master_and_the_second_is_told_who(emulator, host):
    second = subprocess.run(
        [sys.executable, '-c', DRIVER, emulator.port], capture_output=True, text=True
    )
    assert second.returncode != 0
    assert f'process {os.getpid()} (python -m pytest' in second.stderr


@pytest.mark.parametrize('fault', ['flip', 'lose', 'double'])
def test_damaged_bytes_cost_frames_and_nothing_else(emulator, host, fault):
    host.drive()
    emulator.tell(f'{fault} 0.003')
    host.wait_for_problem('frames damaged')
    emulator.tell(f'{fault} 0')
    voltages = [r.voltage for r in host.readings]
    angles = [r.pendulum_angle for r in host.readings]
    assert max(map(abs, voltages)) < 2.01 and max(map(abs, angles)) < 3
    assert host.link.session.restarts == 0 and host.is_enabled
    host.wait(lambda: host.problems() == '', 'well again by itself')


def test_stalled_line_stops_the_motor_and_goes_on_by_itself(emulator, host):
    host.drive()
    emulator.tell('stall 0.6')
    began = time.monotonic_ns()
    host.wait_for_problem('nothing from the board')
    assert seconds_driven_since(emulator, began) < TIMEOUT + SLACK
    host.wait(lambda: host.problems() == '', 'line is back')
    host.wait(lambda: seconds_driven_since(emulator, time.monotonic_ns()) > -0.1, 'driven again')


def test_unplugged_board_stops_and_is_found_again_with_the_motor_off(emulator, host):
    host.drive()
    emulator.tell('unplug')
    began = time.monotonic_ns()
    host.wait_for_problem('plug the board in again')
    time.sleep(0.2)
    assert seconds_driven_since(emulator, began) < TIMEOUT + SLACK
    assert 'plug the board in again' in host.link.ask(messages.Enable, 1)
    emulator.tell('plug')
    host.wait(lambda: host.link.is_connected, 'connected again')
    time.sleep(0.2)
    assert not host.is_enabled
    assert seconds_driven_since(emulator, began) < TIMEOUT + SLACK
    assert host.link.ask(messages.Enable, 1) == ''
    host.wait(lambda: abs(host.readings[-1].voltage) > 1, 'driven again')


def test_board_after_a_brown_out_is_off_and_wants_its_zero_pose(emulator, host):
    host.drive()
    emulator.tell('brownout')
    began = time.monotonic_ns()
    host.wait_for_problem('restarted after a brown-out')
    assert seconds_driven_since(emulator, began) < SLACK
    assert 'zero pose not set' in host.problems()
    assert 'zero pose' in host.link.ask(messages.Enable, 1)
    assert host.link.ask(messages.SetZero) == ''
    assert host.link.ask(messages.Enable, 1) == ''
    host.wait(lambda: abs(host.readings[-1].voltage) > 1, 'driven again')


def test_board_that_loses_power_with_its_plug_says_so_and_wants_its_zero_pose(emulator, host):
    host.drive()
    emulator.tell('unplug')
    emulator.tell('restart power_on')
    began = time.monotonic_ns()
    host.wait_for_problem('plug the board in again')
    emulator.tell('plug')
    host.wait_for_problem('the board was without power')
    assert 'zero pose not set' in host.problems()
    assert 'zero pose' in host.link.ask(messages.Enable, 1)
    assert seconds_driven_since(emulator, began) < SLACK


def test_motor_that_is_driven_hard_without_moving_is_let_go(emulator, host):
    emulator.tell('cut on')
    host.drive(8.0, is_swaying=False)
    host.wait_for_problem('arm does not move')
    host.wait(lambda: host.readings[-1].voltage == 0.0, 'motor off')
    assert not host.is_enabled
    emulator.tell('cut off')
    assert host.link.ask(messages.ClearFault) == ''
    assert host.link.ask(messages.Enable, 1) == ''
    host.wait(lambda: abs(host.readings[-1].arm_velocity) > 1, 'the arm turns')


def test_small_encoder_glitch_is_reported(emulator, host):
    host.drive()
    emulator.tell('glitch pendulum 200')
    host.wait_for_problem('counts of the pendulum encoder jumped')
    assert host.is_enabled


def test_large_encoder_glitch_stops_the_motor_until_cleared(emulator, host):
    host.drive()
    emulator.tell('glitch pendulum 3000')
    host.wait_for_problem('pendulum too fast')
    host.wait(lambda: host.readings[-1].voltage == 0.0, 'motor off')
    assert not host.is_enabled
    assert 'clear the fault' in host.link.ask(messages.Enable, 1)
    host.wait(lambda: host.link.ask(messages.ClearFault) == '', 'fault cleared')
    assert host.link.ask(messages.Enable, 1) == ''
    host.wait(lambda: abs(host.readings[-1].voltage) > 1, 'driven again')


@pytest.mark.parametrize('part', ['arm', 'motor'])
def test_reversed_wire_lets_the_arm_run_but_not_beyond_its_limit(emulator, host, part):
    emulator.tell(f'reverse {part}')
    host.drive(3.0, is_swaying=False)
    host.wait_for_problem('arm beyond its limit')
    host.wait(lambda: host.readings[-1].voltage == 0.0, 'motor off')
    assert not host.is_enabled
    time.sleep(0.3)
    # The soft stop pushes the wrong way, so it passes the limit fast; then it only coasts.
    assert 2.4 < abs(emulator.state()['arm_angle']) < 4.5


def test_stuck_pendulum_and_hot_motor_change_the_machine_and_not_the_rules(emulator, host):
    emulator.tell('stick on')
    emulator.tell('heat 80')
    host.drive()
    time.sleep(0.5)
    assert host.problems() == ''
    assert {r.state.pendulum_counts for r in host.readings[-100:]} == {0}
    emulator.tell('stick off')
    host.wait(lambda: abs(host.readings[-1].pendulum_angle) > 0.1, 'pendulum swings')


def test_host_killed_at_full_speed_leaves_the_motor_off_within_the_time_out(emulator):
    driver = subprocess.Popen(
        [sys.executable, '-c', DRIVER, emulator.port], stdout=subprocess.PIPE, text=True
    )
    assert driver.stdout.readline() == 'driving\n'
    time.sleep(0.5)
    killed = time.monotonic_ns()
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    driver.stdout.close()
    time.sleep(0.4)
    assert -0.05 < seconds_driven_since(emulator, killed) < TIMEOUT + SLACK
    with Link(emulator.port) as link:  # the port is free again
        assert link.is_connected


@pytest.mark.filterwarnings('ignore::pytest.PytestUnhandledThreadExceptionWarning')
def test_exception_in_the_reader_switches_the_motor_off_and_is_told(emulator):
    ended = threading.Event()
    fails = threading.Event()

    def on_reading(reading):
        if fails.is_set():
            raise RuntimeError('reader')

    with Link(emulator.port, on_reading, ended.set) as link:
        link.ask(messages.Enable, 1)
        for _ in range(40):
            link.command(2.0)
            time.sleep(0.005)
        failed = time.monotonic_ns()
        fails.set()
        assert ended.wait(2.0)
        time.sleep(0.05)
        assert seconds_driven_since(emulator, failed) < SLACK
        assert emulator.state()['voltage'] == 0.0


def test_board_that_restarts_within_one_read_is_greeted_again(emulator):
    """States of both lives may come in one piece, as after a stall."""
    with Link(emulator.port) as link:
        for _ in range(3):
            emulator.tell('stall 0.25')
            emulator.tell('brownout')
            time.sleep(0.6)
            assert link.is_connected
        assert link.session.restarts == 3


def test_another_board_at_the_same_name_is_not_taken_for_the_first(tmp_path):
    name = tmp_path / 'port'
    with EmulatorProcess(board_id=17) as first, EmulatorProcess(board_id=18) as second:
        name.symlink_to(first.port)
        with Link(str(name)) as link:
            name.unlink()
            name.symlink_to(second.port)
            first.tell('unplug')
            deadline = time.monotonic() + 5
            while 'another board (12)' not in '; '.join(link.problems()):
                assert time.monotonic() < deadline
                time.sleep(0.02)
            assert link.ask(messages.Enable, 1) != ''
            assert second.state()['driven_us'] == -1
            name.unlink()
            name.symlink_to(first.port)
            first.tell('plug')
            while not link.is_connected:
                assert time.monotonic() < deadline
                time.sleep(0.02)
            assert link.problems() == []

# SPDX-License-Identifier: Apache-2.0
"""The real plant's node over topics, at an emulated board: same interface, other dangers."""

import json
import math
import subprocess
import sys
import time

import numpy as np
import pytest

from furuta_bringup.stack import NodeSpec, RealArguments, real_stack
from furuta_description import ros
from furuta_hardware.emulator_process import EmulatorProcess

FURUTA = [sys.executable, '-m', 'furuta_bringup.cli']
TIMEOUT = 0.1  # [s] of the robot file
SLACK = 0.03  # [s] of a busy machine


@pytest.fixture
def emulator():
    with EmulatorProcess() as made:
        yield made


def hardware_node(port, **parameters):
    return NodeSpec('furuta_hardware', 'hardware_node', {'port': port, **parameters})


def is_upright(probe):
    return abs(abs(probe.sample.pendulum_angle) % math.tau - math.pi) < 0.1


def test_real_plant_starts_disabled_and_obeys_once_enabled(probe, start, emulator):
    start(hardware_node(emulator.port))
    probe.wait_for_plant()
    probe.drive([2.0], 0.3)
    assert {m.voltage for m in probe.motor_states} == {0.0}
    assert probe.switch(ros.ENABLE, True).success
    probe.drive([2.0], 0.3)
    assert probe.voltage == pytest.approx(2.0)
    assert probe.joint_states[-1].effort[0] != 0.0
    assert not probe.trigger(ros.SET_ZERO).success
    probe.drive([math.nan], 0.3)
    assert probe.voltage == 0.0
    probe.values('plant')  # the board is asked at one report and heard at the next
    assert int(probe.values('plant')['refused_commands']) > 10
    assert probe.switch(ros.ENABLE, False).success
    assert 'moves' in probe.trigger(ros.SET_ZERO).message
    emulator.tell('place 0.5 0')  # a hand stops the pendulum
    probe.wait(lambda: probe.trigger(ros.SET_ZERO).success, 'at rest')
    probe.wait(lambda: abs(probe.sample.arm_angle) < 0.01, 'arm at zero')


def test_samples_carry_system_time_and_come_at_the_rate(probe, start, emulator):
    start(hardware_node(emulator.port))
    probe.wait_for_plant()
    time.sleep(2.0)
    stamps = [ros.seconds(m.header.stamp) for m in probe.joint_states]
    assert np.median(np.diff(stamps)) == pytest.approx(0.002, rel=0.05)
    assert abs(time.time() - stamps[-1]) < 0.1
    assert 400 < float(probe.values('plant')['rate_hz']) < 600


def test_unplugged_board_is_reported_and_taken_up_again_without_a_restart(probe, start, emulator):
    stack = start(hardware_node(emulator.port, enabled=True))
    probe.wait_for_plant()
    probe.drive([2.0], 0.3)
    assert probe.voltage == pytest.approx(2.0)
    emulator.tell('unplug')
    probe.values('plant')
    probe.wait(lambda: 'plug the board in' in probe.diagnostics['plant'].message, 'report')
    refused = probe.switch(ros.ENABLE, True)
    assert not refused.success and 'plug the board in' in refused.message
    emulator.tell('plug')
    probe.joint_states.clear()
    probe.wait(lambda: len(probe.joint_states) > 100, 'samples again')
    probe.drive([2.0], 0.2)
    assert probe.voltage == 0.0
    assert probe.switch(ros.ENABLE, True).success
    probe.drive([-2.0], 0.2)
    assert probe.voltage == pytest.approx(-2.0)
    assert stack.poll('hardware_node') is None


def test_brown_out_is_reported_and_wants_the_zero_pose(probe, start, emulator):
    start(hardware_node(emulator.port, enabled=True))
    probe.wait_for_plant()
    emulator.tell('brownout')
    probe.values('plant')
    probe.wait(lambda: 'brown-out' in probe.diagnostics['plant'].message, 'report')
    assert 'zero pose not set' in probe.diagnostics['plant'].message
    assert 'zero pose' in probe.switch(ros.ENABLE, True).message
    assert probe.trigger(ros.SET_ZERO).success
    assert probe.switch(ros.ENABLE, True).success


def test_latched_fault_is_reported_and_cleared_before_the_motor_is_enabled(probe, start, emulator):
    start(hardware_node(emulator.port, enabled=True))
    probe.wait_for_plant()
    probe.drive([2.0], 0.2)
    emulator.tell('glitch pendulum 3000')
    probe.drive([2.0], 0.2)
    assert probe.voltage == 0.0
    probe.values('plant')
    probe.wait(lambda: 'pendulum too fast' in probe.diagnostics['plant'].message, 'report')
    assert 'clear the fault' in probe.switch(ros.ENABLE, True).message
    assert probe.trigger(ros.CLEAR_FAULT).success
    probe.drive([2.0], 0.1)
    assert probe.voltage == 0.0, 'clearing must not enable'
    assert probe.switch(ros.ENABLE, True).success
    probe.drive([-2.0], 0.2)
    assert probe.voltage == pytest.approx(-2.0)


def test_killed_node_leaves_the_motor_off_within_the_time_out(probe, start, emulator):
    stack = start(hardware_node(emulator.port, enabled=True))
    probe.wait_for_plant()
    controller = start(NodeSpec('furuta_rl', 'classical_node', {'robot': 'furuta'}))
    probe.wait(lambda: is_upright(probe), 'upright', 20)
    killed = time.monotonic_ns()
    stack.kill('hardware_node')
    time.sleep(0.4)
    assert (emulator.last_driven_ns() - killed) * 1e-9 < TIMEOUT + SLACK
    start(hardware_node(emulator.port))
    probe.joint_states.clear()
    probe.wait(lambda: len(probe.joint_states) > 100, 'a new node takes up the board', 20)
    assert controller.poll('classical_node') is None
    assert probe.voltage == 0.0


def test_interrupted_node_switches_the_motor_off(probe, start, emulator):
    stack = start(hardware_node(emulator.port, enabled=True))
    probe.wait_for_plant()
    probe.drive([2.0], 0.3)
    stack.stop()
    assert emulator.state()['voltage'] == 0.0
    assert 'Traceback' not in '\n'.join(stack.lines)


@pytest.mark.parametrize('port', ['/dev/ttyUSB99', '/etc/hostname'])
def test_unusable_port_ends_the_bring_up_with_what_to_do(port):
    done = subprocess.run(
        [*FURUTA, 'real', '--port', port, '--no-twin'], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    assert port in done.stdout and '--port emulator' in done.stdout
    assert 'Traceback' not in done.stdout + done.stderr


def test_hidden_robot_is_for_the_emulator_only():
    with pytest.raises(ValueError, match='hidden needs port emulator'):
        real_stack(RealArguments(hidden='qube_servo_2'))


@pytest.mark.slow
@pytest.mark.parametrize('controller', ['classical', 'policy'])
def test_emulated_pendulum_swings_up_and_is_held(controller, tmp_path):
    file = tmp_path / 'summary.json'
    command = [*FURUTA, 'real', '--port', 'emulator', '--enable', '--no-twin', '--duration', '12']
    for _ in range(3):
        done = subprocess.run(
            [*command, '--controller', controller, '--summary', str(file)],
            capture_output=True,
            text=True,
            timeout=60,
        )
        summary = json.loads(file.read_text())
        if not summary['plant_dropped']:
            break  # else the machine stood still, which tells nothing of the suite
    assert done.returncode == 0, done.stdout
    assert summary['success'] and summary['time_to_upright'] < 5.0
    assert max(-summary['arm_min'], summary['arm_max']) < 2.1

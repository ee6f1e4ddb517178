# SPDX-License-Identifier: Apache-2.0
"""`furuta sysid capture` as a user runs it, and the excitation when something goes wrong."""

import re
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import yaml
from std_msgs.msg import Float64MultiArray

from furuta_bringup.stack import NodeSpec
from furuta_description import ros
from furuta_description.robot import load_robot
from furuta_sysid.arrangement import prediction_errors
from furuta_sysid.bag import read_bag
from furuta_sysid.checks import not_driven

FURUTA = [sys.executable, '-m', 'furuta_bringup.cli']
COMMANDER = (Float64MultiArray, ros.COMMANDS, ros.COMMAND_QOS)
SHORT = ['--signals', 'chirp_up', '--duration', '6']


def capture(*arguments):
    command = [*FURUTA, 'sysid', 'capture', *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=90, stdin=subprocess.DEVNULL
    )


@pytest.fixture
def hidden(tmp_path):
    """A robot unlike the file, whose voltages act 10 ms late."""
    known = load_robot('furuta')
    motor = known.physics.motor
    robot = known.with_values(
        {
            'physics.motor.torque_constant': 1.3 * motor.torque_constant,
            'physics.motor.back_emf_constant': 1.3 * motor.back_emf_constant,
            'physics.pendulum.mass': 0.7 * known.physics.pendulum.mass,
            'timing.torque_delay': 0.010,
        }
    )
    file = tmp_path / 'hidden.yaml'
    file.write_text(yaml.safe_dump(dict(robot.document)))
    return load_robot(file)


@pytest.mark.slow
@pytest.mark.parametrize(
    'plant', [['--plant', 'sim'], ['--plant', 'real', '--port', 'emulator', '--enable']]
)
def test_one_command_leaves_a_whole_bag_of_the_hidden_robot(tmp_path, hidden, plant):
    known = load_robot('furuta')
    for attempt in range(3):
        bag = tmp_path / f'bag{attempt}'
        done = capture(*plant, '--hidden', str(hidden.file), *SHORT, '--bag', str(bag))
        assert done.returncode == 0, done.stdout
        assert f'./furuta sysid identify {bag}' in re.sub(r'\s+', ' ', done.stdout)
        recording = read_bag(bag, known)
        if recording.is_known.mean() > 0.9:
            break  # else the machine stood still now and then, which tells nothing of the suite
    assert 6.0 <= recording.duration < 20.0
    assert recording.dt == 0.002
    assert not not_driven(recording, known)
    late = round(hidden.timing.torque_delay / recording.dt)
    recording = replace(recording, voltage=np.roll(recording.voltage, late))
    errors = [prediction_errors(robot, recording)[0] for robot in (hidden, known)]
    assert errors[0] < 0.5 * errors[1]


@pytest.mark.slow
@pytest.mark.parametrize(
    ('disturb', 'reason'),
    [
        (lambda p: p.set_parameter('sim_node', 'physics.motor.voltage_bias', 4.0), 'soft limit'),
        (lambda p: p.switch(ros.ENABLE, False), 'switched off'),
        (lambda p: p.node.create_publisher(*COMMANDER), 'commands the motor, too'),
    ],
)
def test_excitation_stops_at_a_limit_or_a_fault_and_says_so(probe, start, disturb, reason):
    start(NodeSpec('furuta_sim', 'sim_node', {}))
    probe.wait_for_plant()
    probe.node.destroy_publisher(probe.commands)  # or the excitation would not begin
    stack = start(
        NodeSpec('furuta_sysid', 'excitation_node', {'signals': 'chirp_up', 'duration': 20.0})
    )
    probe.wait(lambda: any('playing chirp_up' in line for line in stack.lines), 'it plays', 40)
    disturb(probe)
    probe.wait(lambda: stack.poll('excitation_node') is not None, 'its end', 20)
    assert stack.poll('excitation_node') == 1
    stack.stop()
    assert any('stopped: ' in line and reason in line for line in stack.lines), stack.lines
    probe.wait(lambda: probe.voltage == 0.0, 'motor at 0 V')


def test_mistake_is_answered_with_what_is_valid_before_anything_starts(tmp_path):
    for arguments, message in [
        (['--signals', 'chirp'], 'free_swing, chirp_up'),
        (['--robot', 'furuuta'], 'furuta, qube_servo_2'),
        (['--bag', str(tmp_path)], 'exists already'),
        (['--plant', 'real', '--port', 'emulator'], 'give --enable'),
    ]:
        done = capture(*arguments)
        assert done.returncode == 2 and message in done.stdout + done.stderr
        assert 'Traceback' not in done.stderr

# SPDX-License-Identifier: Apache-2.0
"""`--backend robot` as a user runs it: a plant in one environment, the trainer in the other."""

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from furuta_bringup.stack import NodeSpec, RealArguments, SimArguments, real_stack, sim_stack
from furuta_bringup.testing import pure_environment
from furuta_description import ros
from furuta_description.training_environment import PYTHON, find_checkout

CHECKOUT = find_checkout(Path(__file__))
TRAIN = str(CHECKOUT / PYTHON)
ALONE = {'controller': 'none', 'twin': False}
ON_ROBOT = ('--backend', 'robot', '--trainer', 'skrl', '--algorithm', 'SAC')
PATIENCE = 240  # [s]


def command(module, *arguments):
    ros_there = {'AMENT_PREFIX_PATH': os.environ.get('AMENT_PREFIX_PATH', '')}
    environment = pure_environment(os.environ, CHECKOUT) | ros_there
    words = [TRAIN, '-P', '-m', f'furuta_rl.{module}', *arguments]
    return {'args': words, 'env': environment, 'text': True}


def evaluate(*arguments):
    given = command('evaluate', '--backend', 'robot', *arguments)
    return subprocess.run(**given, capture_output=True, timeout=PATIENCE)


@pytest.mark.slow
def test_shipped_policy_succeeds_and_comes_back_to_rest_for_the_next_episode(start, tmp_path):
    start(*sim_stack(SimArguments(**ALONE)))
    file = tmp_path / 'figures.json'
    for _ in range(3):
        done = evaluate('--episodes', '2', '--json', str(file))
        assert done.returncode == 0, done.stdout + done.stderr
        if re.search(r' 0 control steps\s+missed', done.stdout):
            break  # else the machine stood still, which tells nothing of the suite
    figures = json.loads(file.read_text())
    assert figures['success']['hits'] == figures['success']['count'] == 2, done.stdout
    assert figures['time_to_upright_median'] < 4.0


@pytest.mark.slow
def test_killed_training_leaves_the_motor_off_and_goes_on(probe, start, tmp_path):
    installed = subprocess.run([TRAIN, '-c', 'import skrl, torch'], capture_output=True)
    if installed.returncode:
        pytest.skip('no torch: ./furuta test --with-skrl installs it')
    start(*sim_stack(SimArguments(**ALONE)))
    probe.wait_for_plant()
    probe.node.destroy_publisher(probe.commands)  # or it would count as a second controller
    small = ('--skrl.iterations', '5', '--episode', '2', '--validate-every', '0')
    short = ('--evaluation-episodes', '1', '--runs', str(tmp_path))
    training = subprocess.Popen(
        **command('train', *ON_ROBOT, *small, *short), start_new_session=True
    )
    probe.wait(lambda: len([*tmp_path.glob('*/*/episodes/*')]) >= 3, 'three episodes', PATIENCE)
    os.killpg(training.pid, signal.SIGKILL)
    killed = time.time()
    training.wait()
    assert probe.driven_after(killed) < 0.5  # of a busy machine; an episode goes on for longer
    names = lambda: probe.node.get_publishers_info_by_topic(ros.COMMANDS)  # noqa: E731
    probe.wait(lambda: not names(), 'the node ended by itself')
    folder = next(tmp_path.glob('*/*'))
    done = subprocess.run(
        **command('train', '--resume', str(folder), *short), capture_output=True, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stdout + done.stderr
    rows = (folder / 'metrics.csv').read_text().splitlines()[1:]
    assert [row.split(',')[0] for row in rows] == ['1', '2', '3', '4', '5']
    assert (folder / 'policy.onnx').exists()
    assert json.loads((folder / 'evaluation.json').read_text())['success']['count'] == 1


@pytest.mark.slow
def test_second_controller_wrong_robot_and_no_plant_are_refused(start):
    done = evaluate()
    assert done.returncode == 2 and 'no plant is heard: start one' in done.stderr
    plant = start(*sim_stack(SimArguments(**ALONE)))
    done = evaluate('--robot', 'qube_servo_2')
    assert done.returncode == 2 and 'another robot than the one asked for' in done.stderr
    start(NodeSpec('furuta_rl', 'classical_node', {'robot': 'furuta'}))
    time.sleep(2.0)
    done = evaluate()
    assert done.returncode == 2 and 'classical_node commands the motor' in done.stderr
    assert plant.poll('sim_node') is None


@pytest.mark.slow
def test_emulated_robot_is_enabled_if_asked_but_not_after_somebody_stopped_it(
    probe, start, tmp_path
):
    start(*real_stack(RealArguments(port='emulator', **ALONE)))
    probe.wait_for_plant()
    probe.node.destroy_publisher(probe.commands)
    file = tmp_path / 'figures.json'
    chosen = ('--backend', 'robot', '--enable', '--episodes', '2', '--json', str(file))
    given = command('evaluate', *chosen)
    judged = subprocess.Popen(**given, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        probe.wait(lambda: probe.voltage != 0.0, 'enabled, and an episode', 60)
        assert probe.switch(ros.ENABLE, False).success
        text = ''
        while 'motor off: enable it on the page' not in text:
            line = judged.stdout.readline()
            assert line, text
            text += line
        probe.motor_states.clear()
        time.sleep(2.5)
        assert {m.voltage for m in probe.motor_states} == {0.0}
        assert probe.switch(ros.ENABLE, True).success
        text += judged.communicate(timeout=PATIENCE)[0]
        assert judged.returncode == 0, text
    finally:
        judged.kill()
        judged.wait()
    assert 'episode 1 ended by a fault: switched off' in text
    figures = json.loads(file.read_text())
    assert (figures['success']['hits'], figures['success']['count']) == (1, 2), text

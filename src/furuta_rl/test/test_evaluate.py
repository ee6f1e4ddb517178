# SPDX-License-Identifier: Apache-2.0
"""The command evaluate: what it prints and writes, what it refuses, how it stops."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from furuta_description.randomization import PRESETS
from furuta_rl.episodes import Episodes
from furuta_rl.evaluate import main
from furuta_rl.evaluating.contest import longest_step
from furuta_rl.evaluating.plots import telling

FAST = ('--backend', 'mujoco', '--cache', 'None')  # nothing to compile


def test_shipped_policy_is_judged_with_figures_and_picture(tmp_path, capsys) -> None:
    file, picture = tmp_path / 'new' / 'figures.json', tmp_path / 'picture.png'
    arguments = ['--episodes', '12', *FAST, '--json', str(file), '--plot', str(picture)]
    assert main(arguments) == 0
    figures = json.loads(file.read_text())
    assert figures['success']['count'] == 12
    assert figures['left_arm_limit'] + figures['never_up'] + figures['fell'] == (
        12 - figures['success']['hits']
    )
    assert figures['options']['randomization'] == 'default'
    assert figures['controller'].endswith('furuta.onnx')
    assert picture.read_bytes().startswith(b'\x89PNG')
    printed = capsys.readouterr().out
    assert re.search(r'success.*% \(.* to .*\) of 12', printed)


def test_grid_has_a_cell_for_every_delay_and_spread(tmp_path, capsys) -> None:
    file, picture = tmp_path / 'figures.json', tmp_path / 'picture.svg'
    arguments = ['--grid', '--delays', '0', '0.1', '--spreads', '0', '0.1', '--episodes', '3']
    arguments += ['--randomization', 'none', '--json', str(file), '--plot', str(picture)]
    assert main([*arguments, *FAST]) == 0
    cells = json.loads(file.read_text())['cells']
    assert [(cell['delay'], cell['spread']) for cell in cells] == [
        (0.0, 0.0), (0.0, 0.1), (0.1, 0.0), (0.1, 0.1),
    ]  # fmt: skip
    hits = [cell['success']['hits'] for cell in cells]
    assert hits[0] == 3 and hits[2] == hits[3] == 0  # no policy balances at 100 ms
    assert cells[3]['pendulum_rms'] is None  # JSON has no NaN
    assert '<svg' in picture.read_text()
    assert '100 ms' in capsys.readouterr().out


@pytest.mark.slow
def test_classical_controller_is_judged_among_the_solvable(tmp_path) -> None:
    file = tmp_path / 'figures.json'
    arguments = ['--controller', 'classical', '--judge', '--episodes', '20']
    assert main([*arguments, '--cache', 'None', '--json', str(file)]) == 0
    figures = json.loads(file.read_text())
    assert figures['control_rate_hz'] == 250
    assert figures['solvable'] == figures['success'] | {
        'hits': 20, 'share': 1.0, 'low': figures['solvable']['low'], 'high': 1.0,
    }  # fmt: skip
    assert figures['success_of_solvable']['count'] == 20


@pytest.mark.parametrize(
    ('arguments', 'reason'),
    [
        ('--policy nowhere.onnx', "no policy 'nowhere.onnx'"),
        ('--policy {folder}/noise.onnx', 'noise.onnx: not a policy'),
        ('--policy {folder}/other.onnx', 'robot hash'),
        ('--robot none', "no robot 'none'"),
        ('--episodes 0', 'at least 1'),
        ('--delay 0.04 0.01', 'shorter one comes'),
        ('--delay 0 9', '0 to 0.2'),
        ('--spread 1.5', '0 to below 1'),
        ('--plot picture.txt', '.png .svg .pdf'),
        ('--plot {folder}/folder.png', 'is a folder'),
        ('--json /proc/none/figures.json', '/proc/none'),
        ('--grid --delay 0 0.01', 'takes --delays'),
        ('--physics-dt 1', '0.0001 to 0.005 s'),
        ('--grid --delays 0.01 0.01', 'different'),
        ('--controller lqr', 'policy'),
        ('--controller classical --policy a.onnx', 'one of them'),
        ('--backend gazebo', 'mujoco'),
    ],
)
def test_mistakes_are_named_at_once(arguments, reason, tmp_path, capsys) -> None:
    from furuta_rl.shipped import shipped_policies

    (tmp_path / 'noise.onnx').write_bytes(b'noise')
    (tmp_path / 'other.onnx').write_bytes(shipped_policies()['qube_servo_2'].read_bytes())
    (tmp_path / 'folder.png').mkdir()
    start = time.monotonic()
    try:
        status = main(arguments.format(folder=tmp_path).split())
    except SystemExit as exit:  # by tyro
        status = exit.code
    printed = capsys.readouterr()
    assert status == 2
    assert reason in ' '.join((printed.out + printed.err).split())
    assert time.monotonic() - start < 10


@pytest.mark.slow
def test_ctrl_c_stops_without_a_traceback(tmp_path) -> None:
    file = tmp_path / 'figures.json'
    command = [sys.executable, '-m', 'furuta_rl.evaluate', '--episodes', '100000']
    process = subprocess.Popen(
        [*command, *FAST, '--json', str(file)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ,
    )
    time.sleep(8)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors == 'stopped\n'
    assert not file.exists()


@pytest.mark.slow
@pytest.mark.parametrize('robot', ['furuta', 'qube_servo_2'])
def test_shipped_policy_does_as_well_on_every_backend(robot, tmp_path) -> None:
    """The same robots, delays and noise, so what differs is the physics alone."""
    success = {}
    for backend in ('analytic', 'mjx', 'mujoco'):
        file = tmp_path / f'{backend}.json'
        arguments = ['--robot', robot, '--backend', backend, '--episodes', '300']
        assert main([*arguments, '--json', str(file), '--cache', 'None']) == 0
        success[backend] = json.loads(file.read_text())['success']['share']
    assert success['mjx'] == pytest.approx(success['analytic'], abs=0.01)
    assert success['mujoco'] == pytest.approx(success['analytic'], abs=0.01)


def test_most_telling_is_what_the_failures_have_in_common() -> None:
    ranges = PRESETS['default']
    random = np.random.default_rng(0)
    from furuta_description.randomization import drawn_names

    names = drawn_names(ranges)
    deviations = random.uniform(-1, 1, (500, len(names)))
    delay = random.uniform(*ranges.delay, 500)
    column = names.index('motor.resistance')
    is_bad = (deviations[:, column] > 0.5) & (delay > 0.01)
    rest = dict.fromkeys(Episodes._fields, None)
    result = Episodes(**rest | {'success': ~is_bad, 'delay': delay, 'deviations': deviations})
    telling_names, drawn = telling(result, ranges)
    assert telling_names[:2] == ['motor.resistance', 'delay']
    np.testing.assert_array_equal(drawn[:, 0], deviations[:, column])
    assert np.abs(drawn[:, 1]).max() <= 1


@pytest.mark.parametrize('rate', [50.0, 200 / 3, 100.0, 250.0, 500.0])
def test_physics_steps_divide_any_control_period(rate: float) -> None:
    for given, at_most in (((), 0.002), ((0.0007,), 0.0007)):
        step = longest_step(rate, *given)
        assert step <= at_most + 1e-9
        assert 1 / rate / step == pytest.approx(round(1 / rate / step))

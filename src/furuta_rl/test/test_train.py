# SPDX-License-Identifier: Apache-2.0
"""The command in processes of its own: killed, stopped and taken up again; what it refuses."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from furuta_rl.policy import load_card
from furuta_rl.ppo import checkpoint
from furuta_rl.train import main

SMALL = (
    *('--robots=64', '--ppo.steps=8', '--ppo.minibatches=2', '--ppo.hidden', '8'),
    *('--ppo.iterations=400', '--rounds=2', '--goal=2', '--seed=7', '--seeds=2'),
    *('--checkpoint-every=20', '--validate-every=280', '--evaluation-episodes=16'),
)


def start(runs: Path, *arguments: str, **variables: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, '-m', 'furuta_rl.train', f'--runs={runs}', *arguments],
        env=os.environ | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> str:
    """Let it come to its end; what it said."""
    output, errors = process.communicate(timeout=300)
    assert process.returncode == 0, output + errors
    return output


@pytest.fixture(scope='module')
def unbroken(tmp_path_factory) -> Path:
    """Folder of a run that came to its end undisturbed."""
    output = finish(start(tmp_path_factory.mktemp('unbroken'), *SMALL))
    return Path(re.search(r'^run +(.+)$', output, re.MULTILINE)[1])


@pytest.fixture
def copy(unbroken, tmp_path) -> Path:
    """A copy of it, to be damaged."""
    return Path(shutil.copytree(unbroken, tmp_path / 'copy'))


def interrupt(
    process: subprocess.Popen[str], runs: Path, number: signal.Signals, iteration: int
) -> Path:
    """Send a signal once the run in a folder has written an iteration; its folder."""
    while process.poll() is None:
        for file in runs.glob('swing_up/*/metrics.csv'):
            if f'\n{iteration},' in file.read_text():
                process.send_signal(number)
                process.wait(timeout=60)
                return file.parent
        time.sleep(0.01)
    raise AssertionError(process.communicate())


def metrics(run: Path) -> tuple[list[str], np.ndarray]:
    """Names and figures of metrics.csv, those of the clock left out."""
    head, *rows = (line.split(',') for line in (run / 'metrics.csv').read_text().splitlines())
    kept = [i for i, name in enumerate(head) if name != 'seconds']
    return [head[i] for i in kept], np.array([[float(row[i]) for i in kept] for row in rows])


@pytest.mark.slow
def test_a_killed_and_resumed_run_is_bit_by_bit_the_unbroken_one(unbroken, tmp_path):
    process = start(tmp_path, *SMALL)
    for iteration in (5, 280, 520):
        run = interrupt(process, tmp_path, signal.SIGKILL, iteration)
        process = start(tmp_path, f'--resume={run}')
    finish(process)
    names, figures = metrics(run)
    expected_names, expected = metrics(unbroken)
    assert names == expected_names and len(figures) == 2 * 800
    np.testing.assert_array_equal(figures, expected)
    assert np.isfinite(figures[:, names.index('success')]).sum() == 3  # after 280, 400, 560
    assert (run / 'policy.onnx').read_bytes() == (unbroken / 'policy.onnx').read_bytes()


@pytest.mark.slow
def test_ctrl_c_saves_says_how_to_go_on_and_loses_nothing(tmp_path):
    process = start(tmp_path, *SMALL)
    run = interrupt(process, tmp_path, signal.SIGINT, 5)
    output, errors = process.communicate()
    assert process.returncode == 130
    assert f'--resume {run}' in errors and 'Traceback' not in output + errors
    saved = checkpoint.load_about(run / 'checkpoint.npz')['iteration']
    assert saved == metrics(run)[1][-1, 0]
    interrupt(start(tmp_path, f'--resume={run}'), tmp_path, signal.SIGTERM, saved + 5)
    iterations = metrics(run)[1][::2, 0]
    assert iterations.tolist() == list(range(1, len(iterations) + 1))


@pytest.mark.slow
def test_a_damaged_checkpoint_costs_one_interval(unbroken, copy):
    newest = copy / 'checkpoint.npz'
    newest.write_bytes(newest.read_bytes()[:1000])
    assert 'not a whole checkpoint' in finish(start(copy, f'--resume={copy}'))
    assert (copy / 'policy.onnx').read_bytes() == (unbroken / 'policy.onnx').read_bytes()
    np.testing.assert_array_equal(metrics(copy)[1], metrics(unbroken)[1])


@pytest.mark.slow
def test_the_best_of_several_seeds_is_exported_with_its_success(unbroken):
    evaluation = json.loads((unbroken / 'evaluation.json').read_text())
    assert evaluation['seeds'].keys() == {'7', '8'}
    assert evaluation['success']['share'] == max(evaluation['seeds'].values())
    card = load_card(unbroken / 'policy.onnx')
    assert card.training['seed'] == evaluation['seed']
    assert card.training['success'] == evaluation['success']['share']
    assert evaluation['control_steps'] == 2 * 800 * 8 * 64
    assert (unbroken / 'evaluation.png').read_bytes().startswith(b'\x89PNG')
    assert 0 < evaluation['training_seconds'] < evaluation['seconds_to_policy']


@pytest.mark.slow
def test_two_devices_share_a_training_and_take_it_up_again(tmp_path):
    two = {'XLA_FLAGS': '--xla_force_host_platform_device_count=2'}
    process = start(tmp_path, *SMALL, **two)
    run = interrupt(process, tmp_path, signal.SIGINT, 5)
    resumed = start(tmp_path, f'--resume={run}', **two)
    interrupt(resumed, tmp_path, signal.SIGINT, len(metrics(run)[1]) // 2 + 5)
    assert resumed.returncode == 130, resumed.communicate()


@pytest.mark.parametrize(
    ('arguments', 'reason'),
    [
        ('--robot none', "no robot 'none'.*furuta, qube_servo_2"),
        ('--backend gazebo', "no backend 'gazebo'.*analytic, mjx"),
        ('--backend mujoco', '--trainer skrl'),
        ('--robots 100', r'multiples of \d+'),
        ('--control-rate-hz 70', 'physics_dt.*must divide'),
        ('--runs config.json', 'config.json.*Not a directory'),
        ('--resume nowhere', 'nowhere: no run'),
    ],
)
def test_mistakes_are_named_and_leave_nothing(arguments, reason, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path('config.json').write_text('{}')
    assert main(arguments.split()) == 2
    errors = capsys.readouterr().err
    assert re.search(f'^error: .*{reason}', errors) and errors.count('\n') == 1
    assert [path.name for path in tmp_path.iterdir()] == ['config.json']


@pytest.mark.parametrize(
    ('arguments', 'reason'),
    [
        ('--taks follow', '--task'),
        ('--task juggle', 'swing_up.*follow'),
        ('--ppo.clip much', 'much'),
        ('--ppo.clip 0', 'PPOConfig.clip is 0.*above 0'),
        ('--task.history 11', 'history must be 0..10'),
        ('--seeds 0', 'seeds is 0.*at least 1'),
    ],
)
def test_typing_errors_end_with_what_is_valid(arguments, reason, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments.split())
    assert ended.value.code == 2
    assert re.search(reason, ' '.join(capsys.readouterr().err.split()))

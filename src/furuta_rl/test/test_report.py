# SPDX-License-Identifier: Apache-2.0
"""The command report: what it writes and prints, what it refuses, how it stops."""

import dataclasses
import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest

from furuta_description.randomization import PRESETS
from furuta_description.robot import load_robot
from furuta_rl.policy import load_card
from furuta_rl.report import main
from furuta_rl.robustness.contest import trained_ranges
from furuta_rl.shipped import shipped_policies


@pytest.fixture(scope='module')
def report(tmp_path_factory):
    """Folder of a quick report of few episodes, and what was printed."""
    folder = tmp_path_factory.mktemp('report')
    command = [sys.executable, '-m', 'furuta_rl.report', '--quick', '--episodes', '8']
    command += ['--out', str(folder), '--curve', str(folder / 'curve.png')]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ)
    assert done.returncode == 0, done.stderr
    return folder, done.stdout


def test_report_says_how_far_both_hold_in_words_and_figures(report) -> None:
    folder, printed = report
    figures = json.loads((folder / 'furuta.report.json').read_text())
    assert re.search(r'99 % .* up to [\d.]+ ms of total delay', figures['headline'])
    assert 'classical' in figures['headline'] and 'supply voltage' in printed
    assert [axis['name'] for axis in figures['axes']] == [
        *('delay', 'jitter', 'dropout', 'friction', 'mass'),
        *('length', 'motor', 'coarseness', 'supply', 'push'),
    ]
    delay = figures['axes'][0]
    ranges = trained_ranges(load_card(shipped_policies()['furuta']), 'furuta')
    assert delay['trained'] == pytest.approx([ranges.delay[0], ranges.longest_delay])
    assert [cell['delay'] for cell in delay['curve']] == [0.0, 0.02, 0.04, 0.06, 0.08]
    cell = delay['curve'][0]['policy']
    assert cell['success']['hits'] == cell['success']['count'] == 8
    assert cell['success']['low'] == pytest.approx(8 / (8 + 1.96**2), abs=1e-4)  # Wilson, k = n
    assert 0 < cell['time_to_upright_median'] < 5 and cell['energy_mean'] > 0
    assert delay['curve'][-1]['classical']['success']['share'] < 0.5
    assert all(axis['map'] == [] for axis in figures['axes'])


def test_page_needs_no_network_and_no_other_file(report) -> None:
    page = (report[0] / 'furuta.report.html').read_text()
    assert not re.search(r'(src|href)="(?!data:)', page) and '@import' not in page
    assert page.count('<img') == 10 and load_robot('furuta').hash[:12] in page
    assert len(page) < 1e6
    assert (report[0] / 'curve.png').read_bytes().startswith(b'\x89PNG')


@pytest.mark.parametrize(
    ('arguments', 'reason'),
    [
        ('--policy nowhere.onnx', "no policy 'nowhere.onnx'"),
        ('--policy {folder}/noise.onnx', 'noise.onnx: not a policy'),
        ('--policy {folder}/other.onnx', 'robot hash'),
        ('--episodes 0', 'at least 1'),
        ('--delay 3', '0 to 0.2'),
        ('--spread 1.5', '0 to below 1'),
        ('--curve curve.txt', '.png .svg .pdf'),
        ('--baseline lqr', 'classical'),
        ('--out /proc/none', '/proc/none'),
    ],
)
def test_mistakes_are_named_before_the_work(arguments, reason, tmp_path, capsys) -> None:
    (tmp_path / 'noise.onnx').write_bytes(b'noise')
    (tmp_path / 'other.onnx').write_bytes(shipped_policies()['qube_servo_2'].read_bytes())
    try:
        status = main([*arguments.format(folder=tmp_path).split(), '--cache', 'None'])
    except SystemExit as exit:  # by tyro
        status = exit.code
    printed = capsys.readouterr()
    assert status == 2
    assert reason in ' '.join((printed.out + printed.err).split())


def test_help_names_the_options_without_the_heavy_libraries() -> None:
    code = (
        'import sys; from furuta_rl.report import main\n'
        'try: main(["--help"])\n'
        'except SystemExit as exit: print(exit.code, "matplotlib" in sys.modules)'
    )
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    assert '--quick' in done.stdout and done.stdout.endswith('0 False\n')


def test_ctrl_c_stops_without_a_traceback_or_a_file(tmp_path) -> None:
    command = [sys.executable, '-m', 'furuta_rl.report', '--episodes', '8', '--out', str(tmp_path)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ
    )
    time.sleep(6)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors == 'stopped\n'
    assert not list(tmp_path.iterdir())


def test_ranges_of_the_training_are_those_of_its_card_or_not_known() -> None:
    card = load_card(shipped_policies()['furuta'])
    named = dataclasses.replace(card, training={'randomization': 'wide'})
    assert trained_ranges(named, 'furuta') == PRESETS['wide']
    assert trained_ranges(dataclasses.replace(card, training={}), 'furuta') is None
    own = dataclasses.replace(PRESETS['default'], push_rate=0.7)
    told = json.loads(json.dumps({'ranges': dataclasses.asdict(own)}))
    assert trained_ranges(dataclasses.replace(card, training=told), 'furuta') == own

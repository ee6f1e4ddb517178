# SPDX-License-Identifier: Apache-2.0
"""The commands identify and validate, as a user calls them."""

import json
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from furuta_description.presets import load_preset
from furuta_description.robot import load_robot
from furuta_sysid import sysid, validate
from furuta_sysid.fit import FitOptions
from furuta_sysid.replay import replay
from furuta_sysid.result import HORIZONS, load_result
from furuta_sysid.sources import read_recordings

CHROMIUM = shutil.which('chromium') or shutil.which('chromium-browser')


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp('identify')


@pytest.fixture
def csv(simulate, folder):
    """A recording of furuta whose voltage the file says 0.3 V too low, and no delay."""
    made, path = simulate('furuta', 6.0), folder / 'made.csv'
    columns = (made.time, made.voltage - 0.3, made.arm_angle, made.pendulum_angle)
    header = 't_s,voltage_V,theta_rad,alpha_rad'
    np.savetxt(path, np.stack(columns, 1), delimiter=',', header=header, comments='')
    return str(path)


@pytest.fixture
def identified(csv, folder):
    out = folder / 'out'
    if not out.exists():
        only = ['motor.voltage_bias', 'delay']
        command = ['identify', csv, '--only', *only, '--restarts', '1', '--out', str(out)]
        assert sysid.main(command) == 0
    return out


@pytest.mark.slow
@pytest.mark.parametrize('moment', ['to fit', 'search 1'])
def test_identify_that_is_stopped_says_how_to_go_on(csv, tmp_path, moment):
    command = [sys.executable, '-u', '-m', 'furuta_sysid.sysid', 'identify', csv, '--out', 'out']
    with (tmp_path / 'told').open('w+') as told:
        run = subprocess.Popen(command, cwd=tmp_path, stdout=told, stderr=subprocess.PIPE)
        while moment not in (tmp_path / 'told').read_text() and not list(tmp_path.glob('out/*')):
            assert run.poll() is None
            time.sleep(0.1)
        run.send_signal(signal.SIGINT)
        assert b'to go on: the same command with --out out' in run.communicate(timeout=60)[1]
    assert run.returncode == 130


@pytest.mark.slow
def test_identify_leaves_a_tuned_robot_and_its_ranges(identified):
    result = load_result(identified / 'sysid_result.json')
    assert result.parameter('motor.voltage_bias').value == pytest.approx(0.3, abs=0.01)
    assert result.delay == pytest.approx(0.0, abs=2e-4)
    tuned = load_robot(identified / 'furuta_tuned.yaml')
    assert tuned.physics.motor.voltage_bias == pytest.approx(0.3, abs=0.01)
    assert load_preset('identified', tuned.file).motor.voltage_bias < 0.1
    assert '+    voltage_bias' in (identified / 'furuta_tuned.diff').read_text()
    assert '<robot' in (identified / 'furuta_tuned.urdf').read_text()
    assert all(error.arm_after < 0.2 * error.arm_before for error in result.errors)
    assert FitOptions(only=('motor.voltage_bias', 'delay'), restarts=1).only == tuple(
        result.options['only']
    )


@pytest.mark.slow
def test_result_is_never_overwritten(identified, csv, capsys):
    assert sysid.main(['identify', csv, '--out', str(identified)]) == 2
    assert 'holds a result already' in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason='needs Chromium: apt-get install -y chromium')
def test_report_needs_no_network_and_opens_without_a_complaint(identified):
    from playwright.sync_api import sync_playwright

    page_file = identified / 'report.html'
    assert 'http' not in page_file.read_text()
    complaints, asked = [], []
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=['--no-sandbox'])
        page = browser.new_page()
        page.on('console', lambda message: complaints.append(message.text))
        page.on('pageerror', lambda error: complaints.append(str(error)))
        page.on('request', lambda request: asked.append(request.url))
        page.goto(page_file.as_uri())
        text = page.inner_text('body')
        broken = page.evaluate('[...document.images].filter(i => !i.naturalWidth).length')
        pictures = page.evaluate('document.images.length')
        browser.close()
    assert not complaints and not broken and pictures == 3  # horizons, recording, correlation
    assert not [url for url in asked if not url.startswith(('file:', 'data:'))]
    for word in ('motor.voltage_bias', 'made', '--validation', 'voltage_bias: {value:'):
        assert word in text


def test_validate_tells_what_a_replay_gives(csv, tmp_path, capsys):
    figures = tmp_path / 'figures.json'
    picture = tmp_path / 'plot.png'
    assert sysid.main(['validate', csv, '--json', str(figures), '--plot', str(picture)]) == 0
    robot = load_robot('furuta')
    (recording,) = read_recordings([validate.Path(csv)], robot)
    expected = replay(robot, recording, HORIZONS)
    told, printed = json.loads(figures.read_text()), capsys.readouterr().out
    assert told['robot_hash'] == robot.hash
    for row, windows in zip(told['recordings'], expected, strict=True):
        assert row['arm_rms'] == pytest.approx(windows.rms[0])
        assert f'{windows.rms[0]:.4f}' in printed
        assert row['pendulum_fit_percent'] == pytest.approx(windows.fit_percent[1])
    assert picture.stat().st_size > 10_000


@pytest.mark.parametrize(
    ('arguments', 'said'),
    [
        (['identify', 'nowhere.csv'], 'does not exist'),
        (['validate', 'nowhere'], 'does not exist'),
        (['identify', 'x.csv', '--restarts', '0'], 'must be at least 1'),
        (['validate', 'x.csv', '--plot', 'x.gif'], 'must end on'),
        (['validate', 'x.csv', '--robot', 'fruta'], "no robot 'fruta'"),
        (['apply', 'nowhere.json'], 'does not exist'),
        (['identfy'], "'identfy' is no command"),
    ],
)
def test_mistake_is_named(arguments, said, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    try:
        assert sysid.main(arguments) == 2
    except SystemExit as end:  # tyro's own
        assert end.code == 2
    assert said in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_unknown_option_is_named(capsys):
    with pytest.raises(SystemExit) as end:
        sysid.main(['validate', 'x.csv', '--robott', 'furuta'])
    assert end.value.code == 2
    assert '--robott' in capsys.readouterr().err


def test_unknown_parameter_is_named_before_any_work(csv, tmp_path, capsys):
    out = tmp_path / 'out'
    assert sysid.main(['identify', csv, '--lock', 'moter', '--out', str(out)]) == 2
    assert "'moter'" in capsys.readouterr().err

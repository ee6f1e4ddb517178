# SPDX-License-Identifier: Apache-2.0
"""Applied robots are found by name, keep what was before, and are undone one by one."""

import pytest

from furuta_description import files
from furuta_description.presets import load_preset, save_ranges
from furuta_description.robot import load_robot
from furuta_sysid import apply
from furuta_sysid.ranges import identified_ranges
from furuta_sysid.result import save_result
from furuta_sysid.tuned_file import tuned_text


@pytest.fixture
def robots(tmp_path, monkeypatch):
    monkeypatch.setattr(files, 'ROBOTS_DIR', tmp_path / 'robots')
    return tmp_path / 'robots'


def identified(folder, result, dead_zone):
    """What `identify` leaves, of which `apply` takes."""
    text = load_robot('furuta').file.read_text()
    folder.mkdir()
    tuned = folder / 'furuta_tuned.yaml'
    tuned.write_text(tuned_text(text, {'physics.motor.dead_zone': dead_zone}, 'test'))
    save_ranges(identified_ranges(result, 0.002), tuned)
    save_result(result, folder / 'sysid_result.json')
    return str(folder)


def dead_zone():
    return load_robot('furuta_tuned').physics.motor.dead_zone


def test_applied_robot_is_one_by_name_and_undone_again(tmp_path, robots, result, capsys):
    first, second = (identified(tmp_path / f'{x}', result, x) for x in (0.3, 0.4))
    assert apply.main([first, '--yes']) == 0
    told = capsys.readouterr().out
    assert '+    dead_zone: {value: 0.3' in told and '-    dead_zone: {value: 0.25' in told
    assert 'furuta train --robot furuta_tuned --randomization identified' in told
    assert dead_zone() == 0.3
    assert load_preset('identified', 'furuta_tuned') == identified_ranges(result, 0.002)
    assert apply.main([second, '--yes']) == 0
    assert '-    dead_zone: {value: 0.3' in capsys.readouterr().out  # against the one in use
    assert dead_zone() == 0.4
    assert apply.main([second, '--undo']) == 0
    assert dead_zone() == 0.3
    assert apply.main([second, '--undo']) == 0
    assert files.own_names() == []
    with pytest.raises(FileNotFoundError, match='never applied'):
        apply.main([second, '--undo'])


def test_nothing_changes_unless_agreed(tmp_path, robots, result, monkeypatch):
    folder = identified(tmp_path / 'r', result, 0.3)
    with pytest.raises(ValueError, match='--yes'):
        apply.main([folder])
    monkeypatch.setattr('sys.stdin.isatty', lambda: True, raising=False)
    monkeypatch.setattr('builtins.input', lambda _: 'n')
    assert apply.main([folder]) == 1
    assert not robots.exists()

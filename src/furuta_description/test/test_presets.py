# SPDX-License-Identifier: Apache-2.0
"""Presets by name, and the user's own robots."""

import shutil
from dataclasses import replace

import pytest

from furuta_description import files
from furuta_description.files import CONFIG_DIR, RobotError, robot_file
from furuta_description.presets import load_preset, ranges_file, save_ranges
from furuta_description.randomization import PRESETS, MotorRanges


@pytest.fixture
def tuned(tmp_path, monkeypatch):
    """A robot of the user's own, `tuned`, its file without ranges."""
    monkeypatch.setattr(files, 'ROBOTS_DIR', tmp_path)
    return shutil.copy(CONFIG_DIR / 'furuta.yaml', tmp_path / 'tuned.yaml')


def test_identified_ranges_are_read_back_as_they_were_written(tuned):
    ranges = replace(PRESETS['default'], motor=MotorRanges(resistance=0.03), delay=(0.008, 0.022))
    save_ranges(ranges, tuned)
    assert load_preset('identified', 'tuned') == load_preset('identified', tuned) == ranges
    assert load_preset('wide', 'tuned') == PRESETS['wide']


def test_robot_without_identified_ranges_is_told_how_to_get_them(tuned):
    with pytest.raises(ValueError, match=r'tuned\.ranges\.json is not there.*sysid identify'):
        load_preset('identified', 'tuned')
    with pytest.raises(ValueError, match='has no identified ranges'):
        load_preset('identified', 'furuta')
    ranges_file(tuned).write_text('{"gravity": "much"}')
    with pytest.raises(ValueError, match=r'gravity.*sysid apply'):
        load_preset('identified', 'tuned')


def test_own_robots_are_found_by_name_and_take_no_name_that_is_in_use(tuned):
    assert robot_file('tuned') == tuned.resolve()
    shutil.copy(tuned, tuned.with_name('furuta.yaml'))
    assert robot_file('furuta') == CONFIG_DIR / 'furuta.yaml'
    with pytest.raises(RobotError, match='furuta, qube_servo_2, tuned'):
        robot_file('other')

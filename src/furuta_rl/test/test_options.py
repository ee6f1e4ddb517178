# SPDX-License-Identifier: Apache-2.0
"""Every choice can be made on the command line, is stored, and comes back the same."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from furuta_description.files import robot_file
from furuta_description.presets import IDENTIFIED, save_ranges
from furuta_description.randomization import PRESETS
from furuta_rl.evaluating.options import parse as parse_evaluation
from furuta_rl.task import TASKS, FollowTask
from furuta_rl.training.options import (
    Choice,
    RunError,
    differences,
    from_json,
    load_config,
    parse,
    to_json,
)


def store(folder: Path, arguments: list[str]) -> Path:
    """A run folder that holds nothing but its options."""
    config = {'options': to_json(parse(arguments)), 'robot': {'name': 'furuta', 'hash': 'x'}}
    (folder / 'config.json').write_text(json.dumps(config))
    return folder


def test_nested_choices_are_reached():
    line = (
        '--backend mjx --task follow --task.fall-angle 0.5 --randomization wide --robots 64 '
        '--ranges.arm.mass 0.2 --ranges.delay 0 0.01 --ppo.hidden 16 16 16 --episode 4'
    )
    options = parse(line.split())
    assert options.env.backend == 'mjx' and options.env.episode == 4
    assert isinstance(options.task, FollowTask) and options.task.fall_angle == 0.5
    assert options.ranges.arm.mass == 0.2 and options.ranges.delay == (0, 0.01)
    assert options.ranges.pendulum == PRESETS['wide'].pendulum
    assert options.ppo.hidden == (16, 16, 16) and options.robots == 64


def test_every_task_and_randomization_can_be_named():
    hints = get_type_hints(Choice)
    assert set(get_args(hints['task_name'])) == TASKS.keys()
    assert set(get_args(hints['randomization'])) == {*PRESETS, IDENTIFIED}


@pytest.mark.parametrize(
    'arguments', [[], ['--task', 'follow', '--task.history', '3', '--cache', 'None']]
)
def test_stored_options_come_back_the_same(tmp_path, arguments):
    folder = store(tmp_path, arguments)
    back = from_json(load_config(folder)['options'], folder)
    assert list(differences(to_json(back), to_json(parse(arguments)))) == [
        f'resume = {folder}, not None'
    ]
    assert type(back.task) is type(parse(arguments).task)


def test_a_run_goes_on_with_the_options_it_has(tmp_path):
    folder = store(tmp_path, ['--task', 'follow', '--ppo.clip', '0.1'])
    options = parse(['--resume', str(folder)])
    assert options.resume == folder and options.ppo.clip == 0.1
    assert isinstance(options.task, FollowTask)


def test_a_run_does_not_go_on_with_other_options(tmp_path):
    folder = store(tmp_path, ['--ppo.clip', '0.1'])
    with pytest.raises(RunError, match=r'ppo.steps = 8, not 16; ppo.clip = 0.3, not 0.1'):
        parse(['--resume', str(folder), '--ppo.clip', '0.3', '--ppo.steps', '8'])
    with pytest.raises(RunError, match='task_name = follow, not swing_up'):
        parse(['--resume', str(folder), '--task', 'follow'])


def test_what_changes_no_training_may_be_given_anew(tmp_path):
    folder = store(tmp_path, [])
    options = parse(['--resume', str(folder), '--evaluation-episodes', '7', '--cache', 'None'])
    assert options.evaluation_episodes == 7 and options.cache is None


@pytest.mark.parametrize('content', ['', '[]', '{"options": {}}', '{"options"'])
def test_a_folder_that_is_no_run_is_refused(tmp_path, content):
    with pytest.raises(RunError, match=r'no config\.json'):
        load_config(tmp_path)
    (tmp_path / 'config.json').write_text(content)
    with pytest.raises(RunError, match=r'config\.json'):
        load_config(tmp_path)


def test_options_of_another_version_are_refused(tmp_path):
    stored = to_json(parse([]))
    del stored['ppo']['clip']
    with pytest.raises(RunError, match=r'another version.*clip'):
        from_json(stored, tmp_path)


def test_identified_takes_the_ranges_beside_the_robot_file(tmp_path):
    robot = tmp_path / 'mine.yaml'
    shutil.copy(robot_file('furuta'), robot)
    ranges = replace(PRESETS['default'], gravity=0.05)
    save_ranges(ranges, robot)
    chosen = ['--robot', str(robot), '--randomization', 'identified']
    assert parse(chosen).ranges == ranges
    assert parse_evaluation(chosen).ranges == ranges
    with pytest.raises(ValueError, match='has no identified ranges'):
        parse(['--randomization', 'identified'])

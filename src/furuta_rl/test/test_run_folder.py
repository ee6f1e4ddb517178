# SPDX-License-Identifier: Apache-2.0
"""A run has a folder of its own, which only one process writes to."""

import json
import math
from dataclasses import replace

import pytest

from furuta_description.robot import load_robot
from furuta_rl.training import run_folder
from furuta_rl.training.options import RunError, parse
from furuta_rl.training.run_folder import open_run

ROBOT = load_robot('furuta')


@pytest.fixture
def options(tmp_path):
    return replace(parse([]), runs=tmp_path)


def train(run):
    run.metrics.write_text('iteration\n1\n')


def test_runs_that_start_together_have_folders_of_their_own(options, monkeypatch):
    monkeypatch.setattr(run_folder.time, 'strftime', lambda _: 'now')
    with open_run(options, ROBOT) as one, open_run(options, ROBOT) as other:
        names = [one.folder.name, other.folder.name]
    assert names == ['now', 'now_2']


def test_config_tells_what_was_run_with_what(options):
    with open_run(options, ROBOT) as run:
        config = json.loads(run.config.read_text())
    assert config['options']['ppo']['clip'] == options.ppo.clip
    assert config['robot']['hash'] == ROBOT.hash
    assert {'python', 'jax', 'numpy'} <= config['versions'].keys()
    assert config['git'].keys() == {'hash', 'dirty'}


def test_two_processes_do_not_train_in_one_folder(options):
    with open_run(options, ROBOT) as run:
        train(run)
        again = replace(options, resume=run.folder)
        with pytest.raises(RunError, match='another process'), open_run(again, ROBOT):
            pass
    with open_run(again, ROBOT):
        pass


def test_a_changed_robot_is_refused(options):
    with open_run(options, ROBOT) as run:
        train(run)
    heavier = ROBOT.with_values({'physics.arm.mass': 2 * ROBOT.physics.arm.mass})
    with (
        pytest.raises(RunError, match='other numbers'),
        open_run(replace(options, resume=run.folder), heavier),
    ):
        pass


def test_a_failure_before_the_first_iteration_leaves_no_trace(options):
    with pytest.raises(ZeroDivisionError), open_run(options, ROBOT):
        raise ZeroDivisionError
    assert list((options.runs / 'swing_up').iterdir()) == []


def test_a_failure_later_leaves_the_run(options):
    with pytest.raises(ZeroDivisionError), open_run(options, ROBOT) as run:
        train(run)
        raise ZeroDivisionError
    assert run.config.exists() and run.metrics.exists()


def test_what_a_killed_process_had_half_written_is_gone_when_it_goes_on(options):
    with open_run(options, ROBOT) as run:
        train(run)
    half = run.folder / '.checkpoint.npz.x7f'
    half.write_bytes(b'half')
    with open_run(replace(options, resume=run.folder), ROBOT):
        assert not half.exists() and run.metrics.exists()


def test_what_is_no_number_is_null_in_json(options):
    with open_run(options, ROBOT) as run:
        run.write(run.evaluation, {'time': math.nan, 'success': {'share': 0.5, 'low': math.nan}})
        figures = json.loads(run.evaluation.read_text(), parse_constant=pytest.fail)
    assert figures == {'time': None, 'success': {'share': 0.5, 'low': None}}

# SPDX-License-Identifier: Apache-2.0
"""A rehearsal without its topics: what is met, what counts as held, which bags are kept."""

import math

import pytest

from furuta_bringup import rehearse
from furuta_bringup.outcome import judge
from furuta_bringup.processes import StackError
from furuta_bringup.rehearsal_config import RehearsalConfig
from furuta_hardware.plant_file import load_plant

HELD = {
    'elapsed': 10.02,
    'time_to_upright': 1.5,
    'upright_for': 8.5,
    'falls': 0,
    'arm_min': -1.0,
    'arm_max': 1.9,
    'gaps': 0,
    'control_rate_hz': 50.0,
    'missed_steps': 0.0,
    'late_steps': 0.0,
    'problems': {},
}


@pytest.mark.parametrize(
    ('figures', 'success'),
    [
        ({}, True),
        ({'upright_for': 5.021}, True),
        ({'upright_for': 5.01}, False),  # not upright all through the last 5 s of 10 s
        ({'upright_for': 0.0}, False),
        ({'arm_min': -math.radians(119)}, True),
        ({'arm_min': -math.radians(121)}, False),
    ],
)
def test_criterion_is_that_of_the_evaluation(figures, success):
    assert judge('plant', HELD | figures).success == success


def test_loop_is_held_up_by_gaps_and_from_2_percent_of_late_or_missed_steps_on():
    assert not judge('plant', HELD | {'late_steps': 10.0}).is_held_up  # of 500
    assert judge('plant', HELD | {'late_steps': 11.0}).is_held_up
    assert judge('plant', HELD | {'late_steps': 6.0, 'missed_steps': 5.0}).is_held_up
    assert judge('plant', HELD | {'gaps': 1}).is_held_up
    assert not judge('plant', HELD | {'late_steps': 40.0, 'control_rate_hz': 200.0}).is_held_up
    assert not judge('plant', HELD | {'late_steps': None, 'control_rate_hz': None}).is_held_up


def test_same_seed_draws_the_same_plants_and_a_folder_gives_them_back(tmp_path):
    drawn = rehearse.prepare(RehearsalConfig(plants='3', seed=4), tmp_path / 'a')
    given = RehearsalConfig(plants=str(tmp_path / 'a' / 'plants'))
    again = rehearse.prepare(given, tmp_path / 'b')
    assert [file.name for file in drawn] == [f'plant_00{n}.yaml' for n in range(3)]
    assert [load_plant(file) for file in drawn] == [load_plant(file) for file in again]
    one = RehearsalConfig(plants=str(drawn[1]))
    assert [f.name for f in rehearse.prepare(one, tmp_path / 'c')] == ['plant_001.yaml']


def test_mistake_is_told_before_anything_is_made(tmp_path):
    for plants, message in [
        ('0', 'how many to draw'),
        ('none', 'how many to draw'),
        (str(tmp_path), 'how many to draw'),
    ]:
        with pytest.raises(ValueError, match=message):
            rehearse.prepare(RehearsalConfig(plants=plants), tmp_path / 'new')
    with pytest.raises(ValueError, match='exists already'):
        rehearse.prepare(RehearsalConfig(plants='1'), tmp_path)
    other = tmp_path / 'qube.yaml'
    other.write_text('robot: qube_servo_2\nvalues: {physics.gravity: 9.8}\n')
    with pytest.raises(ValueError, match='give --robot qube_servo_2'):
        rehearse.prepare(RehearsalConfig(plants=str(other)), tmp_path / 'new')
    assert not (tmp_path / 'new').exists()


def test_plant_is_met_again_if_it_fell_silent_or_this_machine_was_too_busy(tmp_path):
    def encounter(file, bag):
        bag.mkdir()  # fails if the one before is still there
        last = next(course)
        if last == 'silent':
            raise StackError('no joint states')
        return judge(file.stem, HELD | {'late_steps': 100.0 if last == 'busy' else 0.0})

    def meet(again, bag):
        return rehearse.patiently(encounter, again, lines.append)(tmp_path / 'a', tmp_path / bag)

    lines, course = [], iter(['silent', 'busy', 'fine', 'busy', 'busy', 'silent'])
    assert meet(2, '1').attempts == 3 and len(lines) == 1
    given_up = meet(1, '2')
    assert given_up.attempts == 2 and given_up.is_held_up
    with pytest.raises(StackError, match='no joint states'):
        meet(0, '3')


def test_failures_and_the_slowest_keep_their_bags(tmp_path):
    times = {'a': 1.0, 'b': 4.0, 'c': None, 'd': 3.0, 'e': 2.0}

    def encounter(file, bag):
        bag.mkdir(parents=True)
        taken = times[file.stem]
        figures = HELD | {'time_to_upright': taken, 'upright_for': 8.5 if taken else 0.0}
        return judge(file.stem, figures)

    files = [tmp_path / f'{name}.yaml' for name in times]
    outcomes = list(rehearse.meet(files, tmp_path, 2, encounter))
    assert [o.plant for o in outcomes if not o.success] == ['c']
    assert sorted(path.name for path in (tmp_path / 'worst').iterdir()) == ['b', 'c', 'd']

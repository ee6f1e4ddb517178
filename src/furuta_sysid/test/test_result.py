# SPDX-License-Identifier: Apache-2.0
"""Results come back as they were written, and what is none is named."""

from dataclasses import replace

import pytest

from furuta_description.randomization import PRESETS
from furuta_description.robot import load_robot
from furuta_sysid.ranges import FLOOR, HOST_DELAY, identified_ranges
from furuta_sysid.result import ResultError, load_result, save_result
from furuta_sysid.verdict import judge, warnings

DEFAULT = PRESETS['default']


def test_result_comes_back_as_it_was_written(result, tmp_path):
    save_result(result, tmp_path / 'r.json')
    assert load_result(tmp_path / 'r.json') == result
    assert result.tuned(load_robot('furuta')).timing.torque_delay == 0.012


@pytest.mark.parametrize('text', ['', '{}', '[1]', '{"robot": 3}'])
def test_file_that_is_no_result_is_named(tmp_path, text):
    (tmp_path / 'r.json').write_text(text)
    with pytest.raises(ResultError, match=r'r\.json: not a result'):
        load_result(tmp_path / 'r.json')


def test_result_of_another_robot_is_refused(result):
    with pytest.raises(ResultError, match='not the robot'):
        result.tuned(load_robot('qube_servo_2'))


def test_ranges_are_the_intervals_and_what_is_unknown_keeps_the_usual_one(result):
    ranges = identified_ranges(result, 0.002)
    assert ranges.motor.dead_zone == pytest.approx(0.06 / 0.3)  # the longer half of the interval
    assert ranges.delay == pytest.approx((0.012, 0.016 + HOST_DELAY))
    unknown = replace(ranges, motor=replace(ranges.motor, dead_zone=0.1), delay=DEFAULT.delay)
    assert unknown == DEFAULT


def test_narrow_interval_keeps_a_floor(result):
    sure = replace(result.parameters[0], low=0.2999, high=0.3001)
    assert identified_ranges(replace(result, parameters=(sure,)), 0.0).motor.dead_zone == FLOOR


def test_verdict_follows_the_errors_of_what_was_kept_out(result):
    assert judge(result).kind == 'good'
    assert 'has not seen' in judge(result).text
    assert judge(replace(result, is_model_right=False)).kind == 'good'
    little = tuple(replace(e, arm_after=0.15, pendulum_after=0.08) for e in result.errors)
    assert judge(replace(result, is_model_right=False, errors=little)).kind == 'fair'
    same = tuple(replace(e, pendulum_after=1.01 * e.pendulum_before) for e in result.errors)
    same = tuple(replace(e, arm_after=0.99 * e.arm_before) for e in same)
    assert 'As good as' in judge(replace(result, is_model_right=False, errors=same)).text
    worse = tuple(replace(e, pendulum_after=0.11) for e in result.errors)
    assert judge(replace(result, errors=worse)).kind == 'bad'


def test_warnings_name_each_pair_once_and_the_missing_judge(result):
    told = warnings(result)
    assert sum('arm.viscous and motor.dead_zone can hardly be told' in text for text in told) == 1
    assert any('--validation' in text for text in told)

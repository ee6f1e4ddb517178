# SPDX-License-Identifier: Apache-2.0
"""Which policy is run where none, or one, is asked for."""

import shutil

import pytest

from furuta_description.files import CONFIG_DIR, robot_file, robot_names
from furuta_description.robot import load_robot
from furuta_rl import shipped
from furuta_rl.policy_controller import PolicyController
from furuta_rl.shipped import policy_file


@pytest.fixture
def one_shipped(tmp_path, monkeypatch):
    file = tmp_path / 'furuta.onnx'
    file.touch()
    monkeypatch.setattr(shipped, 'POLICY_DIR', tmp_path)
    return file


def test_robot_gets_its_own_by_name_or_by_its_file(one_shipped):
    assert policy_file('furuta', '') == one_shipped
    assert policy_file(robot_file('furuta'), '') == one_shipped


def test_file_asked_for_comes_first(one_shipped, tmp_path):
    other = tmp_path / 'other.onnx'
    other.touch()
    assert policy_file('furuta', str(other)) == other
    with pytest.raises(ValueError, match=r"no policy 'none\.onnx'"):
        policy_file('furuta', 'none.onnx')


def test_robot_without_one_is_told_who_has_one_and_what_to_do(one_shipped, tmp_path):
    own = tmp_path / 'furuta.yaml'
    shutil.copy(CONFIG_DIR / 'furuta.yaml', own)
    for robot in ('qube_servo_2', own):
        with pytest.raises(ValueError, match='controller:=classical') as error:
            policy_file(robot, '')
        assert 'there is one for: furuta' in str(error.value)
        assert f'./furuta train --robot {robot}' in str(error.value)


@pytest.mark.parametrize('robot', robot_names())
def test_every_robot_comes_with_a_policy_that_fits(robot):
    PolicyController(policy_file(robot, ''), load_robot(robot))

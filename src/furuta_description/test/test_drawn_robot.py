# SPDX-License-Identifier: Apache-2.0
"""The robot that a plant is: nominal, or a series of others."""

import json

import pytest

from furuta_description.drawn_robot import DrawnRobot, values_of
from furuta_description.randomization import PRESETS
from furuta_description.robot import load_robot

ROBOT = load_robot('furuta')


def masses(drawn: DrawnRobot, count: int) -> list[float]:
    found = []
    for _ in range(count):
        found.append(drawn.robot.physics.pendulum.mass)
        drawn.number += 1
    return found


def test_same_seed_gives_the_same_series_and_another_seed_another() -> None:
    once = masses(DrawnRobot(ROBOT, 'wide', 7), 5)
    assert len(set(once)) == 5
    assert masses(DrawnRobot(ROBOT, 'wide', 7), 3) == once[:3]
    assert masses(DrawnRobot(ROBOT, 'wide', 8), 3) != once[:3]
    again = DrawnRobot(ROBOT, 'wide', 1)
    again.restart(7)
    again.number += 1  # the reset
    assert masses(again, 5) == once


def test_drawn_numbers_are_within_the_ranges_and_the_rest_is_the_robot_files() -> None:
    drawn = DrawnRobot(ROBOT, 'wide', 3)
    ranges = PRESETS['wide']
    for drawn.number in range(50):
        robot = drawn.robot
        assert abs(robot.physics.pendulum.mass / ROBOT.physics.pendulum.mass - 1) <= 0.3
        assert ranges.delay[0] <= robot.timing.link_delay <= ranges.delay[1]
        assert robot.safety == ROBOT.safety and robot.sensors == ROBOT.sensors
        assert all(isinstance(v, float | list) for v in values_of(robot.physics).values())


def test_none_is_the_robot_file() -> None:
    drawn = DrawnRobot(ROBOT, 'none', 3)
    drawn.number += 1
    assert drawn.robot is ROBOT and not drawn.is_drawn


def test_what_was_drawn_makes_the_same_robot_again() -> None:
    drawn = DrawnRobot(ROBOT, 'default', 3)
    told = json.loads(drawn.text())
    assert (told['randomization'], told['seed'], told['number']) == ('default', 3, 0)
    values = told['values'] | {'safety.voltage_limit': 1.0}  # has to fit the drawn supply
    assert ROBOT.with_values(values).physics == drawn.robot.physics


def test_unknown_preset_is_named_with_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"'wild': must be one of none, default, wide, identif"):
        DrawnRobot(ROBOT, 'wild', 0)

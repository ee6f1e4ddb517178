# SPDX-License-Identifier: Apache-2.0
"""Robot files: what they hold comes out, and what is wrong in one stops with a useful message."""

import copy
from pathlib import Path

import numpy as np
import pytest
import yaml

from furuta_description.files import RobotError, robot_file, robot_names
from furuta_description.robot import Robot, load_robot

GOOD = yaml.safe_load(robot_file('furuta').read_text())


def load_changed(tmp_path: Path, key: str, entry: object) -> Robot:
    """Load the furuta with one entry of its file replaced, or taken out if `entry` is None."""
    document = copy.deepcopy(GOOD)
    *groups, last = key.split('.')
    node = document
    for group in groups:
        node = node[group]
    if entry is None:
        del node[last]
    else:
        node[last] = entry
    file = tmp_path / 'changed.yaml'
    file.write_text(yaml.safe_dump(document))
    return load_robot(file)


def quantity(value: object, unit: str) -> dict[str, object]:
    return {'value': value, 'unit': unit, 'source': 'test'}


@pytest.mark.parametrize('name', robot_names())
def test_every_quantity_has_a_value_a_unit_and_a_source(name: str) -> None:
    quantities = list(load_robot(name).quantities())
    assert len(quantities) > 50
    for path, value, unit, source in quantities:
        assert np.all(np.isfinite(value)), path
        assert isinstance(unit, str) and source.strip(), path


@pytest.mark.parametrize(
    ('key', 'entry', 'words'),
    [
        ('physics.arm.colour', quantity(1, 'm'), ['physics.arm', 'colour', 'length', 'mass']),
        ('extra', {}, ['top level', 'extra', 'physics']),
        ('physics.arm.mass', None, ['physics.arm.mass', 'missing']),
        ('safety', None, ['safety', 'missing']),
        ('physics.arm.mass', quantity(59.2, 'g'), ['physics.arm.mass', 'kg', 'not g']),
        ('physics.arm.mass', quantity(-0.1, 'kg'), ['physics.arm.mass', 'greater than 0', '-0.1']),
        ('physics.arm.mass', quantity('heavy', 'kg'), ['physics.arm.mass', 'number', 'heavy']),
        ('physics.arm.mass', quantity(float('nan'), 'kg'), ['physics.arm.mass', 'finite']),
        ('physics.arm.mass', 0.1, ['physics.arm.mass', 'value', 'unit: kg', 'source']),
        ('physics.arm.mass', {**quantity(1, 'kg'), 'source': ' '}, ['arm.mass', 'source']),
        ('physics.arm', 3, ['physics.arm', 'group', 'length']),
        ('physics.arm.center_of_mass', quantity([0, 0], 'm'), ['arm.center_of_mass.2', 'missing']),
        ('sensors.arm_counts', quantity(10.5, 'counts/rev'), ['sensors.arm_counts', 'integer']),
        (
            'physics.arm.inertia',
            quantity([1e-6, 1e-6, 1e-3, 0, 0, 0], 'kg m^2'),
            ['physics.arm.inertia', 'triangle inequality', 'sum of the other two'],
        ),
        (
            'physics.pendulum.inertia',
            quantity([1e-6, 1e-6, 1e-6, 2e-6, 0, 0], 'kg m^2'),
            ['physics.pendulum.inertia', 'positive'],
        ),
        (
            'physics.arm.friction.static',
            quantity(0.0, 'N m'),
            ['physics.arm.friction.static', 'at least coulomb'],
        ),
        (
            'physics.motor.gear_gain_backdriven',
            quantity(0.5, '1'),
            ['gear_gain_backdriven', 'at least gear_gain_driving'],
        ),
        ('safety.voltage_limit', quantity(13.0, 'V'), ['safety.voltage_limit', 'supply_voltage']),
        ('safety.arm_soft_limit', quantity(3.0, 'rad'), ['safety.arm_soft_limit', 'arm_limit']),
    ],
)
def test_error_names_file_key_and_what_is_valid(
    tmp_path: Path, key: str, entry: object, words: list[str]
) -> None:
    with pytest.raises(RobotError) as error:
        load_changed(tmp_path, key, entry)
    for word in ['changed.yaml', *words]:
        assert word in str(error.value)


def test_unknown_robot_names_those_there_are() -> None:
    with pytest.raises(RobotError, match='furuta, qube_servo_2'):
        load_robot('furutta')


def test_broken_yaml_is_named(tmp_path: Path) -> None:
    (tmp_path / 'broken.yaml').write_text('name: [')
    with pytest.raises(RobotError, match=r'broken\.yaml.*not valid yaml'):
        load_robot(tmp_path / 'broken.yaml')


def test_empty_file_is_named(tmp_path: Path) -> None:
    (tmp_path / 'empty.yaml').write_text('')
    with pytest.raises(RobotError, match=r'empty\.yaml.*physics'):
        load_robot(tmp_path / 'empty.yaml')


def test_changed_values_are_checked_like_a_file() -> None:
    robot = load_robot('furuta')
    assert robot.with_values({'physics.arm.mass': 0.1}).physics.arm.mass == 0.1
    with pytest.raises(RobotError, match=r'physics\.arm\.mass'):
        robot.with_values({'physics.arm.mass': -1})
    with pytest.raises(
        RobotError, match=r"unknown quantity 'physics.arm.weight'.*physics.arm.mass"
    ):
        robot.with_values({'physics.arm.weight': 1})
    with pytest.raises(RobotError, match='group'):
        robot.with_values({'physics.arm': 1})


def test_changing_a_robot_leaves_the_original_as_it_was() -> None:
    robot = load_robot('furuta')
    robot.with_values({'physics.arm.mass': 0.1})
    assert robot.physics == load_robot('furuta').physics


def test_hash_changes_with_physics_and_not_with_looks() -> None:
    robot = load_robot('furuta')
    assert robot.with_values({'physics.arm.mass': 0.1}).hash != robot.hash
    assert robot.with_values({'timing.link_delay': 0.003}).hash != robot.hash
    assert robot.with_values({'shape.arm_color': [1, 0, 0]}).hash == robot.hash

# SPDX-License-Identifier: Apache-2.0
"""Hidden plants: how they are drawn, and the files that let one meet them again."""

import subprocess
import sys
from dataclasses import replace

import pytest
import yaml

from furuta_description.robot import load_robot
from furuta_hardware.effects import Effects
from furuta_hardware.emulator import Options, make_robot
from furuta_hardware.hidden_plants import draw_plants
from furuta_hardware.plant_file import Plant, load_plant, load_plants, save_plant

NAMES = ['furuta', 'qube_servo_2']


@pytest.mark.parametrize('name', NAMES)
def test_drawn_plant_is_the_same_to_the_last_bit_when_read_again(name, tmp_path):
    robot = load_robot(name)
    for number, plant in enumerate(draw_plants(robot, 5, 3)):
        file = tmp_path / f'{number}.yaml'
        save_plant(plant, file)
        assert load_plant(file) == plant
        assert load_plant(file).machine().physics == plant.machine().physics != robot.physics


@pytest.mark.parametrize('name', NAMES)
def test_longer_series_begins_with_the_same_plants_and_another_seed_has_others(name):
    robot = load_robot(name)
    assert draw_plants(robot, 1, 3) == draw_plants(robot, 1, 9)[:3]
    assert draw_plants(robot, 2, 1) != draw_plants(robot, 1, 1)


@pytest.mark.parametrize('name', NAMES)
def test_every_quantity_and_every_effect_is_drawn_within_its_range(name):
    robot = load_robot(name)
    plants = draw_plants(robot, 3, 200)
    masses = [p.values['physics.pendulum.mass'] / robot.physics.pendulum.mass for p in plants]
    assert 0.7 <= min(masses) < 0.72 and 1.28 < max(masses) <= 1.3
    late = [p.values['timing.link_delay'] - robot.timing.link_delay for p in plants]
    assert 0 <= min(late) < 0.001 and 0.033 < max(late) <= 0.034
    assert len({p.seed for p in plants}) == 200
    for effect in ('backlash', 'supply_resistance', 'cogging_torque', 'stall_rate'):
        sizes = [getattr(p.effects, effect) for p in plants]
        assert 0 < min(sizes) < 0.05 * max(sizes)


def test_file_by_hand_says_only_what_differs(tmp_path):
    file = tmp_path / 'loose.yaml'
    file.write_text('robot: furuta\nvalues: {physics.gravity: 9.78}\neffects: {backlash: 0.02}\n')
    plant = load_plant(file)
    assert plant == Plant('furuta', {'physics.gravity': 9.78}, Effects(backlash=0.02))
    assert plant.machine().physics.arm == load_robot('furuta').physics.arm


def test_list_in_a_file_is_several_plants_numbered(tmp_path):
    file = tmp_path / 'lab.yaml'
    file.write_text('- {robot: furuta, seed: 1}\n- {robot: qube_servo_2}\n')
    plants = load_plants(file)
    assert plants == {'lab_000': Plant('furuta', {}, seed=1), 'lab_001': Plant('qube_servo_2', {})}


def test_robot_is_a_plant_without_effects(tmp_path):
    file = tmp_path / 'mine.yaml'
    file.write_text(yaml.safe_dump(dict(load_robot('furuta').document)))
    for robot in ('furuta', str(file)):
        assert load_plant(robot).machine().hash == load_robot('furuta').hash
        assert load_plant(robot).effects == Effects()


@pytest.mark.parametrize(
    ('text', 'complaint'),
    [
        ('robot: furuta\nvalue: {}', 'value: Unexpected'),
        ('robot: furuta\nvalues: {physics.mass: 1.0}', 'unknown quantity .physics.mass.; valid'),
        ('robot: furuta\nvalues: {physics.gravity: heavy}', 'physics.gravity.*heavy'),
        ('robot: furuta\nvalues: {physics.gravity: -1.0}', 'physics.gravity: .*greater than 0'),
        ('robot: furuta\neffects: {sag: 1.0}', 'effects.sag: unknown; valid are backlash,'),
        ('robot: furuta\neffects: {backlash: -1.0}', 'effects.backlash: must be .*at least 0'),
        ('robot: furuuta', 'no robot .furuuta.'),
        ('robot: {', 'not valid yaml'),
        ('text', 'must be a mapping'),
        ('- robot: furuta\n- robot: furuuta', 'no robot .furuuta.'),
        ('- robot: furuta\n- {}', 'plant 1: robot: '),
        ('- robot: furuta\n- robot: furuta', 'holds 2 plants; this takes one'),
    ],
)
def test_mistake_in_a_file_is_answered_with_file_and_key(tmp_path, text, complaint):
    file = tmp_path / 'plant.yaml'
    file.write_text(text)
    with pytest.raises(ValueError, match=complaint):
        load_plant(file)


def test_emulator_is_the_plant_of_its_file(tmp_path):
    file = tmp_path / 'plant.yaml'
    file.write_text('robot: furuta\neffects: {backlash: 0.02}\nseed: 3\n')
    options = Options(link=tmp_path / 'port', hidden=str(file))
    assert make_robot(options).machine.effects == Effects(backlash=0.02)
    by_option = replace(options, hidden='', effects=Effects(cogging_torque=0.01))
    assert make_robot(by_option).machine.effects == Effects(cogging_torque=0.01)
    with pytest.raises(ValueError, match='brings its own'):
        make_robot(replace(options, effects=Effects(cogging_torque=0.01)))


def test_emulator_says_what_is_wrong_with_its_plant(tmp_path):
    file = tmp_path / 'plant.yaml'
    file.write_text('robot: furuta\neffects: {sag: 1.0}')
    command = [sys.executable, '-m', 'furuta_hardware.emulator', '--link', str(tmp_path / 'port')]
    done = subprocess.run([*command, '--hidden', str(file)], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stdout.startswith('error: ') and 'valid are backlash' in done.stdout

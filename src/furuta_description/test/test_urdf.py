# SPDX-License-Identifier: Apache-2.0
"""The URDF says what the robot file says and nothing of its own."""

import re
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest

from furuta_description.files import XACRO_FILE, robot_names
from furuta_description.robot import JOINT_NAMES, load_robot
from furuta_description.urdf import is_same, make_urdf

FURUTA = load_robot('furuta')
BODY_QUANTITIES = [
    path
    for path, *_ in FURUTA.quantities()
    if re.fullmatch(r'physics\.\w+\.(length|mass|center_of_mass|inertia)', path)
]
SHAPE_QUANTITIES = [path for path, *_ in FURUTA.quantities() if path.startswith('shape.')]


def test_every_body_quantity_is_listed() -> None:
    assert len(BODY_QUANTITIES) == 8


@pytest.mark.parametrize('path', BODY_QUANTITIES + SHAPE_QUANTITIES)
def test_urdf_follows_the_robot_file(path: str) -> None:
    value = next(value for name, value, *_ in FURUTA.quantities() if name == path)
    changed = [0.99 * x for x in value] if isinstance(value, list) else 0.99 * value
    assert make_urdf(FURUTA.with_values({path: changed})) != make_urdf(FURUTA)


def test_urdf_of_another_checkout_is_the_same_and_of_another_mass_is_not() -> None:
    urdf = make_urdf(FURUTA)
    assert is_same(urdf, urdf.replace('<!--', '<!-- elsewhere ', 1).replace('  <', '<'))
    heavier = FURUTA.with_values({'physics.arm.mass': 0.5})
    assert not is_same(urdf, make_urdf(heavier))
    assert not is_same(urdf, 'no XML')


def test_xacro_has_no_number_of_its_own() -> None:
    """Only 0, 1 and 2, as in halves, signs and the unit vectors of axes."""
    text = re.sub(r'<\?.*?\?>|<!--.*?-->|http://\S+', '', XACRO_FILE.read_text(), flags=re.DOTALL)
    text = re.sub(r'\[\d\]', '', text)  # components of vectors
    numbers = set(re.findall(r'(?<![\w.])\d+\.?\d*(?:e-?\d+)?', text))
    assert numbers <= {'0', '1', '2'}


@pytest.mark.parametrize('name', robot_names())
def test_urdf_has_the_inertias_joints_and_frames_of_the_robot(name: str) -> None:
    physics = load_robot(name).physics
    root = ElementTree.fromstring(make_urdf(load_robot(name)))
    links = {link.get('name'): link for link in root.findall('link')}
    assert list(links) == ['world', 'base_link', 'arm_link', 'pendulum_link']
    assert [joint.get('name') for joint in root.findall('joint')][1:] == list(JOINT_NAMES)
    for link, body in (('arm_link', physics.arm), ('pendulum_link', physics.pendulum)):
        inertial = links[link].find('inertial')
        assert float(inertial.find('mass').get('value')) == body.mass
        np.testing.assert_array_equal(
            numbers(inertial.find('origin').get('xyz')), body.center_of_mass
        )
        tensor = inertial.find('inertia')
        for entry, expected in body.inertia._asdict().items():
            assert float(tensor.get(f'i{entry}')) == expected
    joints = {joint.get('name'): joint for joint in root.findall('joint')}
    np.testing.assert_array_equal(numbers(joints['arm_joint'].find('axis').get('xyz')), [0, 0, 1])
    pendulum = joints['pendulum_joint']
    np.testing.assert_array_equal(numbers(pendulum.find('axis').get('xyz')), [1, 0, 0])
    np.testing.assert_array_equal(
        numbers(pendulum.find('origin').get('xyz')), [physics.arm.length, 0, 0]
    )


def numbers(text: str) -> list[float]:
    return [float(word) for word in text.split()]


@pytest.mark.skipif(
    shutil.which('check_urdf') is None, reason='needs: apt-get install liburdfdom-tools'
)
@pytest.mark.parametrize('name', robot_names())
def test_check_urdf_accepts_it(name: str, tmp_path: Path) -> None:
    file = tmp_path / 'robot.urdf'
    file.write_text(make_urdf(load_robot(name)))
    result = subprocess.run(['check_urdf', str(file)], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert 'Successfully Parsed XML' in result.stdout
    assert re.search(
        r'root Link: world.*base_link.*arm_link.*pendulum_link', result.stdout, re.DOTALL
    )

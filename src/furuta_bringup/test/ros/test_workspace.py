# SPDX-License-Identifier: Apache-2.0
"""What the build made of the workspace: ROS packages, data where ROS tools look, executables."""

import configparser
import os
import subprocess
import sys
from pathlib import Path

import pytest
from ament_index_python.packages import get_package_share_directory

ROOT = Path(__file__).resolve().parents[4]
PACKAGES = sorted(file.parent.name for file in ROOT.glob('src/*/package.xml'))
COLCON = Path(sys.executable).parent / 'colcon'


@pytest.mark.skipif(not COLCON.exists(), reason='colcon is not in this environment')
def test_colcon_takes_every_package_for_a_ros_package():
    listing = subprocess.run(
        [COLCON, 'list'], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    kinds = {line.split()[0]: line.split()[-1] for line in listing}
    assert kinds == dict.fromkeys(PACKAGES, '(ros.ament_python)')


@pytest.mark.parametrize('package', PACKAGES)
def test_the_ament_index_knows_the_package(package: str):
    share = Path(get_package_share_directory(package))
    assert (share / 'package.xml').is_file()


@pytest.mark.parametrize(
    ('package', 'file'),
    [
        ('furuta_description', 'config/furuta.yaml'),
        ('furuta_description', 'urdf/furuta.urdf.xacro'),
        ('furuta_bringup', 'launch/sim.launch.py'),
        ('furuta_bringup', 'rviz/furuta.rviz'),
    ],
)
def test_data_is_where_ros_tools_look_for_it(package: str, file: str):
    assert (Path(get_package_share_directory(package)) / file).is_file()


def console_scripts() -> list[tuple[str, str, str]]:
    """Package, name and target of what `ros2 run` can start, as the build recorded it."""
    found = []
    for file in sorted(ROOT.glob('build/*/*.egg-info/entry_points.txt')):
        parser = configparser.ConfigParser(delimiters='=')
        parser.optionxform = str  # type: ignore[assignment,method-assign]
        parser.read(file)
        found += [(file.parts[-3], *item) for item in parser['console_scripts'].items()]
    return found


@pytest.mark.parametrize(('package', 'name', 'target'), console_scripts())
def test_ros2_run_finds_an_executable_whose_target_exists(package: str, name: str, target: str):
    executable = Path(get_package_share_directory(package)).parents[1] / 'lib' / package / name
    assert os.access(executable, os.X_OK)
    module, function = target.split(':')
    file = ROOT / 'src' / package / Path(*module.split('.')).with_suffix('.py')
    assert f'def {function}(' in file.read_text()

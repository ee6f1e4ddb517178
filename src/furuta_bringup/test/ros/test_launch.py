# SPDX-License-Identifier: Apache-2.0
"""The launch files against the real launch_ros; skipped where there is none."""

import subprocess
import sys
from pathlib import Path

import pytest

import furuta_bringup
from furuta_bringup.stack import CaptureArguments, RealArguments, SimArguments, launch_arguments

pytest.importorskip('launch_ros', reason='launch_ros comes with a ROS installation only')
from launch import LaunchContext, LaunchService
from launch.actions import DeclareLaunchArgument
from launch.launch_description_sources import PythonLaunchDescriptionSource

FOLDER = Path(furuta_bringup.__file__).parent / 'launch'
LAUNCH_FILE = FOLDER / 'sim.launch.py'
RUN = """
import sys
from launch import LaunchDescription, LaunchService
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
texts = [argument.split(':=') for argument in sys.argv[2:]]
service = LaunchService()
service.include_launch_description(LaunchDescription([IncludeLaunchDescription(
    PythonLaunchDescriptionSource(sys.argv[1]), launch_arguments=texts)]))
sys.exit(service.run())
"""


def _launch(*arguments):
    return subprocess.Popen(
        [sys.executable, '-c', RUN, str(LAUNCH_FILE), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


@pytest.mark.parametrize(
    ('file', 'arguments'),
    [
        ('sim.launch.py', SimArguments),
        ('real.launch.py', RealArguments),
        ('capture.launch.py', CaptureArguments),
    ],
)
def test_launch_file_declares_the_arguments_of_the_stack(file, arguments):
    description = PythonLaunchDescriptionSource(str(FOLDER / file)).get_launch_description(
        LaunchContext()
    )
    declared = [e for e in description.entities if isinstance(e, DeclareLaunchArgument)]
    assert [e.name for e in declared] == [name for name, *_ in launch_arguments(arguments)]
    assert all(e.description for e in declared)
    assert LaunchService


def test_launched_pendulum_swings_up_and_everything_ends_with_the_launch(probe):
    launched = _launch('twin:=false', 'robot:=furuta')
    try:
        probe.wait_for_plant()
        probe.wait(lambda: abs(probe.sample.pendulum_angle) > 2.9, 'upright', 20)
    finally:
        launched.send_signal(2)
        output = launched.communicate(timeout=20)[0]
    assert 'sim_node' in output and 'policy_node' in output
    probe.wait(lambda: probe.node.count_publishers('joint_states') == 0, 'plant gone', 30)


def test_wrong_launch_argument_says_what_is_valid():
    launched = _launch('twin:=false', 'controller:=clasical')
    output = launched.communicate(timeout=30)[0]
    assert 'controller:=clasical: must be one of policy, classical, none' in output

# SPDX-License-Identifier: Apache-2.0
"""What a bring-up consists of, and how launch's texts become arguments."""

import ast
import sys
from pathlib import Path

import pytest

from furuta_bringup import stack
from furuta_bringup.stack import (
    CaptureArguments,
    RealArguments,
    SimArguments,
    capture_stack,
    launch_arguments,
    parse_arguments,
    sim_stack,
)


def names(**arguments):
    return [node.name for node in sim_stack(SimArguments(**arguments))]


def test_plant_comes_first_and_the_rest_as_asked():
    assert names() == ['sim_node', 'policy_node', 'twin_node']
    assert names(controller='classical') == ['sim_node', 'classical_node', 'twin_node']
    assert names(controller='none', twin=False) == ['sim_node']


def test_policy_is_run_from_the_file_asked_for(tmp_path):
    file = tmp_path / 'policy.onnx'
    file.touch()
    nodes = sim_stack(SimArguments(controller='policy', policy=str(file), twin=False))
    assert [node.name for node in nodes] == ['sim_node', 'policy_node']
    assert nodes[1].parameters['policy'] == str(file)
    with pytest.raises(ValueError, match='no policy'):
        sim_stack(SimArguments(controller='policy', policy='none.onnx'))


def test_policy_beside_another_controller_is_refused():
    with pytest.raises(ValueError, match='needs controller policy, not none'):
        sim_stack(SimArguments(controller='none', policy='policy.onnx'))


def test_rviz_brings_the_state_publisher_with_the_urdf():
    nodes = {node.name: node for node in sim_stack(SimArguments(rviz=True))}
    assert 'pendulum_link' in nodes['robot_state_publisher'].parameters['robot_description']
    assert Path(nodes['rviz2'].arguments[1]).is_file()


def test_every_node_uses_the_simulated_clock_only_off_real_time():
    for speed, expected in ((1.0, False), (2.0, True)):
        nodes = sim_stack(SimArguments(speed=speed))[1:]
        assert {node.parameters['use_sim_time'] for node in nodes} == {expected}


def test_unknown_robot_is_named_with_those_there_are():
    with pytest.raises(ValueError, match=r"'qubee'.*furuta, qube_servo_2"):
        sim_stack(SimArguments(robot='qubee'))


def test_capture_is_plant_recorder_and_excitation():
    simulated = capture_stack(CaptureArguments(hidden='qube_servo_2', bag='bag'))
    assert [node.name for node in simulated] == ['sim_node', 'record_node', 'excitation_node']
    assert Path(simulated[0].parameters['hidden']).stem == 'qube_servo_2'
    assert Path(simulated[2].parameters['robot']).stem == 'furuta'
    real = capture_stack(CaptureArguments(plant='real', port='emulator', enable=True))
    assert real[0].parameters['enabled'] and real[0].parameters['port'] == 'emulator'
    for arguments, message in [
        ({'signals': 'chirp'}, 'chirp_up'),
        ({'duration': 3.0}, 'take 16.5 to'),
        ({'plant': 'real', 'hidden': 'furuta'}, 'needs port emulator'),
    ]:
        with pytest.raises(ValueError, match=message):
            capture_stack(CaptureArguments(**arguments))


@pytest.mark.parametrize('kind', [SimArguments, RealArguments, CaptureArguments])
def test_default_texts_of_launch_are_the_defaults(kind):
    texts = {name: default for name, default, _ in launch_arguments(kind)}
    assert parse_arguments(kind, texts) == kind()


def test_launch_texts_become_arguments_and_back():
    texts = {name: default for name, default, _ in launch_arguments(SimArguments)}
    assert parse_arguments(SimArguments, texts) == SimArguments()
    texts |= {'twin': 'False', 'speed': '0.5', 'twin_port': '9000'}
    parsed = parse_arguments(SimArguments, texts)
    assert (parsed.twin, parsed.speed, parsed.twin_port) == (False, 0.5, 9000)


@pytest.mark.parametrize(
    ('name', 'text', 'message'),
    [
        ('twin', 'yes', 'must be one of true, false'),
        ('controller', 'lqr', 'must be one of policy, classical, none'),
        ('twin_port', '80a', 'must be of type int'),
    ],
)
def test_wrong_launch_text_says_what_is_valid(name, text, message):
    with pytest.raises(ValueError, match=message):
        parse_arguments(SimArguments, {name: text})


def test_stack_imports_only_what_a_plain_ros_installation_has():
    # `ros2 launch` reads it with the system's Python, which lacks pydantic 2, tyro and mujoco.
    from furuta_description import files, urdf
    from furuta_rl import shipped
    from furuta_sysid import plan_options

    for module in (stack, files, urdf, shipped, plan_options):
        tree = ast.parse(Path(module.__file__).read_text())
        imported = {
            (node.module if isinstance(node, ast.ImportFrom) else node.names[0].name).split('.')[0]
            for node in tree.body
            if isinstance(node, ast.Import | ast.ImportFrom)
        }
        ours = {'furuta_description', 'furuta_rl', 'furuta_sysid'}
        assert imported <= sys.stdlib_module_names | {'xacro', 'yaml'} | ours

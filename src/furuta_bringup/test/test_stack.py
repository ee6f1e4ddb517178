# SPDX-License-Identifier: Apache-2.0
"""What a bring-up consists of, and how launch's texts become arguments."""

import ast
import sys
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from furuta_bringup import stack
from furuta_bringup.injected_stack import RELAYED
from furuta_bringup.stack import (
    CaptureArguments,
    RealArguments,
    SimArguments,
    capture_stack,
    launch_arguments,
    parse_arguments,
    real_stack,
    sim_stack,
)
from furuta_description import files
from furuta_description.presets import IDENTIFIED
from furuta_description.randomization import PRESETS


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


def test_trace_is_asked_of_both_ends_of_the_loop():
    real = RealArguments(port='emulator', trace=True, twin=False)
    for nodes in (sim_stack(SimArguments(trace=True, twin=False)), real_stack(real)):
        assert [node.parameters['trace'] for node in nodes] == [True, True]


def test_unknown_robot_is_named_with_those_there_are():
    with pytest.raises(ValueError, match=r"'qubee'.*furuta, qube_servo_2"):
        sim_stack(SimArguments(robot='qubee'))


def test_injection_goes_into_the_controller_or_into_relays_around_the_plant(tmp_path):
    file = tmp_path / 'injection.yaml'
    file.write_text('observation: {delay: 0.01, noise: 0.1}\ncommand: {scale: 0.5}\n')
    given = {'injection': str(file), 'observation_delay': 0.02, 'injection_seed': 3}
    within = sim_stack(SimArguments(**given))[1]
    assert {n: v for n, v in within.parameters.items() if '.' in n} == {
        'observation.delay': 0.02,
        'observation.noise': 0.1,
        'command.scale': 0.5,
        'injection.seed': 3,
    }
    nodes = {node.name: node for node in sim_stack(SimArguments(**given, relay=True))}
    assert list(nodes)[:4] == ['sim_node', 'observation_relay', 'command_relay', 'policy_node']
    assert not any('.' in name for name in nodes['policy_node'].parameters)
    assert nodes['observation_relay'].parameters['delay'] == 0.02
    assert nodes['command_relay'].parameters == {
        'type': 'std_msgs/msg/Float64MultiArray',
        'seed': 3,
        'scale': 0.5,
    }
    theirs = dict(nodes['sim_node'].remappings)
    assert nodes['observation_relay'].remappings == (
        ('input', theirs['joint_states']),
        ('output', 'joint_states'),
    )
    commands = 'motor_voltage_controller/commands'
    assert nodes['command_relay'].remappings == (
        ('input', commands),
        ('output', theirs[commands]),
    )
    assert sum(node.is_plant for node in nodes.values()) == 3
    names = [node.name for node in real_stack(RealArguments(relay=True, controller='none'))]
    assert names[:3] == ['hardware_node', 'observation_relay', 'command_relay']


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        ({'observation_dropout': 2.0}, 'observation.dropout must be 0 to 1, not 2.0'),
        ({'injection': 'none.yaml'}, "'none.yaml': No such file"),
        ({'command_delay': 0.1, 'controller': 'none'}, 'relay for one of your own'),
        ({'command_delay': 0.1, 'speed': 2.0}, 'injection needs speed 1, not 2'),
    ],
)
def test_unusable_injection_is_refused_with_what_is_valid(arguments, message):
    with pytest.raises(ValueError, match=message):
        sim_stack(SimArguments(**arguments))


def test_relays_stand_between_the_topics_of_the_plant_interface():
    source = Path(files.__file__).with_name('ros.py').read_text()
    for topic in RELAYED:
        assert f"= '{topic}'\n" in source


def test_randomizations_of_the_plant_are_the_presets_there_are():
    valid = get_args(get_type_hints(SimArguments)['randomization'])
    assert valid == (*PRESETS, IDENTIFIED)
    plant = sim_stack(SimArguments(randomization='wide', seed=7))[0]
    assert (plant.parameters['randomization'], plant.parameters['start.seed']) == ('wide', 7)


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
    from furuta_bringup import injected_stack, node_spec
    from furuta_description import injection, urdf
    from furuta_rl import shipped
    from furuta_sysid import plan_options

    ours = (stack, injected_stack, node_spec, files, injection, urdf, shipped, plan_options)
    for module in ours:
        tree = ast.parse(Path(module.__file__).read_text())
        imported = {
            (node.module if isinstance(node, ast.ImportFrom) else node.names[0].name).split('.')[0]
            for node in tree.body
            if isinstance(node, ast.Import | ast.ImportFrom)
        }
        packages = {'furuta_bringup', 'furuta_description', 'furuta_rl', 'furuta_sysid'}
        assert imported <= sys.stdlib_module_names | {'xacro', 'yaml'} | packages

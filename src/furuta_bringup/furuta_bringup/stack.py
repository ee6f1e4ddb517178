# SPDX-License-Identifier: Apache-2.0
"""Which nodes make up a bring-up and which arguments it takes; launch files and `furuta` read it.

The fields of an arguments class are the launch arguments (`robot:=furuta`) and, with the same
names and help, the options of the command (`--robot furuta`). `ros2 launch` reads this file with
the system's Python, so it imports nothing that a plain ROS installation lacks.
"""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar, get_type_hints

from furuta_bringup.injected_stack import (
    InjectionArguments,
    injected,
    is_injected,
    with_relays,
)
from furuta_bringup.node_spec import NodeSpec, option
from furuta_description.files import robot_file
from furuta_rl.shipped import policy_file
from furuta_sysid.plan_options import PlanOptions

PACKAGE_DIR = Path(__file__).parent
RVIZ_CONFIG = PACKAGE_DIR / 'rviz' / 'furuta.rviz'
CAPTURED = (
    'joint_states|motor/state|motor_voltage_controller/commands|robot_description|diagnostics'
)
Arguments = TypeVar('Arguments')


@dataclass(frozen=True, kw_only=True)
class TwinArguments:
    """Arguments of the browser twin."""

    robot: str = option('furuta', 'robot that comes with furuta_description, or a robot file')
    host: str = option('127.0.0.1', 'address the twin is served on; 0.0.0.0 = every network')
    port: int = option(8080, 'port the twin is served on')


@dataclass(frozen=True, kw_only=True)
class _Shown:
    """Who runs and what is shown."""

    robot: str = option('furuta', 'robot that comes with furuta_description, or a robot file')
    controller: Literal['policy', 'classical', 'none'] = option('policy', 'what drives the motor')
    policy: str = option('', 'policy file (.onnx); empty = the one that comes with the robot')
    twin: bool = option(True, 'serve the browser twin')
    twin_host: str = option('127.0.0.1', 'address of the twin; 0.0.0.0 = every network')
    twin_port: int = option(8080, 'port of the twin')
    rviz: bool = option(False, 'open RViz; needs a ROS installation')
    trace: bool = option(False, 'plant and controller publish the times of each step, on trace/')


@dataclass(frozen=True, kw_only=True)
class BringUpArguments(InjectionArguments, _Shown):
    """What every bring-up takes."""


@dataclass(frozen=True, kw_only=True)
class SimArguments(BringUpArguments):
    """Arguments of `sim.launch.py` and of `furuta sim`."""

    viewer: bool = option(False, "open MuJoCo's own window; needs a display")
    speed: float = option(1.0, 'simulated seconds per second')
    seed: int = option(0, 'seed of what is drawn for the start pose and the plant')
    randomization: Literal['none', 'default', 'wide', 'identified'] = option(
        'none', 'ranges that another plant is drawn from at each reset'
    )
    pendulum_angle: float = option(0.0, 'start angle of the pendulum, 0 hangs [rad]')


@dataclass(frozen=True, kw_only=True)
class RealArguments(BringUpArguments):
    """Arguments of `real.launch.py` and of `furuta real`."""

    port: str = option('/dev/ttyUSB0', 'serial port of the board, or: emulator')
    enable: bool = option(False, 'enable the motor at once, without waiting for the user')
    hidden: str = option('', 'robot or plant file that the emulator really is; empty = the same')


@dataclass(frozen=True, kw_only=True)
class CaptureArguments:
    """Arguments of `capture.launch.py` and of `furuta sysid capture`."""

    plant: Literal['sim', 'real'] = option('sim', 'simulated plant, or the one at the port')
    robot: str = option('furuta', 'robot that comes with furuta_description, or a robot file')
    port: str = option('/dev/ttyUSB0', 'serial port of the board, or: emulator')
    enable: bool = option(False, 'enable the motor at once, without waiting for the user')
    hidden: str = option('', 'robot, or plant file of the emulator, that it really is')
    bag: str = option('', 'folder to make and record into; bags/sysid_<date>_<time> if empty')
    duration: float = option(PlanOptions.duration, 'of what is played [s]')
    signals: str = option(PlanOptions.signals, 'which are played, in this order')
    seed: int = option(PlanOptions.seed, 'of what is random in them, and of the plant')
    reach: float = option(PlanOptions.reach, "part of the arm's soft limit that may be reached")


@dataclass(frozen=True, kw_only=True)
class BoardArguments:
    """Arguments of `furuta selftest` and `furuta zero`."""

    port: str = option('/dev/ttyUSB0', 'serial port of the board, or: emulator')
    robot: str = option('furuta', 'robot that comes with furuta_description, or a robot file')
    yes: bool = option(False, 'do not ask before anything moves')


def sim_stack(arguments: SimArguments) -> list[NodeSpec]:
    """Nodes of the simulation bring-up.

    Raises:
        ValueError: an argument is not usable; the message says which values are.
    """
    file = robot_file(arguments.robot)
    shared = {'robot': str(file), 'use_sim_time': arguments.speed != 1}
    plant = {
        'robot': str(file),
        'speed': float(arguments.speed),
        'viewer': arguments.viewer,
        'start.seed': arguments.seed,
        'start.pendulum_angle': float(arguments.pendulum_angle),
        'randomization': arguments.randomization,
        'trace': arguments.trace,
    }
    if arguments.speed != 1 and is_injected(arguments):
        raise ValueError(
            f'injection needs speed 1, not {arguments.speed:g}: its delays are true time'
        )
    node = NodeSpec('furuta_sim', 'sim_node', plant, is_plant=True)
    return [*with_relays(node, arguments), *_other_nodes(arguments, shared)]


def real_stack(arguments: RealArguments) -> list[NodeSpec]:
    """Nodes of the bring-up of a real robot, or of an emulated one.

    Raises:
        ValueError: an argument is not usable; the message says which values are.
    """
    shared = {'robot': str(robot_file(arguments.robot)), 'use_sim_time': False}
    plant = _hardware_node(arguments, trace=arguments.trace)
    return [*with_relays(plant, arguments), *_other_nodes(arguments, shared)]


def capture_stack(arguments: CaptureArguments) -> list[NodeSpec]:
    """Plant, recorder and excitation, whose end is the end of all.

    Raises:
        ValueError: an argument is not usable; the message says which values are.
    """
    file = str(robot_file(arguments.robot))
    if arguments.plant == 'sim':
        simulated = {'robot': file, 'start.seed': arguments.seed}
        if arguments.hidden:
            simulated['hidden'] = str(robot_file(arguments.hidden))
        plant = NodeSpec('furuta_sim', 'sim_node', simulated)
    else:
        plant = _hardware_node(arguments)
    bag = arguments.bag or time.strftime('bags/sysid_%Y-%m-%d_%H-%M-%S')
    options = PlanOptions(
        float(arguments.duration), arguments.signals, arguments.seed, float(arguments.reach)
    )
    options.check()
    recorder = NodeSpec('furuta_bringup', 'record_node', {'bag': bag, 'topics': CAPTURED})
    excitation = {'robot': file, 'recorder': recorder.name, **dataclasses.asdict(options)}
    return [plant, recorder, NodeSpec('furuta_sysid', 'excitation_node', excitation)]


def _hardware_node(arguments: RealArguments | CaptureArguments, trace: bool = False) -> NodeSpec:
    """The plant at a port."""
    plant: dict[str, Any] = {
        'robot': str(robot_file(arguments.robot)),
        'port': arguments.port,
        'enabled': arguments.enable,
        'trace': trace,
    }
    if arguments.hidden:
        if arguments.port != 'emulator':
            raise ValueError(f'hidden needs port emulator, not {arguments.port}')
        plant['emulator.hidden'] = str(robot_file(arguments.hidden))
    return NodeSpec('furuta_hardware', 'hardware_node', plant, is_plant=True)


def _other_nodes(arguments: BringUpArguments, shared: dict[str, Any]) -> list[NodeSpec]:
    """All but the plant."""
    nodes = _controller_nodes(arguments, shared)
    if arguments.twin:
        page = {'host': arguments.twin_host, 'port': arguments.twin_port}
        nodes.append(NodeSpec('furuta_bringup', 'twin_node', shared | page))
    if arguments.rviz:
        nodes += _rviz_nodes(Path(shared['robot']), shared['use_sim_time'])
    return nodes


def _controller_nodes(arguments: BringUpArguments, shared: dict[str, Any]) -> list[NodeSpec]:
    shared = shared | {'trace': arguments.trace}
    if not arguments.relay:
        if arguments.controller == 'none' and is_injected(arguments):
            raise ValueError('injection needs a controller, or relay for one of your own')
        shared = shared | injected(arguments)
    if arguments.controller == 'policy':
        policy = {'policy': str(policy_file(arguments.robot, arguments.policy))}
        return [NodeSpec('furuta_rl', 'policy_node', shared | policy)]
    if arguments.policy:
        raise ValueError(
            f'policy {arguments.policy!r} needs controller policy, not {arguments.controller}'
        )
    if arguments.controller == 'classical':
        return [NodeSpec('furuta_rl', 'classical_node', shared)]
    return []


def parse_arguments(kind: type[Arguments], texts: dict[str, str]) -> Arguments:
    """Arguments from launch's texts.

    Raises:
        ValueError: a text is no value of its argument; the message says what is.
    """
    hints = get_type_hints(kind)
    return kind(**{name: _parse(name, hints[name], text) for name, text in texts.items()})


def launch_arguments(kind: Any) -> list[tuple[str, str, str]]:
    """(name, default, help) of each argument, in launch's spelling."""
    return [
        (
            f.name,
            str(f.default).lower() if isinstance(f.default, bool) else str(f.default),
            f.metadata['help'],
        )
        for f in dataclasses.fields(kind)
    ]


def _rviz_nodes(file: Path, use_sim_time: bool) -> list[NodeSpec]:
    from furuta_description.urdf import urdf_of_file

    time = {'use_sim_time': use_sim_time}
    publisher = time | {'robot_description': urdf_of_file(file)}
    return [
        NodeSpec('robot_state_publisher', 'robot_state_publisher', publisher, is_ours=False),
        NodeSpec('rviz2', 'rviz2', time, ('-d', str(RVIZ_CONFIG)), is_ours=False),
    ]


def _parse(name: str, hint: Any, text: str) -> Any:
    choices = getattr(hint, '__args__', None)
    if hint is bool:
        choices = ('true', 'false')
        value: Any = text.lower() == 'true'
        text = text.lower()
    else:
        try:
            value = text if choices else hint(text)
        except ValueError:
            raise ValueError(f'{name}:={text}: must be of type {hint.__name__}') from None
    if choices and text not in choices:
        raise ValueError(f'{name}:={text}: must be one of {", ".join(choices)}')
    return value

# SPDX-License-Identifier: Apache-2.0
"""What a bring-up may be disturbed by: arguments, the controller's parameters, relays."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from furuta_bringup.node_spec import NodeSpec, option
from furuta_description.injection import Injection, load_injection

RELAYED = ('joint_states', 'motor_voltage_controller/commands')  # as in `ros.py`
# Ways, and their settings that are arguments of their own.
SHORT = (
    ('observation', 'delay', 'jitter', 'dropout', 'noise'),
    ('command', 'delay', 'jitter', 'dropout'),
    ('injection', 'seed'),
)


@dataclass(frozen=True, kw_only=True)
class InjectionArguments:
    """What is done on purpose to the messages between plant and controller."""

    observation_delay: float = option(0.0, 'samples reach the controller this much later [s]')
    observation_jitter: float = option(0.0, 'and up to this much later, drawn for each [s]')
    observation_dropout: float = option(0.0, 'probability that a sample is lost')
    observation_noise: float = option(0.0, 'standard deviation of what is added to angles [rad]')
    command_delay: float = option(0.0, 'voltages reach the plant this much later [s]')
    command_jitter: float = option(0.0, 'and up to this much later, drawn for each [s]')
    command_dropout: float = option(0.0, 'probability that a voltage is lost')
    injection: str = option('', 'yaml file with these and all other settings of the two ways')
    injection_seed: int = option(0, 'seed of what is drawn on the two ways')
    relay: bool = option(
        False, 'disturb by relays between plant and topics, for whatever controller, not within it'
    )


def injected(arguments: InjectionArguments) -> dict[str, Any]:
    """What differs from an undisturbed way, by the names of the nodes' parameters.

    Raises:
        ValueError: an argument or the file is not usable; the message says what is.
    """
    values = load_injection(arguments.injection) if arguments.injection else {}
    for group, *names in SHORT:
        for name in names:
            if value := getattr(arguments, f'{group}_{name}'):
                values[f'{group}.{name}'] = value
    changed, nothing = Injection().with_values(values).parameters(), Injection().parameters()
    return {name: value for name, value in changed.items() if value != nothing[name]}


def is_injected(arguments: InjectionArguments) -> bool:
    """Whether anything is done to the messages."""
    return Injection().with_values(injected(arguments)).is_on


def with_relays(plant: NodeSpec, arguments: InjectionArguments) -> list[NodeSpec]:
    """The plant and, where they are asked for, the relays between it and the usual topics."""
    if not arguments.relay:
        return [plant]
    values = injected(arguments)
    joint_states, commands = [(topic, f'plant/{topic}') for topic in RELAYED]
    return [
        dataclasses.replace(plant, remappings=(joint_states, commands)),
        _relay('observation', 'sensor_msgs/msg/JointState', joint_states[::-1], values),
        _relay('command', 'std_msgs/msg/Float64MultiArray', commands, values),
    ]


def _relay(way: str, kind: str, topics: tuple[str, ...], values: dict[str, Any]) -> NodeSpec:
    """Relay from the first topic to the second."""
    settings = {
        name.removeprefix(f'{way}.'): value
        for name, value in values.items()
        if name.startswith(f'{way}.')
    }
    seed = values.get('injection.seed', 0)
    return NodeSpec(
        'furuta_rl',
        'relay_node',
        {'type': kind, 'seed': seed, **settings},
        remappings=(('input', topics[0]), ('output', topics[1])),
        node=f'{way}_relay',
        is_plant=True,
    )

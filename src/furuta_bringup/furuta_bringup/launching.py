# SPDX-License-Identifier: Apache-2.0
"""Turns a bring-up of `stack.py` into a launch description; needs a ROS installation."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from launch import LaunchContext, LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    OpaqueFunction,
    SetEnvironmentVariable,
    Shutdown,
)
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

from furuta_bringup import middleware
from furuta_bringup.node_spec import NodeSpec
from furuta_bringup.stack import launch_arguments, parse_arguments


def describe(kind: Any, stack: Callable[[Any], list[NodeSpec]]) -> LaunchDescription:
    """Launch description of a bring-up: its arguments, and its nodes once these are known."""
    declared = launch_arguments(kind)

    def nodes(context: LaunchContext) -> list[Node]:
        texts = {name: LaunchConfiguration(name).perform(context) for name, *_ in declared}
        return [_action(spec) for spec in stack(parse_arguments(kind, texts))]

    settings = middleware.discovery_settings().items()
    return LaunchDescription(
        [SetEnvironmentVariable(*setting) for setting in settings if setting[0] not in os.environ]
        + [
            DeclareLaunchArgument(name, default_value=default, description=text)
            for name, default, text in declared
        ]
        + [OpaqueFunction(function=nodes)]
    )


def _action(spec: NodeSpec) -> Node:
    # A text that looks like yaml (a URDF) must stay a text.
    parameters = {
        name: ParameterValue(value, value_type=str) if isinstance(value, str) else value
        for name, value in spec.parameters.items()
    }
    return Node(
        package=spec.package,
        executable=spec.executable,
        name=spec.node or None,
        parameters=[parameters],
        remappings=list(spec.remappings),
        arguments=list(spec.arguments),
        output='screen',
        # RViz may be closed; without one of ours the rest is of no use.
        on_exit=Shutdown(reason=f'{spec.name} ended') if spec.is_ours else None,
    )

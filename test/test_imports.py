# SPDX-License-Identifier: Apache-2.0
"""Who may import what (the table in ARCHITECTURE.md), read from the sources, nothing imported."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

import pytest

SOURCES = Path(__file__).parents[1] / 'src'
ROS = ('rclpy', '*_msgs', '*_srvs', '*_interfaces', 'rosidl_*', 'launch', 'launch_ros')
NODES = (
    'furuta_*.*_node',
    'furuta_description.ros',
    'furuta_description.ros_executor',
    'furuta_description.ros_plant',
    'furuta_description.ros_polling',
)
DESCRIPTION, HARDWARE, SIM = 'furuta_description', 'furuta_hardware', 'furuta_sim'
RL, SYSID, BRINGUP = 'furuta_rl', 'furuta_sysid', 'furuta_bringup'
JAX_BACKENDS = (
    'furuta_sim.backends.analytic',
    'furuta_sim.backends.mjx',
    'furuta_sim.compiled',
)
WITHOUT_TRAINING = (
    'furuta_rl.task',
    'furuta_rl.policy',
    'furuta_rl.policy_controller',
    'furuta_rl.shipped',
    'furuta_rl.classical',
    'furuta_rl.on_robot',
    'furuta_rl.criterion',
    'furuta_rl.share',
)


class Row(NamedTuple):
    """A row of the table: these modules, but not those, never import any of `never`."""

    modules: tuple[str, ...]
    never: tuple[str, ...]
    but: tuple[str, ...] = ()


TABLE = {
    'description': Row(
        (DESCRIPTION,),
        (*ROS, 'mujoco', 'jax', 'torch', HARDWARE, SIM, RL, SYSID, BRINGUP),
        but=NODES,
    ),
    'hardware': Row((HARDWARE,), (*ROS, 'mujoco', 'jax', SIM, RL, SYSID, BRINGUP), but=NODES),
    'sim': Row((SIM,), (*ROS, 'torch', HARDWARE, RL, SYSID, BRINGUP), but=NODES),
    'sim but the JAX backends': Row((SIM,), ('jax',), but=JAX_BACKENDS),
    'rl': Row((RL,), (*ROS, HARDWARE, SYSID, BRINGUP), but=NODES),
    'rl that runs on the robot': Row(WITHOUT_TRAINING, (*ROS, 'jax', 'torch', 'mujoco')),
    'sysid': Row((SYSID,), (*ROS, HARDWARE, RL, BRINGUP), but=NODES),
    'description.ros': Row(NODES[1:], (HARDWARE, SIM, RL, SYSID, BRINGUP)),
    'hardware nodes': Row(('furuta_hardware.*_node',), (SIM, RL, SYSID, BRINGUP)),
    'sim nodes': Row(('furuta_sim.*_node',), (HARDWARE, RL, SYSID, BRINGUP)),
    'rl nodes': Row(('furuta_rl.*_node',), (HARDWARE, SIM, SYSID, BRINGUP)),
    'sysid nodes': Row(('furuta_sysid.*_node',), (HARDWARE, SIM, RL, BRINGUP)),
    'bringup nodes': Row(('furuta_bringup.*_node',), ('furuta_[!b]*.*_node',)),
}


def is_any_of(module: str, patterns: Iterable[str]) -> bool:
    """Whether a dotted name, or a package it lies in, matches one of the patterns."""
    return any(fnmatch(module, p) or fnmatch(module, f'{p}.*') for p in patterns)


def imports(tree: ast.AST, module: str, is_package: bool = False) -> Iterator[str]:
    """Dotted names that a syntax tree imports, at the top and in functions.

    `from a import b` gives `a.b`, since b may be a module.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = node.module or ''
            if node.level:
                parents = module.split('.')[: -node.level + is_package or None]
                origin = '.'.join([*parents, origin]).rstrip('.')
            yield from (f'{origin}.{alias.name}' for alias in node.names)


def modules() -> dict[str, set[str]]:
    """What each module of the suite imports."""
    found = {}
    for file in SOURCES.glob('furuta_*/furuta_*/**/*.py'):
        parts = file.relative_to(SOURCES).with_suffix('').parts[1:]
        is_package = parts[-1] == '__init__'
        name = '.'.join(parts[:-1] if is_package else parts)
        found[name] = set(imports(ast.parse(file.read_text()), name, is_package))
    return found


def violations(row: Row, found: dict[str, set[str]]) -> list[str]:
    """Imports against a row of the table, as sentences."""
    return [
        f'{module} imports {imported}'
        for module, names in sorted(found.items())
        if is_any_of(module, row.modules) and not is_any_of(module, row.but)
        for imported in sorted(names)
        if is_any_of(imported, row.never)
    ]


@pytest.mark.parametrize('row', TABLE.values(), ids=TABLE.keys())
def test_nothing_imports_what_the_table_forbids(row: Row) -> None:
    assert violations(row, modules()) == []


def test_only_nodes_and_bringup_import_ros_modules_of_the_suite() -> None:
    pure = Row((DESCRIPTION, HARDWARE, SIM, RL, SYSID), NODES, but=NODES)
    assert violations(pure, modules()) == []


def test_every_package_is_looked_at() -> None:
    assert {DESCRIPTION, HARDWARE, SIM, RL, SYSID, BRINGUP} <= modules().keys()


@pytest.mark.parametrize(
    'source',
    [
        'import rclpy',
        'def f():\n    from rclpy.node import Node',
        'from sensor_msgs.msg import JointState',
        'from furuta_rl import classical',
        'import jax.numpy as jnp',
        'import os, torch',
    ],
)
def test_an_import_against_the_table_is_found_wherever_it_stands(source: str) -> None:
    found = {'furuta_description.robot': set(imports(ast.parse(source), ''))}
    assert len(violations(TABLE['description'], found)) == 1


def test_relative_imports_are_resolved() -> None:
    tree = ast.parse('from . import sim_node\nfrom ..ros import run')
    assert set(imports(tree, 'furuta_sim.backends.mjx')) == {
        'furuta_sim.backends.sim_node',
        'furuta_sim.ros.run',
    }

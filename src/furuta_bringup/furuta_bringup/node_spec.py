# SPDX-License-Identifier: Apache-2.0
"""One process of a bring-up, and one argument; standard library only, launch files read it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


def option(default: Any, text: str) -> Any:
    """A field of an arguments class with its help."""
    return field(default=default, metadata={'help': text})


@dataclass(frozen=True)
class NodeSpec:
    """One process of a bring-up. `is_ours`: a module of this suite, else a ROS installation's."""

    package: str
    executable: str
    parameters: dict[str, Any]
    arguments: tuple[str, ...] = ()
    is_ours: bool = True
    remappings: tuple[tuple[str, str], ...] = ()  # topics and what takes their place
    node: str = ''  # name of the node, where there are several of the executable
    is_plant: bool = False  # starts before anything else

    @property
    def name(self) -> str:
        """Name for logs; our executables carry their node's name."""
        return self.node or self.executable

    @property
    def renaming(self) -> tuple[tuple[str, str], ...]:
        """The node's name as a remapping."""
        return (('__node', self.node),) if self.node else ()

# SPDX-License-Identifier: Apache-2.0
"""What goes between a trainer and the robot's node: orders one way, recorded episodes the other.

A message is an .npz archive without pickles; that of an episode is also the file it is kept as.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Arrays = dict[str, NDArray[Any]]
LOST = ('arm', 'fault')  # endings by which an episode is lost; others: 'time', 'hot'


class Order(NamedTuple):
    """An episode that is asked for."""

    duration: float  # [s]
    arm_limit: float  # [rad] lost beyond
    seed: int = 0  # of what explores
    network: Mapping[str, NDArray[Any]] = {}  # `explorer.Explorer`'s, where one acts


class Recording(NamedTuple):
    """An episode as it was measured: row t is what step t saw, the last row how it ended."""

    stamp: NDArray[Any]  # (T+1,) [s] of the plant
    arm_angle: NDArray[Any]  # (T+1,) [rad]
    pendulum_angle: NDArray[Any]  # (T+1,) [rad]
    arm_velocity: NDArray[Any]  # (T+1,) [rad/s]
    pendulum_velocity: NDArray[Any]  # (T+1,) [rad/s]
    applied: NDArray[Any]  # (T+1,) [V] at the motor
    current: NDArray[Any]  # (T+1,) [A], NaN if not measured
    observation: NDArray[Any]  # (T+1, n)
    action: NDArray[Any]  # (T,) -1..1
    voltage: NDArray[Any]  # (T,) [V] commanded
    ending: str  # time, hot, arm or fault
    problem: str  # which fault
    heat: float  # load of the motor at the end, 1 = as much as it bears
    missed: int  # control steps that came too late or never

    @property
    def steps(self) -> int:
        """Control steps."""
        return len(self.action)

    @property
    def is_lost(self) -> bool:
        """Whether it ended before its time by what the robot did."""
        return self.ending in LOST


def pack(kind: str, content: Mapping[str, Any]) -> bytes:
    """A message of some kind."""
    file = io.BytesIO()
    np.savez(file, kind=kind, **content)
    return file.getvalue()


def unpack(message: bytes) -> tuple[str, Arrays]:
    """Kind and content of a message.

    Raises:
        ValueError: it is not whole.
    """
    try:
        with np.load(io.BytesIO(message), allow_pickle=False) as archive:
            content = {name: archive[name] for name in archive.files}
        return str(content.pop('kind')), content
    except Exception as error:  # whatever damaged bytes can lead to
        raise ValueError(f'not a whole recording: {error}') from error


def pack_order(order: Order) -> bytes:
    """Message of an order."""
    head = order._replace(network={})._asdict()
    del head['network']
    network = {f'network.{name}': array for name, array in order.network.items()}
    return pack('order', head | network)


def order_from(content: Arrays) -> Order:
    """The order that was packed."""
    prefix = 'network.'
    network = {k.removeprefix(prefix): v for k, v in content.items() if k.startswith(prefix)}
    return Order(
        float(content['duration']), float(content['arm_limit']), int(content['seed']), network
    )


def recording_from(content: Arrays) -> Recording:
    """The recording that was packed by `pack('episode', recording._asdict())`."""
    arrays = {name: content[name] for name in Recording._fields}
    plain = {'ending': str, 'problem': str, 'heat': float, 'missed': int}
    return Recording(**arrays | {name: kind(arrays[name]) for name, kind in plain.items()})

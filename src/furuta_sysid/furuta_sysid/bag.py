# SPDX-License-Identifier: Apache-2.0
"""Recordings from rosbag2 bags, MCAP or SQLite, of `ros2 bag record` or `furuta record`.

Times are the header stamps; when messages arrived only tells clock jumps. What was lost stays
unknown. Plants stamp a voltage with the sample that it led to, so it is put before its stamp.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from furuta_description.robot import JOINT_NAMES, Robot
from furuta_description.urdf import make_urdf
from furuta_sysid.clock import Clock, make_clock
from furuta_sysid.trajectory import (
    Floats,
    Recording,
    RecordingError,
    Stamped,
    hash_of,
    to_recording,
)

JOINT_STATES = 'joint_states'
MOTOR_STATE = 'motor/state'
COMMANDS = 'motor_voltage_controller/commands'
DESCRIPTION = 'robot_description'
SUFFIXES = ('.mcap', '.db3')
OTHER_ROBOT = 0.5  # relative difference of a link's mass, beyond what tuning changes


@dataclass
class Log:
    """Messages of one topic: when they arrived, their stamps and values."""

    received: list[int] = field(default_factory=list)  # [ns]
    stamps: list[int] = field(default_factory=list)  # [ns]
    values: list[tuple[float, ...]] = field(default_factory=list)


def read_bag(path: Path, robot: Robot | None = None) -> Recording:
    """Read one bag.

    Args:
        path: its folder, or the data file in it.
        robot: whose recording it should be; another one's is remarked on.

    Raises:
        RecordingError: it is no whole bag, or a topic or a value is missing; with file, topic and
            time.
    """
    folder = path.parent if path.suffix in SUFFIXES else path
    logs, urdf = _read(folder)
    for topic in (JOINT_STATES, MOTOR_STATE):
        if not logs[topic].stamps and not (topic == MOTOR_STATE and logs[COMMANDS].stamps):
            raise RecordingError(
                f'{folder}: no message on {topic}; record it too: `furuta record`, or '
                f'`ros2 bag record {JOINT_STATES} {MOTOR_STATE}`'
            )
    clock = make_clock(logs[JOINT_STATES].stamps, logs[JOINT_STATES].received)
    time, angles = _in_order(logs[JOINT_STATES], clock)
    voltage_time, voltage, remarks = _voltages(logs, clock)
    remarks += clock.remarks + _description_remarks(urdf, robot)
    files = sorted(file for file in folder.iterdir() if file.suffix in SUFFIXES)
    stamped = Stamped(time, angles[:, 0], angles[:, 1], voltage_time, voltage)
    recording = to_recording(stamped, folder, hash_of(files))
    lost = int(np.sum(~recording.is_known))
    if lost:
        remarks.append(f'{lost} of {len(recording)} samples are missing and left out')
    return Recording(**{**vars(recording), 'name': folder.name, 'remarks': tuple(remarks)})


def _voltages(logs: dict[str, Log], clock: Clock) -> tuple[Floats, Floats, list[str]]:
    """Times from which voltages hold [s], voltages [V], remarks."""
    if logs[MOTOR_STATE].stamps:
        time, values = _in_order(logs[MOTOR_STATE], clock)
        period = float(np.median(np.diff(time))) if len(time) > 1 else 0.0
        return _begins(time, period), values[:, 0], []
    time, values = _in_order(logs[COMMANDS], clock)
    remark = (
        f'no {MOTOR_STATE}: commands are taken for the voltage applied, though the plant may have '
        'limited them and sees them later'
    )
    return time, values[:, 0], [remark]


def _begins(time: Floats, period: float) -> Floats:
    """Since when the voltages of these stamps were applied [s]: the stamps before, if not lost."""
    begins, before = time - period, np.concatenate([time[:1] - period, time[:-1]])
    return np.where(np.abs(before - begins) < 0.5 * period, before, begins)


def _in_order(log: Log, clock: Clock) -> tuple[Floats, Floats]:
    """Times that rise [s], and the values (N, K) at them."""
    time, is_usable = clock.read(log.stamps, log.received)
    values = np.array(log.values)[is_usable]
    time, first = np.unique(time[is_usable], return_index=True)
    return time, values[first]


def _read(folder: Path) -> tuple[dict[str, Log], str]:
    """Messages by topic, and the URDF if there is one."""
    from rosbags.highlevel import AnyReader, AnyReaderError
    from rosbags.typesys import Stores, get_typestore

    logs = {topic: Log() for topic in (JOINT_STATES, MOTOR_STATE, COMMANDS)}
    urdf = ''
    try:
        with AnyReader([folder], default_typestore=get_typestore(Stores.ROS2_JAZZY)) as reader:
            topics = _find_topics(folder, sorted(reader.topics))
            if MOTOR_STATE in topics.values():  # then nobody asks what was commanded
                topics = {name: ours for name, ours in topics.items() if ours != COMMANDS}
            wanted = [c for c in reader.connections if c.topic in topics]
            for connection, received, data in reader.messages(wanted):
                topic = topics[connection.topic]
                message: Any = reader.deserialize(data, connection.msgtype)
                if topic == DESCRIPTION:
                    urdf = str(message.data)
                else:
                    where = f'{folder}, {connection.topic}, {received * 1e-9:.3f} s'
                    _take(logs[topic], topic, message, received, where)
    except (AnyReaderError, OSError, KeyError, AttributeError) as error:
        raise RecordingError(
            f'{folder}: not a whole bag ({error}); if its recorder was killed: '
            f'`furuta record {folder} --recover`'
        ) from None
    return logs, urdf


def _find_topics(folder: Path, names: list[str]) -> dict[str, str]:
    """Ours among the names of a bag, whatever namespace the plant has."""
    found: dict[str, str] = {}
    for name in names:
        for topic in (JOINT_STATES, MOTOR_STATE, COMMANDS, DESCRIPTION):
            if f'/{name}'.endswith(f'/{topic}') and 'dynamic_' not in name:
                found[name] = topic
    for topic in set(found.values()):
        several = [name for name, ours in found.items() if ours == topic]
        if len(several) > 1:
            raise RecordingError(
                f'{folder}: {" and ".join(several)}: record one plant at a time (`--topics`)'
            )
    return found


def _take(log: Log, topic: str, message: Any, received: int, where: str) -> None:
    values = tuple(_values(topic, message, where))
    if not all(math.isfinite(value) for value in values):
        raise RecordingError(f'{where}: {values} is not all numbers')
    stamp = received
    if topic != COMMANDS:
        stamp = message.header.stamp.sec * 1_000_000_000 + message.header.stamp.nanosec
        if stamp == 0:
            raise RecordingError(f'{where}: the header has no stamp, and only that is the time')
    log.received.append(received)
    log.stamps.append(stamp)
    log.values.append(values)


def _values(topic: str, message: Any, where: str) -> Iterator[float]:
    if topic == MOTOR_STATE:
        yield float(message.voltage)
        return
    if topic == COMMANDS:
        if len(message.data) != 1:
            raise RecordingError(f'{where}: a command has one value, this one {len(message.data)}')
        yield float(message.data[0])
        return
    names = list(message.name)
    for joint in JOINT_NAMES:
        if joint not in names or len(message.position) != len(names):
            raise RecordingError(
                f'{where}: no position of {joint}; its joints are {", ".join(names) or "none"} '
                f'with {len(message.position)} positions'
            )
        yield float(message.position[names.index(joint)])


def _description_remarks(urdf: str, robot: Robot | None) -> list[str]:
    if robot is None or not urdf:
        return []
    recorded, given = _masses(urdf), _masses(make_urdf(robot))
    if len(recorded) == len(given) and np.allclose(recorded, given, rtol=OTHER_ROBOT, atol=0):
        return []
    return [
        f'recorded of a robot that describes itself with links of {_listed(recorded)} kg; '
        f'{robot.file.name} has {_listed(given)} kg'
    ]


def _masses(urdf: str) -> list[float]:
    return [float(mass) for mass in re.findall(r'<mass value="([^"]+)"', urdf)]


def _listed(masses: list[float]) -> str:
    return ' and '.join(f'{mass:g}' for mass in masses) or 'no'

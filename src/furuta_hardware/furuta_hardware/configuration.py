# SPDX-License-Identifier: Apache-2.0
"""From the robot file to what the firmware is built with, and back: does a board fit a robot?

The numbers are compiled in (why: firmware/PROTOCOL.md), for the board as a C header, for the
host's build of the core as the same struct in bytes.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np

from furuta_description.files import RobotError
from furuta_description.robot import Robot
from furuta_description.sensing import Tracker, make_tracker
from furuta_description.whole_file import write_whole
from furuta_hardware.messages import LAYOUTS, NUMBERS, Configuration
from furuta_hardware.paths import FIRMWARE_DIR

LOOP_PERIOD_US = 1000
ROBOT_NAME_SIZE = 24  # [bytes]
HEADER = """\
// SPDX-License-Identifier: Apache-2.0
// Made from {file} by furuta_hardware/configuration.py: change the robot file, not this.
#include "configuration.h"

static const struct configuration CONFIGURATION = {{
    .robot = "{robot}",
    .loop_period_us = {loop_period_us},
    .joints = {{
        {{{arm_counts_per_revolution}, {{{arm}}}}},
        {{{pendulum_counts_per_revolution}, {{{pendulum}}}}},
    }},
    .supply_voltage = {supply_voltage},
    .limits = {{
        .command_timeout_us = {command_timeout_us},
        .voltage_limit = {voltage_limit},
        .slew_rate = {slew_rate},
        .arm_soft_limit = {arm_soft_limit},
        .arm_limit = {arm_limit},
        .arm_lookahead = {arm_lookahead},
        .arm_speed_limit = {arm_speed_limit},
        .pendulum_speed_limit = {pendulum_speed_limit},
        .current_limit = {current_limit},
    }},
}};
"""


def make_configuration(robot: Robot, request: int = 0) -> Configuration:
    """What a board for this robot answers when asked for its configuration."""
    sensors, limits = robot.sensors, robot.safety
    trackers = [
        make_tracker(counts, sensors.velocity_bandwidth, LOOP_PERIOD_US * 1e-6)
        for counts in (sensors.arm_counts, sensors.pendulum_counts)
    ]
    values: tuple[Any, ...] = (
        LOOP_PERIOD_US,
        *(sensors.arm_counts, *_floats(trackers[0])),
        *(sensors.pendulum_counts, *_floats(trackers[1])),
        *_floats([robot.physics.motor.supply_voltage]),
        round(limits.command_timeout * 1e6),
        *_floats(limits[1:]),
        *_floats([current_limit(robot)]),
    )
    return Configuration(request, *values)


def current_limit(robot: Robot) -> float:
    """Largest current [A] of a healthy motor: full supply against it at the arm's speed limit."""
    motor = robot.physics.motor
    back_emf = motor.back_emf_constant * motor.gear_ratio * robot.safety.arm_speed_limit
    return float((motor.supply_voltage + back_emf) / motor.resistance)


def differences(board: Configuration, robot: Robot) -> list[str]:
    """What the board was built with and the robot file has otherwise, in plain words."""
    wanted = make_configuration(robot)
    return [
        f'{name}: board {was:g}, {robot.file.name} {now:g}'
        for name, was, now in zip(Configuration._fields, board, wanted, strict=True)
        if was != now and name != 'request'
    ]


def to_c_struct(robot: Robot) -> bytes:
    """`struct configuration` of the core as it lies in this machine's memory."""
    layout = LAYOUTS[NUMBERS[Configuration]][1].format.lstrip('<').removeprefix('B')
    return struct.pack(
        f'@{ROBOT_NAME_SIZE}s{layout}', _name(robot), *make_configuration(robot)[1:]
    )


def to_header(robot: Robot) -> str:
    """The same as C source, its floats in hex so that not a bit is lost."""
    fields: dict[str, Any] = {
        name: _c_float(value) if isinstance(value, float) else value
        for name, value in make_configuration(robot)._asdict().items()
    }
    for joint in ('arm', 'pendulum'):
        fields[joint] = ', '.join(fields[f'{joint}_{name}'] for name in Tracker._fields)
    return HEADER.format(file=robot.file.name, robot=_name(robot).decode(), **fields)


def write_header(robot: Robot) -> Path:
    """Put the header where the build of firmware/esp32 looks for it.

    Raises:
        OSError: the folder cannot be written to.
    """
    file = FIRMWARE_DIR / 'esp32' / 'main' / 'robot_configuration.h'
    write_whole(file, to_header(robot).encode())
    return file


def _name(robot: Robot) -> bytes:
    name = robot.name.encode()
    if len(name) >= ROBOT_NAME_SIZE:
        raise RobotError(
            f'{robot.file}: name: the board has room for {ROBOT_NAME_SIZE - 1} letters, '
            f'{robot.name!r} has {len(name)}'
        )
    return name


def _floats(values: Any) -> list[float]:
    """The values as the board has them: rounded to float32."""
    return [float(np.float32(value)) for value in values]


def _c_float(value: float) -> str:
    return f'{value.hex()}f'

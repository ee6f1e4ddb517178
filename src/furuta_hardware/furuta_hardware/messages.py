# SPDX-License-Identifier: Apache-2.0
"""What host and board say to each other: the tables of firmware/PROTOCOL.md as classes.

Fields are in the order of the wire.
"""

from __future__ import annotations

import enum
import struct
from typing import Any, NamedTuple


class Flag(enum.IntFlag):
    """`State.flags`."""

    ENABLED = 1
    COMMAND_IS_LIVE = 2  # there is a command and it is not stale
    ZERO_IS_SET = 4  # since the board was switched on


class Result(enum.IntEnum):
    """How a request ended."""

    DONE = 0
    FAULT_LATCHED = 1
    FAULT_STILL_THERE = 2
    ENABLED = 3
    ZERO_NOT_SET = 4
    BAD_VALUE = 5


RESULT_TEXT = {
    Result.DONE: '',
    Result.FAULT_LATCHED: 'clear the fault first',
    Result.FAULT_STILL_THERE: 'the fault is still there',
    Result.ENABLED: 'disable the motor first',
    Result.ZERO_NOT_SET: 'set the zero pose first (arm forward, pendulum hanging): the board '
    'forgets it when it is switched off',
    Result.BAD_VALUE: 'the board does not take this value',
}


class ResetReason(enum.IntEnum):
    """Why the board last started."""

    UNKNOWN = 0
    POWER_ON = 1
    BROWN_OUT = 2
    WATCHDOG = 3
    SOFTWARE = 4


class Command(NamedTuple):
    """Volts at the motor, to be followed by the next within the time-out."""

    sequence: int
    voltage: float


class Enable(NamedTuple):
    """Switch the motor on (1) or off (0)."""

    request: int
    on: int


class ClearFault(NamedTuple):
    """Forget the latched faults; enables nothing."""

    request: int


class SetZero(NamedTuple):
    """Make the present pose the zero pose."""

    request: int


class SetRate(NamedTuple):
    """Push so many states a second; must divide the loop's rate."""

    request: int
    rate_hz: int


class QueryIdentity(NamedTuple):
    """Ask for `Identity`."""

    request: int


class QueryConfiguration(NamedTuple):
    """Ask for `Configuration`."""

    request: int


class QueryCounters(NamedTuple):
    """Ask for `Counters`."""

    request: int


class State(NamedTuple):
    """One sample, pushed; SI, counts from the zero pose, voltage as applied until the sample."""

    time_us: int
    sequence: int
    echo: int
    command_age_us: int
    flags: int
    faults: int
    arm_counts: int
    pendulum_counts: int
    arm_velocity: float
    pendulum_velocity: float
    voltage: float
    current: float


class Acknowledge(NamedTuple):
    """How a request ended; `request` and `type` are those of the request."""

    request: int
    type: int
    result: int


class Identity(NamedTuple):
    """Who the board is; `robot` is ASCII, filled up with zeros."""

    request: int
    board_id: int
    major: int
    minor: int
    patch: int
    reset_reason: int
    robot: bytes


class Configuration(NamedTuple):
    """What the board was built with, from the robot file; constants as in `sensing.Tracker`."""

    request: int
    loop_period_us: int
    arm_counts_per_revolution: int
    arm_period: float
    arm_velocity_gain: float
    arm_correction: float
    arm_resolution: float
    pendulum_counts_per_revolution: int
    pendulum_period: float
    pendulum_velocity_gain: float
    pendulum_correction: float
    pendulum_resolution: float
    supply_voltage: float
    command_timeout_us: int
    voltage_limit: float
    slew_rate: float
    arm_soft_limit: float
    arm_limit: float
    arm_lookahead: float
    arm_speed_limit: float
    pendulum_speed_limit: float
    current_limit: float


class Counters(NamedTuple):
    """What the board has counted since it started."""

    request: int
    frames_received: int
    frames_bad: int
    frames_of_other_version: int
    commands_refused: int
    commands_limited: int
    command_timeouts: int
    states_dropped: int
    steps: int
    late_steps: int
    longest_step_us: int
    longest_period_us: int


Message = (
    Command
    | Enable
    | ClearFault
    | SetZero
    | SetRate
    | QueryIdentity
    | QueryConfiguration
    | QueryCounters
    | State
    | Acknowledge
    | Identity
    | Configuration
    | Counters
)
LAYOUTS: dict[int, tuple[Any, struct.Struct]] = {
    number: (message, struct.Struct('<' + layout))
    for number, message, layout in (
        (0x01, Command, 'Hf'),
        (0x02, Enable, 'BB'),
        (0x03, ClearFault, 'B'),
        (0x04, SetZero, 'B'),
        (0x05, SetRate, 'BH'),
        (0x06, QueryIdentity, 'B'),
        (0x07, QueryConfiguration, 'B'),
        (0x08, QueryCounters, 'B'),
        (0x81, State, 'QHHHBHiiffff'),
        (0x82, Acknowledge, 'BBB'),
        (0x86, Identity, 'BQBBBB24s'),
        (0x87, Configuration, 'BIi4fi4ffI8f'),
        (0x88, Counters, 'B11I'),
    )
}
NUMBERS = {message: number for number, (message, _) in LAYOUTS.items()}

# SPDX-License-Identifier: Apache-2.0
"""Greeting, requests and restarts of a board, bytes in and bytes out."""

import itertools
import math

import pytest

from furuta_description.robot import load_robot
from furuta_hardware import messages
from furuta_hardware.configuration import make_configuration
from furuta_hardware.emulated_rig import EmulatedRig
from furuta_hardware.emulator_commands import obey
from furuta_hardware.messages import Flag, Identity, State
from furuta_hardware.protocol import Parser, encode
from furuta_hardware.session import REPEAT_NS, Session

ROBOT = load_robot('furuta')


def state(time_us, sequence=0, flags=0, **fields):
    values = {'echo': 0, 'command_age_us': 0, 'faults': 0, 'arm_counts': 0, 'pendulum_counts': 0}
    values |= {'arm_velocity': 0.0, 'pendulum_velocity': 0.0, 'voltage': 0.0, 'current': math.nan}
    return State(time_us=time_us, sequence=sequence, flags=flags, **(values | fields))


def answer(message):
    """What a board answers to a request."""
    number = message[0]
    if isinstance(message, messages.QueryIdentity):
        return Identity(number, 7, 0, 1, 0, 1, b'furuta'.ljust(24, b'\0'))
    if isinstance(message, messages.QueryConfiguration):
        return make_configuration(ROBOT, number)
    return messages.Acknowledge(number, messages.NUMBERS[type(message)], 0)


def greet(session):
    sent = Parser().feed(session.outbox(0))
    for message in sent:
        session.feed(encode(answer(message)), 0)
    return sent


def test_connection_begins_with_the_motor_off():
    sent = Parser().feed(Session(500).outbox(0))
    assert sent[0] == messages.Enable(sent[0].request, 0)
    assert messages.SetRate(sent[3].request, 500) == sent[3]


def test_states_count_only_once_the_greeting_is_answered():
    session = Session(500)
    assert session.feed(encode(state(1000)), 10**6) == []
    greet(session)
    assert session.is_ready
    readings = session.feed(encode(state(3000, arm_counts=300, pendulum_counts=-2048)), 4 * 10**6)
    assert readings[0].arm_angle == pytest.approx(math.pi / 2)
    assert readings[0].pendulum_angle == pytest.approx(-math.pi / 2)


def test_request_is_repeated_until_it_is_answered():
    session = Session(500)
    greet(session)
    request = session.request(messages.SetZero)
    first = session.outbox(0)
    assert first and session.outbox(REPEAT_NS - 1) == b''
    assert session.outbox(REPEAT_NS) == first
    session.feed(encode(answer(Parser().feed(first)[0])), 0)
    assert request.wait(0).result == 0
    assert session.outbox(10 * REPEAT_NS) == b''


def test_answer_nobody_waits_for_is_ignored():
    session = Session(500)
    greet(session)
    assert session.feed(encode(messages.Acknowledge(200, 2, 0)), 0) == []


def test_board_whose_time_goes_back_is_greeted_anew():
    session = Session(500)
    greet(session)
    session.feed(encode(state(10_000_000)), 10**10)
    assert session.feed(encode(state(2000)), 10**10 + 10**6) == []
    assert session.restarts == 1 and not session.is_ready
    assert greet(session)[0].on == 0
    reading = session.feed(encode(state(4000)), 10**10 + 3 * 10**6)[0]
    assert reading.stamp_ns == pytest.approx(10**10 + 3 * 10**6, abs=10**6)


def test_stamps_grow_whatever_the_clock_map_learns():
    session = Session(500)
    greet(session)
    stamps = [
        session.feed(encode(state(i * 2000, i)), 10**9 + i * 2_000_000 - i * 1_900_000)[0].stamp_ns
        for i in range(1, 20)
    ]
    assert all(b > a for a, b in itertools.pairwise(stamps))


def test_command_numbers_pass_over_zero_and_unusable_voltages_become_no_number():
    session = Session(500)
    numbers = [Parser().feed(session.command(1.0, 0))[0].sequence for _ in range(65540)]
    assert numbers[0] == 1 and 0 not in numbers and numbers[65535] == 1
    for voltage in (math.inf, 1e300, math.nan):
        assert math.isnan(Parser().feed(session.command(voltage, 0))[0].voltage)


def test_counts_that_jump_while_enabled_are_noticed_but_not_a_new_zero_pose():
    session = Session(500)
    greet(session)
    for i, counts in enumerate([0, 0, 0, 500, 500, 500]):  # set_zero
        session.feed(encode(state(i * 2000, i, 0, pendulum_counts=counts)), i * 2 * 10**6)
    assert session.jumps == [0, 0]
    for i, counts in enumerate([500, 500, 500, 0, 0, 0], 6):
        flags = int(Flag.ENABLED)
        session.feed(encode(state(i * 2000, i, flags, pendulum_counts=counts)), i * 2 * 10**6)
    assert session.jumps == [0, 1]


def test_real_core_is_greeted_through_losses():
    rig = EmulatedRig()
    obey(rig.emulated, 'lose 0.01')
    rig.session.begin()
    rig.run(2.0)
    assert rig.session.is_ready

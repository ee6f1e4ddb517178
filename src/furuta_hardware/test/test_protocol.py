# SPDX-License-Identifier: Apache-2.0
"""The wire as Python reads and writes it, against the golden frames and against junk."""

import math
import struct

import numpy as np
import pytest

from furuta_hardware.golden import GOLDEN, KINDS, MESSAGES, REJECTED
from furuta_hardware.messages import Command, State
from furuta_hardware.protocol import OtherVersion, Parser, encode

STREAM = b''.join(golden.frame for golden in MESSAGES)


def names(goldens):
    return [f'{i}-{golden.name}' for i, golden in enumerate(goldens)]


def same(message, other):
    """Equal to the bit, NaN included."""
    return type(message) is type(other) and repr(message) == repr(other)


def parse(data, size=None):
    """Messages of some bytes, fed in pieces of a size, and the parser's counts."""
    parser = Parser()
    size = size or len(data)
    pieces = [data[i : i + size] for i in range(0, len(data), size)]
    return [message for piece in pieces for message in parser.feed(piece)], parser.counts


def test_every_message_has_a_golden_frame():
    assert {golden.name for golden in MESSAGES} == set(KINDS)


@pytest.mark.parametrize('golden', MESSAGES, ids=names(MESSAGES))
def test_message_becomes_its_golden_frame_and_the_reverse(golden):
    assert encode(golden.message).hex() == golden.frame.hex()
    messages, _ = parse(golden.frame)
    assert len(messages) == 1 and same(messages[0], golden.message)


@pytest.mark.parametrize('size', [1, 2, 3, 7, 64, len(STREAM)])
def test_stream_cut_anywhere_gives_every_message_in_order(size):
    messages, counts = parse(STREAM, size)
    assert [repr(m) for m in messages] == [repr(g.message) for g in MESSAGES]
    assert counts.bad == counts.unknown == counts.other_version == 0


@pytest.mark.parametrize('golden', REJECTED, ids=names(REJECTED))
def test_unsound_frame_is_counted_and_costs_no_neighbour(golden):
    good = Command(7, 1.5)
    messages, counts = parse(encode(good) + golden.frame + encode(good))
    events = [OtherVersion(**golden.fields)] if golden.name == 'other_version' else []
    assert messages == [good, *events, good]
    assert getattr(counts, golden.name) == 1
    assert counts.bad + counts.unknown + counts.other_version == 1


@pytest.mark.parametrize(
    'junk', [b'\x01', b'\xff' * 7, b'garbage', bytes(range(1, 256)), b'\0' * 9]
)
def test_junk_before_and_behind_a_frame_costs_no_frame(junk):
    for golden in MESSAGES:
        messages, _ = parse(junk + golden.frame + junk + golden.frame + junk)
        assert [repr(m) for m in messages] == [repr(golden.message)] * 2


def test_every_single_bit_error_is_noticed_and_costs_one_frame():
    good = Command(7, 1.5)
    for golden in MESSAGES:
        for bit in range(8 * len(golden.frame)):
            flipped = bytearray(golden.frame)
            flipped[bit // 8] ^= 1 << bit % 8
            messages, _ = parse(encode(good) + bytes(flipped) + encode(good))
            expected = [golden.message] if bit < 8 or bit >= 8 * len(golden.frame) - 8 else []
            # a delimiter that is hit costs nothing: the neighbour's stands beside it
            assert repr(messages) in (repr([good, *expected, good]), repr([good, good]))


def test_lost_and_doubled_bytes_cost_one_frame():
    good = Command(7, 1.5)
    for golden in MESSAGES:
        for i in range(1, len(golden.frame) - 1):
            lost = golden.frame[:i] + golden.frame[i + 1 :]
            doubled = golden.frame[:i] + golden.frame[i : i + 1] + golden.frame[i:]
            for broken in (lost, doubled):
                assert parse(encode(good) + broken + encode(good))[0] == [good, good]


def test_endless_junk_is_not_kept():
    parser = Parser()
    for _ in range(1000):
        assert parser.feed(b'\x55' * 1000) == []
    assert len(parser._rest) < 200
    assert parser.feed(encode(Command(1, 1.0))) == [Command(1, 1.0)]
    assert parser.counts.bad == 1


def mutated(random):
    """One or two golden frames with some bytes changed, or plain noise."""
    if random.random() < 0.3:
        return random.bytes(random.integers(1, 200))
    data = bytearray(GOLDEN[random.integers(len(GOLDEN))].frame * random.integers(1, 3))
    for _ in range(random.integers(1, 6)):
        data[random.integers(len(data))] = random.integers(256)
    return bytes(data)


def test_a_million_random_and_mutated_bytes_pass_no_wrong_message_and_cost_no_later_one():
    """CRC-16 lets one broken frame of 65536 pass; type and length leave fewer of them."""
    random = np.random.default_rng(0)
    sound = {repr(golden.message) for golden in MESSAGES}
    parser = Parser()
    good = Command(7, 1.5)
    fed = frames = wrong = 0
    while fed < 1_000_000:
        data = mutated(random)
        fed += len(data)
        frames += data.count(0) + 1
        messages = [m for m in parser.feed(data) if not isinstance(m, OtherVersion)]
        wrong += sum(repr(message) not in sound for message in messages)
        assert parser.feed(encode(good))[-1] == good
    assert wrong <= 2 + 3 * frames / 65536


def test_value_that_does_not_fit_is_refused_by_the_encoder():
    with pytest.raises(struct.error):
        encode(Command(65536, 0.0))


def test_state_without_current_is_read_as_nan():
    state = State(1, 2, 3, 4, 5, 6, 7, 8, 0.5, 1.5, 2.5, math.nan)
    assert math.isnan(parse(encode(state))[0][0].current)

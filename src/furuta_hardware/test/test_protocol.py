# SPDX-License-Identifier: Apache-2.0
"""The wire as Python and the C core read it, against the golden frames and against junk."""

import math
import re
import struct

import numpy as np
import pytest

from furuta_hardware.golden import GOLDEN, KINDS, MESSAGES, REJECTED
from furuta_hardware.messages import NUMBERS, Command, State
from furuta_hardware.paths import FIRMWARE_DIR
from furuta_hardware.protocol import OtherVersion, Parser, ParserCounts, encode

PROTOCOL = (FIRMWARE_DIR / 'PROTOCOL.md').read_text()
STREAM = b''.join(golden.frame for golden in MESSAGES)


def names(goldens):
    return [f'{i}-{golden.name}' for i, golden in enumerate(goldens)]


def same(message, other):
    """Equal to the bit, NaN included."""
    return type(message) is type(other) and repr(message) == repr(other)


def parse(parser, data, size=None):
    """Messages of some bytes, fed in pieces of a size."""
    size = size or len(data)
    pieces = [data[i : i + size] for i in range(0, len(data), size)]
    messages = [message for piece in pieces for message in parser.feed(piece)]
    return [message for message in messages if not isinstance(message, OtherVersion)]


def test_every_message_has_a_golden_frame():
    assert {golden.name for golden in MESSAGES} == set(KINDS)


def test_table_of_the_protocol_lists_every_message_with_its_fields_in_order():
    rows = re.findall(r'^\| 0x(\w\w) \| (\w+) \| \w+ \| (.+?) \| ', PROTOCOL, re.MULTILINE)
    assert {name: int(number, 16) for number, name, _ in rows} == {
        name: NUMBERS[kind] for name, kind in KINDS.items()
    }
    for _, name, payload in rows:
        words = re.findall(r'\w+', payload)
        if name == 'configuration':  # what both joints have is named once
            joint = re.compile('^(arm|pendulum)_(?!.*limit|lookahead)')
            assert {joint.sub('', field) for field in KINDS[name]._fields} <= set(words)
        else:
            places = [words.index(field) for field in KINDS[name]._fields]
            assert places == sorted(places)


@pytest.mark.parametrize('golden', MESSAGES, ids=names(MESSAGES))
def test_message_becomes_its_golden_frame_and_the_reverse(golden, make_parser):
    assert encode(golden.message).hex() == golden.frame.hex()
    messages = parse(make_parser(), golden.frame)
    assert len(messages) == 1 and same(messages[0], golden.message)


@pytest.mark.parametrize('size', [1, 2, 3, 7, 64, len(STREAM)])
def test_stream_cut_anywhere_gives_every_message_in_order(size, make_parser):
    parser = make_parser()
    messages = parse(parser, STREAM, size)
    assert [repr(m) for m in messages] == [repr(g.message) for g in MESSAGES]
    assert parser.counts == ParserCounts(messages=len(MESSAGES))


@pytest.mark.parametrize('golden', REJECTED, ids=names(REJECTED))
def test_unsound_frame_is_counted_and_costs_no_neighbour(golden, make_parser):
    parser = make_parser()
    good = Command(7, 1.5)
    assert parse(parser, encode(good) + golden.frame + encode(good)) == [good, good]
    assert parser.counts == ParserCounts(messages=2, **{golden.name: 1})


def test_frame_of_another_version_says_which():
    frames = [golden for golden in REJECTED if golden.name == 'other_version']
    versions = [event.version for golden in frames for event in Parser().feed(golden.frame)]
    assert versions == [golden.fields['version'] for golden in frames] == [2, 0]


@pytest.mark.parametrize(
    'junk', [b'\x01', b'\xff' * 7, b'garbage', bytes(range(1, 256)), b'\0' * 9]
)
def test_junk_before_and_behind_a_frame_costs_no_frame(junk, make_parser):
    for golden in MESSAGES:
        messages = parse(make_parser(), junk + golden.frame + junk + golden.frame + junk)
        assert [repr(m) for m in messages] == [repr(golden.message)] * 2


def test_every_single_bit_error_is_noticed_and_costs_one_frame(make_parser):
    good = Command(7, 1.5)
    for golden in MESSAGES:
        last = 8 * len(golden.frame)
        for bit in range(last):
            flipped = bytearray(golden.frame)
            flipped[bit // 8] ^= 1 << bit % 8
            messages = parse(make_parser(), encode(good) + bytes(flipped) + encode(good))
            # a delimiter that is hit costs nothing: the neighbour's stands beside it
            is_delimiter = bit < 8 or bit >= last - 8
            survivors = (
                [[good, good], [good, golden.message, good]] if is_delimiter else [[good, good]]
            )
            assert repr(messages) in map(repr, survivors)


def test_lost_and_doubled_bytes_cost_one_frame(make_parser):
    good = Command(7, 1.5)
    for golden in MESSAGES:
        for i in range(1, len(golden.frame) - 1):
            lost = golden.frame[:i] + golden.frame[i + 1 :]
            doubled = golden.frame[:i] + golden.frame[i : i + 1] + golden.frame[i:]
            for broken in (lost, doubled):
                messages = parse(make_parser(), encode(good) + broken + encode(good))
                assert messages == [good, good]


def test_endless_junk_is_one_bad_frame_and_is_not_kept(make_parser):
    parser = make_parser()
    for _ in range(100):
        assert parser.feed(b'\x55' * 1000) == []
    assert parser.feed(encode(Command(1, 1.0))) == [Command(1, 1.0)]
    assert parser.counts == ParserCounts(messages=1, bad=1)


def test_python_keeps_no_more_of_endless_junk_than_a_frame():
    parser = Parser()
    for _ in range(100):
        parser.feed(b'\x55' * 1000)
    assert len(parser._rest) < 200


def mutated(random):
    """One or two golden frames with some bytes changed, or plain noise."""
    if random.random() < 0.3:
        return random.bytes(random.integers(1, 200))
    data = bytearray(GOLDEN[random.integers(len(GOLDEN))].frame * random.integers(1, 3))
    for _ in range(random.integers(1, 6)):
        data[random.integers(len(data))] = random.integers(256)
    return bytes(data)


def test_a_million_random_and_mutated_bytes_pass_no_wrong_message_and_cost_no_later_one(
    make_parser,
):
    """CRC-16 lets one broken frame of 65536 pass; type and length leave fewer of them."""
    random = np.random.default_rng(0)
    sound = {repr(golden.message) for golden in MESSAGES}
    parser = make_parser()
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
    assert math.isnan(parse(Parser(), encode(state))[0].current)

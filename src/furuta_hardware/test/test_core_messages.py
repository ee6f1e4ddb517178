# SPDX-License-Identifier: Apache-2.0
"""The messages as the C core packs and unpacks them, against the golden frames."""

import ctypes
import struct

import pytest

from furuta_hardware import core_library
from furuta_hardware.golden import KINDS, MESSAGES
from furuta_hardware.messages import LAYOUTS, NUMBERS

FROM_BOARD = [golden for golden in MESSAGES if NUMBERS[KINDS[golden.name]] >= 0x80]
FROM_HOST = [golden for golden in MESSAGES if golden not in FROM_BOARD]
# The structs of message.h as they lie in memory, padded and aligned by the `@` of struct; the
# request's id is an argument of its own.
MEMORY = {
    'state': '@QHHHBHiiffff',
    'identity': '@QBBBB',
    'configuration': '@24sIi4fi4ffI8f',
    'counters': '@11I',
}


def names(goldens):
    return [f'{i}-{golden.name}' for i, golden in enumerate(goldens)]


def packed(golden):
    """Payload that the core makes of a golden frame's fields."""
    core, out = core_library.load(), ctypes.create_string_buffer(96)
    request, *values = golden.message
    if golden.name == 'acknowledge':
        kind, result = values
        size = core.message_pack_acknowledge(struct.pack('@BBH', kind, request, 0), result, out)
    elif golden.name == 'state':
        size = core.message_pack_state(struct.pack(MEMORY['state'], *golden.message), out)
    elif golden.name == 'identity':
        *numbers, robot = values
        memory = struct.pack(MEMORY['identity'], *numbers)
        size = core.message_pack_identity(request, memory, robot, out)
    else:
        values = [b'', *values] if golden.name == 'configuration' else values
        memory = struct.pack(MEMORY[golden.name], *values)
        size = getattr(core, f'message_pack_{golden.name}')(request, memory, out)
    return out.raw[:size]


@pytest.mark.parametrize('golden', FROM_BOARD, ids=names(FROM_BOARD))
def test_message_of_the_board_becomes_its_golden_frame(golden):
    out = ctypes.create_string_buffer(103)
    payload = packed(golden)
    number = NUMBERS[KINDS[golden.name]]
    size = core_library.load().frame_encode(number, payload, len(payload), out)
    assert out.raw[:size].hex() == golden.frame.hex()


@pytest.mark.parametrize('golden', FROM_HOST, ids=names(FROM_HOST))
def test_message_of_the_host_is_unpacked_and_no_other_size_is(golden):
    core = core_library.load()
    number = NUMBERS[KINDS[golden.name]]
    payload = LAYOUTS[number][1].pack(*golden.message)
    is_command = golden.name == 'command'
    unpack = core.message_unpack_command if is_command else core.message_unpack_request
    unpack.restype = ctypes.c_bool
    out = ctypes.create_string_buffer(8)
    assert unpack(number, payload, len(payload), out)
    if is_command:
        expected = struct.pack('@Hf', *golden.message)
        assert out.raw[:2] + out.raw[4:] == expected[:2] + expected[4:]
    else:
        request, *values = golden.message
        assert struct.unpack('@BBH', out.raw[:4]) == (number, request, *(values or [0]))
    for size in set(range(9)) - {len(payload)}:
        assert not unpack(number, payload.ljust(9), size, out)

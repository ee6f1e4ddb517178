# SPDX-License-Identifier: Apache-2.0
"""How long bytes take on the emulated line, and what becomes of them."""

import pytest

from furuta_hardware.wire import CAPACITY, Noise, Timing, Wire


def test_byte_takes_ten_bits_and_waits_for_those_before():
    wire = Wire(Timing(baud_rate=1_000_000))
    assert wire.put(bytes(100), 0)
    assert wire.put(bytes(50), 0)
    assert wire.take(999) == b''
    assert len(wire.take(1000)) == 100
    assert wire.due_us() == 1500
    assert len(wire.take(1500)) == 50


def test_usb_hands_over_once_a_frame():
    wire = Wire(Timing(usb_frame_us=1000))
    wire.put(b'a', 10)
    wire.put(b'b', 900)
    wire.put(b'c', 1100)
    assert wire.take(999) == b''
    assert wire.take(1000) == b'ab'
    assert wire.take(2000) == b'c'


def test_jitter_never_reorders():
    wire = Wire(Timing(jitter_us=500), seed=3)
    for i in range(200):
        wire.put(bytes([i]), i * 10)
    assert wire.take(1e9) == bytes(range(200))


def test_stalled_line_brings_everything_afterwards_at_once():
    wire = Wire(Timing())
    wire.stall(5000)
    wire.put(b'a', 0)
    wire.put(b'b', 4000)
    assert wire.take(4999) == b''
    assert wire.due_us() == 5000
    assert wire.take(5000) == b'ab'


def test_full_buffer_refuses_whole_pieces():
    wire = Wire(Timing())
    assert wire.put(bytes(CAPACITY), 0)
    assert not wire.put(b'x', 0)
    wire.take(1)
    assert wire.put(b'x', 2)


@pytest.mark.parametrize(
    ('noise', 'length'),
    [(Noise(lost=0.1), 0.9), (Noise(doubled=0.1), 1.1), (Noise(flipped=0.1), 1.0)],
    ids=['lost', 'doubled', 'flipped'],
)
def test_noise_damages_the_share_of_bytes_asked_for(noise, length):
    data = b''
    wire = Wire(Timing())
    wire.noise = noise
    for _ in range(10):
        wire.put(bytes(1000), 0)
        data += wire.take(0)
    assert len(data) == pytest.approx(length * 10_000, rel=0.02)
    if noise.flipped:
        damaged = [byte for byte in data if byte]
        assert len(damaged) == pytest.approx(1000, rel=0.15)
        assert all(byte.bit_count() == 1 for byte in damaged)

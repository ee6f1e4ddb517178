# SPDX-License-Identifier: Apache-2.0
"""What a user reads who names a port that is none, or a device that is not ours."""

import os
import pty
import threading
import tty
from binascii import crc_hqx

import pytest
from cobs import cobs

from furuta_hardware import link, ports
from furuta_hardware.link import Link, LinkError
from furuta_hardware.ports import PortError
from furuta_hardware.protocol import CRC_START, PROTOCOL_VERSION


@pytest.fixture
def device(monkeypatch):
    """A port on which something sends the same bytes again and again."""
    monkeypatch.setattr(link, 'GREETING_PATIENCE', 0.5)
    master, slave = pty.openpty()
    tty.setraw(slave)
    stop = threading.Event()
    threads = []

    def send(data):
        def run():
            while not stop.wait(0.005):
                os.write(master, data)
                os.read(master, 4096) if data else None

        if data:
            threads.append(threading.Thread(target=run))
            threads[-1].start()
        return os.ttyname(slave)

    yield send
    stop.set()
    os.write(slave, b'x' * 10)  # ends a read that waits
    for thread in threads:
        thread.join()
    os.close(master)
    os.close(slave)


def frame_of_version(version):
    content = bytes((version, 0x81)) + bytes(20)
    crc = crc_hqx(content, CRC_START).to_bytes(2, 'little')
    return b'\0' + cobs.encode(content + crc) + b'\0'


@pytest.mark.parametrize(
    ('port', 'words'),
    [
        ('/dev/ttyUSB99', 'no such port'),
        ('/etc/hostname', 'is no serial port'),
        ('/dev/null', 'is no serial port'),
    ],
)
def test_name_that_is_no_port_is_answered_with_what_there_is(port, words):
    with pytest.raises(PortError, match=words) as error:
        ports.open_port(port)
    assert port in str(error.value)
    assert 'emulator' in str(error.value) or '/dev/tty' in str(error.value)


def test_missing_permission_names_the_group(device, monkeypatch):
    monkeypatch.setattr(os, 'access', lambda *arguments: False)  # root may open anything
    with pytest.raises(PortError, match=r'no permission: sudo usermod -aG \w+ '):
        ports.open_port(device(b''))


@pytest.mark.parametrize('end', [b'', b'\0'], ids=['text', 'frames'])
def test_device_that_sends_something_else_is_not_ours(device, end):
    with pytest.raises(LinkError, match='none of ours, or not flashed'):
        Link(device(b'$GPGGA,123519,4807.038,N\r\n' + end))


def test_silent_device_is_told_from_a_wrong_one(device):
    with pytest.raises(LinkError, match=r'nothing comes from .* powered and flashed'):
        Link(device(b''))


def test_board_of_another_protocol_version_says_which_and_what_to_do(device):
    with pytest.raises(LinkError, match=rf'version {PROTOCOL_VERSION + 1} .*flash'):
        Link(device(frame_of_version(PROTOCOL_VERSION + 1)))

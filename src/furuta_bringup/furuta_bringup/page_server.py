# SPDX-License-Identifier: Apache-2.0
"""Start and stop viser's server on exactly one port, without its own words on the terminal."""

from __future__ import annotations

import contextlib
import errno
import io
import socket

import viser


def start(host: str, port: int) -> viser.ViserServer:
    """Serve an empty page.

    Args:
        host: address to listen on.
        port: port, 0 = any that is free.

    Raises:
        ValueError: nothing can listen there; the message says why and how to mend it.
    """
    check_port(host, port)
    with _silenced():
        server = viser.ViserServer(host=host, port=port, label='furuta', verbose=False)
    if port not in (0, server.get_port()):  # somebody was faster since the check
        stop(server)
        check_port(host, port)
        raise ValueError(f'the page could not get port {port} on {host}: try again')
    return server


def stop(server: viser.ViserServer) -> None:
    """Stop serving and wait until it has stopped."""
    with _silenced():
        server.stop()


def check_port(host: str, port: int) -> None:
    """Raise ValueError if nothing can listen there; viser itself would take the next port."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen()
    except (OSError, OverflowError) as error:
        reason = getattr(error, 'strerror', None) or str(error)
        is_taken = getattr(error, 'errno', None) == errno.EADDRINUSE
        remedy = f'end the program that has it, or choose another port, as {port + 1}'
        raise ValueError(
            f'the page cannot have port {port} on {host} ({reason})'
            + (f': {remedy}' if is_taken else '')
        ) from None


def _silenced() -> contextlib.AbstractContextManager[object]:
    """Keep viser off the terminal: the twin says itself where the page is."""
    return contextlib.redirect_stdout(io.StringIO())

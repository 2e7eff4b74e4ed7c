"""Connections to Oveit are kept open, and none is left behind when they are cut."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
import socket
from time import monotonic

import aiohttp
import pytest

from custom_components.oveit.core.client.api import OveitClient
from custom_components.oveit.core.client.session import KEEPALIVE_TIMEOUT, open_session
from custom_components.oveit.core.exceptions import OveitConnectionError
from custom_components.oveit.core.polling import IDLE_INTERVAL
from demo.oveit_server import OveitServer, Venue


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """Open the session that the integration uses."""
    session = open_session()
    yield session
    await session.close()


@pytest.fixture
def code(venue: Venue) -> str:
    """Return the code of an unused ticket."""
    return venue.unused(100)[0].code


def sockets() -> int:
    """Return the number of open sockets of this process, those closed by the peer included."""
    return sum(
        entry.readlink().name.startswith("socket:")
        for entry in Path("/proc/self/fd").iterdir()
        if entry.is_symlink()
    )


async def test_a_check_in_after_a_quiet_minute_needs_no_new_connection(
    client: OveitClient, server: OveitServer, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An hour of polls and check-ins goes over one connection."""
    passed = 0.0
    monkeypatch.setattr("aiohttp.connector.monotonic", lambda: monotonic() + passed)
    for _ in range(60):
        await client.events()
        passed += 61
        await client.check_in(code)

    assert server.connections == 1


async def test_a_connection_outlives_the_longest_pause_between_polls() -> None:
    """An idle day of polls goes over one connection."""
    assert IDLE_INTERVAL.total_seconds() < KEEPALIVE_TIMEOUT


async def test_no_socket_is_left_of_connections_that_oveit_closes(
    client: OveitClient, server: OveitServer, code: str
) -> None:
    """Each cut connection is closed, and the next request opens a new one."""
    await client.events()
    await server.hang_up()
    await asyncio.sleep(0.05)
    before = sockets()
    for _ in range(3):
        await server.pick_up()
        await asyncio.gather(client.events(), client.check_in(code))
        await server.hang_up()
        await asyncio.sleep(0.05)
        with pytest.raises(OveitConnectionError):
            await client.events()

    assert sockets() == before


async def test_a_dead_connection_is_noticed_by_the_socket(session: aiohttp.ClientSession) -> None:
    """TCP keep-alive is on, so no router drops a silent connection."""
    address = (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", 0))
    assert isinstance(session.connector, aiohttp.TCPConnector)
    assert session.connector._socket_factory

    with session.connector._socket_factory(address) as opened:
        assert opened.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert opened.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) <= 60

"""A pretend Oveit whose clock stands still, and a client that asks it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest

from demo.oveit_server import Clock, OveitServer, Venue


@dataclass(kw_only=True)
class Caller:
    """Makes requests as a client does."""

    server: OveitServer
    session: aiohttp.ClientSession
    headers: dict[str, str] = field(default_factory=dict)

    def log_in(self, token: str) -> None:
        """Use this token from now on."""
        self.headers["Authorization"] = f"Bearer {token}"

    async def __call__(self, endpoint: str, **params: Any) -> dict[str, Any]:
        """Return the answer to a JSON body."""
        reply = await self.reply(endpoint, json=params)
        assert reply.status == 200
        return await reply.json()

    async def reply(self, endpoint: str, **how: Any) -> aiohttp.ClientResponse:
        """Return the reply after reading its body."""
        url = f"{self.server.url}/{endpoint}"
        async with self.session.post(url, headers=self.headers, **how) as reply:
            await reply.read()
            return reply

    async def control(self, name: str, **change: Any) -> tuple[int, dict[str, Any]]:
        """Change the server by its control interface, or read it if there is no change."""
        url = f"{self.server.url.removesuffix('/api')}/control/{name}"
        asked = self.session.post(url, json=change) if change else self.session.get(url)
        async with asked as reply:
            return reply.status, await reply.json()


@pytest.fixture
def clock() -> Clock:
    """Return a clock that stands still."""
    return Clock()


@pytest.fixture
def venue(clock: Clock) -> Venue:
    """Return a venue with a concert (100) with add-ons and a museum (101)."""
    return Venue.build(50, events=2, clock=clock)


@pytest.fixture
async def server(venue: Venue) -> AsyncIterator[OveitServer]:
    """Serve the venue."""
    server = OveitServer(venue)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def stranger(server: OveitServer) -> AsyncIterator[Caller]:
    """Return a client that is not logged in."""
    async with aiohttp.ClientSession() as session:
        yield Caller(server=server, session=session)


@pytest.fixture
def ask(stranger: Caller, venue: Venue) -> Caller:
    """Return a client with a token of the staff."""
    stranger.log_in(venue.token)
    return stranger

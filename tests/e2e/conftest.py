"""A real Home Assistant process beside a pretend Oveit."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from demo.doors import free_port
from demo.home_assistant import HomeAssistant
from demo.oveit_server import OveitServer
from demo.venue import Venue


@pytest.fixture
async def server() -> AsyncIterator[OveitServer]:
    """Run the pretend Oveit."""
    server = OveitServer(Venue.build(tickets=200, events=2, seed=1))
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[HomeAssistant]:
    """Run an onboarded Home Assistant with the integration at hand."""
    folder = tmp_path / "config"
    folder.mkdir()
    async with HomeAssistant(folder, free_port(0)) as home:
        await home.start()
        await home.onboard("demo", "demo")
        yield home

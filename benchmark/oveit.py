"""The pretend Oveit, as a process of its own."""

import asyncio
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import re
import sys
from typing import Any

import aiohttp


class PretendOveit:
    """A running pretend Oveit."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        """Take its API's address."""
        self.url = url
        self._session = session
        self._control = url.removesuffix("/api") + "/control"

    async def unused(self, event_id: int) -> list[str]:
        """Return the codes of tickets that nobody used."""
        url = f"{self._control}/tickets?event_id={event_id}"
        async with self._session.get(url) as response:
            tickets = (await response.json())["tickets"]
        return [ticket["code"] for ticket in tickets if not ticket["used"]]

    async def check_in(self, code: str) -> None:
        """Check a ticket in, as another door would."""
        params: dict[str, Any] = {"action": "check_in", "code": code}
        async with self._session.post(f"{self._control}/venue", json=params) as response:
            response.raise_for_status()


@asynccontextmanager
async def pretend_oveit(
    tickets: int, session: aiohttp.ClientSession
) -> AsyncIterator[PretendOveit]:
    """Run a pretend Oveit with so many tickets in its first event."""
    command = (sys.executable, "-m", "demo.oveit_server", "--port", "0", "--tickets", str(tickets))
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE)
    try:
        line = await process.stdout.readline() if process.stdout else b""
        found = re.search(r"http://\S+/api", line.decode())
        if found is None:
            raise RuntimeError("The pretend Oveit did not start")
        yield PretendOveit(found.group(), session)
    finally:
        process.terminate()
        await process.wait()

"""The pretend Oveit as a process of its own."""

import asyncio
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
import re
from signal import SIGUSR1
import sys
from typing import Any

import aiohttp

FIRST_EVENT = 100
TOKEN = "1c0ffee5bad9e001"
LOGIN = {"email": "staff@venue.example", "password": "open-sesame"}
LATENCY = 0.001


@dataclass(frozen=True, kw_only=True, slots=True)
class Served:
    """What the pretend Oveit has served so far."""

    bytes: int
    lists: int
    connections: int
    open_connections: int


@dataclass(kw_only=True)
class PretendOveit:
    """A running pretend Oveit; its codes and tags are of unused tickets."""

    url: str
    process: Process
    session: aiohttp.ClientSession
    asked: int = 0
    codes: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)

    @property
    def origin(self) -> str:
        """Return the address without the API's path."""
        return self.url.removesuffix("/api")

    async def load(self) -> None:
        """Load the unused tickets; some of them have a tag of their own."""
        self.asked += 1
        url = f"{self.origin}/control/tickets?event_id={FIRST_EVENT}"
        async with self.session.get(url) as response:
            tickets = (await response.json())["tickets"]
        on_tag = Counter(tag for ticket in tickets for tag in ticket["rfid_codes"])
        for ticket in tickets:
            tags = ticket["rfid_codes"]
            if ticket["used"] or any(on_tag[tag] > 1 for tag in tags):
                continue
            # a template makes a number of a tag of digits only, which oveit.checkin refuses
            if tags and not tags[0].isdecimal() and len(self.tags) < len(tickets) // 10:
                self.tags.append(tags[0])
            else:
                self.codes.append(ticket["code"])

    def take(self, number: int) -> list[str]:
        """Return codes of unused tickets."""
        taken, self.codes = self.codes[:number], self.codes[number:]
        if len(taken) < number:
            raise RuntimeError("There are not enough tickets that nobody used")
        return taken

    async def check_in(self, codes: list[str]) -> None:
        """Check tickets in as another door would."""
        for code in codes:
            await self._control("venue", {"action": "check_in", "code": code})

    async def served(self) -> Served:
        """Return what was served so far, without our own connections."""
        self.asked += 1
        async with self.session.get(f"{self.origin}/control/state") as response:
            state = await response.json()
        return Served(
            bytes=sum(state["bytes"].values()),
            lists=state["requests"].get("events/tickets", 0),
            connections=state["connections"] - self.asked,
            open_connections=state["open_connections"] - 1,
        )

    def lengthen(self) -> None:
        """Make every list a very long one from now on."""
        self.process.send_signal(SIGUSR1)

    async def stop(self) -> None:
        """Stop the process; clients are offline from now on."""
        if self.process.returncode is None:
            self.process.terminate()
            await self.process.wait()

    async def _control(self, what: str, params: dict[str, Any]) -> None:
        """Change the server by its control interface."""
        self.asked += 1
        async with self.session.post(f"{self.origin}/control/{what}", json=params) as response:
            response.raise_for_status()


@asynccontextmanager
async def pretend_oveit(
    tickets: int, events: int = 1, *, list_megabytes: int | None = None
) -> AsyncIterator[PretendOveit]:
    """Run a pretend Oveit with so many tickets in its first event, a tenth in each other."""
    module = ["benchmark.server", str(list_megabytes)] if list_megabytes else ["demo.oveit_server"]
    options = ["--port", "0", "--tickets", str(tickets), "--events", str(events)]
    options += ["--latency", str(LATENCY)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", *module, *options, stdout=PIPE
    )
    try:
        line = await process.stdout.readline() if process.stdout else b""
        found = re.search(r"http://\S+/api", line.decode())
        if found is None:
            raise RuntimeError("The pretend Oveit did not start")
        connector = aiohttp.TCPConnector(force_close=True)
        async with aiohttp.ClientSession(connector=connector) as session:
            oveit = PretendOveit(url=found.group(), process=process, session=session)
            await oveit.load()
            yield oveit
            await oveit.stop()
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()

"""Measures the desk alone: decisions offline, and guests during an upload of pending rows."""

import argparse
import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import aiohttp

from benchmark.effort import FULL
from benchmark.figures import percentile
from benchmark.oveit import TOKEN, PretendOveit, pretend_oveit
from custom_components.oveit.core.client.api import OveitClient
from custom_components.oveit.core.desk.desk import Desk
from custom_components.oveit.core.ledger import Ledger
from custom_components.oveit.core.models import Request, Source
from custom_components.oveit.core.ticket_sync import TicketSync

COLUMNS = "{:<64} {:>8} {:>8} {:>8}"
ROWS = 2_000
GUESTS = 500
EVERY = 0.02
PAUSE = 0.005


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """The durations of some decisions in milliseconds."""

    name: str
    what: str
    times: list[float]

    @property
    def figures(self) -> dict[str, float]:
        """Return the median, the 99th percentile and the longest."""
        middle, slow = (percentile(self.times, percent) for percent in (50, 99))
        return {"p50": middle, "p99": slow, "longest": max(self.times)}


@dataclass(kw_only=True)
class Venue:
    """A desk in this process and the pretend Oveit it asks; lists have a client of their own."""

    oveit: PretendOveit
    client: OveitClient
    ledger: Ledger
    ticket_sync: TicketSync
    desk: Desk

    async def admit(self, codes: list[str], source: Source, pause: float = 0) -> list[float]:
        """Check tickets in one after the other, and return the duration of each in milliseconds."""
        times = []
        for code in codes:
            started = perf_counter()
            decision = await self.desk.check_in(Request(ticket_code=code))
            times.append((perf_counter() - started) * 1000)
            if not decision.admitted or decision.source is not source:
                raise RuntimeError(f"A guest was decided as {decision.reason} by {decision.source}")
            await asyncio.sleep(pause)
        return times


@asynccontextmanager
async def venue(tickets: int) -> AsyncIterator[Venue]:
    """Open a desk with so many tickets."""
    with TemporaryDirectory() as folder:
        async with pretend_oveit(tickets) as oveit, aiohttp.ClientSession() as session:
            client, lists = (OveitClient(session, oveit.url, token=TOKEN) for _ in range(2))
            ledger = await Ledger.open(Path(folder, "ledger.db"))
            ticket_sync = TicketSync(
                lists, ledger, follows=lambda _: True, on_remote_check_in=lambda _: None
            )
            desk = Desk(client, ledger, ticket_sync, on_decision=lambda _: None)
            try:
                await ticket_sync.refresh(everything=True)
                async with beside(count(ledger, *ticket_sync.followed)):
                    yield Venue(
                        oveit=oveit,
                        client=client,
                        ledger=ledger,
                        ticket_sync=ticket_sync,
                        desk=desk,
                    )
            finally:
                await desk.close()
                await ticket_sync.close()
                await client.close()
                await lists.close()
                await ledger.close()


@asynccontextmanager
async def beside(work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Run something beside the body, and cancel it at the end."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def count(ledger: Ledger, event_id: int) -> None:
    """Count the guests once a second, as the sensors do."""
    while True:
        await ledger.attendance(event_id, datetime.now(UTC))
        await asyncio.sleep(1)


@asynccontextmanager
async def refreshing(at: Venue) -> AsyncIterator[None]:
    """Import one changed list after the other beside the body."""
    (event,) = at.ticket_sync.followed.values()
    replies = []
    for _ in range(2):
        await at.oveit.check_in(at.oveit.take(len(at.oveit.codes) // 100))
        replies.append(await at.client.tickets(event.id))

    async def refresh() -> None:
        for reply in cycle(replies):
            await at.ledger.take_list(event, reply, datetime.now(UTC))

    async with beside(refresh()):
        yield


async def while_settling(at: Venue, rows: int) -> tuple[list[float], float]:
    """Check guests in during an upload; return their durations, and that of the upload."""
    await at.admit(at.oveit.take(rows), Source.LEDGER)
    at.client.breaker.is_online = True
    started = perf_counter()
    settling = asyncio.create_task(at.desk.settle())
    times: list[float] = []
    while not settling.done():
        times += await at.admit(at.oveit.take(1), Source.OVEIT, pause=EVERY)
    settled = settling.result()
    if settled.uploaded < rows:
        raise RuntimeError(f"{settled} after the upload")
    return times, perf_counter() - started


async def measure(tickets: int, rows: int) -> AsyncIterator[Measured]:
    """Run the measurements in turn."""
    async with venue(tickets) as at:
        times = await at.admit(at.oveit.take(GUESTS), Source.OVEIT)
        yield Measured(name="desk_online", what="online, nothing else", times=times)
        at.client.breaker.is_online = False
        async for measured in offline(at, "desk", "from the ledger"):
            yield measured
        times, seconds = await while_settling(at, rows - 2 * GUESTS)
        what = f"online, while {rows} rows are uploaded in {seconds:.0f} s"
        yield Measured(name="desk_settling", what=what, times=times)
    async with venue(tickets) as at, refreshing(at):
        at.client.breaker.is_online = False
        what = "from the ledger, while a list is imported"
        async for measured in offline(at, "desk_busy", what):
            yield measured


async def offline(at: Venue, name: str, what: str) -> AsyncIterator[Measured]:
    """Measure decisions without a pause, and with pauses in which the machine goes idle."""
    times = await at.admit(at.oveit.take(GUESTS), Source.LEDGER)
    yield Measured(name=name, what=what, times=times)
    times = await at.admit(at.oveit.take(GUESTS), Source.LEDGER, PAUSE)
    paced = f"{what}, {PAUSE * 1000:g} ms apart"
    yield Measured(name=f"{name}_paced", what=paced, times=times)


async def show(tickets: int, rows: int) -> None:
    """Measure and print."""
    print(COLUMNS.format(f"{tickets} tickets, milliseconds", "p50", "p99", "longest"))
    async for measured in measure(tickets, rows):
        figures = (f"{value:.2f}" for value in measured.figures.values())
        print(COLUMNS.format(measured.what, *figures), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmark.desk", description=__doc__)
    parser.add_argument("--tickets", type=int, default=FULL.desk_tickets)
    parser.add_argument("--rows", type=int, default=ROWS)
    options = parser.parse_args()
    asyncio.run(show(options.tickets, options.rows))

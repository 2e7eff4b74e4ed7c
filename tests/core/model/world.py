"""A venue with its doors and its Oveit, and what was told to whom."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
import os
from pathlib import Path
from time import monotonic
from typing import Any, override

from aiohttp import web
import pytest

from custom_components.oveit.core.exceptions import LedgerError, OveitConnectionError
from custom_components.oveit.core.models import Decision, Request
from demo.oveit_server import Behaviour, Fault, OveitServer, Received, Venue, VenueTicket
from demo.venue import now
from tests.core.model.home import Home
from tests.core.unknowns import Seconds

GHOSTS = ("00000000", "nobody")
HEARTBEAT = 0.02
QUICK_WRITE = 0.05

type Meanwhile = Callable[[], Awaitable[None]]


class WatchedServer(OveitServer):
    """A pretend Oveit that tells whether it is at work."""

    under_way = 0

    @override
    async def _respond(
        self, request: web.BaseRequest, received: Received, fault: Fault
    ) -> web.StreamResponse:
        self.under_way += 1
        try:
            return await super()._respond(request, received, fault)
        finally:
            self.under_way -= 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """What a guest was told, and after how long."""

    request: Request
    decision: Decision
    waited: float


class World:
    """Everything there is; the guests, the line and the clock do as they are told."""

    def __init__(self, folder: Path, behaviour: Behaviour, skew: float) -> None:
        """Build a venue whose clock is so many seconds ahead."""
        self._folder = folder
        self._ahead = timedelta(seconds=skew)
        venue = Venue.build(24, events=2, attendee_forms=False, clock=self.clock)
        self.server = WatchedServer(venue, behaviour=behaviour)
        self.venue = venue
        self.pool = _choose(venue)
        self._before = {
            code: Counter(addon_id for addon_id, _ in ticket.checkins)
            for code, ticket in venue.tickets.items()
        }
        self.elsewhere = Counter[tuple[str, int | None]]()
        self.cancelled: set[str] = set()
        self._sold_at: dict[str, int] = {}
        self.told: list[Told] = []
        self.decided: list[Decision] = []
        self.undecided = 0
        self.crashes = 0
        self.lag = 0.0
        self._is_stopping = False
        self._door_clock = 0.0
        self._ledger_clock = Seconds()
        self._lives = 0
        self.home: Home

    def clock(self) -> datetime:
        """Return the time at Oveit."""
        return now() + self._ahead

    def reads_clock(self) -> float:
        """Return the time at the doors, which goes on only from one rule to the next."""
        return self._door_clock

    @property
    def path(self) -> Path:
        """Return where the ledger lies."""
        return self.home.path

    async def open(self) -> None:
        """Open the doors."""
        await self.server.start()
        await self._begin_life(self._folder / "ledger-0.db")

    async def close(self) -> None:
        """Close everything."""
        await self.home.stop()
        await self.server.stop()

    async def with_heartbeat(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something, and add up how long this machine kept everyone waiting meanwhile."""
        self.lag = 0.0
        heart = asyncio.create_task(self._beat())
        try:
            await work
        finally:
            heart.cancel()
            await asyncio.wait([heart])

    async def receive(
        self, requests: list[Request], meanwhile: Meanwhile | None, after: float
    ) -> None:
        """Let guests present their tickets at once, while something happens."""
        reads = [self.home.run(self._present(request, self._lives)) for request in requests]
        if meanwhile:
            await asyncio.sleep(after)
            await meanwhile()
        for outcome in await asyncio.gather(*reads, return_exceptions=True):
            if isinstance(outcome, BaseException) and not isinstance(
                outcome, asyncio.CancelledError
            ):
                raise outcome

    async def restart(self) -> None:
        """Stop as Home Assistant does, and start again."""
        self._is_stopping = True
        await self.home.stop()
        await self._begin_life(self.path)
        self._is_stopping = False

    async def crash(self) -> None:
        """Fall over in the middle of whatever is going on, and start again."""
        self.crashes += 1
        survivor = self._folder / f"ledger-{self._lives}.db"
        self._lives += 1
        await self.home.crash(survivor)
        await self._begin_life(survivor)

    async def let_time_pass(self, seconds: float) -> None:
        """Step Oveit's clock on when nothing is under way, and have everyone notice."""
        await _until(lambda: not self.server.under_way)
        self._ahead += timedelta(seconds=seconds)
        self._ledger_clock.step(seconds)
        await self.home.run(self.home.refresh())

    async def settle(self) -> int:
        """Settle what waits, and return how much still does."""
        return await self.home.run(self.home.settle())

    async def refresh(self) -> None:
        """Take up the lists."""
        await self.home.run(self.home.refresh())

    async def wait(self) -> None:
        """Let so much time pass that Oveit cannot be at work on anything any more."""
        await self.let_time_pass(20)

    async def wait_longer(self) -> None:
        """Let so much time pass that no use is taken for another."""
        await self.let_time_pass(300)

    async def all_is_well(self) -> None:
        """Have nothing go wrong any more."""
        self.server.faults.clear()

    async def expire_tokens(self) -> None:
        """Let every token die."""
        self.server.expire_tokens()

    async def hang_up(self) -> None:
        """Cut the line."""
        await self.server.hang_up()

    async def pick_up(self) -> None:
        """Mend the line."""
        if not self.server._listener:
            await self.server.pick_up()

    async def recover(self) -> None:
        """Have the line work again, and wait until it is up."""
        self.server.faults.clear()
        await self.pick_up()
        await _until(lambda: self.home.client.breaker.is_online)

    def guests_change(self) -> None:
        """Let 6 s pass at the doors: no read repeats an earlier one any more."""
        self._door_clock += 6.0

    def check_in_elsewhere(self, ticket: VenueTicket, addon_id: int | None, ago: float) -> None:
        """Check a ticket in with Oveit's own app."""
        self.elsewhere[ticket.code, addon_id] += 1
        self.venue.check_in(ticket.code, addon_id, self.clock() - timedelta(seconds=ago))

    def cancel(self, ticket: VenueTicket) -> None:
        """Cancel a ticket."""
        self.cancelled.add(ticket.code)
        self.venue.cancel(ticket.code)

    def sell(self) -> None:
        """Sell a ticket that no list has shown yet."""
        ticket = self.venue.sell(100, 234)
        self.pool.append(ticket)
        self._sold_at[ticket.code] = len(self.server.requests)

    def is_unheard_of(self, code: str) -> bool:
        """Tell whether Oveit never had the occasion to speak of a ticket."""
        if code not in self._sold_at:
            return False
        return not any(
            request.endpoint == "events/tickets" or code in request.params.values()
            for request in self.server.requests[self._sold_at[code] :]
        )

    def find_unused(self, place: int) -> int:
        """Return the place of the next ticket that nobody used, or the same place."""
        places = [(place + further) % len(self.pool) for further in range(len(self.pool))]
        return next((each for each in places if not self.pool[each].checkins), place)

    def ours(self, code: str, addon_id: int | None) -> int:
        """Count what was used of a ticket by this venue's doors."""
        total = self.venue.tickets[code].uses(addon_id)
        before = self._before.get(code, Counter())[addon_id]
        return total - before - self.elsewhere[code, addon_id]

    async def _begin_life(self, path: Path) -> None:
        """Start a core."""
        self._lives += 1
        self.home = Home(path, self._lives, self._ledger_clock)
        life = self._lives

        def on_decision(decision: Decision) -> None:
            if life == self._lives:
                self.decided.append(decision)

        await self.home.start(self.server, on_decision, self.reads_clock)

    async def _present(self, request: Request, life: int) -> None:
        """Present a ticket, and take note of what is told if one lives to hear it."""
        began = monotonic()
        try:
            decision = await self.home.desk.check_in(request)
        except OveitConnectionError:
            self.undecided += 1
            return
        except LedgerError, RuntimeError:  # of the file or the session that are closed
            if self._is_stopping or life != self._lives:
                return
            raise
        if self._is_stopping and request.free_flow:  # let in by a house whose books are closed
            return
        if life == self._lives:
            waited = monotonic() - began
            self.told.append(Told(request=request, decision=decision, waited=waited - self.lag))

    async def _beat(self) -> None:
        """Add up how much later than usual this machine and its disk do things."""
        while True:
            began = monotonic()
            await asyncio.sleep(HEARTBEAT)
            await asyncio.to_thread(_write_durably, self._folder / "heartbeat")
            self.lag += max(monotonic() - began - HEARTBEAT - QUICK_WRITE, 0)


def _write_durably(path: Path) -> None:
    """Do what the ledger does for each guest."""
    with path.open("wb") as file:
        file.write(b"beat")
        file.flush()
        os.fsync(file.fileno())


async def _until(is_so: Callable[[], bool]) -> None:
    """Wait until something is so."""
    for _ in range(1000):
        if is_so():
            return
        await asyncio.sleep(0.02)
    pytest.fail("What was waited for never came")


def _choose(venue: Venue) -> list[VenueTicket]:
    """Choose few tickets, so that guests often bring the same: of every kind."""
    entries, vips = venue.unused(100, 234), venue.unused(100, 235)
    tagged = next(ticket for ticket in entries[1:] if ticket.rfid_codes)
    bare = next(ticket for ticket in entries if not ticket.rfid_codes)
    return [
        entries[0],
        vips[0],
        vips[1],
        tagged,
        bare,
        venue.used(100)[0],
        venue.unused(101)[0],
        venue.unused(900)[0],
    ]

"""A venue with two desks, its doors and its Oveit, and what was told to whom."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf
import os
from pathlib import Path
import shutil
import sqlite3
from time import monotonic
from typing import Any, override

from aiohttp import web
import pytest

from custom_components.oveit.core.exceptions import (
    LedgerBusyError,
    LedgerError,
    OveitConnectionError,
)
from custom_components.oveit.core.ledger import Generation, delete_ledger
from custom_components.oveit.core.models import Decision, Direction, Reason, Request
from demo.oveit_server import Behaviour, Fault, OveitServer, Received, Venue, VenueTicket
from demo.venue import now
from tests.core.model.home import Home
from tests.core.unknowns import Seconds, journal, query

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


type Use = tuple[str, int | None]


def given_by(decision: Decision) -> list[Decision]:
    """Return those who came in with a good ticket, and not because nobody is refused."""
    told = [decision, *decision.others]
    return [
        each
        for each in told
        if each.admitted and each.reason is not Reason.OVERRIDE and each.overruled is None
    ]


def use_of(decision: Decision) -> Use:
    """Return the use of a ticket that was admitted."""
    assert decision.ticket is not None, "An admission names its ticket"
    return decision.ticket.code, decision.request.addon_id


class World:
    """Everything there is; the guests, the line and the clock do as they are told.

    Two desks share the ledger's file. `lost` counts the rows of each use that an older copy
    of the file does not have, `forgotten` the admissions of which Oveit alone still knows.
    """

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
        self.elsewhere = Counter[Use]()
        self.lost = Counter[Use]()
        self.forgotten = Counter[Use]()
        self.cancelled: set[str] = set()
        self._sold_at: dict[str, int] = {}
        self.told: list[Told] = []
        self.decided: list[Decision] = []
        self.undecided = 0
        self.too_slow = 0
        self.crashes = 0
        self.restored = 0
        self.lag = 0.0
        self._beat_began = inf
        self._door_clock = 0.0
        self._ledger_clock = Seconds()
        self._files = 0
        self._homes: list[Home] = []
        self._turn = 0
        self.path = folder / "ledger-0.db"

    def clock(self) -> datetime:
        """Return the time at Oveit."""
        return now() + self._ahead

    def reads_clock(self) -> float:
        """Return the time at the doors, which goes on only from one rule to the next."""
        return self._door_clock

    async def open(self) -> None:
        """Open the doors."""
        await self.server.start()
        await self._begin_lives()

    async def close(self) -> None:
        """Close everything."""
        for home in self._homes:
            await home.stop()
        await self.server.stop()

    async def with_heartbeat(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something, and add up how long this machine kept everyone waiting meanwhile."""
        self.lag, self._beat_began = 0.0, inf
        heart = asyncio.create_task(self._beat())
        try:
            await work
        finally:
            heart.cancel()
            await asyncio.wait([heart])

    async def receive(
        self, requests: list[tuple[int, Request]], meanwhile: Meanwhile | None, after: float
    ) -> None:
        """Let guests present their tickets at once, each at a desk, while something happens."""
        reads = [
            self._homes[place].run(self._present(self._homes[place], request))
            for place, request in requests
        ]
        if meanwhile:
            await asyncio.sleep(after)
            await meanwhile()
        for outcome in await asyncio.gather(*reads, return_exceptions=True):
            if isinstance(outcome, BaseException) and not isinstance(
                outcome, asyncio.CancelledError
            ):
                raise outcome

    async def restart(self) -> None:
        """Stop both desks as Home Assistant does, and start them again."""
        await asyncio.gather(*(home.stop() for home in self._homes))
        await self._begin_lives()

    async def restart_one(self) -> None:
        """Stop one desk as Home Assistant does, and start it again."""
        place = self._next_place()
        await self._homes[place].stop()
        self._homes[place] = await self._begin_life()

    async def crash(self) -> None:
        """Have both desks fall over, with the file as it is in this moment, and start again."""
        self.crashes += 1
        survivor = self._next_file()
        _copy_as_it_is(self.path, survivor)
        for home in self._homes:
            home.is_gone = True
        await asyncio.gather(*(home.crash() for home in self._homes))
        self.path = survivor
        await self._begin_lives()

    async def crash_one(self) -> None:
        """Have one desk fall over while the other one goes on, and start it again."""
        self.crashes += 1
        place = self._next_place()
        await self._homes[place].crash()
        self._homes[place] = await self._begin_life()

    async def back_up(self) -> None:
        """Keep a copy of the file, made while it is in use."""
        copy = self._folder / "backup.db"
        delete_ledger(copy)
        _copy(self.path, copy)

    async def restore(self) -> None:
        """Stop the venue, put the copy kept before in the file's place, and start again."""
        copy = self._folder / "backup.db"
        if not copy.exists():
            return
        await asyncio.gather(*(home.stop() for home in self._homes))
        expected = max((home.last_seen for home in self._homes), key=lambda seen: seen.counter)
        lost = self.path
        self.path = self._next_file()
        _copy(copy, self.path)
        is_older = self._lose(lost)
        await self._begin_lives(expected)
        assert self._homes[0].ledger.opening.older or not is_older, "A restored copy is not noticed"
        self.restored += is_older
        self._forget()

    def _lose(self, lost: Path) -> bool:
        """Count the rows that the copy does not have; tell whether it lacks anything."""
        kept = {row["ref"]: row for row in journal(self.path)}
        before = journal(lost)
        for row in before:
            if row["ref"] not in kept and row["direction"] == Direction.ENTRY:
                self.lost[row["code"], row["addon_id"]] += 1
        names = ("ref", "state", "admitted", "attempts")
        known = {tuple(row[name] for name in names) for row in kept.values()}
        return any(tuple(row[name] for name in names) not in known for row in before)

    def _forget(self) -> None:
        """Take out of the comparison what only the lost file knew, unless Oveit lists it."""
        rows = journal(self.path)
        kept = Counter((row["code"], row["addon_id"]) for row in rows if row["admitted"])
        unclaimed = {row["code"] for row in rows if not row["admitted"]}
        entered = query(self.path, "SELECT code FROM tickets WHERE checked_in")
        listed = {row["code"] for row in entered} - unclaimed
        decided, self.decided = self.decided, []
        seen = Counter[Use]()
        self.forgotten.clear()
        for decision in decided:
            use = use_of(decision)
            seen[use] += 1
            if seen[use] > kept[use] and use[0] in listed and use[1] is None:
                self.forgotten[use] += 1
            if seen[use] <= kept[use] + self.forgotten[use]:
                self.decided.append(decision)
        known = {(decision.scan_id, use_of(decision)) for decision in self.decided}
        self.told = [
            each
            for each in self.told
            if all((one.scan_id, use_of(one)) in known for one in given_by(each.decision))
            and not each.request.free_flow
        ]

    async def let_time_pass(self, seconds: float) -> None:
        """Step Oveit's clock on when nothing is under way, and have everyone notice."""
        await _until(lambda: not self.server.under_way)
        self._ahead += timedelta(seconds=seconds)
        self._ledger_clock.step(seconds)
        await self.refresh()

    async def settle(self) -> int:
        """Have both desks settle what waits, and return how much still does."""
        await asyncio.gather(*(home.run(home.settle()) for home in self._homes))
        return len(await self._homes[0].ledger.waiting())

    async def refresh(self) -> None:
        """Take up the lists."""
        await asyncio.gather(*(home.run(home.refresh()) for home in self._homes))

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
        await _until(lambda: all(home.client.breaker.is_online for home in self._homes))

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

    def _next_file(self) -> Path:
        """Return the name of a file that is not there yet."""
        self._files += 1
        return self._folder / f"ledger-{self._files}.db"

    def _next_place(self) -> int:
        """Return which desk's turn it is to stop or to fall over."""
        self._turn += 1
        return self._turn % 2

    async def _begin_lives(self, expected: Generation | None = None) -> None:
        """Start both desks, the first of which knows how far the ledger had come."""
        self._homes = [await self._begin_life(expected), await self._begin_life()]

    async def _begin_life(self, expected: Generation | None = None) -> Home:
        """Start a core."""
        home = Home(self.path, self._ledger_clock)

        def on_decision(decision: Decision) -> None:
            if not home.is_gone:
                self.decided.extend(given_by(decision))

        await home.start(self.server, on_decision, self.reads_clock, expected)
        return home

    async def _present(self, home: Home, request: Request) -> None:
        """Present a ticket, and take note of what is told if one lives to hear it."""
        began = monotonic()
        try:
            decision = await home.desk.check_in(request)
        except OveitConnectionError:
            self.undecided += 1
            return
        except LedgerBusyError:  # of a machine that was too slow for this guest
            self.too_slow += 1
            return
        except LedgerError, RuntimeError:  # of the file or the session that are closed
            if home.is_stopping or home.is_gone:
                return
            raise
        if home.is_stopping and request.free_flow:  # let in by a house whose books are closed
            return
        if not home.is_gone:
            waited = monotonic() - began - self.lag - self._late_beat()
            self.told.append(Told(request=request, decision=decision, waited=waited))

    async def _beat(self) -> None:
        """Add up how much later than usual this machine and its disk do things."""
        while True:
            self._beat_began = monotonic()
            await asyncio.sleep(HEARTBEAT)
            await asyncio.to_thread(_write_durably, self._folder / "heartbeat")
            self.lag += self._late_beat()

    def _late_beat(self) -> float:
        """Return how late the beat is that is not over yet."""
        return max(monotonic() - self._beat_began - HEARTBEAT - QUICK_WRITE, 0)


def _copy(path: Path, copied: Path) -> None:
    """Copy a ledger while it may be in use, as a backup does."""
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copied)) as target:
        source.backup(target)


def _copy_as_it_is(path: Path, survivor: Path) -> None:
    """Copy a ledger with its log while nobody can write to it."""
    with closing(sqlite3.connect(path, timeout=10, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        for suffix in ("", "-wal"):
            source = path.with_name(path.name + suffix)
            if source.exists():
                shutil.copyfile(source, survivor.with_name(survivor.name + suffix))


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

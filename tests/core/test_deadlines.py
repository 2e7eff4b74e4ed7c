"""T17: a ledger that is locked, or a disk that is slow, keeps no guest waiting."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
import sqlite3
from threading import Event as Flag
from time import monotonic
from typing import Any

import pytest
from sqlalchemy import Connection

from custom_components.oveit.core.desk.desk import Desk
from custom_components.oveit.core.exceptions import LedgerBusyError, LedgerError
from custom_components.oveit.core.ledger import Ledger
from custom_components.oveit.core.ledger.sqlite import engine
from custom_components.oveit.core.models import Decision, Direction, Reason, Request, RowState
from demo.oveit_server import OveitServer, Venue, VenueTicket
from tests.core.ledger_rows import begin
from tests.core.unknowns import Steps, journal, states, until

ENTRY = 234
DEADLINE = 0.6
HALF_A_SECOND = 0.5 + 0.4  # that a busy machine may take
AT_ONCE = 0.4


@pytest.fixture
def ledger_grace() -> None:
    """Have the ledger take as long as it may in a venue."""


@pytest.fixture
def guests(venue: Venue) -> list[VenueTicket]:
    """Pick guests who have not come in."""
    return venue.unused(100, ENTRY)


@pytest.fixture
async def locked(desk: Desk, path: Path) -> AsyncIterator[sqlite3.Connection]:
    """Have another program hold the lock for as long as the test takes, of a desk that is open."""
    assert desk
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    yield holder
    holder.close()


async def timed(desk: Desk, ticket: VenueTicket, **known: Any) -> tuple[Decision | None, float]:
    """Return what a guest was told, None for an error of the ledger, and after how long."""
    began = monotonic()
    decision = None
    with suppress(LedgerBusyError):
        request: dict[str, Any] = {"ticket_code": ticket.code, "deadline": DEADLINE} | known
        decision = await desk.check_in(Request(**request))
    return decision, monotonic() - began


async def online(server: OveitServer) -> None:
    """Leave Oveit as it is."""


async def offline(server: OveitServer) -> None:
    """Cut the connection."""
    await server.hang_up()


connection = pytest.mark.parametrize("connect", [online, offline])
type Connect = Callable[[OveitServer], Any]


@connection
async def test_t17_a_guest_is_answered_in_time_though_another_program_holds_the_lock(
    locked: sqlite3.Connection,
    desk: Desk,
    server: OveitServer,
    guests: list[VenueTicket],
    path: Path,
    connect: Connect,
    steps: Steps,
) -> None:
    """Nobody is let in who is not on the disk; once the lock is gone, the guest comes in."""
    await connect(server)

    decision, seconds = await timed(desk, guests[0])

    assert decision is None
    assert seconds <= DEADLINE + HALF_A_SECOND
    assert server.requests_to("tickets/checkin") == []
    locked.execute("ROLLBACK")
    steps.step()
    decision, _ = await timed(desk, guests[0])
    assert decision
    assert decision.reason is Reason.CHECKED_IN
    assert [row["admitted"] for row in journal(path)] == [1]


@pytest.mark.usefixtures("locked")
@connection
async def test_t17_three_guests_at_once_do_not_wait_behind_each_other(
    desk: Desk, server: OveitServer, guests: list[VenueTicket], connect: Connect
) -> None:
    """Each has a deadline of its own, and so has one who comes a little later."""
    await connect(server)

    async def late() -> tuple[Decision | None, float]:
        await asyncio.sleep(DEADLINE)
        return await timed(desk, guests[3])

    outcomes = await asyncio.gather(*(timed(desk, guest) for guest in guests[:3]), late())

    for decision, seconds in outcomes:
        assert decision is None
        assert seconds <= DEADLINE + HALF_A_SECOND


@pytest.mark.usefixtures("locked")
async def test_t17_work_without_a_deadline_that_waits_for_the_lock_holds_up_no_guest(
    desk: Desk, ledger: Ledger, venue: Venue, guests: list[VenueTicket]
) -> None:
    """It waits for longer than any guest does, in the same thread."""
    waits = asyncio.create_task(begin(ledger, "elsewhere"))
    await asyncio.sleep(0.1)

    outcomes = await asyncio.gather(*(timed(desk, guest) for guest in guests[:3]))
    refusal, seconds = await timed(desk, venue.used(100)[0])

    assert all(waited <= DEADLINE + HALF_A_SECOND for _, waited in outcomes)
    assert refusal
    assert refusal.reason is Reason.ALREADY_CHECKED_IN
    assert seconds < AT_ONCE
    waits.cancel()


@pytest.mark.usefixtures("locked")
@connection
async def test_t17_look_ups_and_refusals_go_on_while_the_lock_is_held(
    desk: Desk,
    ledger: Ledger,
    server: OveitServer,
    venue: Venue,
    guests: list[VenueTicket],
    connect: Connect,
) -> None:
    """They write nothing, also while guests wait for the lock."""
    await connect(server)
    waiting = [asyncio.create_task(timed(desk, guest)) for guest in guests[:2]]
    await asyncio.sleep(0.05)
    began = monotonic()

    look = await desk.scan(Request(ticket_code=guests[2].code, deadline=DEADLINE))
    decision, _ = await timed(desk, venue.used(100)[0])
    assert ledger.has_entered(ticket_code=venue.used(100)[0].code)

    assert monotonic() - began < (AT_ONCE if connect is offline else DEADLINE + HALF_A_SECOND)
    assert look.reason is Reason.CHECKED_IN
    assert decision
    assert decision.reason is Reason.ALREADY_CHECKED_IN
    await asyncio.gather(*waiting)


async def test_t17_free_flow_goes_on_while_the_lock_is_held(
    desk: Desk, locked: sqlite3.Connection, guests: list[VenueTicket], path: Path
) -> None:
    """Nobody is refused for what the disk does, and who came in is written down afterwards."""
    decision, seconds = await timed(desk, guests[0], free_flow=True)

    assert decision
    assert decision.admitted
    assert seconds <= DEADLINE + HALF_A_SECOND
    locked.execute("ROLLBACK")
    await until(lambda: journal(path))
    ((code, admitted),) = [(row["code"], row["admitted"]) for row in journal(path)]
    assert (code, admitted) == (guests[0].code, 1)


@pytest.mark.parametrize("seconds", [8, 15])
async def test_t17_a_lock_that_is_held_for_long_is_outlived(
    desk: Desk,
    locked: sqlite3.Connection,
    guests: list[VenueTicket],
    monkeypatch: pytest.MonkeyPatch,
    seconds: float,
) -> None:
    """Guests come all the time; a tenth of the time, and of the patience, does for the test."""
    monkeypatch.setattr(engine, "_PATIENCE", 1.0)
    asyncio.get_running_loop().call_later(seconds / 10, locked.execute, "ROLLBACK")

    outcomes = []
    for guest in guests[:12]:
        outcomes.append(asyncio.create_task(timed(desk, guest, deadline=0.2)))
        await asyncio.sleep(0.15)

    for place, (decision, waited) in enumerate(await asyncio.gather(*outcomes)):
        assert waited <= 0.2 + HALF_A_SECOND
        if place * 0.15 + 0.2 + HALF_A_SECOND < seconds / 10:
            assert decision is None
    decision, _ = await timed(desk, guests[12])
    assert decision
    assert decision.admitted


# A slow disk: what is committed too late for the guest is taken back


class Disk:
    """A disk whose commits can be made to last."""

    def __init__(self) -> None:
        """Begin with a fast one."""
        self._is_fast = Flag()
        self._is_fast.set()
        self.stuck = 0

    @contextmanager
    def transaction(self, connection: Connection, **how: Any) -> Iterator[None]:
        """Have what was committed return when the disk is fast."""
        with _transaction(connection, **how):
            yield
        if how.get("writing") and not self._is_fast.is_set():
            self.stuck += 1
            assert self._is_fast.wait(10)

    def sticks(self) -> None:
        """Have the next commits last."""
        self._is_fast.clear()

    def recovers(self) -> None:
        """Have all commits return."""
        self._is_fast.set()


_transaction = engine.transaction


@pytest.fixture
def disk(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    """Put a disk under the ledger."""
    disk = Disk()
    monkeypatch.setattr(engine, "transaction", disk.transaction)
    yield disk
    disk.recovers()


@connection
async def test_t17_a_guest_whose_commit_is_stuck_has_not_come_in(
    desk: Desk,
    ledger: Ledger,
    disk: Disk,
    server: OveitServer,
    venue: Venue,
    guests: list[VenueTicket],
    path: Path,
    steps: Steps,
    connect: Connect,
) -> None:
    """There was an error; the same guest is admitted at the next read, and Oveit counts one."""
    await connect(server)
    disk.sticks()

    decision, seconds = await timed(desk, guests[0])
    assert decision is None
    assert seconds <= DEADLINE + HALF_A_SECOND
    disk.recovers()
    await until(lambda: not any(row["admitted"] for row in journal(path)))
    (found,) = await ledger.find(guests[0].code)
    assert not found.checked_in
    steps.step()
    again, _ = await timed(desk, guests[0], deadline=3)

    assert again
    assert again.reason is Reason.CHECKED_IN
    if connect is offline:
        await server.pick_up()
    assert [row["admitted"] for row in journal(path)] == [1]
    assert venue.entries(guests[0].code) <= 1


async def test_t17_a_yes_that_is_stuck_on_its_way_to_the_disk_is_had_at_the_next_read(
    desk: Desk,
    disk: Disk,
    server: OveitServer,
    venue: Venue,
    guests: list[VenueTicket],
    path: Path,
    steps: Steps,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Oveit counted the guest, who got an error and was not let in."""
    settle = Ledger.settle

    async def settle_slowly(ledger: Ledger, *what: Any, **how: Any) -> Any:
        disk.sticks()
        return await settle(ledger, *what, **how)

    with monkeypatch.context() as slow:
        slow.setattr(Ledger, "settle", settle_slowly)
        decision, seconds = await timed(desk, guests[0])
    assert decision is None
    assert seconds <= DEADLINE + HALF_A_SECOND
    disk.recovers()
    await until(lambda: states(path) == [("confirmed", 0)])
    steps.step()
    again, _ = await timed(desk, guests[0])

    assert again
    assert again.reason is Reason.REPEAT
    assert len(server.requests_to("tickets/checkin")) == venue.entries(guests[0].code) == 1


async def test_t17_look_ups_refusals_and_other_guests_go_on_beside_a_stuck_commit(
    desk: Desk, disk: Disk, server: OveitServer, venue: Venue, guests: list[VenueTicket]
) -> None:
    """Who is to be written gets an error in time; nobody else notices."""
    await server.hang_up()
    disk.sticks()
    stuck = [asyncio.create_task(timed(desk, guest)) for guest in guests[:3]]
    await until(lambda: disk.stuck)
    began = monotonic()

    look = await desk.scan(Request(ticket_code=guests[4].code, deadline=DEADLINE))
    refusal, _ = await timed(desk, venue.used(100)[0])

    assert monotonic() - began < AT_ONCE
    assert look.reason is Reason.CHECKED_IN
    assert refusal
    assert refusal.reason is Reason.ALREADY_CHECKED_IN
    for decision, seconds in await asyncio.gather(*stuck):
        assert decision is None
        assert seconds <= DEADLINE + HALF_A_SECOND


async def test_t17_what_was_not_begun_in_time_is_not_written(
    ledger: Ledger, disk: Disk, path: Path
) -> None:
    """Behind a stuck commit, whoever was given up is forgotten."""
    disk.sticks()
    stuck = asyncio.create_task(begin(ledger, "stuck"))
    await until(lambda: disk.stuck)

    with pytest.raises(LedgerBusyError):
        await begin(ledger.within(monotonic() + 0.1), "late", state=RowState.PENDING, admitted=True)
    disk.recovers()
    await stuck
    await ledger.skew()

    assert [row["code"] for row in journal(path)] == ["stuck"]


async def test_an_exit_is_an_error_in_time_while_the_lock_is_held(
    locked: sqlite3.Connection, desk: Desk, guests: list[VenueTicket]
) -> None:
    """The gate opens for whoever leaves, whatever the desk says (decisions.md I7)."""
    assert locked
    began = monotonic()
    with suppress(LedgerError):
        await desk.check_in(
            Request(ticket_code=guests[0].code, direction=Direction.EXIT, deadline=DEADLINE)
        )
    assert monotonic() - began <= DEADLINE + HALF_A_SECOND

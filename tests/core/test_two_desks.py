"""Two desks at one ledger: what holds does not rest on what one process remembers."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from threading import Barrier, BrokenBarrierError
from typing import Any

import aiohttp
import pytest

from custom_components.oveit.core.client.api import OveitClient
from custom_components.oveit.core.counts import Settled
from custom_components.oveit.core.desk.desk import Desk
from custom_components.oveit.core.ledger import Ledger, admission
from custom_components.oveit.core.models import (
    Decision,
    OfflinePolicy,
    Reason,
    Request,
    Row,
    RowState,
)
from custom_components.oveit.core.ticket_sync import TicketSync
from demo.behaviour import Behaviour
from demo.oveit_server import Fault, OveitServer, Venue, VenueTicket
from demo.venue import now
from tests.core.lives import Life
from tests.core.unknowns import Seconds, journal, states, until, until_asked

ENTRY, VIP, DRINKS = 234, 235, 8
CHECKED_IN, ALREADY, REPEAT = Reason.CHECKED_IN, Reason.ALREADY_CHECKED_IN, Reason.REPEAT
IN_FLIGHT, KEPT, LEASE = 5, 16, 46


@dataclass(kw_only=True)
class Place:
    """One Home Assistant: a desk with a client, lists and reads of its own."""

    client: OveitClient
    ledger: Ledger
    ticket_sync: TicketSync
    desk: Desk
    conflicts: list[Row]
    gate: str
    life: Life = field(default_factory=Life)

    def reads(self, ticket: VenueTicket, **known: Any) -> asyncio.Task[Decision]:
        """Let a guest present a ticket here."""
        request = Request(**{"ticket_code": ticket.code, "gate": self.gate} | known)
        return self.life.run(self.desk.check_in(request))

    def settles(self) -> asyncio.Task[Settled]:
        """Let this desk upload what waits."""
        return self.life.run(self.desk.settle())


type Pair = tuple[Place, Place]


@pytest.fixture(params=["one ledger", "one file"])
async def pair(
    request: pytest.FixtureRequest,
    path: Path,
    ledger_clock: Seconds,
    session: aiohttp.ClientSession,
    server: OveitServer,
    followed: set[int],
) -> AsyncIterator[Pair]:
    """Open two desks, which have one Ledger between them or one each."""
    first = await Ledger.open(path, clock=ledger_clock)
    is_one = request.param == "one ledger"
    second = first if is_one else await Ledger.open(path, clock=ledger_clock)
    north, south = [
        await _open(session, server, ledger, followed, gate)
        for ledger, gate in ((first, "North"), (second, "South"))
    ]
    server.forget()
    yield north, south
    for place in (north, south):
        await place.desk.close()
        await place.ticket_sync.close()
        await place.client.close()
        await place.ledger.close()


async def _open(
    session: aiohttp.ClientSession,
    server: OveitServer,
    ledger: Ledger,
    followed: set[int],
    gate: str,
) -> Place:
    """Open a desk that knows every list."""
    client = OveitClient(session, server.url, token=server.venue.token)
    ticket_sync = TicketSync(
        client, ledger, follows=followed.__contains__, on_remote_check_in=lambda _: None
    )
    conflicts: list[Row] = []
    desk = Desk(
        client, ledger, ticket_sync, on_decision=lambda _: None, on_conflict=conflicts.append
    )
    await ticket_sync.load()
    await ticket_sync.refresh(everything=True)
    return Place(
        client=client,
        ledger=ledger,
        ticket_sync=ticket_sync,
        desk=desk,
        conflicts=conflicts,
        gate=gate,
    )


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have two reads look at the ledger before either of them writes."""
    look, meeting = admission.look, Barrier(2)

    def look_together(*arguments: Any, **named: Any) -> admission.Entered:
        seen = look(*arguments, **named)
        try:
            meeting.wait(0.2)
        except BrokenBarrierError:
            meeting.reset()
        return seen

    monkeypatch.setattr(admission, "look", look_together)


def reasons(decisions: Iterable[Decision]) -> list[Reason]:
    """Return the reasons in alphabetical order."""
    return sorted(decision.reason for decision in decisions)


async def settle(pair: Pair, ledger_clock: Seconds, server: OveitServer) -> None:
    """Let time pass, and both desks upload what waits."""
    server.faults.clear()
    clock = server.venue.clock
    server.venue.clock = lambda: clock() + timedelta(seconds=30)
    ledger_clock.step()
    for place in pair:
        for _ in range(2):
            await place.client.events()
        await place.settles()


async def write(ledger: Ledger, ticket: VenueTicket, **known: Any) -> Row:
    """Write the row of a guest who came in without Oveit, and which nobody holds."""
    row = Row(
        code=ticket.code,
        event_id=ticket.event_id,
        ticket_type_id=ticket.ticket_type_id,
        at=now(),
        scan_id=ticket.code,
        state=RowState.PENDING,
        admitted=True,
    )
    row = replace(row, **known)
    return replace(row, seq=await ledger.begin(row))


async def write_doubt(ledger: Ledger, ticket: VenueTicket, **known: Any) -> Row:
    """Write a row that was sent a minute ago, and whose answer never came."""
    at = now() - timedelta(minutes=1)
    sent = {"state": RowState.IN_DOUBT, "asked_at": at, "asked_last": at, "attempts": 1}
    return await write(ledger, ticket, **sent | known)


# M1: one ticket at both within milliseconds

OVEIT = {
    "fast": Fault(),
    "slow": Fault(latency_before=0.7),
    "slow to answer": Fault(latency_after=0.7),
    "hanging": Fault(latency_before=1.6),
    "hanging after it counted": Fault(latency_after=1.6),
}


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("by", ["code", "tag"])
@pytest.mark.parametrize("oveit", OVEIT)
async def test_m1_one_ticket_at_both_desks_is_admitted_once(
    pair: Pair, server: OveitServer, venue: Venue, path: Path, oveit: str, by: str
) -> None:
    """One comes in, the other hears that the ticket is used, and Oveit is asked once."""
    server.faults.set("tickets/checkin", OVEIT[oveit])
    ticket = next(each for each in venue.unused(100, ENTRY) if each.rfid_codes)
    what = {"ticket_code": None, "rfid_code": ticket.rfid_codes[0]} if by == "tag" else {}

    decisions = await asyncio.gather(*(place.reads(ticket, deadline=1.2, **what) for place in pair))
    await until(lambda: states(path) == [("confirmed", 1)])

    assert reasons(decisions) == [ALREADY, CHECKED_IN]
    assert len(server.requests_to("tickets/checkin")) == venue.entries(ticket.code) == 1


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("by", ["code", "tag"])
async def test_m1_one_ticket_at_both_desks_without_a_connection_is_admitted_once(
    pair: Pair, server: OveitServer, venue: Venue, path: Path, ledger_clock: Seconds, by: str
) -> None:
    """The ledger decides, and Oveit hears of one entry."""
    ticket = next(each for each in venue.unused(100, ENTRY) if each.rfid_codes)
    tag = ticket.rfid_codes[0]
    for found in await pair[0].ledger.find(ticket.code):
        await pair[0].ledger.learn(found, (tag,))
    what = {"ticket_code": None, "rfid_code": tag} if by == "tag" else {}
    await server.hang_up()

    decisions = await asyncio.gather(*(place.reads(ticket, **what) for place in pair))
    await server.pick_up()
    await settle(pair, ledger_clock, server)

    assert reasons(decisions) == [ALREADY, CHECKED_IN]
    assert states(path) == [("confirmed", 1)]
    assert len(server.requests_to("tickets/checkin")) == venue.entries(ticket.code) == 1


@pytest.mark.parametrize("oveit", OVEIT)
async def test_m1_a_second_read_while_oveit_is_asked_waits_for_the_outcome(
    pair: Pair, server: OveitServer, venue: Venue, oveit: str
) -> None:
    """It comes a moment later, with a deadline of its own."""
    server.faults.set("tickets/checkin", OVEIT[oveit])
    north, south = pair
    ticket = venue.unused(100, ENTRY)[0]

    first = north.reads(ticket, deadline=1.2)
    await asyncio.sleep(0.05)
    second = await south.reads(ticket, deadline=0.4)

    assert second.reason is ALREADY
    assert (await first).reason is CHECKED_IN


async def test_m1_a_guest_whom_oveit_refuses_makes_room_for_the_other(
    pair: Pair, server: OveitServer, venue: Venue
) -> None:
    """A refusal reserves nothing: who waited for it is decided anew."""
    refusal = Fault(latency_after=0.5, json={"error": "Not now"})
    server.faults.set("tickets/checkin", refusal, 1)
    north, south = pair
    ticket = venue.unused(100, ENTRY)[0]

    first = north.reads(ticket)
    await until_asked(server, "tickets/checkin")
    second = south.reads(ticket)

    assert not (await first).admitted
    assert (await second).reason is CHECKED_IN
    assert venue.entries(ticket.code) == 1


@pytest.mark.parametrize("oveit", ["fast", "slow to answer", "down"])
async def test_an_add_on_for_four_is_had_four_times_at_both_desks_together(
    pair: Pair,
    server: OveitServer,
    venue: Venue,
    path: Path,
    ledger_clock: Seconds,
    oveit: str,
) -> None:
    """Ten reads at two desks, at four bars each."""
    (drinks,) = [addon for addon in venue.events[100].ticket_type(VIP).addons if addon.id == DRINKS]
    drinks.uses = 4
    for place in pair:
        await place.ticket_sync.refresh(everything=True)
    server.faults.set("tickets/checkin", Fault(latency_after=0.15 if oveit != "fast" else 0))
    ticket = venue.unused(100, VIP)[0]
    if oveit == "down":
        await server.hang_up()

    decisions = await asyncio.gather(
        *(
            place.reads(ticket, addon_id=DRINKS, gate=f"Bar {number}", deadline=5)
            for place in pair
            for number in range(5)
        )
    )
    if oveit == "down":
        await server.pick_up()
    await settle(pair, ledger_clock, server)

    assert reasons(decisions) == [Reason.ADDON_USED_UP] * 6 + [CHECKED_IN] * 4
    assert states(path) == [("confirmed", 1)] * 4
    assert [row["slot"] for row in journal(path)] == [1, 2, 3, 4]
    assert ticket.uses(DRINKS) == len(server.requests_to("tickets/checkin")) == 4


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("behaviour", [Behaviour(second_checkin="accepted")])
@pytest.mark.parametrize("is_online", [True, False])
async def test_each_re_entry_at_two_desks_is_a_use_of_its_own(
    pair: Pair,
    server: OveitServer,
    venue: Venue,
    path: Path,
    ledger_clock: Seconds,
    is_online: bool,
) -> None:
    """Where Oveit allows it, a guest comes back as often as the doors say."""
    north, south = pair
    ticket = venue.unused(100, ENTRY)[0]
    assert (await north.reads(ticket)).admitted
    if not is_online:
        await server.hang_up()

    decisions = await asyncio.gather(
        *(place.reads(ticket, re_entry=True, gate="Terrace") for place in pair)
    )
    if not is_online:
        await server.pick_up()
    await settle(pair, ledger_clock, server)

    assert reasons(decisions) == [CHECKED_IN, CHECKED_IN]
    assert [row["slot"] for row in journal(path)] == [1, 2, 3]
    assert states(path) == [("confirmed", 1)] * 3
    assert venue.entries(ticket.code) == 3
    assert not north.conflicts + south.conflicts


# An answer that comes late


async def test_c28_a_late_yes_for_a_guest_who_was_not_let_in_is_had_by_the_other_desk(
    pair: Pair, server: OveitServer, venue: Venue, path: Path
) -> None:
    """Refused at one door, since Oveit did not answer in time; at the next one Oveit tells."""
    server.faults.set("tickets/checkin", Fault(latency_after=0.8), 1)
    north, south = pair
    ticket = venue.unused(100, ENTRY)[0]
    refused = await north.reads(ticket, deadline=0.3, offline=OfflinePolicy.REFUSE)

    admitted = await south.reads(ticket)
    await asyncio.sleep(0.8)
    again = await north.reads(ticket, gate="West")

    assert [each.reason for each in (refused, admitted, again)] == [
        Reason.OFFLINE_REFUSED,
        REPEAT,
        ALREADY,
    ]
    assert states(path) == [("confirmed", 1)]
    assert len(server.requests_to("tickets/checkin")) == venue.entries(ticket.code) == 1
    assert not north.conflicts + south.conflicts


async def test_a_late_yes_after_the_other_desk_admitted_confirms_its_row(
    pair: Pair, server: OveitServer, venue: Venue, path: Path
) -> None:
    """The other desk could not ask, and decided by what is known."""
    server.faults.set("tickets/checkin", Fault(latency_after=1.6), 1)
    server.faults.set("tickets/scan", Fault(status=502))
    north, south = pair
    ticket = venue.unused(100, ENTRY)[0]
    refused = await north.reads(ticket, deadline=0.3, offline=OfflinePolicy.REFUSE)

    admitted = await south.reads(ticket)
    (row,) = journal(path)
    await until(lambda: states(path) == [("confirmed", 1)])

    assert (refused.reason, admitted.reason) == (Reason.OFFLINE_REFUSED, CHECKED_IN)
    assert (row["state"], row["gate"]) == ("in_doubt", "South")
    assert venue.entries(ticket.code) == 1
    assert not north.conflicts + south.conflicts


@pytest.mark.parametrize("is_yes", [True, False])
async def test_an_answer_after_the_other_desk_took_the_row_admits_nobody_else(
    pair: Pair,
    server: OveitServer,
    venue: Venue,
    path: Path,
    ledger_clock: Seconds,
    is_yes: bool,
) -> None:
    """A desk that stood still for long finds its guest's row taken, and leaves it alone."""
    answer = Fault(latency_after=0.8) if is_yes else Fault(latency_after=0.8, json={"ok": False})
    server.faults.set("tickets/checkin", answer, 1)
    server.faults.set("tickets/scan", Fault(status=502))
    north, south = pair
    ticket = venue.unused(100, ENTRY)[0]
    first = north.reads(ticket)
    await until_asked(server, "tickets/checkin")
    ledger_clock.step(IN_FLIGHT)

    second = await south.reads(ticket)

    assert second.reason is CHECKED_IN
    assert (await first).reason is ALREADY
    assert [row["admitted"] for row in journal(path)] == [1]


# M4: a desk dies


@pytest.mark.parametrize("was_counted", [True, False])
async def test_m4_the_guest_of_a_desk_that_died_is_read_back_at_the_other_one(
    pair: Pair,
    server: OveitServer,
    venue: Venue,
    path: Path,
    ledger_clock: Seconds,
    was_counted: bool,
) -> None:
    """Not before the guest's own time is over; then Oveit tells whether it counted."""
    hanging = Fault(latency_after=60) if was_counted else Fault(drop_before=True, latency_before=60)
    server.faults.set("tickets/checkin", hanging, 1)
    north, south = pair
    ticket = venue.unused(100, ENTRY)[0]
    north.reads(ticket)
    await until_asked(server, "tickets/checkin")
    await north.life.end()

    assert (await south.reads(ticket, deadline=0.3)).reason is ALREADY
    assert not server.requests_to("tickets/scan")

    ledger_clock.step(IN_FLIGHT)
    clock = venue.clock
    venue.clock = lambda: clock() + timedelta(seconds=30)
    await south.client.events()
    read_back = await south.reads(ticket, gate="West")

    assert read_back.reason is (REPEAT if was_counted else CHECKED_IN)
    assert len(server.requests_to("tickets/checkin")) == (1 if was_counted else 2)
    assert venue.entries(ticket.code) == 1
    assert states(path) == [("confirmed", 1)]


async def test_m4_what_a_desk_that_died_had_to_send_is_sent_by_the_other_one(
    pair: Pair, server: OveitServer, venue: Venue, path: Path, ledger_clock: Seconds
) -> None:
    """Whoever admitted a guest uploads it first; after 15 s anybody may."""
    north, south = pair
    tickets = venue.unused(100, ENTRY)[:3]
    await server.hang_up()
    for ticket in tickets:
        assert (await north.reads(ticket)).admitted
    await north.life.end()
    await server.pick_up()

    ledger_clock.step(KEPT - 3)
    assert await south.settles() == Settled(waiting=3)
    ledger_clock.step(3)
    settled = await south.settles()

    assert settled == Settled(uploaded=3)
    assert states(path) == [("confirmed", 1)] * 3
    assert [venue.entries(ticket.code) for ticket in tickets] == [1, 1, 1]


@pytest.mark.parametrize("was_counted", [True, False])
async def test_m4_a_row_that_a_desk_was_sending_when_it_died_is_read_back_first(
    pair: Pair,
    server: OveitServer,
    venue: Venue,
    path: Path,
    ledger_clock: Seconds,
    was_counted: bool,
) -> None:
    """Its lease is over after a while; nothing is sent twice."""
    north, south = pair
    ticket = venue.unused(100, ENTRY)[0]
    await write(north.ledger, ticket)
    hanging = Fault(latency_after=60) if was_counted else Fault(drop_before=True, latency_before=60)
    server.faults.set("tickets/checkin", hanging, 1)
    north.settles()
    await until_asked(server, "tickets/checkin")
    await north.life.end()
    clock = venue.clock
    venue.clock = lambda: clock() + timedelta(seconds=30)
    await south.client.events()

    assert await south.settles() == Settled(waiting=1)
    ledger_clock.step(LEASE)
    settled = await south.settles()

    assert settled == (Settled(confirmed=1) if was_counted else Settled(uploaded=1))
    assert states(path) == [("confirmed", 1)]
    assert venue.entries(ticket.code) == 1
    assert len(server.requests_to("tickets/checkin")) == (1 if was_counted else 2)


# M5: both settle


async def test_m5_five_pending_rows_are_five_requests_though_both_settle(
    pair: Pair, server: OveitServer, venue: Venue, path: Path
) -> None:
    """No row is sent by both, and none becomes a conflict."""
    north, south = pair
    tickets = venue.unused(100, ENTRY)[:5]
    for ticket in tickets:
        await write(north.ledger, ticket)
    server.faults.set("tickets/checkin", Fault(latency_before=0.1))

    settled = await asyncio.gather(north.settles(), south.settles())

    assert sum(each.uploaded for each in settled) == 5
    assert states(path) == [("confirmed", 1)] * 5
    assert len(server.requests_to("tickets/checkin")) == 5
    assert [venue.entries(ticket.code) for ticket in tickets] == [1] * 5
    assert not north.conflicts + south.conflicts


@pytest.mark.parametrize("was_counted", [True, False])
async def test_m5_rows_in_doubt_are_read_back_once_though_both_settle(
    pair: Pair, server: OveitServer, venue: Venue, path: Path, was_counted: bool
) -> None:
    """Who has the lease asks; what Oveit never heard of is sent once."""
    north, south = pair
    tickets = venue.unused(100, ENTRY)[:5]
    for ticket in tickets:
        await write_doubt(north.ledger, ticket)
        if was_counted:
            venue.check_in(ticket.code, at=now() - timedelta(minutes=1))
    server.faults.set("*", Fault(latency_before=0.1))

    settled = await asyncio.gather(north.settles(), south.settles())

    assert sum(each.confirmed + each.uploaded for each in settled) == 5
    assert states(path) == [("confirmed", 1)] * 5
    assert len(server.requests_to("tickets/scan")) == 5
    assert len(server.requests_to("tickets/checkin")) == (0 if was_counted else 5)
    assert [venue.entries(ticket.code) for ticket in tickets] == [1] * 5
    assert not north.conflicts + south.conflicts


@pytest.mark.parametrize("behaviour", [Behaviour(second_checkin="accepted")])
async def test_a_desk_whose_lease_is_over_sends_nothing_that_another_one_has_sent(
    pair: Pair, server: OveitServer, venue: Venue, path: Path, ledger_clock: Seconds
) -> None:
    """Reading back took longer than the lease, and the row is another's meanwhile."""
    north, south = pair
    ticket = venue.unused(100, ENTRY)[0]
    await write_doubt(north.ledger, ticket)
    server.faults.set("tickets/scan", Fault(latency_after=0.6), 1)
    server.faults.set("tickets/checkin", Fault(latency_after=0.6), 1)
    slow = north.settles()
    await until_asked(server, "tickets/scan")
    ledger_clock.step(LEASE)

    quick = south.settles()
    await asyncio.gather(slow, quick)

    assert venue.entries(ticket.code) == 1
    assert len(server.requests_to("tickets/checkin")) == 1
    assert states(path) == [("confirmed", 1)]


async def test_a_late_answer_that_never_comes_gives_back_no_lease_of_another(
    pair: Pair, server: OveitServer, venue: Venue, path: Path, ledger_clock: Seconds
) -> None:
    """The row that a guest's read left in doubt is the other desk's, which is at work on it."""
    north, south = pair
    ticket = venue.unused(100, ENTRY)[0]
    server.faults.set("tickets/checkin", Fault(latency_before=0.7, drop_before=True), 1)
    await north.reads(ticket, deadline=0.2)
    clock = venue.clock
    venue.clock = lambda: clock() + timedelta(seconds=30)
    await south.client.events()
    ledger_clock.step(LEASE)
    server.faults.set("tickets/scan", Fault(latency_after=0.8), 1)
    settling = south.settles()
    await until_asked(server, "tickets/scan")
    (row,) = journal(path)
    await asyncio.sleep(0.7)

    (left,) = journal(path)
    assert left["leased_by"] == row["leased_by"] is not None
    await settling
    assert venue.entries(ticket.code) == 1


async def test_rows_of_one_ticket_go_in_their_order_whoever_settles_them(
    pair: Pair, server: OveitServer, venue: Venue, path: Path
) -> None:
    """While one desk sends the first, the other one leaves the second alone."""
    north, south = pair
    ticket = venue.unused(100, VIP)[0]
    await write(north.ledger, ticket)
    await write(north.ledger, ticket, addon_id=DRINKS)
    server.faults.set("tickets/checkin", Fault(latency_before=0.3), 1)
    first = north.settles()
    await until_asked(server, "tickets/checkin")

    assert (await south.settles()).uploaded == 0
    await first

    asked = [request.params.get("addon_id") for request in server.requests_to("tickets/checkin")]
    assert asked == [None, str(DRINKS)]


async def test_a_desk_that_closes_gives_its_leases_back(
    pair: Pair, server: OveitServer, venue: Venue
) -> None:
    """What it admitted without Oveit is uploaded by the other one at once."""
    north, south = pair
    await server.hang_up()
    assert (await north.reads(venue.unused(100, ENTRY)[0])).admitted
    await server.pick_up()
    await north.desk.close()

    assert (await south.settles()).uploaded == 1


# Free flow


@pytest.mark.parametrize("behaviour", [Behaviour(second_checkin="accepted")])
async def test_x9_a_ticket_in_no_list_that_comes_to_all_doors_in_free_flow_is_sent_once(
    pair: Pair, server: OveitServer, venue: Venue, path: Path, ledger_clock: Seconds
) -> None:
    """Everybody is let in and counted; Oveit hears of the ticket from one door."""
    ticket = venue.sell(100, ENTRY)
    await server.hang_up()

    decisions = await asyncio.gather(
        *(
            place.reads(ticket, free_flow=True, gate=f"Gate {number}")
            for number in range(3)
            for place in pair
        )
    )
    await server.pick_up()
    await settle(pair, ledger_clock, server)

    assert all(decision.admitted for decision in decisions)
    assert sorted(states(path)) == [("confirmed", 1)] + [("local", 1)] * 5
    assert venue.entries(ticket.code) == 1

"""Rows D of decisions.md: reads of the same guest, at once, again, and elsewhere."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from custom_components.oveit.core.client.api import OveitClient
from custom_components.oveit.core.desk.desk import Desk
from custom_components.oveit.core.ledger import Ledger
from custom_components.oveit.core.models import Decision, Direction, Reason, Request, Row, Source
from custom_components.oveit.core.ticket_sync import TicketSync
from demo.oveit_server import Fault, OveitServer, Venue, VenueTicket
from tests.core.unknowns import Steps, journal, line_up, query, states, until, until_asked

TAG = "5E35ED9A"
ENTRY, VIP, DRINKS = 234, 235, 8


@pytest.fixture
def ticket(venue: Venue) -> VenueTicket:
    """Pick a ticket that nobody used, and put it on a tag."""
    ticket = venue.unused(100, ENTRY)[1]
    venue.pair(ticket.code, TAG)
    return ticket


def north(ticket: VenueTicket, **more: Any) -> Request:
    """Return a read at the north gate."""
    return replace(Request(ticket_code=ticket.code, gate="North"), **more)


@pytest.mark.parametrize("up", [True, False], ids=["online", "offline"])
async def test_d1_the_same_read_within_five_seconds_is_a_repeat(
    desk: Desk,
    server: OveitServer,
    ticket: VenueTicket,
    path: Path,
    steps: Steps,
    decisions: list[Decision],
    *,
    up: bool,
) -> None:
    """Admitted again without a call, a row or an event of its own."""
    if not up:
        await server.hang_up()
    first = await desk.check_in(north(ticket))
    requests = len(server.requests)
    steps.step(4.9)

    second = await desk.check_in(north(ticket))

    assert (first.reason, second.reason) == (Reason.CHECKED_IN, Reason.REPEAT)
    assert second.admitted
    assert second.source is first.source
    assert second.ticket == first.ticket
    assert second.scan_id != first.scan_id
    assert len(server.requests) == requests
    assert len(journal(path)) == 1
    assert decisions == [first]


async def test_d1_a_tag_is_repeated_like_a_ticket_and_its_ticket_is_not(
    desk: Desk, ticket: VenueTicket
) -> None:
    """The same credential repeats; another one of the same ticket is a second read (R13)."""
    reads = [Request(rfid_code=TAG), Request(rfid_code=TAG), Request(ticket_code=ticket.code)]

    reasons = [(await desk.check_in(read)).reason for read in reads]

    assert reasons == [Reason.CHECKED_IN, Reason.REPEAT, Reason.ALREADY_CHECKED_IN]


async def test_d1_another_add_on_or_the_way_out_is_no_repeat(
    desk: Desk, venue: Venue, path: Path
) -> None:
    """A drink, the entry and the exit of one guest within a second are three things."""
    vip = venue.unused(100, VIP)[1]
    reads = [north(vip), north(vip, addon_id=DRINKS), north(vip, direction=Direction.EXIT)]

    reasons = [(await desk.check_in(read)).reason for read in reads]

    assert reasons == [Reason.CHECKED_IN, Reason.CHECKED_IN, Reason.LEFT]
    assert len(journal(path)) == 3


async def test_d2_the_same_refusal_is_repeated_without_a_call(
    desk: Desk,
    server: OveitServer,
    steps: Steps,
    decisions: list[Decision],
) -> None:
    """One event only, and Oveit is asked once."""
    request = Request(ticket_code="ffffffff", gate="North")
    first = await desk.check_in(request)
    asked = len(server.requests)
    steps.step(3)

    second = await desk.check_in(request)

    assert (first.reason, second.reason) == (Reason.UNKNOWN_TICKET, Reason.UNKNOWN_TICKET)
    assert second.message == first.message == "This ticket does not exist"
    assert len(server.requests) == asked
    assert decisions == [first]


async def test_d3_a_read_while_the_first_is_in_flight_joins_it(
    desk: Desk,
    server: OveitServer,
    ticket: VenueTicket,
    path: Path,
    decisions: list[Decision],
) -> None:
    """Five reads at once are one question, one row and one event."""
    server.faults.set("tickets/checkin", Fault(latency_before=0.1))

    outcomes = await asyncio.gather(*(desk.check_in(north(ticket)) for _ in range(5)))

    assert [outcome.reason for outcome in outcomes] == [Reason.CHECKED_IN] + [Reason.REPEAT] * 4
    assert len(server.requests) == len(journal(path)) == len(decisions) == 1


async def test_d3_readers_share_a_failure_and_may_try_again_at_once(
    desk: Desk, ticket: VenueTicket, path: Path
) -> None:
    """What failed is no decision, so the next read is a new one."""
    query(path, "ALTER TABLE journal RENAME TO away")

    outcomes = await asyncio.gather(
        *(desk.check_in(north(ticket)) for _ in range(2)), return_exceptions=True
    )
    query(path, "ALTER TABLE away RENAME TO journal")

    assert [type(outcome).__name__ for outcome in outcomes] == ["LedgerError"] * 2
    assert (await desk.check_in(north(ticket))).reason is Reason.CHECKED_IN


async def test_d3_a_read_that_joins_goes_on_when_the_first_caller_gives_up(
    desk: Desk, server: OveitServer, ticket: VenueTicket, path: Path
) -> None:
    """The first automation was cancelled; the gate still gets its answer."""
    server.faults.set("tickets/checkin", Fault(latency_before=0.1))
    first = asyncio.create_task(desk.check_in(north(ticket)))
    await until_asked(server, "tickets/checkin")
    second = asyncio.create_task(desk.check_in(north(ticket)))
    await asyncio.sleep(0.02)

    first.cancel()

    assert (await second).admitted
    assert states(path) == [("confirmed", 1)]


@pytest.mark.parametrize("up", [True, False], ids=["online", "offline"])
async def test_d4_the_same_ticket_at_another_gate_is_passed_back(
    desk: Desk, server: OveitServer, ticket: VenueTicket, steps: Steps, *, up: bool
) -> None:
    """Decided anew, refused, and marked as handed back over the fence."""
    if not up:
        await server.hang_up()
    await desk.check_in(north(ticket))
    steps.step(2)

    second = await desk.check_in(north(ticket, gate="South"))

    assert (second.reason, second.passback) == (Reason.ALREADY_CHECKED_IN, True)
    assert second.ticket
    assert second.ticket.first_entry
    assert second.ticket.first_entry.gate == "North"
    steps.step()
    same = await desk.check_in(north(ticket))
    assert (same.reason, same.passback) == (Reason.ALREADY_CHECKED_IN, False)


async def test_d4_a_ticket_used_long_ago_is_not_passed_back(
    desk: Desk, ticket: VenueTicket, path: Path
) -> None:
    """Hours later it is only a used ticket."""
    await desk.check_in(north(ticket))
    query(path, "UPDATE journal SET at = at - 3600")

    second = await desk.check_in(north(ticket, gate="South"))

    assert (second.reason, second.passback) == (Reason.ALREADY_CHECKED_IN, False)


async def test_d5_different_guests_at_one_gate_are_decided_side_by_side(
    desk: Desk, server: OveitServer, venue: Venue, path: Path
) -> None:
    """Nobody waits for the one in front."""
    server.faults.set("tickets/checkin", Fault(latency_before=0.2))
    guests = venue.unused(100, ENTRY)[:4]

    outcomes = await asyncio.gather(
        *(desk.check_in(north(guest, deadline=0.4)) for guest in guests)
    )

    assert [(each.reason, each.source) for each in outcomes] == [
        (Reason.CHECKED_IN, Source.OVEIT)
    ] * 4
    assert states(path) == [("confirmed", 1)] * 4


async def test_d6_a_copied_ticket_six_seconds_later_is_refused(
    desk: Desk, ticket: VenueTicket, steps: Steps
) -> None:
    """The second person with the same code is told that it is used."""
    await desk.check_in(north(ticket))
    steps.step(6)

    assert (await desk.check_in(north(ticket))).reason is Reason.ALREADY_CHECKED_IN


async def test_r10_a_tag_that_lies_on_the_reader_is_one_read_for_thirty_seconds(
    desk: Desk, ticket: VenueTicket, path: Path, steps: Steps
) -> None:
    """Each read prolongs the first, though not for ever."""
    reasons = []
    for _ in range(9):
        reasons.append((await desk.check_in(Request(rfid_code=TAG))).reason)
        steps.step(4)

    assert reasons == [Reason.CHECKED_IN, *[Reason.REPEAT] * 7, Reason.ALREADY_CHECKED_IN]
    assert len(journal(path)) == 1


async def test_d7_two_houses_that_are_offline_both_admit_and_one_hears_of_it(
    desk: Desk,
    client: OveitClient,
    server: OveitServer,
    session: aiohttp.ClientSession,
    ticket: VenueTicket,
    path: Path,
    tmp_path: Path,
    conflicts: list[Row],
) -> None:
    """The upload that comes second is a conflict on its side; Oveit counts one entry."""
    ledger = await Ledger.open(tmp_path / "other.db")
    theirs = OveitClient(session, server.url, token=server.venue.token)
    ticket_sync = TicketSync(
        theirs, ledger, follows={100, 101}.__contains__, on_remote_check_in=lambda _: None
    )
    await ticket_sync.refresh(everything=True)
    clashes: list[Row] = []
    other = Desk(
        theirs, ledger, ticket_sync, on_decision=lambda _: None, on_conflict=clashes.append
    )
    await server.hang_up()

    for house in (desk, other):
        assert (await house.check_in(north(ticket))).reason is Reason.CHECKED_IN
    await line_up(client, server)
    await line_up(theirs, server)
    await desk.settle()
    settled = await other.settle()

    assert settled.rejected == len(clashes) == 1
    assert conflicts == []
    assert server.venue.entries(ticket.code) == 1
    assert (await ledger.find(ticket.code))[0].checked_in
    await other.close()
    await ticket_sync.close()
    await ledger.close()


async def test_d8_an_automation_and_a_gate_on_the_same_reader_are_one_read(
    desk: Desk, server: OveitServer, ticket: VenueTicket, path: Path
) -> None:
    """A call that names no gate is the same as the gate's own, in either order."""
    first, second = await asyncio.gather(
        desk.check_in(Request(ticket_code=ticket.code)), desk.check_in(north(ticket))
    )

    assert (first.reason, second.reason) == (Reason.CHECKED_IN, Reason.REPEAT)
    third = await desk.check_in(Request(ticket_code=ticket.code))
    assert third.reason is Reason.REPEAT
    assert len(server.requests) == len(journal(path)) == 1


async def test_d9_the_same_scan_twice_gets_the_identical_decision(
    desk: Desk,
    server: OveitServer,
    ticket: VenueTicket,
    path: Path,
    steps: Steps,
    decisions: list[Decision],
) -> None:
    """A call that is made again, because its response was lost, changes nothing."""
    request = north(ticket, scan_id="s-1")
    first = await desk.check_in(request)

    at_once = await desk.check_in(request)
    steps.step(600)
    later = await desk.check_in(request)

    assert at_once == later == first
    assert first.reason is Reason.CHECKED_IN
    assert len(server.requests) == len(journal(path)) == len(decisions) == 1


async def test_d9_two_calls_with_one_scan_at_once_get_the_identical_decision(
    desk: Desk, server: OveitServer, ticket: VenueTicket
) -> None:
    """Even while the first is being decided."""
    server.faults.set("tickets/checkin", Fault(latency_before=0.1))
    request = north(ticket, scan_id="s-1")

    first, second = await asyncio.gather(desk.check_in(request), desk.check_in(request))

    assert first == second
    assert first.reason is Reason.CHECKED_IN


async def test_d9_a_refusal_is_the_same_for_the_same_scan(
    desk: Desk, server: OveitServer, steps: Steps
) -> None:
    """Minutes later too, without asking again."""
    request = Request(ticket_code="ffffffff", scan_id="s-1")
    first = await desk.check_in(request)
    server.forget()
    steps.step(60)

    assert await desk.check_in(request) == first
    assert server.requests == []


async def test_d9_after_a_restart_the_row_tells_what_was_decided(
    desk: Desk,
    make_desk: Callable[[], Desk],
    server: OveitServer,
    ticket: VenueTicket,
    path: Path,
    decisions: list[Decision],
) -> None:
    """Nothing is asked, written or announced again."""
    request = north(ticket, scan_id="s-1")
    first = await desk.check_in(request)
    server.forget()

    again = await make_desk().check_in(request)

    assert (again.reason, again.at, again.scan_id) == (first.reason, first.at, "s-1")
    assert again.ticket
    assert (again.ticket.code, again.request.gate) == (ticket.code, "North")
    assert again.event
    assert again.event.name == "Lantern Night"
    assert server.requests == []
    assert len(journal(path)) == len(decisions) == 1


@pytest.mark.parametrize("restarted", [False, True])
async def test_d9_a_scan_id_given_to_another_ticket_admits_nobody_by_itself(
    desk: Desk, make_desk: Callable[[], Desk], venue: Venue, path: Path, *, restarted: bool
) -> None:
    """I4: an id that is used twice by mistake hands no decision on to another guest."""
    one, used = venue.unused(100, ENTRY)[1], venue.used(100)[0]
    await desk.check_in(north(one, scan_id="s-1"))
    asked = make_desk() if restarted else desk

    decision = await asked.check_in(north(used, scan_id="s-1"))

    assert decision.reason is Reason.ALREADY_CHECKED_IN
    assert len(journal(path)) == 1


async def test_d9_after_a_restart_the_same_scan_of_a_tag_is_the_same_decision(
    desk: Desk,
    make_desk: Callable[[], Desk],
    server: OveitServer,
    ticket: VenueTicket,
    path: Path,
) -> None:
    """By its tag, and for no other."""
    request = Request(rfid_code=TAG, scan_id="s-1")
    await desk.check_in(request)
    server.forget()
    again = make_desk()

    decision = await again.check_in(request)

    assert decision.reason is Reason.CHECKED_IN
    assert decision.ticket
    assert decision.ticket.code == ticket.code
    assert server.requests == []
    other = await again.check_in(replace(request, rfid_code="ABAD1DEA"))
    assert other.reason is Reason.UNKNOWN_TAG
    assert len(journal(path)) == 1


async def test_r1_a_tag_is_learned_though_its_ticket_is_being_decided_elsewhere(
    desk: Desk, ledger: Ledger, server: OveitServer, ticket: VenueTicket, path: Path
) -> None:
    """What Oveit told does not wait for a lock, and is not older than what is learned then."""
    server.faults.set("tickets/checkin", Fault(latency_before=1), 1)
    first = asyncio.create_task(desk.check_in(north(ticket)))
    await until_asked(server, "tickets/checkin")

    second = asyncio.create_task(desk.check_in(Request(rfid_code=TAG, gate="South")))
    await until(lambda: query(path, "SELECT 1 FROM tags"))

    assert not first.done()
    assert [known.code for known in await ledger.on_tag(TAG)] == [ticket.code]
    assert (await first).admitted
    assert (await second).reason is Reason.ALREADY_CHECKED_IN

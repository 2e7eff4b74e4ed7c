"""Row X9 of decisions.md: in free flow all scans are counted, none is refused."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from custom_components.oveit.core.client.api import OveitClient
from custom_components.oveit.core.desk.desk import Desk
from custom_components.oveit.core.ledger import Ledger
from custom_components.oveit.core.models import Decision, Reason, Request, Row, Source
from custom_components.oveit.core.ticket_sync import TicketSync
from demo.oveit_server import Fault, OveitServer, Venue, VenueTicket
from demo.venue import now
from tests.core.unknowns import Seconds, Steps, journal, line_up, query, states, whichever

ENTRY, VIP, DRINKS = 234, 235, 8


def free(**asked: Any) -> Request:
    """Return a read at a gate in free flow, which is for the concert."""
    return Request(free_flow=True, gate="North", event_ids=frozenset({100}), **asked)


def told(decision: Decision) -> tuple[bool, str, str | None]:
    """Return whether a guest came in, why, and why not."""
    return decision.admitted, decision.reason, decision.overruled


@pytest.fixture
def ticket(venue: Venue) -> VenueTicket:
    """Pick a ticket that nobody used."""
    return venue.unused(100, ENTRY)[1]


async def test_x9_a_good_ticket_is_checked_in_as_always(
    desk: Desk, server: OveitServer, ticket: VenueTicket, path: Path
) -> None:
    """At Oveit, at once."""
    decision = await desk.check_in(free(ticket_code=ticket.code))

    assert told(decision) == (True, "checked_in", None)
    assert decision.source is Source.OVEIT
    assert server.venue.entries(ticket.code) == 1
    assert states(path) == [("confirmed", 1)]


@whichever("refusal", "scan_used")
async def test_x9_who_would_be_refused_is_let_through_and_counted(
    desk: Desk,
    server: OveitServer,
    venue: Venue,
    path: Path,
    decisions: list[Decision],
    steps: Steps,
) -> None:
    """Each with why not; Oveit hears of nothing that it would refuse."""
    used, other = venue.used(100)[0], venue.unused(101)[0]
    cancelled = venue.unused(100, ENTRY)[2]
    venue.cancel(cancelled.code)
    reads = {
        "already_checked_in": free(ticket_code=used.code),
        "unknown_ticket": free(ticket_code="nobody-sold-this"),
        "unknown_tag": free(rfid_code="5E35ED9A"),
        "wrong_event": free(ticket_code=other.code),
    }

    answers = {name: await desk.check_in(read) for name, read in reads.items()}
    refused = await desk.check_in(free(ticket_code=cancelled.code))

    assert {name: told(each) for name, each in answers.items()} == {
        name: (True, "override", name) for name in reads
    }
    assert told(refused)[:2] == (True, "override")
    assert {each.source for each in answers.values()} == {Source.LEDGER}
    assert [each.admitted for each in decisions] == [True] * 5
    rows = journal(path)
    assert [(row["state"], row["admitted"], row["gate"]) for row in rows] == [
        ("local", 1, "North")
    ] * 5
    assert [row["overruled"] for row in rows[:4]] == list(reads)
    server.forget()
    assert (await desk.sync()).uploaded == 0
    assert server.requests_to("tickets/checkin") == []


async def test_x9_the_ticket_of_another_event_is_good_for_that_still(
    desk: Desk, ledger: Ledger, server: OveitServer, venue: Venue
) -> None:
    """Who showed the wrong one of two tickets comes in with it tomorrow."""
    other = venue.unused(101)[0]
    before = (await ledger.attendance(100, now())).checked_in

    decision = await desk.check_in(free(ticket_code=other.code))
    tomorrow = await desk.check_in(Request(ticket_code=other.code, gate="Museum"))

    assert decision.overruled is Reason.WRONG_EVENT
    assert (tomorrow.reason, tomorrow.source) == (Reason.CHECKED_IN, Source.OVEIT)
    assert (await ledger.attendance(100, now())).checked_in == before + 1
    assert (await ledger.gate_counts((None, "North"), now())).passed == 1


async def test_x9_a_ticket_of_another_door_is_used_up_since_its_guest_is_in(
    desk: Desk, server: OveitServer, ticket: VenueTicket, path: Path, steps: Steps
) -> None:
    """Oveit hears of it, and the right door does not let a second one in."""
    only_vips = free(ticket_code=ticket.code, ticket_type_ids=frozenset({VIP}))

    decision = await desk.check_in(only_vips)
    second = await desk.check_in(Request(ticket_code=ticket.code, gate="South"))
    await desk.settle()

    assert decision.overruled is Reason.WRONG_TICKET_TYPE
    assert second.reason is Reason.ALREADY_CHECKED_IN
    assert server.venue.entries(ticket.code) == 1
    assert states(path) == [("confirmed", 1)]


async def test_x9_a_second_read_within_five_seconds_counts_once(
    desk: Desk, path: Path, decisions: list[Decision], steps: Steps
) -> None:
    """A tag that lies on the reader is one guest, the same tag later is the next."""
    read = free(rfid_code="5E35ED9A")

    first, second = await desk.check_in(read), await desk.check_in(read)
    steps.step()
    third = await desk.check_in(read)

    assert [each.reason for each in (first, second, third)] == ["override", "repeat", "override"]
    assert second.admitted
    assert len(journal(path)) == 2
    assert len(decisions) == 2


async def test_x9_without_a_line_good_tickets_are_pending_and_codes_nobody_knows_too(
    desk: Desk,
    client: OveitClient,
    server: OveitServer,
    venue: Venue,
    ticket: VenueTicket,
    path: Path,
    conflicts: list[Row],
) -> None:
    """A ticket sold after the last list is checked in afterwards; a tag is only counted."""
    sold = venue.sell(100, ENTRY)
    await server.hang_up()

    known = await desk.check_in(free(ticket_code=ticket.code))
    late = await desk.check_in(free(ticket_code=sold.code))
    tag = await desk.check_in(free(rfid_code="5E35ED9A"))

    assert told(known) == (True, "checked_in", None)
    assert told(late) == (True, "override", "unknown_ticket")
    assert told(tag) == (True, "override", "unknown_tag")
    assert states(path) == [("pending", 1), ("pending", 1), ("local", 1)]
    await line_up(client, server)
    assert (await desk.settle()).waiting == 0
    assert (venue.entries(ticket.code), venue.entries(sold.code)) == (1, 1)
    assert conflicts == []


async def test_x9_a_code_that_nobody_knows_is_sent_to_oveit_once(
    desk: Desk,
    client: OveitClient,
    server: OveitServer,
    venue: Venue,
    path: Path,
    steps: Steps,
) -> None:
    """However many come with it, and though Oveit may accept a second check-in."""
    server.behaviour.second_checkin = "accepted"
    sold = venue.sell(100, ENTRY)
    await server.hang_up()
    for _ in range(3):
        assert (await desk.check_in(free(ticket_code=sold.code))).admitted
        steps.step()

    await line_up(client, server)
    await desk.settle()

    assert venue.entries(sold.code) == 1
    assert states(path) == [("confirmed", 1), ("local", 1), ("local", 1)]


async def test_x9_a_code_for_no_event_is_read_back_by_the_list_that_shows_it_now(
    make_desk: Callable[..., Desk],
    client: OveitClient,
    ticket_sync: TicketSync,
    server: OveitServer,
    venue: Venue,
    path: Path,
    conflicts: list[Row],
    ledger_clock: Seconds,
) -> None:
    """A gate for every event; the answer is lost, and Oveit tells nothing of what is used."""
    server.behaviour.scan_used = "refused"
    desk = make_desk(doubt_grace=0)
    sold = venue.sell(100, ENTRY)
    await server.hang_up()
    anywhere = replace(free(ticket_code=sold.code), event_ids=frozenset())
    assert (await desk.check_in(anywhere)).admitted
    assert [row["event_id"] for row in journal(path)] == [0]
    await line_up(client, server)
    server.faults.set("tickets/checkin", "drop_after", 1)
    await desk.sync()
    ledger_clock.step()
    await desk.sync()

    assert venue.entries(sold.code) == 1
    assert [(row["state"], row["overruled"]) for row in journal(path)] == [
        ("confirmed", "unknown_ticket")
    ]
    assert conflicts == []


async def test_x9_the_same_scan_gets_the_same_answer_after_a_restart(
    desk: Desk, make_desk: Callable[..., Desk], venue: Venue, path: Path
) -> None:
    """D9, with what was overruled."""
    read = free(ticket_code=venue.used(100)[0].code, scan_id="s-1")

    first = await desk.check_in(read)
    again = await make_desk().check_in(read)

    assert told(first) == told(again) == (True, "override", "already_checked_in")
    assert len(journal(path)) == 1


async def test_x9_who_was_just_refused_comes_in_as_soon_as_free_flow_begins(
    desk: Desk, venue: Venue, path: Path, steps: Steps
) -> None:
    """The same read within five seconds; who had come in is no second guest."""
    used, good = venue.used(100)[0], venue.unused(100, ENTRY)[1]
    for ticket in (used, good):
        await desk.check_in(Request(ticket_code=ticket.code, gate="North", scan_id=ticket.code))

    stranger = await desk.check_in(free(ticket_code=used.code))
    same_scan = await desk.check_in(free(ticket_code=used.code, scan_id=used.code))
    guest = await desk.check_in(free(ticket_code=good.code))

    assert told(stranger) == (True, "override", "already_checked_in")
    assert same_scan.admitted
    assert guest.reason is Reason.REPEAT
    assert len(journal(path)) == 2


async def test_x9_without_any_list_nobody_is_refused(
    new_desk: Desk, client: OveitClient, server: OveitServer, ticket: VenueTicket, path: Path
) -> None:
    """A start without a line at the worst moment."""
    await server.hang_up()

    decision = await new_desk.check_in(free(ticket_code=ticket.code))

    assert told(decision) == (True, "override", "no_ticket_list")
    assert states(path) == [("pending", 1)]
    await line_up(client, server)
    assert (await new_desk.sync()).uploaded == 1
    assert server.venue.entries(ticket.code) == 1


@pytest.mark.parametrize("fault", ["drop_after", "drop_before"])
async def test_x9_a_guest_whose_answer_was_lost_counts_once(
    make_desk: Callable[..., Desk],
    ticket_sync: TicketSync,
    server: OveitServer,
    venue: Venue,
    path: Path,
    fault: str,
) -> None:
    """The gate's own rule would refuse; the row that was sent is the guest's."""
    desk = make_desk(doubt_grace=0)
    vip = venue.unused(100, VIP)[1]
    server.faults.set("tickets/checkin", fault, 1)
    drink = free(ticket_code=vip.code, addon_id=DRINKS, require_main_entry=True)

    decision = await desk.check_in(drink)
    await desk.settle()

    assert told(decision) == (True, "override", "addon_unavailable")
    assert vip.uses(DRINKS) == 1
    (row,) = journal(path)
    assert (row["state"], row["admitted"], row["reason"]) == ("confirmed", 1, "override")


async def test_x9_a_ledger_that_cannot_write_keeps_nobody_out(
    desk: Desk, ticket: VenueTicket, path: Path
) -> None:
    """Nothing can be counted, and the door opens all the same."""
    query(path, "CREATE TRIGGER full BEFORE INSERT ON journal BEGIN SELECT raise(ABORT, 'x'); END")

    decision = await desk.check_in(free(ticket_code=ticket.code))

    assert told(decision) == (True, "override", "offline_refused")


async def test_x9_a_flood_is_not_asked_about(desk: Desk, server: OveitServer, path: Path) -> None:
    """What is known here decides, and everyone comes in."""
    decision = await desk.check_in(free(rfid_code="5E35ED9A", ask_oveit=False))

    assert told(decision) == (True, "override", "unknown_tag")
    assert server.requests == []
    assert states(path) == [("local", 1)]


async def test_x9_a_look_tells_that_everybody_would_come_in(
    desk: Desk, venue: Venue, path: Path
) -> None:
    """And marks nothing."""
    used = venue.used(100)[0]

    decision = await desk.scan(free(ticket_code=used.code))

    assert told(decision) == (True, "override", "already_checked_in")
    assert journal(path) == []


async def test_x9_outside_the_events_time_no_ticket_is_used_up(
    desk: Desk, server: OveitServer, venue: Venue, ticket: VenueTicket, ticket_sync: TicketSync
) -> None:
    """A door that stands open in the afternoon takes nobody's evening."""
    venue.events[100].starts_at = now() + timedelta(days=2)
    await ticket_sync.refresh()
    server.forget()

    decision = await desk.check_in(free(ticket_code=ticket.code, within_window=True))
    evening = await desk.check_in(Request(ticket_code=ticket.code, gate="South"))

    assert told(decision) == (True, "override", "gate_closed")
    assert evening.reason is Reason.CHECKED_IN


async def test_x9_a_hung_oveit_lets_guests_through_in_time(
    desk: Desk, server: OveitServer, ticket: VenueTicket
) -> None:
    """I9 holds in free flow too."""
    server.faults.set("tickets/scan", Fault(latency_before=30))
    request = replace(free(ticket_code="nobody-sold-this"), deadline=0.5)

    decision = await desk.check_in(request)

    assert told(decision) == (True, "override", "unknown_ticket")
    assert decision.latency < 1

"""Rows B of decisions.md: basic tickets, at a venue that is online.

The line is down in test_rows_offline.py. Left out: B13 (a gate's mode), and the half of B16
that the actions refuse before a desk hears of it.
"""

import asyncio
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from custom_components.oveit.core.desk.desk import Desk
from custom_components.oveit.core.exceptions import OveitError
from custom_components.oveit.core.ledger import Ledger
from custom_components.oveit.core.models import Decision, Reason, Request, Source
from custom_components.oveit.core.ticket_sync import TicketSync
from demo.oveit_server import Behaviour, Fault, OveitServer, Venue, VenueTicket
from demo.venue import now
from tests.core.unknowns import (
    Steps,
    age_lists,
    journal,
    query,
    seconds_between,
    whichever,
)


@pytest.fixture
def ticket(venue: Venue) -> VenueTicket:
    """Pick a ticket that nobody used."""
    return venue.unused(100, 234)[0]


@pytest.fixture
def used(venue: Venue) -> VenueTicket:
    """Pick a ticket that someone came in with before the doors were connected."""
    return venue.used(100)[0]


@whichever("checkins_include_new", "dates", "ids", "attendee")
async def test_b1_a_known_unused_ticket_is_checked_in(
    desk: Desk,
    ledger: Ledger,
    server: OveitServer,
    ticket: VenueTicket,
    path: Path,
    decisions: list[Decision],
) -> None:
    """A known, unused ticket is checked in with one request, and one row remembers it."""
    decision = await desk.check_in(Request(ticket_code=ticket.code, gate="North"))

    assert decision.admitted
    assert decision.reason is Reason.CHECKED_IN
    assert decision.source is Source.OVEIT
    assert decision.ticket
    assert (decision.ticket.code, decision.ticket.series) == (ticket.code, ticket.series)
    assert (decision.ticket.ticket_type_id, decision.ticket.ticket_type) == (234, "Entry")
    assert decision.ticket.checked_in
    assert [use.addon_id for use in decision.ticket.checkins] == [None]
    assert decision.ticket.first_entry
    assert decision.ticket.first_entry.gate == "North"
    assert decision.event
    assert (decision.event.id, decision.event.name) == (100, "Lantern Night")
    assert decision.message is None
    assert decisions == [decision]
    (request,) = server.requests
    assert request.endpoint == "tickets/checkin"
    assert request.params == {"ticket_code": ticket.code}
    assert server.venue.entries(ticket.code) == 1
    (row,) = journal(path)
    assert (row["state"], row["admitted"], row["gate"]) == ("confirmed", 1, "North")
    attendance = await ledger.attendance(100, now())
    assert (attendance.waiting, attendance.conflicts) == (0, 0)


async def test_b1_the_row_is_on_disk_before_oveit_hears_of_the_check_in(
    desk: Desk, server: OveitServer, venue: Venue, ticket: VenueTicket, path: Path
) -> None:
    """When the request for a check-in arrives at Oveit, its row is in the file."""
    on_disk = []

    def look_at_the_file():
        on_disk.append([(row["code"], row["state"], row["admitted"]) for row in journal(path)])
        return now()

    venue.clock = look_at_the_file
    await desk.check_in(Request(ticket_code=ticket.code))

    assert on_disk[0] == [(ticket.code, "asking", 0)]


async def test_b1_the_admission_is_on_disk_before_the_answer_is_given(
    desk: Desk, ticket: VenueTicket, path: Path, decisions: list[Decision]
) -> None:
    """Whoever hears of an admission finds it in the file."""
    on_disk = []
    desk._on_decision = lambda _: on_disk.extend(journal(path))

    await desk.check_in(Request(ticket_code=ticket.code))

    assert [(row["state"], row["admitted"]) for row in on_disk] == [("confirmed", 1)]


@whichever("dates", "ids")
async def test_b2_a_ticket_that_the_list_shows_as_used_is_refused_without_asking(
    desk: Desk, server: OveitServer, used: VenueTicket, path: Path
) -> None:
    """A ticket that the list shows as used is refused here, with the time of its entry."""
    decision = await desk.check_in(Request(ticket_code=used.code))

    assert not decision.admitted
    assert decision.reason is Reason.ALREADY_CHECKED_IN
    assert decision.source is Source.LEDGER
    assert decision.ticket
    assert decision.ticket.first_entry
    assert seconds_between(decision.ticket.first_entry.at, used.checkins[0][1]) < 1
    assert decision.ticket.first_entry.gate is None
    assert server.requests == []
    assert server.venue.entries(used.code) == 1
    assert journal(path) == []


@whichever("second_checkin", "checkins_include_new", "ids")
async def test_b2_a_ticket_used_here_is_refused_with_its_gate(
    desk: Desk, server: OveitServer, ticket: VenueTicket, path: Path
) -> None:
    """A ticket scanned twice is refused the second time, and the first gate is named."""
    first = await desk.check_in(Request(ticket_code=ticket.code, gate="North"))
    second = await desk.check_in(Request(ticket_code=ticket.code, gate="South"))

    assert (first.reason, second.reason) == (Reason.CHECKED_IN, Reason.ALREADY_CHECKED_IN)
    assert second.ticket
    assert second.ticket.first_entry
    assert second.ticket.first_entry.gate == "North"
    assert seconds_between(second.ticket.first_entry.at, first.at) < 2
    assert len(second.ticket.checkins) == 1
    assert len(server.requests_to("tickets/checkin")) == 1
    assert server.venue.entries(ticket.code) == 1
    assert len(journal(path)) == 1


@whichever("refusal", "dates", "ids")
async def test_b2_a_ticket_used_elsewhere_since_the_list_is_refused(
    desk: Desk, server: OveitServer, ticket: VenueTicket, path: Path, steps: Steps
) -> None:
    """A ticket used at another door minutes ago is refused, with the time of its entry."""
    entered_at = now() - timedelta(minutes=10)
    server.venue.check_in(ticket.code, at=entered_at)

    decision = await desk.check_in(Request(ticket_code=ticket.code))

    assert decision.reason is Reason.ALREADY_CHECKED_IN
    assert decision.ticket
    assert decision.ticket.first_entry
    assert seconds_between(decision.ticket.first_entry.at, entered_at) < 1
    assert server.venue.entries(ticket.code) == 1
    assert journal(path) == []
    steps.step()
    again = await desk.check_in(Request(ticket_code=ticket.code))
    assert (again.reason, again.source) == (Reason.ALREADY_CHECKED_IN, Source.LEDGER)
    assert len(server.requests_to("tickets/checkin")) == 1


@whichever("refusal", "ids")
async def test_b2_a_used_ticket_is_refused_even_when_a_scan_does_not_say_why(
    desk: Desk, server: OveitServer, ticket: VenueTicket, path: Path
) -> None:
    """Without a ticket in any answer the refusal stands, in the words that Oveit gave it."""
    server.behaviour.scan_used = "refused"
    server.venue.check_in(ticket.code)

    decision = await desk.check_in(Request(ticket_code=ticket.code))

    told = server.behaviour.refusal == "ticket"
    assert decision.reason is (Reason.ALREADY_CHECKED_IN if told else Reason.REFUSED)
    silent = server.behaviour.refusal == "bare"
    assert decision.message == (None if silent else "This ticket is already checked in")
    assert server.venue.entries(ticket.code) == 1
    assert journal(path) == []


@pytest.mark.parametrize(
    "behaviour",
    [
        Behaviour(second_checkin="accepted"),
        Behaviour(second_checkin="accepted", dates="naive"),
        Behaviour(second_checkin="accepted", checkins_include_new=False),
    ],
    ids=["with the new one", "with the new one, naive", "without the new one"],
)
async def test_b2_a_second_check_in_that_oveit_accepts_still_opens_no_door(
    desk: Desk, server: OveitServer, ticket: VenueTicket, path: Path
) -> None:
    """A yes for a ticket that had entered elsewhere is no admission."""
    server.venue.check_in(ticket.code, at=now() - timedelta(minutes=10))

    decision = await desk.check_in(Request(ticket_code=ticket.code))

    assert decision.reason is Reason.ALREADY_CHECKED_IN
    assert journal(path) == []


@whichever("refusal")
async def test_b5_an_unknown_code_is_refused_after_one_refresh_of_old_lists(
    desk: Desk, server: OveitServer, path: Path
) -> None:
    """A code that nobody knows is looked up, the lists are refreshed once, then it is refused."""
    age_lists(path, timedelta(seconds=31))

    decision = await desk.check_in(Request(ticket_code="ffffffff"))

    assert decision.reason is Reason.UNKNOWN_TICKET
    assert decision.ticket is None
    silent = server.behaviour.refusal == "bare"
    assert decision.message == (None if silent else "This ticket does not exist")
    lists = [request.params["id"] for request in server.requests_to("events/tickets")]
    assert sorted(lists) == ["100", "101"]
    assert server.requests_to("tickets/checkin") == []
    assert journal(path) == []

    await desk.check_in(Request(ticket_code="eeeeeeee"))
    assert len(server.requests_to("events/tickets")) == 2


async def test_b5_an_unknown_code_costs_no_download_of_fresh_lists(
    desk: Desk, server: OveitServer
) -> None:
    """A list that is not older than 30 s is not asked for again."""
    decision = await desk.check_in(Request(ticket_code="ffffffff"))

    assert decision.reason is Reason.UNKNOWN_TICKET
    assert server.requests_to("events/tickets") == []


@whichever("checkins_include_new", "dates", "ids")
async def test_b5_a_ticket_sold_after_the_list_is_checked_in(
    desk: Desk, ledger: Ledger, server: OveitServer, steps: Steps
) -> None:
    """A ticket that Oveit knows and the list does not is checked in, and counted once."""
    before = await ledger.attendance(100, now())
    ticket = server.venue.sell(100, 234)

    decision = await desk.check_in(Request(ticket_code=ticket.code))

    assert decision.reason is Reason.CHECKED_IN
    assert [request.endpoint for request in server.requests] == ["tickets/scan", "tickets/checkin"]
    assert server.venue.entries(ticket.code) == 1
    attendance = await ledger.attendance(100, now())
    assert attendance.tickets == before.tickets + 1
    assert attendance.checked_in == before.checked_in + 1
    steps.step()
    assert (await desk.check_in(Request(ticket_code=ticket.code))).reason is (
        Reason.ALREADY_CHECKED_IN
    )


async def test_b5_the_refreshed_list_decides_where_a_scan_did_not(
    desk: Desk, server: OveitServer, path: Path
) -> None:
    """A code that the scan did not know, and the new list does, is checked in."""
    ticket = server.venue.sell(100, 234)
    age_lists(path, timedelta(minutes=1))
    server.faults.set("tickets/scan", "error")

    decision = await desk.check_in(Request(ticket_code=ticket.code))

    assert decision.reason is Reason.CHECKED_IN


@whichever("ids")
async def test_b7_a_ticket_of_another_event_of_this_venue_is_refused_without_asking(
    desk: Desk, server: OveitServer
) -> None:
    """At a door of one event a ticket of another is refused, and stays unused."""
    ticket = server.venue.unused(101)[0]

    decision = await desk.check_in(
        Request(ticket_code=ticket.code, event_ids=frozenset({100}), gate="North")
    )

    assert decision.reason is Reason.WRONG_EVENT
    assert decision.event
    assert decision.event.id == 101
    assert server.requests == []
    assert not server.venue.tickets[ticket.code].used


@pytest.mark.parametrize("followed", [{100}], ids=["only 100"])
@whichever("ids", "dates")
async def test_b7_a_ticket_of_an_event_that_is_not_followed_is_refused_and_not_marked(
    desk: Desk, ledger: Ledger, server: OveitServer, path: Path
) -> None:
    """Oveit is only asked to look the ticket up, which tells of which event it is."""
    ticket = server.venue.unused(101)[0]

    decision = await desk.check_in(Request(ticket_code=ticket.code))

    assert decision.reason is Reason.WRONG_EVENT
    assert decision.event
    assert decision.event.name == "City Museum"
    assert server.requests_to("tickets/checkin") == []
    assert not server.venue.tickets[ticket.code].used
    assert await ledger.find(ticket.code) == ()
    assert journal(path) == []


@whichever("refusal")
async def test_b7_a_ticket_of_another_account_is_unknown(desk: Desk, server: OveitServer) -> None:
    """A ticket that belongs to another seller is nobody's here; Oveit's words go with it."""
    ticket = server.venue.unused(900)[0]

    decision = await desk.check_in(Request(ticket_code=ticket.code))

    assert decision.reason is Reason.UNKNOWN_TICKET
    assert not server.venue.tickets[ticket.code].used


@whichever("refusal", "scan_used")
async def test_b8_a_ticket_cancelled_after_the_list_is_refused(
    desk: Desk, server: OveitServer, ticket: VenueTicket, path: Path
) -> None:
    """Oveit refuses what the list still shows; its sentence is passed on."""
    server.venue.cancel(ticket.code)

    decision = await desk.check_in(Request(ticket_code=ticket.code))

    assert decision.reason is Reason.REFUSED
    silent = server.behaviour.refusal == "bare"
    assert decision.message == (None if silent else "This ticket does not exist")
    assert not ticket.used
    assert journal(path) == []


async def test_b9_a_ticket_cancelled_before_the_list_is_unknown(
    venue: Venue, ticket: VenueTicket, new_desk: Desk, new_ticket_sync: TicketSync
) -> None:
    """A ticket that was cancelled before the list was taken is refused."""
    venue.cancel(ticket.code)
    await new_ticket_sync.refresh(everything=True)

    decision = await new_desk.check_in(Request(ticket_code=ticket.code))

    assert decision.reason is Reason.UNKNOWN_TICKET
    assert not ticket.used


@whichever("checkins_include_new", "dates", "ids")
async def test_b10_where_re_entry_is_asked_oveit_decides_and_each_entry_is_a_row(
    desk: Desk,
    ledger: Ledger,
    server: OveitServer,
    ticket: VenueTicket,
    path: Path,
    steps: Steps,
) -> None:
    """A gate that lets people come back lets Oveit decide on the second entry."""
    server.behaviour.second_checkin = "accepted"
    request = Request(ticket_code=ticket.code, re_entry=True)

    decisions = [await desk.check_in(request)]
    steps.step()
    decisions.append(await desk.check_in(request))

    assert [decision.reason for decision in decisions] == [Reason.CHECKED_IN] * 2
    assert server.venue.entries(ticket.code) == 2
    assert [(row["state"], row["admitted"]) for row in journal(path)] == [("confirmed", 1)] * 2
    in_all = await ledger.attendance(100, now())
    assert in_all.checked_in == len(server.venue.used(100))


@whichever("refusal", "scan_used")
async def test_b10_oveit_may_refuse_a_re_entry(
    desk: Desk, server: OveitServer, ticket: VenueTicket, path: Path, steps: Steps
) -> None:
    """Where re-entry is asked and Oveit says no, the guest is refused in Oveit's words."""
    request = Request(ticket_code=ticket.code, re_entry=True)
    await desk.check_in(request)
    steps.step()

    decision = await desk.check_in(request)

    assert decision.reason is Reason.REFUSED
    silent = server.behaviour.refusal == "bare"
    assert decision.message == (None if silent else "This ticket is already checked in")
    assert len(journal(path)) == 1


@whichever("dates", "ids")
async def test_b11_a_ticket_of_a_perpetual_event_is_checked_in(
    desk: Desk, server: OveitServer
) -> None:
    """An event without a start has no hours to keep."""
    ticket = server.venue.unused(101)[0]

    decision = await desk.check_in(Request(ticket_code=ticket.code))

    assert decision.reason is Reason.CHECKED_IN
    assert decision.event
    assert decision.event.starts_at is None


@pytest.mark.parametrize(
    "refusal",
    [
        {"error": "Computer says no"},
        {"ok": False, "error": "Computer says no"},
        {"ok": False, "message": "Computer says no"},
    ],
    ids=["error", "ok false", "message"],
)
async def test_b14_a_refusal_in_unknown_words_is_passed_on(
    desk: Desk, server: OveitServer, ticket: VenueTicket, path: Path, refusal: dict[str, object]
) -> None:
    """Words that nobody has heard before are a refusal, and people get to read them."""
    server.faults.set("tickets/checkin", Fault(json=refusal))

    decision = await desk.check_in(Request(ticket_code=ticket.code))

    assert decision.reason is Reason.REFUSED
    assert decision.message == "Computer says no"
    assert decision.ticket
    assert not decision.ticket.checked_in
    assert journal(path) == []


@pytest.mark.parametrize(
    "read",
    [
        "  {}\r\n",
        "\x02{}\x03",
        "]Q1{}",
        "]Q3\\000026{}",
        "\\000026{}",
        "\t]d2 {} ",
        "https://oveit.example/t/{}",
        "HTTP://oveit.example/t/{}/?from=mail#top",
        "{upper}",
    ],
)
async def test_b15_what_a_scanner_adds_to_a_code_is_taken_off(
    desk: Desk, server: OveitServer, ticket: VenueTicket, read: str
) -> None:
    """Blanks, control characters, scanner prefixes and a web address around a code go."""
    text = read.format(ticket.code, upper=ticket.code.upper())

    decision = await desk.check_in(Request(ticket_code=text))

    assert decision.reason is Reason.CHECKED_IN
    assert server.requests[0].params == {"ticket_code": ticket.code}


@pytest.mark.parametrize("text", ["", " \r\n", "]Q1", "\x00", "x" * 257, "a\x00b", "\ud800"])
async def test_b16_what_is_no_code_is_never_checked_in(
    desk: Desk, server: OveitServer, path: Path, text: str
) -> None:
    """Even where nobody checked the input before, nothing is sent to be marked."""
    decision = None
    with suppress(OveitError):
        decision = await desk.check_in(Request(ticket_code=text))

    assert decision is None or not decision.admitted
    assert server.requests_to("tickets/checkin") == []
    assert journal(path) == []


async def test_two_check_ins_of_one_ticket_at_once_admit_one_guest(
    desk: Desk, server: OveitServer, ticket: VenueTicket, path: Path
) -> None:
    """Of reads at ten gates within a moment one is admitted, and Oveit is asked once."""
    server.behaviour.second_checkin = "accepted"
    server.faults.set("tickets/checkin", Fault(latency_before=0.05))

    decisions = await asyncio.gather(
        *(desk.check_in(Request(ticket_code=ticket.code, gate=f"G{gate}")) for gate in range(10))
    )

    reasons = sorted(decision.reason for decision in decisions)
    assert reasons == [Reason.ALREADY_CHECKED_IN] * 9 + [Reason.CHECKED_IN]
    assert len(server.requests_to("tickets/checkin")) == 1
    assert len(journal(path)) == 1


async def test_different_tickets_do_not_wait_for_each_other(
    desk: Desk, server: OveitServer
) -> None:
    """Two guests at two gates are asked for side by side."""
    codes = [ticket.code for ticket in server.venue.unused(100, 234)[:8]]
    server.faults.set("tickets/checkin", Fault(latency_before=0.1))

    decisions = await asyncio.gather(
        *(desk.check_in(Request(ticket_code=code, deadline=0.5)) for code in codes)
    )

    assert all(decision.admitted for decision in decisions)


async def test_a_ticket_known_under_one_name_only_is_asked_for_as_oveit_writes_it(
    desk: Desk, ledger: Ledger, server: OveitServer, path: Path, steps: Steps
) -> None:
    """An answer that writes the code in capitals is about the same ticket, which counts once."""
    ticket = server.venue.unused(100, 234)[0]
    before = (await ledger.attendance(100, now())).tickets
    answer = {
        "ok": True,
        "ticket": {"code": ticket.code.upper()},
        "event": {"id": 100},
        "ticket_type": {"id": 234},
        "checkins": [],
    }
    server.faults.set("tickets/checkin", Fault(json=answer))

    assert (await desk.check_in(Request(ticket_code=ticket.code))).admitted

    assert (await ledger.attendance(100, now())).tickets == before
    for code in (ticket.code, ticket.code.upper()):
        steps.step()
        assert not (await desk.check_in(Request(ticket_code=code))).admitted
    assert query(path, "SELECT count(*) AS rows FROM journal") == [{"rows": 1}]

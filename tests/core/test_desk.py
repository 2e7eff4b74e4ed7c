"""The desk: deadlines, answers that are lost or odd, and what it makes of a refusal."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
import logging
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from custom_components.oveit.core.desk.desk import Desk
from custom_components.oveit.core.exceptions import (
    LedgerError,
    OveitConnectionError,
    OveitError,
    OveitResponseError,
)
from custom_components.oveit.core.ledger import Ledger
from custom_components.oveit.core.models import (
    Decision,
    OfflinePolicy,
    Reason,
    Request,
    Several,
    Source,
)
from custom_components.oveit.core.ticket_sync import TicketSync
from demo.oveit_server import Fault, OveitServer, Venue, VenueTicket
from demo.venue import now
from tests.core.unknowns import Steps, age_lists, journal, query, states, until_asked, whichever

TAG = "5E35ED9A"


@pytest.fixture
def ticket(venue: Venue) -> VenueTicket:
    """Pick a ticket that nobody used, and put it on a tag."""
    ticket = venue.unused(100, 234)[1]
    venue.pair(ticket.code, TAG)
    return ticket


def answer(ticket: VenueTicket, **changes: Any) -> dict[str, Any]:
    """Return a yes for a ticket."""
    return {
        "ok": True,
        "ticket": {"code": ticket.code},
        "ticket_type": {"id": 234, "name": "Entry"},
        "event": {"id": 100, "name": "Lantern Night"},
        "checkins": [],
        "rfid_codes": [],
    } | changes


# What a decision tells


async def test_a_decision_tells_where_when_how_long_and_which(
    desk: Desk, ticket: VenueTicket, decisions: list[Decision], steps: Steps
) -> None:
    """Each decision names its request, its time, what it took and its scan."""
    before = now()

    first = await desk.check_in(Request(ticket_code=ticket.code, gate="North", scan_id="s-1"))
    steps.step()
    second = await desk.check_in(Request(ticket_code=ticket.code))

    assert before <= first.at <= now()
    assert 0 < first.latency < 3
    assert (first.request.gate, first.scan_id) == ("North", "s-1")
    assert second.scan_id
    assert second.scan_id != first.scan_id
    assert decisions == [first, second]


async def test_a_door_hears_of_its_guest_before_everyone_else_and_once(
    desk: Desk, ticket: VenueTicket, decisions: list[Decision], steps: Steps
) -> None:
    """Lights and counts can wait; a repeat is told to nobody."""
    heard: list[tuple[Decision, int]] = []

    def door(decision: Decision) -> None:
        heard.append((decision, len(decisions)))

    request = Request(ticket_code=ticket.code, gate="North")
    admitted = await desk.check_in(request, door)
    await desk.check_in(request, door)
    steps.step()
    refused = await desk.check_in(request, door)

    assert heard == [(admitted, 0), (refused, 1)]
    assert decisions == [admitted, refused]


async def test_a_listener_that_fails_takes_no_answer_away(
    desk: Desk, ticket: VenueTicket, decisions: list[Decision]
) -> None:
    """The guest is in, the others hear of it, and the next read repeats it."""

    def fail(_: Decision) -> None:
        raise ZeroDivisionError

    request = Request(ticket_code=ticket.code)
    first = await desk.check_in(request, fail)

    assert first.admitted
    assert decisions == [first]
    assert (await desk.check_in(request)).reason is Reason.REPEAT


@whichever("attendee")
async def test_a_decision_brings_the_attendee_along(
    desk: Desk, server: OveitServer, ticket: VenueTicket
) -> None:
    """The form goes with the decision, and shows in nothing that may be logged."""
    decision = await desk.check_in(Request(ticket_code=ticket.code))

    if server.behaviour.attendee == "null":
        assert decision.attendee is None
    else:
        assert decision.attendee
        assert decision.attendee["Name"] == ticket.order.name
        assert ticket.order.name not in repr(decision)


# Looking up


@whichever("ids", "dates", "attendee")
async def test_a_scan_tells_that_a_ticket_would_be_admitted_and_marks_nothing(
    desk: Desk, server: OveitServer, ticket: VenueTicket, path: Path, decisions: list[Decision]
) -> None:
    """A look-up asks Oveit even for a known ticket, and leaves no trace anywhere."""
    decision = await desk.scan(Request(ticket_code=ticket.code, gate="North"))

    assert decision.admitted
    assert decision.source is Source.OVEIT
    assert decision.ticket
    assert not decision.ticket.checked_in
    assert decision.ticket.series == ticket.series
    assert [request.endpoint for request in server.requests] == ["tickets/scan"]
    assert not ticket.checkins
    assert journal(path) == []
    assert decisions == []


@whichever("refusal", "scan_used", "ids")
async def test_a_scan_of_a_used_ticket_tells_so(
    desk: Desk, server: OveitServer, venue: Venue
) -> None:
    """A ticket that the list shows as used would not be admitted, however Oveit puts it."""
    used = venue.used(100)[0]

    decision = await desk.scan(Request(ticket_code=used.code))

    assert decision.reason is Reason.ALREADY_CHECKED_IN


@whichever("refusal", "scan_used")
async def test_a_scan_of_a_ticket_used_since_the_list_is_no_yes(
    desk: Desk, server: OveitServer, ticket: VenueTicket
) -> None:
    """What Oveit refuses to show would not be admitted, though the list says unused."""
    server.venue.check_in(ticket.code)

    decision = await desk.scan(Request(ticket_code=ticket.code))

    behaviour = server.behaviour
    silent = behaviour.scan_used == "refused" and behaviour.refusal != "ticket"
    assert decision.reason is (Reason.REFUSED if silent else Reason.ALREADY_CHECKED_IN)


@whichever("refusal")
async def test_a_scan_of_an_unknown_code_or_tag_tells_so(desk: Desk, server: OveitServer) -> None:
    """What nobody knows would not be admitted."""
    assert (await desk.scan(Request(ticket_code="ffffffff"))).reason is Reason.UNKNOWN_TICKET
    assert (await desk.scan(Request(rfid_code="FFFFFFFF"))).reason is Reason.UNKNOWN_TAG


async def test_a_scan_of_a_tag_tells_its_ticket(desk: Desk, ticket: VenueTicket) -> None:
    """A wristband is looked up like a ticket."""
    decision = await desk.scan(Request(rfid_code=TAG))

    assert decision.admitted
    assert decision.ticket
    assert decision.ticket.code == ticket.code


@pytest.mark.parametrize("followed", [{100}], ids=["only 100"])
async def test_a_scan_of_a_ticket_of_an_event_that_is_not_followed_tells_which(
    desk: Desk, server: OveitServer
) -> None:
    """A steward can send the guest to the right door."""
    decision = await desk.scan(Request(ticket_code=server.venue.unused(101)[0].code))

    assert decision.reason is Reason.WRONG_EVENT
    assert decision.event
    assert decision.event.name == "City Museum"


# Deadlines


@pytest.mark.parametrize(
    ("read", "slow", "reason", "rows"),
    [
        ("code", "tickets/checkin", Reason.CHECKED_IN, [("in_doubt", 1)]),
        ("tag", "tickets/scan", Reason.CHECKED_IN, [("pending", 1)]),
        ("tag", "tickets/checkin", Reason.CHECKED_IN, [("in_doubt", 1)]),
        ("new tag", "tickets/scan", Reason.UNKNOWN_TAG, []),
        ("unknown", "tickets/scan", Reason.UNKNOWN_TICKET, []),
    ],
)
async def test_i9_at_the_deadline_the_ledger_decides_whatever_is_slow(
    desk: Desk,
    server: OveitServer,
    ticket: VenueTicket,
    path: Path,
    read: str,
    slow: str,
    reason: Reason,
    rows: list[tuple[str, int]],
) -> None:
    """A guest waits no longer than the deadline and half a second, whatever is slow."""
    if read == "tag":
        await desk.scan(Request(rfid_code=TAG))
    request = {
        "code": Request(ticket_code=ticket.code, deadline=0.5),
        "tag": Request(rfid_code=TAG, deadline=0.5),
        "new tag": Request(rfid_code=TAG, deadline=0.5),
        "unknown": Request(ticket_code="ffffffff", deadline=0.5),
    }[read]
    server.faults.set(slow, "slow")
    started = monotonic()

    decision = await desk.check_in(request)

    assert 0.4 < monotonic() - started < 1
    assert (decision.reason, decision.source) == (reason, Source.LEDGER)
    assert states(path) == rows


async def test_i9_slow_steps_share_one_deadline(
    desk: Desk, server: OveitServer, ticket: VenueTicket
) -> None:
    """A look-up, a check-in and an explanation do not get half a second each."""
    server.faults.set("*", Fault(latency_before=0.3))
    started = monotonic()

    decision = await desk.check_in(Request(rfid_code=TAG, deadline=0.5))

    assert monotonic() - started < 1
    assert (decision.reason, decision.source) == (Reason.CHECKED_IN, Source.LEDGER)


async def test_i9_a_slow_refresh_ends_in_a_refusal_in_time(
    desk: Desk, server: OveitServer, path: Path
) -> None:
    """An unknown code is refused at the deadline, while the list is still on its way."""
    age_lists(path, timedelta(minutes=1))
    server.faults.set("events/tickets", "slow")
    started = monotonic()

    decision = await desk.check_in(Request(ticket_code="ffffffff", deadline=0.5))

    assert decision.reason is Reason.UNKNOWN_TICKET
    assert monotonic() - started < 1


async def test_i9_a_guest_behind_a_slow_one_does_not_wait_for_ever(
    desk: Desk, server: OveitServer, ticket: VenueTicket, path: Path
) -> None:
    """A read of a ticket that is still being decided is answered at its own deadline.

    At the same gate nothing can be told yet; at another the ticket counts as used.
    """
    server.faults.set("tickets/checkin", Fault(latency_before=0.9), 1)
    request = Request(ticket_code=ticket.code, gate="North", deadline=5)
    first = asyncio.create_task(desk.check_in(request))
    await until_asked(server, "tickets/checkin")
    started = monotonic()

    outcomes = await asyncio.gather(
        desk.check_in(replace(request, deadline=0.2)),
        desk.check_in(replace(request, deadline=0.2, gate="South")),
        return_exceptions=True,
    )

    same_gate, other_gate = outcomes
    assert isinstance(same_gate, OveitConnectionError)
    assert isinstance(other_gate, Decision)
    assert other_gate.reason is Reason.ALREADY_CHECKED_IN
    assert monotonic() - started < 0.8
    assert (await first).admitted
    assert len(server.requests_to("tickets/checkin")) == 1
    assert states(path) == [("confirmed", 1)]


async def test_a_deadline_that_has_passed_sends_nothing(
    desk: Desk, server: OveitServer, ticket: VenueTicket, path: Path
) -> None:
    """Without time left Oveit is not asked at all, and the ledger decides."""
    decision = await desk.check_in(Request(ticket_code=ticket.code, deadline=0))

    assert (decision.reason, decision.source) == (Reason.CHECKED_IN, Source.LEDGER)
    assert server.requests == []
    (row,) = journal(path)
    assert (row["state"], row["admitted"], row["asked_at"]) == ("pending", 1, None)


async def test_a_refusal_is_given_though_its_reason_comes_too_late(
    desk: Desk, server: OveitServer, ticket: VenueTicket, path: Path
) -> None:
    """A no is a no, when the look for its reason is cut off by the deadline."""
    server.venue.check_in(ticket.code)
    server.faults.set("tickets/scan", "slow")

    decision = await desk.check_in(Request(ticket_code=ticket.code, deadline=0.5))

    assert decision.reason is Reason.REFUSED
    assert decision.message == "This ticket is already checked in"
    assert journal(path) == []


# Lost and odd answers


async def test_an_answer_about_another_ticket_is_none(
    desk: Desk, server: OveitServer, ticket: VenueTicket, path: Path
) -> None:
    """A yes for a ticket that was not asked about is not understood, and settles nothing."""
    other = server.venue.unused(100, 234)[2]
    server.faults.set("tickets/checkin", Fault(json=answer(other)))

    decision = await desk.check_in(Request(ticket_code=ticket.code))

    assert (decision.reason, decision.source) == (Reason.CHECKED_IN, Source.LEDGER)
    assert states(path) == [("in_doubt", 1)]
    refused = await desk.check_in(
        Request(ticket_code=other.code, offline=OfflinePolicy.REFUSE, gate="VIP")
    )
    assert refused.reason is not Reason.ALREADY_CHECKED_IN


async def test_a_look_up_about_another_ticket_has_nothing_marked(
    desk: Desk, server: OveitServer, ticket: VenueTicket, path: Path
) -> None:
    """Where the look-up of an unknown code tells of another ticket, that one is left alone."""
    server.faults.set("tickets/scan", Fault(json=answer(ticket)))

    try:
        decision = await desk.check_in(Request(ticket_code="ffffffff"))
    except OveitResponseError:
        decision = None

    assert decision is None or not decision.admitted
    assert not ticket.used
    assert journal(path) == []


@pytest.mark.parametrize(
    "event", [{"id": 101, "name": "City Museum"}, {"id": 7, "name": "Elsewhere"}]
)
async def test_an_answer_of_another_event_never_admits(
    desk: Desk, server: OveitServer, ticket: VenueTicket, path: Path, event: dict[str, Any]
) -> None:
    """A yes for a ticket of an event that this door is not for keeps the door shut."""
    server.faults.set("tickets/checkin", Fault(json=answer(ticket, event=event)))

    decision = await desk.check_in(Request(ticket_code=ticket.code, event_ids=frozenset({100})))

    assert decision.reason is Reason.WRONG_EVENT
    assert journal(path) == []


async def test_an_answer_without_an_event_is_about_the_event_that_was_asked_for(
    desk: Desk, ledger: Ledger, server: OveitServer, ticket: VenueTicket
) -> None:
    """A lean yes is a yes, and what it tells is kept with the right event."""
    lean = {"ok": True, "ticket": {"code": ticket.code, "series": "S 1"}}
    server.faults.set("tickets/checkin", Fault(json=lean))

    decision = await desk.check_in(Request(ticket_code=ticket.code))

    assert decision.reason is Reason.CHECKED_IN
    assert decision.ticket
    assert (decision.ticket.series, decision.ticket.ticket_type) == ("S 1", "Entry")
    (found,) = await ledger.find(ticket.code)
    assert (found.event_id, found.checked_in) == (100, True)


async def test_a_look_up_without_an_event_of_a_ticket_nobody_knows_opens_no_door(
    desk: Desk, server: OveitServer, path: Path
) -> None:
    """A ticket that belongs to no event that can be named is of none that is followed."""
    server.faults.set("tickets/scan", Fault(json={"ok": True, "ticket": {"code": "ffffffff"}}))

    decision = await desk.check_in(Request(ticket_code="ffffffff"))

    assert decision.reason is Reason.WRONG_EVENT
    assert server.requests_to("tickets/checkin") == []


async def test_a_refusal_with_its_ticket_needs_no_look_up(
    desk: Desk, server: OveitServer, ticket: VenueTicket
) -> None:
    """What the refusal tells itself is not asked for again."""
    server.behaviour.refusal = "ticket"
    server.venue.check_in(ticket.code)

    decision = await desk.check_in(Request(ticket_code=ticket.code))

    assert decision.reason is Reason.ALREADY_CHECKED_IN
    assert [request.endpoint for request in server.requests] == ["tickets/checkin"]


@pytest.mark.parametrize("fault", ["server_error", "captive_portal", "drop_after", "forbidden"])
async def test_a_refusal_that_cannot_be_explained_stays_one(
    desk: Desk, server: OveitServer, ticket: VenueTicket, path: Path, fault: str
) -> None:
    """When the look for the reason fails, the no and Oveit's words remain."""
    server.venue.check_in(ticket.code)
    server.faults.set("tickets/scan", fault)

    decision = await desk.check_in(Request(ticket_code=ticket.code))

    assert decision.reason is Reason.REFUSED
    assert decision.message == "This ticket is already checked in"
    assert journal(path) == []


@pytest.mark.parametrize("fault", ["server_error", "captive_portal", "drop_before"])
async def test_an_unknown_code_is_refused_though_the_refresh_fails(
    desk: Desk, server: OveitServer, fault: str
) -> None:
    """Oveit said no to the code; that the list cannot be had changes nothing."""
    server.faults.set("seller/events", fault)

    decision = await desk.check_in(Request(ticket_code="ffffffff"))

    assert decision.reason is Reason.UNKNOWN_TICKET


@pytest.mark.parametrize("fault", ["server_error", "captive_portal", "drop_before"])
async def test_a_new_tag_that_cannot_be_looked_up_is_refused(
    desk: Desk, server: OveitServer, ticket: VenueTicket, path: Path, fault: str
) -> None:
    """R2: a tag that only Oveit could know opens nothing while Oveit cannot be asked."""
    server.faults.set("tickets/scan", fault)

    decision = await desk.check_in(Request(rfid_code=TAG))

    assert (decision.reason, decision.source) == (Reason.UNKNOWN_TAG, Source.LEDGER)
    assert journal(path) == []


async def test_a_caller_that_gives_up_does_not_stop_the_check_in(
    desk: Desk, server: OveitServer, ticket: VenueTicket, path: Path
) -> None:
    """A check-in that was begun comes to its end, whoever still waits for it."""
    server.faults.set("tickets/checkin", Fault(latency_after=0.1))
    check_in = asyncio.create_task(desk.check_in(Request(ticket_code=ticket.code)))
    await until_asked(server, "tickets/checkin")

    check_in.cancel()
    with pytest.raises(asyncio.CancelledError):
        await check_in
    await desk.close()

    assert states(path) == [("confirmed", 1)]


async def test_i1_nobody_is_admitted_whom_the_ledger_cannot_keep(
    desk: Desk, server: OveitServer, ticket: VenueTicket, path: Path, decisions: list[Decision]
) -> None:
    """When the row cannot be written Oveit is not asked and no door opens."""
    query(path, "DROP TABLE journal")

    with pytest.raises(LedgerError):
        await desk.check_in(Request(ticket_code=ticket.code))

    assert server.requests == []
    assert decisions == []


async def test_a_new_list_while_a_ticket_is_decided_changes_nothing(
    desk: Desk,
    ticket_sync: TicketSync,
    ledger: Ledger,
    server: OveitServer,
    ticket: VenueTicket,
    steps: Steps,
) -> None:
    """C19, C20: a list from before the check-in that arrives after it lowers no count."""
    before = (await ledger.attendance(100, now())).checked_in
    server.faults.set("events/tickets", Fault(latency_after=0.2))
    refresh = asyncio.create_task(ticket_sync.refresh(everything=True))
    await until_asked(server, "events/tickets")

    assert (await desk.check_in(Request(ticket_code=ticket.code))).admitted
    await refresh

    assert (await ledger.attendance(100, now())).checked_in == before + 1
    steps.step()
    assert not (await desk.check_in(Request(ticket_code=ticket.code))).admitted


async def test_i4_a_restart_does_not_admit_anyone_again(
    desk: Desk, server: OveitServer, make_desk: Callable[[], Desk], ticket: VenueTicket
) -> None:
    """A desk made anew knows from the ledger who came in."""
    server.behaviour.second_checkin = "accepted"
    server.behaviour.checkins_include_new = False
    assert (await desk.check_in(Request(ticket_code=ticket.code))).admitted

    again = make_desk()

    decision = await again.check_in(Request(ticket_code=ticket.code))
    assert decision.reason is Reason.ALREADY_CHECKED_IN
    assert server.venue.entries(ticket.code) == 1


async def test_i8_no_log_tells_a_code_or_a_person(
    desk: Desk,
    server: OveitServer,
    venue: Venue,
    ticket: VenueTicket,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """At the finest level of logging there is no code, tag, token or name."""
    caplog.set_level(logging.DEBUG)
    for fault in (None, "drop_after", "captive_portal"):
        if fault:
            server.faults.set("tickets/scan", fault)
        for request in (
            Request(ticket_code=ticket.code),
            Request(rfid_code=TAG),
            Request(ticket_code="ffffffff"),
        ):
            try:
                await desk.check_in(request)
            except OveitError:
                continue

    told = caplog.text
    assert told
    secrets = (ticket.code, TAG, "ffffffff", venue.token, ticket.order.name)
    assert not [secret for secret in secrets if secret in told]


# Guests in doubt


async def lose_an_answer(desk: Desk, server: OveitServer, request: Request) -> None:
    """Have Oveit count a guest who is not let in."""
    server.faults.set("tickets/checkin", "drop_after", 1)
    decision = await desk.check_in(replace(request, offline=OfflinePolicy.REFUSE))
    assert decision.reason is Reason.OFFLINE_REFUSED


async def test_a_guest_in_doubt_still_needs_the_right_door(
    desk: Desk, server: OveitServer, ticket: VenueTicket, path: Path
) -> None:
    """A row in doubt opens no door that the ticket is not for."""
    await lose_an_answer(desk, server, Request(ticket_code=ticket.code, gate="North"))

    decision = await desk.check_in(
        Request(ticket_code=ticket.code, gate="VIP", ticket_type_ids=frozenset({235}))
    )

    assert decision.reason is Reason.WRONG_TICKET_TYPE
    assert states(path) == [("in_doubt", 0)]


async def test_a_guest_in_doubt_is_not_decided_by_a_ledger_that_fails(
    desk: Desk, server: OveitServer, ticket: VenueTicket, path: Path, monkeypatch: Any
) -> None:
    """Reading back needs the journal."""
    await lose_an_answer(desk, server, Request(ticket_code=ticket.code, gate="North"))

    async def fail(*_: object) -> None:
        raise LedgerError("No")

    monkeypatch.setattr(Ledger, "evidence", fail)

    with pytest.raises(LedgerError):
        await desk.check_in(Request(ticket_code=ticket.code, gate="South"))


async def test_of_a_family_the_rest_waits_when_the_line_goes_at_the_first(
    desk: Desk, server: OveitServer, venue: Venue, ticket: VenueTicket, path: Path
) -> None:
    """A door that wants Oveit's word has each ticket refused, and none is left half done."""
    museum = venue.unused(101)[0]
    venue.pair(museum.code, TAG)
    for code in (ticket.code, museum.code):
        await desk.scan(Request(ticket_code=code))
    server.faults.set("tickets/checkin", "drop_before")

    decision = await desk.check_in(
        Request(rfid_code=TAG, several=Several.ALL, offline=OfflinePolicy.REFUSE)
    )

    assert [each.reason for each in (decision, *decision.others)] == [Reason.OFFLINE_REFUSED] * 2
    assert states(path) == [("in_doubt", 0)]


@pytest.mark.parametrize("failing", [1, 2])
async def test_a_wallet_is_decided_here_when_the_line_goes_during_its_look_up(
    desk: Desk,
    server: OveitServer,
    venue: Venue,
    ticket: VenueTicket,
    path: Path,
    failing: int,
) -> None:
    """What was learned before stays learned, and the tickets come in by the ledger."""
    museum = venue.unused(101)[0]
    venue.pair(museum.code, TAG)
    for code in (ticket.code, museum.code):
        await desk.scan(Request(ticket_code=code))
    server.faults.set("tickets/scan", Fault(drop_before=True))
    if failing == 2:
        server.faults.set("tickets/scan", Fault(), 1)
        server.faults.set("*", Fault(drop_before=True))

    decision = await desk.check_in(Request(rfid_code=TAG, several=Several.ALL))

    assert decision.admitted
    assert decision.source is Source.LEDGER
    assert len(decision.others) == 1
    assert all(admitted for _, admitted in states(path))


async def test_a_ledger_that_fails_during_a_look_is_told(
    desk: Desk, ticket_sync: TicketSync, server: OveitServer, monkeypatch: Any
) -> None:
    """A failing disk is no failing line."""

    async def fail() -> None:
        raise LedgerError("No")

    with monkeypatch.context() as failing:
        failing.setattr(ticket_sync, "refresh_for_unknown_code", fail)
        with pytest.raises(LedgerError):
            await desk.check_in(Request(ticket_code="ffffffff"))

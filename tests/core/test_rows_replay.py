"""Rows C of decisions.md, with A12, A14 and A15: what waits for Oveit finds its end."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from statistics import median
from time import monotonic

import aiohttp
import pytest

from custom_components.oveit.core.client.api import OveitClient
from custom_components.oveit.core.counts import Settled
from custom_components.oveit.core.desk.desk import Desk
from custom_components.oveit.core.ledger import Ledger
from custom_components.oveit.core.models import Direction, Reason, Request, Row, RowState, Source
from custom_components.oveit.core.settling import settling as settling_module
from custom_components.oveit.core.settling.settling import AT_ONCE
from custom_components.oveit.core.ticket_sync import TicketSync
from demo.oveit_server import Fault, OveitServer, Venue, VenueTicket
from demo.venue import now
from tests.core.unknowns import (
    Seconds,
    Steps,
    age_lists,
    journal,
    line_up,
    states,
    until,
    until_asked,
    whichever,
)

ENTRY, VIP, DRINKS, BACKSTAGE = 234, 235, 8, 9
WORDS = {"error": "Computer says no"}


@pytest.fixture
def ticket(venue: Venue) -> VenueTicket:
    """Pick a ticket that nobody used."""
    return venue.unused(100, ENTRY)[1]


@pytest.fixture
def desk(make_desk: Callable[..., Desk], ticket_sync: TicketSync) -> Desk:
    """Return a desk that reads rows in doubt back at once."""
    return make_desk(doubt_grace=0)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a row that was refused be tried again at once."""
    monkeypatch.setattr(settling_module, "RETRY_AFTER", -1)


async def admit_offline(desk: Desk, server: OveitServer, *requests: Request) -> None:
    """Let guests in without a line."""
    await server.hang_up()
    for request in requests:
        assert (await desk.check_in(request)).admitted


async def poll_for_a_while(client: OveitClient, server: OveitServer) -> None:
    """Let so much go well that a single failure says nothing of the line."""
    await line_up(client, server)
    for _ in range(5):
        await client.events()


def asked(server: OveitServer) -> list[str]:
    """Return the requests about tickets."""
    return [each.endpoint for each in server.requests if each.endpoint.startswith("tickets/")]


# Restarts


async def test_c5_a_reload_with_guests_at_the_door_loses_nothing(
    desk: Desk,
    make_desk: Callable[..., Desk],
    client: OveitClient,
    server: OveitServer,
    venue: Venue,
    path: Path,
) -> None:
    """Pending rows stay, the guest under way is decided, and the next desk settles all."""
    first, second = venue.unused(100, ENTRY)[:2]
    await admit_offline(desk, server, Request(ticket_code=first.code))
    await line_up(client, server)
    server.faults.set("tickets/checkin", Fault(latency_after=0.15))
    under_way = asyncio.create_task(desk.check_in(Request(ticket_code=second.code)))
    await until_asked(server, "tickets/checkin")

    await desk.close()

    assert (await under_way).source is Source.OVEIT
    assert states(path) == [("pending", 1), ("confirmed", 1)]
    assert (await make_desk().settle()).uploaded == 1
    assert [venue.entries(each.code) for each in (first, second)] == [1, 1]


async def test_c5_closing_in_the_middle_of_a_pass_leaves_the_row_in_doubt(
    desk: Desk,
    make_desk: Callable[..., Desk],
    client: OveitClient,
    server: OveitServer,
    ticket: VenueTicket,
    path: Path,
) -> None:
    """What was being sent is read back by the next desk, not sent again."""
    await admit_offline(desk, server, Request(ticket_code=ticket.code))
    await line_up(client, server)
    server.faults.set("tickets/checkin", "slow_answer", 1)
    settling = asyncio.create_task(desk.settle())
    await until_asked(server, "tickets/checkin")

    await desk.close()

    with pytest.raises(asyncio.CancelledError):
        await settling
    assert states(path) == [("in_doubt", 1)]
    await line_up(client, server)
    assert (await make_desk(doubt_grace=0).settle()).confirmed == 1
    assert len(server.requests_to("tickets/checkin")) == 1
    assert server.venue.entries(ticket.code) == 1


@whichever("checkins_include_new", "ids")
async def test_c15_a_crash_between_oveits_yes_and_our_mark_is_read_back(
    desk: Desk,
    ledger: Ledger,
    server: OveitServer,
    ticket: VenueTicket,
    path: Path,
    steps: Steps,
) -> None:
    """The row of a guest who may be in is confirmed, and admits the same guest once."""
    row = Row(
        code=ticket.code,
        event_id=100,
        ticket_type_id=ENTRY,
        at=now(),
        asked_at=now(),
        asked_last=now(),
        attempts=1,
        scan_id="s-1",
    )
    await ledger.begin(row)
    server.venue.check_in(ticket.code)

    settled = await desk.settle()

    assert (settled.confirmed, settled.waiting) == (1, 0)
    assert states(path) == [("confirmed", 0)]
    assert (await desk.check_in(Request(ticket_code=ticket.code))).reason is Reason.REPEAT
    assert states(path) == [("confirmed", 1)]
    steps.step()
    again = await desk.check_in(Request(ticket_code=ticket.code))
    assert again.reason is Reason.ALREADY_CHECKED_IN
    assert server.venue.entries(ticket.code) == 1


async def test_c15_a_crash_before_oveit_heard_leaves_nothing(
    desk: Desk, ledger: Ledger, server: OveitServer, ticket: VenueTicket, path: Path
) -> None:
    """A row that admitted nobody and that Oveit does not know is dropped, not sent."""
    asked_at = now()
    row = Row(
        code=ticket.code,
        event_id=100,
        at=asked_at,
        asked_at=asked_at,
        asked_last=asked_at,
        attempts=1,
        scan_id="s-1",
    )
    await ledger.begin(row)

    await desk.settle()

    assert journal(path) == []
    assert asked(server) == ["tickets/scan"]
    assert not ticket.used


# Clocks


@pytest.mark.parametrize("minutes", [-60, -10, 10, 60])
@pytest.mark.parametrize("fault", ["drop_after", "drop_before"])
async def test_c7_a_wrong_clock_changes_nothing_about_reading_back(
    desk: Desk,
    client: OveitClient,
    server: OveitServer,
    venue: Venue,
    ticket: VenueTicket,
    path: Path,
    minutes: int,
    fault: str,
) -> None:
    """What is compared with Oveit's record is Oveit's own time."""
    skewed = timedelta(minutes=minutes)
    venue.clock = lambda: now() + skewed
    await client.events()
    assert abs(client.skew - skewed) < timedelta(seconds=2)
    server.faults.set("tickets/checkin", fault, 1)
    assert (await desk.check_in(Request(ticket_code=ticket.code))).admitted

    await desk.settle()

    (row,) = journal(path)
    assert (row["state"], row["cause"]) == ("confirmed", None)
    assert server.venue.entries(ticket.code) == 1
    assert len(server.requests_to("tickets/checkin")) == (1 if fault == "drop_after" else 2)


@pytest.mark.parametrize("minutes", [-10, 10])
async def test_c7_oveits_clock_is_remembered_through_a_restart(
    ticket_sync: TicketSync,
    ledger: Ledger,
    session: aiohttp.ClientSession,
    server: OveitServer,
    venue: Venue,
    ticket: VenueTicket,
    path: Path,
    minutes: int,
) -> None:
    """The first that Oveit hears is a check-in; it is not sent again while it may be at work."""
    skewed = timedelta(minutes=minutes)
    venue.clock = lambda: now() + skewed
    await ticket_sync.refresh()
    client = OveitClient(session, server.url, token=venue.token)
    again = TicketSync(
        client, ledger, follows={100}.__contains__, on_remote_check_in=lambda _: None
    )
    await again.load()
    assert not client.knows_time
    assert abs(client.skew - skewed) < timedelta(seconds=2)
    desk = Desk(client, ledger, again, on_decision=lambda _: None)
    server.faults.set("tickets/checkin", "drop_before", 1)
    assert (await desk.check_in(Request(ticket_code=ticket.code))).admitted

    settled = await desk.sync()

    assert settled == Settled(waiting=1)
    assert states(path) == [("in_doubt", 1)]
    assert len(server.requests_to("tickets/checkin")) == 1
    await desk.close()
    await again.close()


async def test_c7_rows_go_by_their_number_when_the_clock_was_set_back(
    desk: Desk,
    client: OveitClient,
    server: OveitServer,
    venue: Venue,
    ledger: Ledger,
    path: Path,
) -> None:
    """Rows whose times are the wrong way round are sent in the order of the door, two at a time."""
    codes = [each.code for each in venue.unused(100, ENTRY)[:8]]
    for place, code in enumerate(codes):
        at = now() - timedelta(hours=place)
        await ledger.begin(
            Row(code=code, event_id=100, at=at, scan_id=code, state=RowState.PENDING, admitted=True)
        )

    await desk.settle()

    sent = [each.params["ticket_code"] for each in server.requests_to("tickets/checkin")]
    assert all(abs(sent.index(code) - place) < AT_ONCE for place, code in enumerate(codes))
    assert states(path) == [("confirmed", 1)] * 8


# Order


async def test_c9_lists_come_first_and_rows_of_one_ticket_stay_in_order(
    desk: Desk,
    client: OveitClient,
    server: OveitServer,
    venue: Venue,
    path: Path,
    steps: Steps,
) -> None:
    """Old lists are refreshed, then the oldest ticket goes first, each in its own order."""
    vip, other = venue.unused(100, VIP)[1], venue.unused(100, ENTRY)[1]
    await admit_offline(
        desk,
        server,
        Request(ticket_code=vip.code, turnstile=True),
        Request(ticket_code=other.code),
        Request(ticket_code=vip.code, addon_id=DRINKS),
    )
    age_lists(path, timedelta(minutes=1))
    await line_up(client, server)
    server.forget()

    settled = await desk.settle()

    assert settled == Settled(uploaded=3)
    names = [each.endpoint for each in server.requests]
    assert names[:3] == ["seller/events", "events/tickets", "events/tickets"]
    of_vip = [
        (each.endpoint, each.params.get("addon_id"))
        for each in server.requests[3:]
        if each.params["ticket_code"] == vip.code
    ]
    assert of_vip == [("turnstile/checkin", None), ("tickets/checkin", "8")]


async def test_c9_what_others_used_meanwhile_is_a_conflict_that_is_not_sent(
    desk: Desk,
    client: OveitClient,
    server: OveitServer,
    ticket: VenueTicket,
    path: Path,
    conflicts: list[Row],
) -> None:
    """Sending would add a second entry where Oveit accepts one."""
    server.behaviour.second_checkin = "accepted"
    await admit_offline(desk, server, Request(ticket_code=ticket.code))
    server.venue.check_in(ticket.code, at=now() - timedelta(minutes=3))
    age_lists(path, timedelta(minutes=1))
    await line_up(client, server)

    settled = await desk.settle()

    assert settled.rejected == 1
    assert asked(server) == []
    assert [(row.code, row.cause) for row in conflicts] == [(ticket.code, "used_elsewhere")]
    assert server.venue.entries(ticket.code) == 1


async def test_c9_at_most_two_are_under_way_and_a_pass_is_shared(
    desk: Desk, client: OveitClient, server: OveitServer, venue: Venue, path: Path
) -> None:
    """Whoever asks while a pass runs gets its result."""
    guests = venue.unused(100, ENTRY)[:6]
    await admit_offline(desk, server, *(Request(ticket_code=each.code) for each in guests))
    await line_up(client, server)
    server.faults.set("tickets/checkin", Fault(latency_before=0.1))
    server.forget()
    passes = [asyncio.create_task(desk.settle()) for _ in range(3)]

    await until_asked(server, "tickets/checkin")
    await asyncio.sleep(0.05)
    assert len(server.requests_to("tickets/checkin")) == 2

    assert {settled.uploaded for settled in await asyncio.gather(*passes)} == {6}
    assert len(server.requests_to("tickets/checkin")) == 6


async def test_c9_c16_guests_at_the_door_go_before_what_waits(
    desk: Desk, client: OveitClient, server: OveitServer, venue: Venue
) -> None:
    """While a long queue drains, a guest is answered as fast as ever."""
    guests = venue.unused(100, ENTRY)
    await admit_offline(desk, server, *(Request(ticket_code=each.code) for each in guests[:25]))
    await line_up(client, server)
    server.faults.set("tickets/checkin", Fault(latency_before=0.02))
    draining = asyncio.create_task(desk.settle())
    await until_asked(server, "tickets/checkin")

    waits = []
    for guest in guests[25:30]:
        started = monotonic()
        decision = await desk.check_in(Request(ticket_code=guest.code))
        assert (decision.reason, decision.source) == (Reason.CHECKED_IN, Source.OVEIT)
        waits.append(monotonic() - started)
    assert median(waits) < 0.2
    assert not draining.done()
    assert (await draining).waiting == 0
    assert {venue.entries(each.code) for each in guests[:30]} == {1}


# Refusals


async def test_c10_a_refusal_because_of_our_own_entry_confirms_it(
    desk: Desk,
    client: OveitClient,
    server: OveitServer,
    ticket: VenueTicket,
    path: Path,
    conflicts: list[Row],
) -> None:
    """Sent again after a slip of the look-up, Oveit says used: by us."""
    server.faults.set("tickets/checkin", Fault(latency_after=0, drop_after=True), 1)
    server.faults.set("tickets/scan", Fault(json={"ok": True, "ticket": {"code": ticket.code}}), 1)
    await desk.check_in(Request(ticket_code=ticket.code))
    assert states(path) == [("in_doubt", 1)]

    settled = await desk.settle()

    assert len(server.requests_to("tickets/checkin")) == 2
    assert (settled.confirmed, settled.rejected) == (1, 0)
    assert states(path) == [("confirmed", 1)]
    assert conflicts == []
    assert server.venue.entries(ticket.code) == 1


@pytest.mark.parametrize("addon_id", [None, BACKSTAGE])
async def test_c10_a_refusal_of_a_second_try_whose_use_is_undated_is_no_conflict(
    desk: Desk,
    client: OveitClient,
    server: OveitServer,
    venue: Venue,
    path: Path,
    conflicts: list[Row],
    addon_id: int | None,
) -> None:
    """Sent again after a slip of the look-up; nothing tells whose use it is, so it is ours."""
    server.behaviour.dates = "naive"
    vip = venue.unused(100, VIP)[1]
    server.faults.set("tickets/checkin", Fault(latency_after=0, drop_after=True), 1)
    server.faults.set("tickets/scan", Fault(json={"ok": True, "ticket": {"code": vip.code}}), 1)
    await desk.check_in(Request(ticket_code=vip.code, addon_id=addon_id))

    await desk.settle()

    assert len(server.requests_to("tickets/checkin")) == 2
    assert [(row["state"], row["cause"]) for row in journal(path)] == [("confirmed", "undecidable")]
    assert conflicts == []
    assert vip.uses(addon_id) == 1


@whichever("refusal", "scan_used")
async def test_c11_a_refusal_because_of_anothers_entry_is_a_conflict(
    desk: Desk,
    client: OveitClient,
    ledger: Ledger,
    server: OveitServer,
    ticket: VenueTicket,
    path: Path,
    conflicts: list[Row],
) -> None:
    """The ledger still says admitted, and nobody is counted out or twice."""
    await admit_offline(desk, server, Request(ticket_code=ticket.code, gate="North"))
    before = await ledger.attendance(100, now())
    server.venue.check_in(ticket.code, at=now() - timedelta(minutes=9))
    age_lists(path, timedelta(minutes=1))
    await line_up(client, server)

    settled = await desk.settle()

    assert (settled.rejected, settled.waiting) == (1, 0)
    (row,) = journal(path)
    assert (row["state"], row["admitted"], row["cause"]) == ("rejected", 1, "used_elsewhere")
    assert [each.code for each in conflicts] == [ticket.code]
    after = await ledger.attendance(100, now())
    assert (after.checked_in, after.inside) == (before.checked_in, before.inside)
    assert after.conflicts == 1
    assert [each.code for each in await ledger.conflicts()] == [ticket.code]
    again = await desk.check_in(Request(ticket_code=ticket.code, gate="South"))
    assert again.reason is Reason.ALREADY_CHECKED_IN


@whichever("refusal")
async def test_c11_a_refusal_that_the_list_did_not_foretell_is_a_conflict_too(
    desk: Desk, client: OveitClient, server: OveitServer, ticket: VenueTicket, path: Path
) -> None:
    """Used at another door after the list was taken: Oveit refuses, and its record says why."""
    await admit_offline(desk, server, Request(ticket_code=ticket.code))
    server.venue.check_in(ticket.code, at=now() - timedelta(minutes=9))
    await line_up(client, server)

    assert (await desk.settle()).rejected == 1

    (row,) = journal(path)
    silent = server.behaviour.refusal == "bare"
    assert row["message"] == (None if silent else "This ticket is already checked in")
    assert server.venue.entries(ticket.code) == 1


async def test_c12_a_row_in_doubt_whose_ticket_is_gone_is_a_conflict(
    desk: Desk, server: OveitServer, ticket: VenueTicket, path: Path, conflicts: list[Row]
) -> None:
    """Neither a crash nor a row that waits for ever."""
    server.faults.set("tickets/checkin", "drop_before", 1)
    await desk.check_in(Request(ticket_code=ticket.code))
    server.venue.cancel(ticket.code)
    age_lists(path, timedelta(minutes=1))

    settled = await desk.settle()

    assert (settled.rejected, settled.waiting) == (1, 0)
    assert [(row.code, row.cause) for row in conflicts] == [(ticket.code, "unknown_ticket")]


async def test_c13_a_refusal_that_nobody_understands_is_tried_three_times_and_set_aside(
    desk: Desk,
    client: OveitClient,
    server: OveitServer,
    ticket: VenueTicket,
    path: Path,
    conflicts: list[Row],
    impatient: None,
) -> None:
    """Then people have to look at it."""
    await admit_offline(desk, server, Request(ticket_code=ticket.code))
    await line_up(client, server)
    server.faults.set("tickets/checkin", Fault(json=WORDS))

    outcomes = [await desk.settle() for _ in range(4)]

    assert [settled.rejected for settled in outcomes] == [0, 0, 1, 0]
    assert len(server.requests_to("tickets/checkin")) == 3
    (row,) = journal(path)
    assert (row["state"], row["cause"], row["attempts"]) == ("rejected", "set_aside", 3)
    assert row["message"] == "Computer says no"
    assert [each.code for each in conflicts] == [ticket.code]


async def test_c13_the_attempts_are_five_minutes_apart_and_others_go_on(
    desk: Desk, client: OveitClient, server: OveitServer, venue: Venue, path: Path
) -> None:
    """One bad row never holds up the others, and is left alone for a while."""
    bad, good = venue.unused(100, ENTRY)[:2]
    await admit_offline(desk, server, Request(ticket_code=bad.code), Request(ticket_code=good.code))
    await line_up(client, server)
    server.faults.set("tickets/checkin", Fault(json=WORDS), 1)

    first = await desk.settle()
    server.forget()
    second = await desk.settle()

    assert (first.uploaded, first.waiting) == (1, 1)
    assert sorted(states(path)) == [("confirmed", 1), ("pending", 1)]
    assert second == Settled(waiting=1)
    assert server.requests == []


async def test_c29_a_person_who_syncs_has_all_tried_now_and_is_told_of_conflicts_at_once(
    desk: Desk,
    client: OveitClient,
    server: OveitServer,
    venue: Venue,
    path: Path,
    conflicts: list[Row],
) -> None:
    """Nobody waits for three tries in ten minutes, or for the next try of a row that failed."""
    refused, failed = venue.unused(100, ENTRY)[:2]
    await admit_offline(
        desk, server, *(Request(ticket_code=each.code) for each in (refused, failed))
    )
    await line_up(client, server)
    server.faults.set("tickets/checkin", Fault(json=WORDS))
    assert (await desk.settle()) == Settled(waiting=2)
    server.forget()
    assert (await desk.settle()) == Settled(waiting=2)
    assert server.requests == []

    server.faults.set("tickets/checkin", Fault(json=WORDS), 1)
    settled = await desk.sync()

    assert (settled.uploaded, settled.rejected, settled.waiting) == (1, 1, 0)
    assert sorted(states(path)) == [("confirmed", 1), ("rejected", 1)]
    assert [row.cause for row in conflicts] == ["set_aside"]
    assert conflicts[0].message == "Computer says no"


async def test_c29_a_person_who_syncs_while_rows_are_uploaded_has_all_tried_afterwards(
    desk: Desk, client: OveitClient, server: OveitServer, venue: Venue, conflicts: list[Row]
) -> None:
    """A pass that is under way does not know of the person."""
    refused, slow = venue.unused(100, ENTRY)[:2]
    await admit_offline(desk, server, Request(ticket_code=refused.code))
    await line_up(client, server)
    server.faults.set("tickets/checkin", Fault(json=WORDS), 1)
    assert (await desk.settle()).waiting == 1
    await admit_offline(desk, server, Request(ticket_code=slow.code))
    await line_up(client, server)
    server.forget()
    server.faults.set("tickets/checkin", Fault(json=WORDS, latency_before=0.3))
    passing = asyncio.create_task(desk.settle())
    await until(lambda: server.requests_to("tickets/checkin"))

    settled = await desk.sync()

    await passing
    assert (settled.rejected, settled.waiting) == (2, 0)
    assert {row.code for row in conflicts} == {refused.code, slow.code}


@pytest.mark.usefixtures("impatient")
async def test_c13_an_answer_that_is_never_understood_is_set_aside(
    desk: Desk, client: OveitClient, server: OveitServer, ticket: VenueTicket, path: Path
) -> None:
    """Broken answers to one row do not go on for ever either; the line stays up."""
    await admit_offline(desk, server, Request(ticket_code=ticket.code))
    server.faults.set("tickets/checkin", "json_list")

    for _ in range(5):
        await line_up(client, server)
        await desk.settle()

    (row,) = journal(path)
    assert (row["state"], row["cause"], row["attempts"]) == ("rejected", "set_aside", 3)
    assert len(server.requests_to("tickets/checkin")) == 3


async def test_c14_a_line_that_drops_during_a_pass_stops_it_and_doubles_nothing(
    desk: Desk,
    client: OveitClient,
    server: OveitServer,
    venue: Venue,
    path: Path,
    ledger_clock: Seconds,
) -> None:
    """What was under way is in doubt, the rest waits, and the next pass ends it all."""
    guests = venue.unused(100, ENTRY)[:8]
    await admit_offline(desk, server, *(Request(ticket_code=each.code) for each in guests))
    await line_up(client, server)
    server.faults.set("tickets/checkin", Fault(latency_after=0.1))
    settling = asyncio.create_task(desk.settle())
    await until(lambda: len(server.requests_to("tickets/checkin")) >= 4)

    await server.hang_up()
    settled = await settling

    assert 0 < settled.waiting < 8
    assert all(admitted for _, admitted in states(path))
    server.faults.clear()
    await line_up(client, server)
    ledger_clock.step()
    assert (await desk.settle()).waiting == 0
    assert states(path) == [("confirmed", 1)] * 8
    assert [venue.entries(each.code) for each in guests] == [1] * 8


async def test_c14_while_the_line_is_down_nothing_is_sent(
    desk: Desk, client: OveitClient, server: OveitServer, venue: Venue
) -> None:
    """A pass that cannot do anything asks nothing."""
    await admit_offline(
        desk, server, *(Request(ticket_code=each.code) for each in venue.unused(100, ENTRY)[:3])
    )
    assert not client.breaker.is_online
    await server.pick_up()
    server.forget()

    assert (await desk.settle()) == Settled(waiting=3)
    assert server.requests == []


@pytest.mark.parametrize("fault", ["half_json", "server_error", "json_list"])
async def test_c13_a_row_in_doubt_that_can_never_be_read_back_is_set_aside_for_that(
    desk: Desk,
    client: OveitClient,
    server: OveitServer,
    ticket: VenueTicket,
    path: Path,
    conflicts: list[Row],
    impatient: None,
    fault: str,
) -> None:
    """Oveit answers, but never about this one: at the third turn a person hears of it."""
    server.faults.set("tickets/checkin", "drop_before", 1)
    assert (await desk.check_in(Request(ticket_code=ticket.code))).admitted
    server.faults.set("tickets/scan", fault)
    outcomes = []
    for _ in range(4):
        await poll_for_a_while(client, server)
        outcomes.append((await desk.settle()).rejected)

    assert outcomes == [0, 0, 1, 0]
    (row,) = journal(path)
    assert (row["state"], row["admitted"], row["cause"]) == ("rejected", 1, "unreadable")
    assert [each.code for each in conflicts] == [ticket.code]
    assert len(server.requests_to("tickets/checkin")) == 1


async def test_c13_of_a_row_that_cannot_be_read_back_the_list_tells(
    desk: Desk,
    client: OveitClient,
    server: OveitServer,
    ticket: VenueTicket,
    path: Path,
    impatient: None,
) -> None:
    """Its use is in the list, at the time at which we asked: no conflict, but ours."""
    server.faults.set("tickets/checkin", "drop_after", 1)
    assert (await desk.check_in(Request(ticket_code=ticket.code))).admitted
    server.faults.set("tickets/scan", "half_json")
    for _ in range(3):
        age_lists(path, timedelta(minutes=1))
        await poll_for_a_while(client, server)
        await desk.settle()

    assert [(row["state"], row["cause"]) for row in journal(path)] == [("confirmed", None)]


@pytest.mark.parametrize("fault", ["drop_before", "too_many_requests", "captive_portal"])
async def test_c13_a_failing_connection_sets_no_row_aside(
    desk: Desk,
    client: OveitClient,
    server: OveitServer,
    ticket: VenueTicket,
    path: Path,
    impatient: None,
    fault: str,
) -> None:
    """What does not come from Oveit tells nothing against the row."""
    server.faults.set("tickets/checkin", "drop_before", 1)
    assert (await desk.check_in(Request(ticket_code=ticket.code))).admitted
    server.faults.set("tickets/scan", fault)
    for _ in range(5):
        await poll_for_a_while(client, server)
        assert (await desk.settle()).waiting == 1

    server.faults.clear()
    await line_up(client, server)
    assert (await desk.settle()).uploaded == 1
    assert states(path) == [("confirmed", 1)]


async def test_c13_an_exit_that_oveit_never_takes_is_counted_here_alone(
    desk: Desk,
    client: OveitClient,
    server: OveitServer,
    ticket: VenueTicket,
    path: Path,
    conflicts: list[Row],
    impatient: None,
) -> None:
    """Nobody is called back for it."""
    server.venue.check_in(ticket.code)
    await desk.sync()
    leaving = Request(ticket_code=ticket.code, direction=Direction.EXIT, turnstile=True)
    await admit_offline(desk, server, leaving)
    server.faults.set("turnstile/checkout", "server_error")
    for _ in range(5):
        await poll_for_a_while(client, server)
        await desk.settle()

    assert [(row["state"], row["cause"]) for row in journal(path)] == [("local", "undecidable")]
    assert len(server.requests_to("turnstile/checkout")) == 3
    assert conflicts == []


async def test_c17_rows_of_an_event_that_has_ended_are_sent_less_and_less_often(
    desk: Desk,
    client: OveitClient,
    ticket_sync: TicketSync,
    server: OveitServer,
    ticket: VenueTicket,
    path: Path,
    ledger_clock: Seconds,
) -> None:
    """After five minutes, ten, twenty, and at last four hours; a person may have it tried now."""
    await admit_offline(desk, server, Request(ticket_code=ticket.code))
    server.venue.end_event(100)
    await line_up(client, server)
    await ticket_sync.refresh()

    waits = []
    for _ in range(9):
        server.forget()
        waited = 0
        while not server.requests_to("tickets/checkin"):
            ledger_clock.step(60)
            waited += 1
            await desk.settle()
        waits.append(waited)

    assert waits == [1, 5, 10, 20, 40, 80, 160, 240, 240]
    assert states(path) == [("pending", 1)]
    server.forget()
    await desk.sync()
    assert len(server.requests_to("tickets/checkin")) == 1


@pytest.mark.usefixtures("impatient")
async def test_c17_rows_of_an_event_that_has_ended_are_kept(
    desk: Desk,
    client: OveitClient,
    ledger: Ledger,
    ticket_sync: TicketSync,
    server: OveitServer,
    ticket: VenueTicket,
    path: Path,
    conflicts: list[Row],
) -> None:
    """Oveit refuses what is over; the rows stay for a person to export."""
    await admit_offline(desk, server, Request(ticket_code=ticket.code))
    server.venue.end_event(100)
    await line_up(client, server)
    await ticket_sync.refresh()

    for _ in range(5):
        assert (await desk.settle()).waiting == 1

    assert [(row["state"], row["admitted"]) for row in journal(path)] == [("pending", 1)]
    assert conflicts == []
    await ticket_sync.forget_old()
    assert await ledger.count_waiting(100) == 1


async def test_c20_nothing_that_settles_makes_a_count_go_down(
    desk: Desk,
    client: OveitClient,
    ledger: Ledger,
    ticket_sync: TicketSync,
    server: OveitServer,
    venue: Venue,
) -> None:
    """Before, during and after the upload as many guests are in."""
    guests = venue.unused(100, ENTRY)[:3]
    start = (await ledger.attendance(100, now())).checked_in
    await admit_offline(desk, server, *(Request(ticket_code=each.code) for each in guests))
    counts = [(await ledger.attendance(100, now())).checked_in]
    await line_up(client, server)
    for step in (ticket_sync.refresh(everything=True), desk.settle(), desk.sync()):
        await step
        counts.append((await ledger.attendance(100, now())).checked_in)

    assert counts == [start + 3] * 4
    assert len(venue.used(100)) == start + 3


# Add-ons


async def test_a12_the_add_on_of_the_door_is_sent_whatever_day_it_is(
    desk: Desk, client: OveitClient, server: OveitServer, venue: Venue
) -> None:
    """The row keeps what was used at the door, and that is what Oveit hears of."""
    vip = venue.unused(100, VIP)[1]
    await admit_offline(desk, server, Request(ticket_code=vip.code, addon_id=9))
    await line_up(client, server)

    await desk.settle()

    assert [each.params for each in server.requests_to("tickets/checkin")] == [
        {"ticket_code": vip.code, "addon_id": "9"}
    ]


@pytest.mark.parametrize("fault", ["drop_after", "drop_before"])
async def test_a14_a_use_in_doubt_is_read_back_before_it_is_sent_again(
    desk: Desk, server: OveitServer, venue: Venue, path: Path, steps: Steps, fault: str
) -> None:
    """A drink that was counted is not counted twice, with others before and after it."""
    vip = venue.unused(100, VIP)[1]
    request = Request(ticket_code=vip.code, addon_id=DRINKS)
    server.venue.check_in(vip.code, DRINKS, at=now() - timedelta(hours=1))
    server.faults.set("tickets/checkin", fault, 1)
    for _ in range(2):
        assert (await desk.check_in(request)).admitted
        steps.step()
    server.forget()

    await desk.settle()

    assert asked(server)[0] == "tickets/scan"
    assert vip.uses(DRINKS) == 3
    assert states(path) == [("confirmed", 1)] * 2


async def test_a15_uses_beyond_a_limit_that_was_lowered_meanwhile_are_conflicts(
    desk: Desk,
    client: OveitClient,
    server: OveitServer,
    venue: Venue,
    path: Path,
    steps: Steps,
    conflicts: list[Row],
) -> None:
    """The old limit held at the door; what Oveit does not take people hear of."""
    vip = venue.unused(100, VIP)[1]
    await server.hang_up()
    for _ in range(4):
        assert (await desk.check_in(Request(ticket_code=vip.code, addon_id=DRINKS))).admitted
        steps.step()
    venue.events[100].ticket_type(VIP).addons[0].uses = 2
    await line_up(client, server)

    settled = await desk.settle()

    assert (settled.uploaded, settled.rejected, settled.waiting) == (2, 2, 0)
    assert vip.uses(DRINKS) == 2
    assert sorted(states(path)) == [("confirmed", 1)] * 2 + [("rejected", 1)] * 2
    assert [row.cause for row in conflicts] == ["addon_used_up"] * 2


@whichever("refusal")
async def test_a15_an_add_on_that_was_taken_back_meanwhile_is_a_conflict_at_once(
    desk: Desk,
    client: OveitClient,
    server: OveitServer,
    venue: Venue,
    conflicts: list[Row],
) -> None:
    """Oveit refuses, and its own list says why: nobody needs to ask three times."""
    vip = venue.unused(100, VIP)[1]
    await admit_offline(desk, server, Request(ticket_code=vip.code, addon_id=DRINKS))
    venue.events[100].ticket_type(VIP).addons[0].enabled = False
    await line_up(client, server)

    settled = await desk.settle()

    assert (settled.rejected, settled.waiting) == (1, 0)
    assert [row.cause for row in conflicts] == ["addon_unavailable"]


@pytest.mark.parametrize("with_ticket", [True, False])
async def test_a15_a_refusal_of_an_add_on_with_uses_left_is_not_explained_by_anothers_use(
    desk: Desk,
    client: OveitClient,
    server: OveitServer,
    venue: Venue,
    path: Path,
    *,
    with_ticket: bool,
) -> None:
    """Somebody had a drink elsewhere, and there is one left: this refusal nobody understands."""
    vip = venue.unused(100, VIP)[1]
    await admit_offline(desk, server, Request(ticket_code=vip.code, addon_id=DRINKS))
    before = now() - timedelta(hours=1)
    venue.check_in(vip.code, DRINKS, at=before)
    await line_up(client, server)
    use = {"addon_id": DRINKS, "date": before.isoformat()}
    shown = {"ticket": {"code": vip.code}, "event": {"id": 100}, "checkins": [use]}
    refusal = {"ok": False, **WORDS} | (shown if with_ticket else {})
    server.faults.set("tickets/checkin", Fault(json=refusal))

    assert (await desk.settle()).waiting == 1
    assert states(path) == [("pending", 1)]


async def test_settling_tells_of_its_progress(
    make_desk: Callable[..., Desk],
    ticket_sync: TicketSync,
    client: OveitClient,
    server: OveitServer,
    venue: Venue,
    ledger: Ledger,
) -> None:
    """C16: each row that found its end is a step that a sensor can show."""
    left: list[int] = []
    desk = make_desk(on_progress=lambda: left.append(len(left)))
    guests = venue.unused(100, ENTRY)[:3]
    await admit_offline(desk, server, *(Request(ticket_code=each.code) for each in guests))
    await line_up(client, server)

    await desk.settle()

    assert len(left) == 3
    assert (await ledger.attendance(100, now())).waiting == 0

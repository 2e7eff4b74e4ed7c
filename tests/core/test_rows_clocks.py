"""Rows T18 and T19 of decisions.md: Oveit's `Date` header and its dates are of two clocks."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from custom_components.oveit.core.client.api import OveitClient
from custom_components.oveit.core.desk.desk import Desk
from custom_components.oveit.core.ledger import Ledger
from custom_components.oveit.core.models import OfflinePolicy, Reason, Request, Row
from custom_components.oveit.core.ticket_sync import TicketSync
from demo.oveit_server import Behaviour, Fault, OveitServer, Venue, VenueTicket
from demo.venue import now
from tests.core.unknowns import Steps, journal, line_up, seconds_between, states, until, whichever

ENTRY, VIP, DRINKS = 234, 235, 8
APART = pytest.mark.parametrize("minutes", [-60, -59, -7, 7, 60])


@pytest.fixture
def minutes() -> int:
    """Put the clocks an hour apart."""
    return -60


@pytest.fixture(autouse=True)
def apart(venue: Venue, minutes: int) -> None:
    """Have Oveit date its data by another clock than its header."""
    venue.dates_ahead = timedelta(minutes=minutes)


@pytest.fixture
def guests(venue: Venue) -> list[VenueTicket]:
    """Pick tickets that nobody used."""
    return venue.unused(100, ENTRY)


@pytest.fixture
def eager(make_desk: Callable[..., Desk], ticket_sync: TicketSync) -> Desk:
    """Return a desk that reads rows in doubt back at once."""
    return make_desk(doubt_grace=0)


@APART
@whichever("checkins_include_new", "second_checkin", "scan_used")
async def test_t18_fresh_tickets_are_admitted_once_by_clocks_that_are_apart(
    desk: Desk, server: OveitServer, guests: list[VenueTicket], steps: Steps
) -> None:
    """From the first guest on, whatever else is not known of Oveit."""
    for guest in guests[:3]:
        reasons = []
        for _ in range(2):
            reasons.append((await desk.check_in(Request(ticket_code=guest.code))).reason)
            steps.step()

        assert reasons == [Reason.CHECKED_IN, Reason.ALREADY_CHECKED_IN]
        assert server.venue.entries(guest.code) == 1


@APART
@whichever("checkins_include_new")
async def test_t18_a_second_check_in_that_oveit_accepts_still_opens_no_door(
    desk: Desk, server: OveitServer, guests: list[VenueTicket]
) -> None:
    """Half an hour ago somebody else came in with it: before anything was learned, and after."""
    server.behaviour.second_checkin = "accepted"
    first, fresh, other = guests[:3]
    for used in (first, other):
        server.venue.check_in(used.code, at=now() - timedelta(minutes=30))

    reasons = [
        (await desk.check_in(Request(ticket_code=each.code))).reason
        for each in (first, fresh, other)
    ]

    assert reasons == [Reason.ALREADY_CHECKED_IN, Reason.CHECKED_IN, Reason.ALREADY_CHECKED_IN]


async def test_t18_what_was_learned_costs_no_further_question(
    desk: Desk, client: OveitClient, server: OveitServer, guests: list[VenueTicket]
) -> None:
    """One look-up shows how far the clocks are apart; from then on a guest is one request."""
    await desk.check_in(Request(ticket_code=guests[0].code))
    assert [each.endpoint for each in server.requests] == ["tickets/checkin", "tickets/scan"]
    server.forget()

    await desk.check_in(Request(ticket_code=guests[1].code))

    assert [each.endpoint for each in server.requests] == ["tickets/checkin"]
    assert client.dates_ahead
    assert abs(client.dates_ahead + timedelta(hours=1)) < timedelta(seconds=5)
    assert abs(client.skew) < timedelta(seconds=5)


@APART
@pytest.mark.parametrize("lost", [0, 1], ids=["the first", "a later one"])
@pytest.mark.parametrize("fault", ["drop_after", "drop_before"])
async def test_t18_a_check_in_whose_answer_was_lost_is_told_apart_from_anothers(
    eager: Desk,
    server: OveitServer,
    guests: list[VenueTicket],
    path: Path,
    conflicts: list[Row],
    minutes: int,
    fault: str,
    lost: int,
) -> None:
    """Also of the guest who came before the clocks were compared."""
    for number, guest in enumerate(guests[:2]):
        if number == lost:
            server.faults.set("tickets/checkin", fault, 1)
        assert (await eager.check_in(Request(ticket_code=guest.code))).admitted

    await eager.settle()

    assert states(path) == [("confirmed", 1), ("confirmed", 1)]
    assert conflicts == []
    assert [server.venue.entries(guest.code) for guest in guests[:2]] == [1, 1]
    assert [row["cause"] for row in journal(path)] == [None, None]


async def test_t18_a_lost_answer_on_an_account_that_is_new_is_no_conflict_by_a_wrong_zone(
    eager: Desk, server: OveitServer, guests: list[VenueTicket], path: Path, conflicts: list[Row]
) -> None:
    """Nothing is known of the clocks yet: counted as taken, and marked as undecidable."""
    server.faults.set("tickets/checkin", "drop_after", 1)
    await eager.check_in(Request(ticket_code=guests[0].code))

    await eager.settle()

    assert [(row["state"], row["cause"]) for row in journal(path)] == [("confirmed", "undecidable")]
    assert conflicts == []
    assert len(server.requests_to("tickets/checkin")) == 1


async def test_t18_anothers_entry_is_still_a_conflict(
    eager: Desk, server: OveitServer, guests: list[VenueTicket], path: Path, conflicts: list[Row]
) -> None:
    """Twenty minutes before we asked, by the clock of the dates."""
    await eager.check_in(Request(ticket_code=guests[0].code))
    server.venue.check_in(guests[1].code, at=now() - timedelta(minutes=20))
    server.faults.set("tickets/checkin", "drop_before", 1)
    await eager.check_in(Request(ticket_code=guests[1].code))

    await eager.settle()

    assert [row.code for row in conflicts] == [guests[1].code]


@APART
async def test_t18_a_late_yes_to_a_check_in_of_ours_is_no_conflict(
    desk: Desk, server: OveitServer, guests: list[VenueTicket], path: Path, conflicts: list[Row]
) -> None:
    """The guest is in by the ledger; Oveit's yes shows our own entry an hour ago."""
    server.faults.set("tickets/checkin", Fault(latency_after=0.4))
    await desk.check_in(Request(ticket_code=guests[0].code, deadline=0.2))

    await until(lambda: states(path) == [("confirmed", 1)])
    assert conflicts == []


async def test_t18_what_was_admitted_offline_is_uploaded_without_a_conflict(
    desk: Desk,
    client: OveitClient,
    server: OveitServer,
    guests: list[VenueTicket],
    path: Path,
    conflicts: list[Row],
) -> None:
    """The first that is ever sent, and the ones after it."""
    await server.hang_up()
    for guest in guests[:3]:
        assert (await desk.check_in(Request(ticket_code=guest.code))).admitted
    await line_up(client, server)

    settled = await desk.settle()

    assert (settled.uploaded, settled.rejected) == (3, 0)
    assert states(path) == [("confirmed", 1)] * 3
    assert conflicts == []


async def test_t18_a_guest_who_was_not_let_in_comes_in_by_the_row_in_doubt(
    eager: Desk, server: OveitServer, guests: list[VenueTicket], steps: Steps
) -> None:
    """T4, once the clocks were compared."""
    await eager.check_in(Request(ticket_code=guests[0].code))
    server.faults.set("tickets/checkin", "drop_after", 1)
    request = Request(ticket_code=guests[1].code, offline=OfflinePolicy.REFUSE)
    assert (await eager.check_in(request)).reason is Reason.OFFLINE_REFUSED
    steps.step()

    assert (await eager.check_in(request)).reason is Reason.REPEAT
    assert server.venue.entries(guests[1].code) == 1


@APART
async def test_t18_every_use_of_an_add_on_counts_once(
    desk: Desk,
    ledger: Ledger,
    ticket_sync: TicketSync,
    venue: Venue,
    steps: Steps,
) -> None:
    """What the list shows an hour off is the use that was made here."""
    vip = venue.unused(100, VIP)[0]
    lefts = []
    for _ in range(5):
        decision = await desk.check_in(Request(ticket_code=vip.code, addon_id=DRINKS))
        lefts.append(decision.addon.left if decision.admitted and decision.addon else None)
        await ticket_sync.refresh(everything=True)
        steps.step()

    assert lefts == [3, 2, 1, 0, None]
    assert vip.uses(DRINKS) == 4


async def test_t18_what_was_learned_is_kept_through_a_restart(
    desk: Desk,
    ticket_sync: TicketSync,
    ledger: Ledger,
    session: aiohttp.ClientSession,
    server: OveitServer,
    guests: list[VenueTicket],
) -> None:
    """The next start needs no look-up."""
    await desk.check_in(Request(ticket_code=guests[0].code))
    await ticket_sync.refresh()
    client = OveitClient(session, server.url, token=server.venue.token)
    again = TicketSync(
        client, ledger, follows={100}.__contains__, on_remote_check_in=lambda _: None
    )
    await again.load()
    server.forget()
    restarted = Desk(client, ledger, again, on_decision=lambda _: None)

    decision = await restarted.check_in(Request(ticket_code=guests[1].code))

    assert decision.reason is Reason.CHECKED_IN
    assert [each.endpoint for each in server.requests] == ["tickets/checkin"]
    await restarted.close()
    await again.close()


async def test_t18_a_record_that_comes_too_late_refuses_no_fresh_ticket(
    desk: Desk, server: OveitServer, guests: list[VenueTicket], path: Path
) -> None:
    """Nor one that cannot be had, also when the clocks are known to be apart otherwise."""
    server.faults.set("tickets/scan", Fault(latency_before=2))
    first = await desk.check_in(Request(ticket_code=guests[0].code, deadline=0.6))
    server.faults.clear()
    await desk.check_in(Request(ticket_code=guests[1].code))
    server.venue.dates_ahead += timedelta(minutes=30)
    server.faults.set("tickets/scan", "server_error")
    third = await desk.check_in(Request(ticket_code=guests[2].code))
    server.faults.clear()

    assert first.reason is third.reason is Reason.CHECKED_IN
    assert [state for state, _ in states(path)] == ["confirmed", "confirmed", "in_doubt"]
    assert all(admitted for _, admitted in states(path))


async def test_t18_clocks_that_wander_do_not_make_every_date_possible(
    client: OveitClient,
) -> None:
    """A few offsets are kept, each once."""
    for minutes in range(0, 600, 7):
        for _ in range(2):
            client.learn_date(client.now() + timedelta(minutes=minutes))

    assert len(client.date_shifts) <= 13


async def test_t18_guests_who_come_first_at_once_teach_the_same(
    desk: Desk, client: OveitClient, guests: list[VenueTicket]
) -> None:
    """Nothing is learned twice."""
    decisions = await asyncio.gather(
        *(desk.check_in(Request(ticket_code=guest.code)) for guest in guests[:5])
    )

    assert {decision.reason for decision in decisions} == {Reason.CHECKED_IN}
    assert client.dates_ahead
    assert abs(client.dates_ahead + timedelta(hours=1)) < timedelta(seconds=10)


HEADERS = [
    "",
    "nonsense",
    "Thu, 01 Jan 1970 00:00:00 GMT",
    "Fri, 31 Dec 9999 23:59:59 GMT",
    "Fri, 31 Dec 9999 23:59:59 -1400",
    "Tue, 29 Dec 99999999999999999999 11:15:00 GMT",
    "Tue, 29 Dec 2026 11:15:00 +99999999",
    "Mon, 0 Jan 0 00:00:00 GMT",
    "0000-00-00 00:00:00",
    "9" * 5000,
]


@pytest.mark.parametrize("minutes", [0])
@pytest.mark.parametrize("header", HEADERS, ids=lambda header: header[:40])
async def test_t19_a_date_header_that_cannot_be_true_is_ignored(
    desk: Desk,
    client: OveitClient,
    server: OveitServer,
    guests: list[VenueTicket],
    path: Path,
    header: str,
) -> None:
    """Guests come in, once, and the clock stays as it was."""
    server.faults.set("*", Fault(headers={"Date": header}))

    decision = await desk.check_in(Request(ticket_code=guests[0].code))
    await client.events()

    assert decision.reason is Reason.CHECKED_IN
    assert decision.source.value == "oveit"
    assert seconds_between(client.now(), datetime.now(UTC)) < 5
    assert states(path) == [("confirmed", 1)]


@pytest.mark.parametrize("minutes", [0])
@pytest.mark.parametrize("changes", [{}, {"dates": "naive"}, {"date_form": "no_colon"}])
async def test_t18_clocks_that_agree_cost_no_question(
    desk: Desk,
    client: OveitClient,
    server: OveitServer,
    guests: list[VenueTicket],
    changes: dict[str, Any],
) -> None:
    """A guest is one request, also where a date names no zone."""
    server.behaviour = Behaviour(**changes)

    await desk.check_in(Request(ticket_code=guests[0].code))

    assert [each.endpoint for each in server.requests] == ["tickets/checkin"]
    assert client.dates_ahead == (None if changes.get("dates") else timedelta())

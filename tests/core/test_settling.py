"""Settling: one bad row holds up nobody, and what belongs to the line stops the pass."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from custom_components.oveit.core.client.api import OveitClient
from custom_components.oveit.core.counts import Settled
from custom_components.oveit.core.desk.desk import Desk
from custom_components.oveit.core.exceptions import LedgerError
from custom_components.oveit.core.ledger import Ledger
from custom_components.oveit.core.models import Direction, Reason, Request, Row, RowState
from custom_components.oveit.core.settling import settling as settling_module
from custom_components.oveit.core.ticket_sync import TicketSync
from demo.oveit_server import Fault, OveitServer, Venue, VenueTicket
from demo.venue import now
from tests.core.unknowns import Seconds, Steps, journal, line_up, query, states, until_asked

ENTRY, VIP, DRINKS = 234, 235, 8


@pytest.fixture
def guests(venue: Venue) -> list[VenueTicket]:
    """Pick guests who have not come in."""
    return venue.unused(100, ENTRY)


@pytest.fixture
def desk(make_desk: Callable[..., Desk], ticket_sync: TicketSync) -> Desk:
    """Return a desk that reads rows in doubt back at once."""
    return make_desk(doubt_grace=0)


async def write(ledger: Ledger, ticket: VenueTicket, **known: Any) -> Row:
    """Write the row of a guest who came in without Oveit."""
    row = Row(
        code=ticket.code,
        event_id=100,
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


async def test_nothing_to_do_asks_nothing(desk: Desk, server: OveitServer) -> None:
    """An empty journal costs no request."""
    assert await desk.settle() == Settled()
    assert server.requests == []


@pytest.mark.parametrize("fault", ["half_json", "server_error", "json_list", "drop_after"])
async def test_a_row_that_cannot_be_read_back_holds_up_nobody(
    desk: Desk,
    ledger: Ledger,
    server: OveitServer,
    guests: list[VenueTicket],
    path: Path,
    fault: str,
) -> None:
    """Its turn comes again later; the guests behind it are settled now."""
    await write_doubt(ledger, guests[0])
    for guest in guests[1:6]:
        await write(ledger, guest)
    server.faults.set("tickets/scan", fault, 1)

    settled = await desk.settle()

    assert (settled.uploaded, settled.waiting) == (5, 1)
    assert states(path) == [("in_doubt", 1)] + [("confirmed", 1)] * 5
    server.forget()
    assert await desk.settle() == Settled(waiting=1)
    assert server.requests == []


async def test_a_refusal_that_cannot_be_explained_holds_up_nobody(
    desk: Desk, ledger: Ledger, server: OveitServer, guests: list[VenueTicket], path: Path
) -> None:
    """Refused without a ticket, and the look-up fails: the row waits, others go on."""
    for guest in guests[:6]:
        await write(ledger, guest)
    server.faults.set("tickets/checkin", Fault(json={"ok": False}), 1)
    server.faults.set("tickets/scan", "half_json", 1)

    settled = await desk.settle()

    assert (settled.uploaded, settled.waiting) == (5, 1)
    assert sorted(states(path)) == [("confirmed", 1)] * 5 + [("in_doubt", 1)]


@pytest.mark.parametrize("fault", ["drop_after", "half_json", "server_error"])
async def test_a_row_whose_answer_is_lost_in_a_pass_is_in_doubt_and_holds_up_nobody(
    desk: Desk,
    ledger: Ledger,
    server: OveitServer,
    guests: list[VenueTicket],
    path: Path,
    fault: str,
    ledger_clock: Seconds,
) -> None:
    """It is read back before it is sent again."""
    for guest in guests[:6]:
        await write(ledger, guest)
    server.faults.set("tickets/checkin", fault, 1)

    settled = await desk.settle()

    assert (settled.uploaded, settled.waiting) == (5, 1)
    assert sorted(states(path)) == [("confirmed", 1)] * 5 + [("in_doubt", 1)]
    ledger_clock.step()
    assert (await desk.settle()).waiting == 0
    assert [server.venue.entries(guest.code) for guest in guests[:6]] == [1] * 6


async def test_later_rows_of_a_ticket_wait_for_the_earlier_one(
    desk: Desk, ledger: Ledger, server: OveitServer, venue: Venue, path: Path, ledger_clock: Seconds
) -> None:
    """An exit is not told before its entry."""
    guest = venue.unused(100, VIP)[1]
    await write(ledger, guest, turnstile=True)
    leaving: dict[str, Any] = {"direction": Direction.EXIT, "turnstile": True}
    await write(ledger, guest, **leaving, reason=Reason.LEFT, scan_id="s-2")
    server.faults.set("turnstile/checkin", "half_json", 1)

    assert (await desk.settle()).waiting == 2

    assert server.requests_to("turnstile/checkout") == []
    ledger_clock.step()
    assert (await desk.settle()).waiting == 0
    assert (guest.used, guest.inside) == (True, False)


@pytest.mark.parametrize("fault", ["forbidden", "line"])
async def test_what_oveit_surely_did_not_hear_stays_as_it_was(
    desk: Desk,
    client: OveitClient,
    ledger: Ledger,
    server: OveitServer,
    guests: list[VenueTicket],
    path: Path,
    fault: str,
) -> None:
    """A refused token and a refused connection end the pass; the rows are pending as before."""
    for guest in guests[:4]:
        await write(ledger, guest)
    before = journal(path)
    server.faults.set("seller/events", Fault(latency_after=0.05), 1)
    if fault == "forbidden":
        server.faults.set("tickets/checkin", "forbidden")
        settled = await desk.settle()
        assert 1 <= len(server.requests_to("tickets/checkin")) <= 2
    else:
        passing = asyncio.create_task(desk.settle())
        await until_asked(server, "seller/events")
        await asyncio.sleep(0.08)
        await server.hang_up()
        settled = await passing

    left = [row for row in journal(path) if row["state"] == "pending"]
    assert settled.waiting == len([row for row in journal(path) if row["state"] != "confirmed"])
    assert all(row in before for row in left)


async def test_a_failing_refresh_ends_the_pass(
    desk: Desk, ledger: Ledger, server: OveitServer, guests: list[VenueTicket], path: Path
) -> None:
    """Without the events nothing is sent, and nothing is lost."""
    await write(ledger, guests[0])
    server.faults.set("seller/events", "server_error")

    assert await desk.settle() == Settled(waiting=1)

    assert server.requests_to("tickets/checkin") == []
    assert states(path) == [("pending", 1)]


async def test_a_ledger_that_fails_is_told(
    desk: Desk, ledger: Ledger, guests: list[VenueTicket], path: Path
) -> None:
    """What cannot be written is no matter of the line."""
    await write(ledger, guests[0])
    query(path, "CREATE TRIGGER full BEFORE UPDATE ON journal BEGIN SELECT raise(ABORT, 'x'); END")

    with pytest.raises(LedgerError):
        await desk.settle()


# Oveit's yes to what it should refuse


@pytest.mark.parametrize("includes_new", [True, False])
async def test_a_yes_to_a_second_entry_is_a_conflict(
    desk: Desk,
    ledger: Ledger,
    server: OveitServer,
    guests: list[VenueTicket],
    path: Path,
    conflicts: list[Row],
    *,
    includes_new: bool,
) -> None:
    """Where Oveit accepts a second check-in, its record tells that somebody came before."""
    server.behaviour.second_checkin = "accepted"
    server.behaviour.checkins_include_new = includes_new
    await write(ledger, guests[0])
    server.venue.check_in(guests[0].code, at=now() - timedelta(minutes=30))

    assert (await desk.settle()).rejected == 1

    assert states(path) == [("rejected", 1)]
    assert [row.cause for row in conflicts] == ["used_elsewhere"]


@pytest.mark.parametrize("dates", ["zone", "naive"])
async def test_a_row_in_doubt_takes_no_use_from_another_in_doubt(
    make_desk: Callable[..., Desk],
    ledger: Ledger,
    ticket_sync: TicketSync,
    server: OveitServer,
    venue: Venue,
    path: Path,
    dates: Any,
) -> None:
    """Two drinks, both counted; the list is from between them, and the second is still early."""
    server.behaviour.scan_used, server.behaviour.dates = "refused", dates
    vip = venue.unused(100, VIP)[1]
    venue.check_in(vip.code)
    first = await write_doubt(ledger, vip, addon_id=DRINKS, admitted=False, scan_id="s-1")
    venue.check_in(vip.code, DRINKS, at=first.asked_at)
    await ticket_sync.refresh(everything=True)
    just_now = {"asked_at": now(), "asked_last": now()}
    await write_doubt(ledger, vip, addon_id=DRINKS, scan_id="s-2", **just_now)
    venue.check_in(vip.code, DRINKS)

    await make_desk().settle()

    assert [row["state"] for row in journal(path)] == ["confirmed", "in_doubt"]


@pytest.mark.parametrize("dates", ["zone", "naive"])
async def test_a_use_that_the_list_cannot_show_yet_is_not_taken_for_one_that_it_shows(
    make_desk: Callable[..., Desk],
    ledger: Ledger,
    ticket_sync: TicketSync,
    server: OveitServer,
    venue: Venue,
    path: Path,
    dates: Any,
) -> None:
    """One drink in doubt is in the list, the next is confirmed after it: neither is sent again."""
    server.behaviour.scan_used, server.behaviour.dates = "refused", dates
    server.behaviour.checkins_include_new = False
    desk = make_desk()
    vip = venue.unused(100, VIP)[1]
    venue.check_in(vip.code)
    doubted = await write_doubt(ledger, vip, addon_id=DRINKS, scan_id="s-1")
    venue.check_in(vip.code, DRINKS, at=doubted.asked_at)
    await ticket_sync.refresh(everything=True)
    assert (await desk.check_in(Request(ticket_code=vip.code, addon_id=DRINKS))).admitted

    assert (await desk.settle()).waiting == 0

    assert vip.uses(DRINKS) == 2
    assert [row["state"] for row in journal(path)] == ["confirmed"] * 2


async def test_a_guest_who_comes_in_while_a_row_is_read_back_is_not_forgotten(
    desk: Desk,
    ledger: Ledger,
    server: OveitServer,
    guests: list[VenueTicket],
    path: Path,
) -> None:
    """I3: sent for a guest who was not let in, who comes again just then; Oveit knew of nothing."""
    await write_doubt(ledger, guests[0], admitted=False)
    server.faults.set("tickets/scan", Fault(latency_before=0.6))
    settling = asyncio.create_task(desk.settle())
    await until_asked(server, "tickets/scan")

    decision = await desk.check_in(Request(ticket_code=guests[0].code, deadline=0.2))
    await settling

    assert decision.admitted
    assert states(path) == [("in_doubt", 1)]
    server.faults.clear()
    assert (await desk.settle()).uploaded == 1
    assert server.venue.entries(guests[0].code) == 1


async def test_a_yes_to_our_own_second_try_is_none(
    desk: Desk,
    ledger: Ledger,
    server: OveitServer,
    guests: list[VenueTicket],
    path: Path,
    conflicts: list[Row],
) -> None:
    """Sent twice because a look-up was blind, Oveit records two entries: both are ours."""
    server.behaviour.second_checkin = "accepted"
    row = await write_doubt(ledger, guests[0])
    server.venue.check_in(guests[0].code, at=row.asked_at)
    blind = {"ok": True, "ticket": {"code": guests[0].code}}
    server.faults.set("tickets/scan", Fault(json=blind), 1)

    assert (await desk.settle()).uploaded == 1

    assert states(path) == [("confirmed", 1)]
    assert conflicts == []


# Exits


def exit_row(**known: Any) -> dict[str, Any]:
    """Return what makes a row an exit that a turnstile is told."""
    return {"direction": Direction.EXIT, "turnstile": True, "reason": Reason.LEFT} | known


@pytest.mark.parametrize("inside", [True, False])
async def test_an_exit_is_told_and_one_that_oveit_cannot_take_stays_here(
    desk: Desk,
    ledger: Ledger,
    server: OveitServer,
    guests: list[VenueTicket],
    path: Path,
    *,
    inside: bool,
) -> None:
    """Refused or not, it is no conflict: the guest is gone."""
    if inside:
        server.venue.check_in(guests[0].code)
    await write(ledger, guests[0], **exit_row())

    settled = await desk.settle()

    assert settled == Settled(uploaded=1)
    (row,) = journal(path)
    assert row["state"] == ("confirmed" if inside else "local")
    assert row["message"] == (None if inside else "This ticket is not inside")


@pytest.mark.parametrize(
    ("fault", "state"), [("forbidden", "pending"), ("server_error", "pending")]
)
async def test_an_exit_that_fails_with_the_line_waits(
    desk: Desk,
    ledger: Ledger,
    server: OveitServer,
    guests: list[VenueTicket],
    path: Path,
    fault: str,
    state: str,
) -> None:
    """It is sent once more later."""
    server.venue.check_in(guests[0].code)
    await write(ledger, guests[0], **exit_row())
    server.faults.set("turnstile/checkout", fault, 2)

    assert (await desk.settle()).waiting == 1
    assert states(path) == [(state, 1)]


async def test_an_exit_whose_answer_nobody_understands_is_not_sent_again(
    desk: Desk, ledger: Ledger, server: OveitServer, guests: list[VenueTicket], path: Path
) -> None:
    """Telling it twice could count another guest out; the others go on."""
    await write(ledger, guests[0], **exit_row())
    for guest in guests[1:5]:
        await write(ledger, guest)
    server.faults.set("turnstile/checkout", "json_list")

    settled = await desk.settle()

    assert (settled.uploaded, settled.waiting) == (4, 0)
    (row, *_) = journal(path)
    assert (row["state"], row["cause"]) == ("local", "undecidable")


@pytest.mark.parametrize(
    ("fault", "state", "source"),
    [
        (None, "confirmed", "oveit"),
        ("forbidden", "pending", "ledger"),
        ("server_error", "local", "ledger"),
        ("json_list", "local", "ledger"),
    ],
)
async def test_x1_an_exit_at_a_turnstile_opens_whatever_oveit_says(
    desk: Desk,
    server: OveitServer,
    guests: list[VenueTicket],
    path: Path,
    fault: str | None,
    state: str,
    source: str,
) -> None:
    """I7: the door opens; what may have been counted is not told a second time."""
    read = Request(ticket_code=guests[0].code, gate="North", turnstile=True)
    await desk.check_in(read)
    if fault:
        server.faults.set("turnstile/checkout", fault)

    decision = await desk.check_in(replace(read, direction=Direction.EXIT))

    assert (decision.reason, decision.source) == (Reason.LEFT, source)
    assert journal(path)[-1]["state"] == state


async def test_x5_without_turnstiles_an_exit_is_counted_here(
    desk: Desk, server: OveitServer, guests: list[VenueTicket], path: Path
) -> None:
    """An account without the feature refuses, and the guest is out."""
    await desk.check_in(Request(ticket_code=guests[0].code))
    server.behaviour.turnstile = False

    decision = await desk.check_in(
        Request(ticket_code=guests[0].code, direction=Direction.EXIT, turnstile=True)
    )

    assert decision.reason is Reason.LEFT
    assert decision.message == "Your account does not have this feature"
    assert states(path)[-1] == ("local", 1)


# Held back


async def test_doors_go_first_but_not_for_ever(
    desk: Desk,
    client: OveitClient,
    ledger: Ledger,
    server: OveitServer,
    guests: list[VenueTicket],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A guest who takes long holds a row up for a moment only."""
    monkeypatch.setattr(settling_module, "_LET_DOORS_GO_FIRST", 0.1)
    await write(ledger, guests[0])
    server.faults.set("tickets/checkin", Fault(latency_before=0.4), 1)
    at_door = asyncio.create_task(desk.check_in(Request(ticket_code=guests[1].code)))
    await until_asked(server, "tickets/checkin")

    settled = await desk.settle()

    assert settled.uploaded == 1
    assert not at_door.done()
    assert (await at_door).admitted


async def test_sync_refreshes_and_settles(
    desk: Desk, ledger: Ledger, server: OveitServer, guests: list[VenueTicket]
) -> None:
    """The button does both, and tells what became of the rows."""
    await write(ledger, guests[0])

    assert await desk.sync() == Settled(uploaded=1)
    assert len(server.requests_to("events/tickets")) == 2


async def test_a_row_early_in_doubt_is_left_for_later_even_inside_a_pass(
    make_desk: Callable[..., Desk],
    ticket_sync: TicketSync,
    client: OveitClient,
    ledger: Ledger,
    server: OveitServer,
    guests: list[VenueTicket],
    path: Path,
    steps: Steps,
) -> None:
    """The claim of a guest moments after the question comes too early to drop the row."""
    desk = make_desk(doubt_grace=15)
    await client.events()
    at = client.now()
    await write_doubt(ledger, guests[0], asked_at=at, asked_last=at, admitted=False)

    decision = await desk.check_in(Request(ticket_code=guests[0].code))

    assert (decision.reason, decision.admitted) == (Reason.CHECKED_IN, True)
    assert states(path) == [("in_doubt", 1)]
    await line_up(client, server)


async def test_a_row_that_oveits_own_clock_shows_to_be_young_rests_a_while_longer(
    make_desk: Callable[..., Desk],
    ticket_sync: TicketSync,
    ledger: Ledger,
    server: OveitServer,
    guests: list[VenueTicket],
    path: Path,
) -> None:
    """Oveit may still be at work on it; the refresh before the pass told the time."""
    desk = make_desk(doubt_grace=15)
    at = now() - timedelta(seconds=30)
    await write_doubt(ledger, guests[0], asked_at=at, asked_last=at)
    server.venue.clock = lambda: now() - timedelta(seconds=25)

    assert (await desk.settle()).waiting == 1

    assert len(server.requests_to("tickets/scan")) == 1
    assert states(path) == [("in_doubt", 1)]


async def test_a_row_in_doubt_without_a_time_is_read_back_at_once(
    make_desk: Callable[..., Desk],
    ticket_sync: TicketSync,
    ledger: Ledger,
    server: OveitServer,
    guests: list[VenueTicket],
    path: Path,
) -> None:
    """Nothing tells that Oveit could still be at work on it."""
    desk = make_desk(doubt_grace=15)
    await write_doubt(ledger, guests[0], asked_at=None, asked_last=None)

    assert (await desk.settle()).uploaded == 1

    assert states(path) == [("confirmed", 1)]
    assert server.venue.entries(guests[0].code) == 1


@pytest.mark.parametrize("column", ["state", "reason", "direction"])
async def test_a_row_with_a_word_that_nobody_knows_is_left_and_the_others_are_settled(
    desk: Desk,
    ledger: Ledger,
    venue: Venue,
    guests: list[VenueTicket],
    path: Path,
    column: str,
) -> None:
    """A later release wrote it, before somebody went back to this one."""
    odd = await write(ledger, guests[0])
    for guest in guests[1:4]:
        await write(ledger, guest)
    query(path, f"UPDATE journal SET {column} = 'teleported' WHERE ref = ?", odd.ref)
    (before,) = query(path, "SELECT * FROM journal WHERE ref = ?", odd.ref)

    settled = await desk.settle()

    assert settled == Settled(uploaded=3)
    assert [venue.entries(guest.code) for guest in guests[:4]] == [0, 1, 1, 1]
    assert query(path, "SELECT * FROM journal WHERE ref = ?", odd.ref) == [before]

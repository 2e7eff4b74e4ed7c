"""Rows S of decisions.md in the core: a steward lets in, and takes an admission back."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from custom_components.oveit.core.client.api import OveitClient
from custom_components.oveit.core.counts import Attendance, RemoteCheckIn
from custom_components.oveit.core.desk.desk import Desk
from custom_components.oveit.core.gate import Gate
from custom_components.oveit.core.gate_settings import GateMode, GateSettings
from custom_components.oveit.core.ledger import Ledger
from custom_components.oveit.core.models import Decision, Direction, Reason, Request, Row
from custom_components.oveit.core.ticket_sync import TicketSync
from demo.oveit_server import Fault, OveitServer, Venue, VenueTicket
from tests.core.unknowns import Seconds, Steps, journal, line_up, states, until_asked

TAG = "5E35ED9A"
ENTRY, VIP, DRINKS = 234, 235, 8
STEWARD = "a-user"
MARKING = "tickets/checkin"


@pytest.fixture
def ticket(venue: Venue) -> VenueTicket:
    """Pick a ticket that nobody used, and put it on a tag."""
    ticket = venue.unused(100, ENTRY)[1]
    venue.pair(ticket.code, TAG)
    return ticket


@pytest.fixture
def read(ticket: VenueTicket) -> Request:
    """Return a read of the ticket."""
    return Request(ticket_code=ticket.code, gate="North")


@pytest.fixture
def gate(desk: Desk, ledger: Ledger, ticket_sync: TicketSync, steps: Steps) -> Gate:
    """Return a gate, which is for VIPs."""
    settings = GateSettings(
        name="North gate", id="north", event_ids=frozenset({100}), ticket_type_ids=frozenset({VIP})
    )
    return Gate(settings, desk, ledger, lambda: ticket_sync.followed, clock=steps)


@pytest.fixture
def announced(gate: Gate) -> list[tuple[Reason, GateMode]]:
    """Collect what the gate announces."""
    told: list[tuple[Reason, GateMode]] = []
    gate.on_decision.add(lambda decision, mode: told.append((decision.reason, mode)))
    return told


async def count(ledger: Ledger) -> Attendance:
    """Count the concert."""
    return await ledger.attendance(100, datetime.now(UTC))


async def people(ledger: Ledger) -> tuple[int, int]:
    """Count the tickets that are checked in, and who is inside."""
    counts = await count(ledger)
    return counts.checked_in, counts.inside


async def undo(desk: Desk, request: Request, **more: Any) -> Decision:
    """Take an admission back as a steward."""
    decision = await desk.undo(request, user_id=STEWARD, **more)
    assert decision is not None
    return decision


async def let_in(desk: Desk, request: Request) -> Decision:
    """Let somebody in as a steward."""
    return await desk.override(request, note="On the list", user_id=STEWARD)


@pytest.mark.parametrize("listed", [True, False], ids=["listed", "not listed yet"])
@pytest.mark.parametrize("up", [True, False], ids=["online", "offline"])
async def test_s4_an_undone_admission_is_admitted_again_without_a_second_check_in(
    desk: Desk,
    server: OveitServer,
    venue: Venue,
    ledger: Ledger,
    ticket_sync: TicketSync,
    ticket: VenueTicket,
    read: Request,
    path: Path,
    seen: list[RemoteCheckIn],
    *,
    up: bool,
    listed: bool,
) -> None:
    """One less at once, and one more again; a list that shows the use changes nothing."""
    before = await people(ledger)
    await desk.check_in(read)
    assert await people(ledger) == (before[0] + 1, before[1] + 1)

    undone = await undo(desk, read)

    assert (undone.admitted, undone.reason) == (False, Reason.UNDONE)
    assert undone.ticket
    assert not undone.ticket.checked_in
    (row,) = journal(path)
    assert (row["state"], row["admitted"], row["undone_by"]) == ("confirmed", 0, STEWARD)
    assert row["undone_at"]
    assert await people(ledger) == before
    if listed:
        await ticket_sync.refresh(everything=True)
        await desk.sync()
    assert await people(ledger) == before
    assert seen == []
    assert (await count(ledger)).last_entry is None or (
        (await count(ledger)).last_entry.code_end != ticket.code[-3:]
    )
    if not up:
        await server.hang_up()
    server.forget()

    again = await desk.check_in(read)

    assert (again.admitted, again.reason) == (True, Reason.CHECKED_IN)
    assert server.requests_to(MARKING) == []
    assert venue.entries(ticket.code) == 1
    assert len(journal(path)) == 1
    assert await people(ledger) == (before[0] + 1, before[1] + 1)
    desk_again = await desk.check_in(Request(ticket_code=ticket.code, gate="South"))
    assert desk_again.reason is Reason.ALREADY_CHECKED_IN


async def test_s4_a_tag_is_undone_by_its_code_and_comes_in_again(
    desk: Desk, server: OveitServer, venue: Venue, ticket: VenueTicket
) -> None:
    """Also within the seconds in which a tag is a repeat."""
    read = Request(rfid_code=TAG, gate="North")
    assert (await desk.check_in(read)).admitted
    assert (await desk.check_in(read)).reason is Reason.REPEAT
    assert (await undo(desk, Request(rfid_code=TAG))).reason is Reason.UNDONE
    assert (await desk.check_in(read)).reason is Reason.CHECKED_IN
    assert (await desk.check_in(read)).reason is Reason.REPEAT
    assert len(server.requests_to(MARKING)) == 1
    assert venue.entries(ticket.code) == 1


async def test_s4_a_read_is_undone_by_its_id(desk: Desk, read: Request, path: Path) -> None:
    """The same id may come again afterwards."""
    first = await desk.check_in(Request(ticket_code=read.ticket_code, scan_id="7"))
    assert (await undo(desk, Request(scan_id="7"), any_use=True)).scan_id == first.scan_id
    assert (await desk.check_in(Request(ticket_code=read.ticket_code, scan_id="7"))).admitted
    assert states(path) == [("confirmed", 1)]
    assert await desk.undo(Request(scan_id="nothing"), user_id=STEWARD, any_use=True) is None


async def test_s4_an_admission_is_undone_once(desk: Desk, read: Request, path: Path) -> None:
    """By one of two stewards; who was not let in cannot be taken back."""
    assert await desk.undo(read, user_id=STEWARD) is None
    await desk.check_in(read)
    both = await asyncio.gather(*(desk.undo(read, user_id=each) for each in ("one", "other")))
    assert sum(decision is not None for decision in both) == 1
    assert await desk.undo(read, user_id=STEWARD) is None
    assert states(path) == [("confirmed", 0)]


async def test_s4_what_oveit_never_heard_of_is_never_sent(
    desk: Desk,
    client: OveitClient,
    server: OveitServer,
    venue: Venue,
    ledger: Ledger,
    ticket: VenueTicket,
    read: Request,
    path: Path,
) -> None:
    """An admission that waits for its upload claims nothing once it is undone."""
    before = await people(ledger)
    await server.hang_up()
    await desk.check_in(read)
    await undo(desk, read)
    assert await people(ledger) == before
    assert states(path) == []
    await line_up(client, server)
    await desk.sync()
    assert server.requests_to(MARKING) == []
    assert (await desk.check_in(read)).reason is Reason.CHECKED_IN
    assert venue.entries(ticket.code) == 1
    assert await people(ledger) == (before[0] + 1, before[1] + 1)


@pytest.mark.parametrize("fault", ["drop_after", "drop_before"])
@pytest.mark.parametrize("settled", [True, False], ids=["settled", "not settled"])
async def test_s4_one_whose_answer_was_lost_is_read_back_and_sent_at_most_once(
    make_desk: Callable[..., Desk],
    ticket_sync: TicketSync,
    client: OveitClient,
    server: OveitServer,
    venue: Venue,
    ledger: Ledger,
    ticket: VenueTicket,
    read: Request,
    path: Path,
    ledger_clock: Seconds,
    conflicts: list[Row],
    fault: str,
    *,
    settled: bool,
) -> None:
    """Whether Oveit counted it or not, it counts it once in the end."""
    desk = make_desk(doubt_grace=0)
    before = await people(ledger)
    server.faults.set(MARKING, fault)
    assert (await desk.check_in(read)).admitted
    server.faults.clear()
    await undo(desk, read)
    assert states(path) == [("in_doubt", 0)]
    assert await people(ledger) == before
    await line_up(client, server)
    if settled:
        ledger_clock.step()
        await desk.sync()
        assert await people(ledger) == before
    assert (await desk.check_in(read)).admitted
    assert await people(ledger) == (before[0] + 1, before[1] + 1)
    ledger_clock.step()
    await desk.sync()
    assert venue.entries(ticket.code) == 1
    assert conflicts == []


async def test_s4_a_late_yes_for_an_undone_admission_is_claimed_by_the_next_read(
    desk: Desk,
    server: OveitServer,
    venue: Venue,
    ledger: Ledger,
    ticket: VenueTicket,
    read: Request,
    path: Path,
) -> None:
    """The answer comes after the steward took the guest back."""
    before = await people(ledger)
    server.faults.set(MARKING, "slow_answer")
    decided = await desk.check_in(Request(ticket_code=read.ticket_code, deadline=0.5))
    assert decided.admitted
    await undo(desk, read)
    assert states(path) == [("in_doubt", 0)]
    assert await people(ledger) == before
    server.faults.clear()
    assert (await desk.check_in(read)).admitted
    assert venue.entries(ticket.code) == 1
    assert len(journal(path)) == 1


async def test_s4_a_conflict_that_is_undone_is_none_any_more(
    desk: Desk,
    client: OveitClient,
    server: OveitServer,
    venue: Venue,
    ledger: Ledger,
    ticket: VenueTicket,
    read: Request,
    conflicts: list[Row],
) -> None:
    """The ticket stays used, by whoever used it elsewhere."""
    await server.hang_up()
    await desk.check_in(read)
    venue.check_in(ticket.code)
    await line_up(client, server)
    await desk.sync()
    assert len(conflicts) == 1
    await undo(desk, read)
    assert await ledger.conflicts() == []
    again = await desk.check_in(Request(ticket_code=ticket.code, gate="South"))
    assert again.reason is Reason.ALREADY_CHECKED_IN
    assert venue.entries(ticket.code) == 1


async def test_s4_one_use_of_an_add_on_is_given_back(
    desk: Desk, server: OveitServer, venue: Venue, ticket_sync: TicketSync, steps: Steps
) -> None:
    """Oveit counts four, whatever was undone between."""
    code = venue.unused(100, VIP)[1].code
    bar = Request(ticket_code=code, addon_id=DRINKS, gate="Bar")
    for _ in range(4):
        assert (await desk.check_in(bar)).admitted
        steps.step()
    assert (await desk.check_in(bar)).reason is Reason.ADDON_USED_UP
    assert await desk.undo(Request(ticket_code=code), user_id=STEWARD) is None
    assert (await undo(desk, bar)).reason is Reason.UNDONE
    await ticket_sync.refresh(everything=True)
    server.forget()
    again = await desk.check_in(bar)
    assert again.admitted
    assert again.addon
    assert again.addon.left == 0
    assert server.requests_to(MARKING) == []
    steps.step()
    assert (await desk.check_in(bar)).reason is Reason.ADDON_USED_UP


async def test_s4_nobody_undoes_an_exit(
    desk: Desk, ledger: Ledger, read: Request, ticket: VenueTicket
) -> None:
    """It is the entry that is taken back: whoever left is outside already."""
    before = await people(ledger)
    await desk.check_in(read)
    await desk.check_in(
        Request(ticket_code=ticket.code, direction=Direction.EXIT, scan_id="out", gate="Out")
    )
    assert await desk.undo(Request(scan_id="out"), user_id=STEWARD, any_use=True) is None
    await undo(desk, read)
    assert await people(ledger) == before


async def test_s4_it_stays_undone_in_the_ledger_of_tomorrow(
    make_desk: Callable[..., Desk],
    desk: Desk,
    server: OveitServer,
    read: Request,
    ledger: Ledger,
    path: Path,
) -> None:
    """Another desk at the same ledger, as after a restart, admits it by the same row."""
    before = await people(ledger)
    await desk.check_in(read)
    await undo(desk, read)
    other = make_desk()
    assert await people(ledger) == before
    server.forget()
    assert (await other.check_in(read)).reason is Reason.CHECKED_IN
    assert server.requests_to(MARKING) == []
    assert len(journal(path)) == 1


async def test_s4_whoever_is_let_in_by_a_steward_after_an_undo_is_sent_once(
    desk: Desk,
    server: OveitServer,
    venue: Venue,
    ledger: Ledger,
    ticket: VenueTicket,
    read: Request,
    path: Path,
) -> None:
    """The override takes the undone use, too."""
    before = await people(ledger)
    await desk.check_in(read)
    await undo(desk, read)
    assert (await let_in(desk, read)).reason is Reason.OVERRIDE
    await desk.sync()
    assert venue.entries(ticket.code) == 1
    assert len(server.requests_to(MARKING)) == 1
    (row,) = journal(path)
    assert (row["reason"], row["note"], row["user_id"]) == ("override", "On the list", STEWARD)
    assert await people(ledger) == (before[0] + 1, before[1] + 1)


async def test_s1_whoever_is_let_in_while_oveit_is_asked_is_sent_once(
    desk: Desk, server: OveitServer, venue: Venue, ticket: VenueTicket, read: Request, path: Path
) -> None:
    """The guest was admitted after all, and the override has nothing to tell Oveit."""
    server.behaviour.second_checkin = "accepted"
    server.faults.set(MARKING, Fault(latency_after=0.5), 1)
    first = asyncio.create_task(desk.check_in(read))
    await until_asked(server, MARKING)
    await let_in(desk, read)
    await first
    await desk.sync()
    assert venue.entries(ticket.code) == 1
    assert sorted(states(path)) == [("confirmed", 1), ("local", 1)]


async def test_s1_who_comes_in_by_a_used_ticket_is_a_person_and_no_ticket(
    desk: Desk,
    ledger: Ledger,
    read: Request,
    server: OveitServer,
    ticket_sync: TicketSync,
    steps: Steps,
) -> None:
    """Inside goes up, checked in does not; each way out lets one go, and an undo takes one back."""
    tickets, inside = await people(ledger)
    await desk.check_in(read)
    await let_in(desk, read)
    assert await people(ledger) == (tickets + 1, inside + 2)
    await desk.sync()
    assert await people(ledger) == (tickets + 1, inside + 2)
    assert len(server.requests_to(MARKING)) == 1
    out = Request(ticket_code=read.ticket_code, direction=Direction.EXIT)
    for left in (1, 0, 0):
        await desk.check_in(out)
        steps.step()
        assert await people(ledger) == (tickets + 1, inside + left)
    await let_in(desk, read)
    assert await people(ledger) == (tickets + 1, inside + 1)
    await undo(desk, read)
    assert await people(ledger) == (tickets + 1, inside)


async def test_s1_so_it_is_where_oveit_lists_the_ticket_as_used(
    desk: Desk, ledger: Ledger, venue: Venue
) -> None:
    """By its own app, before."""
    tickets, inside = await people(ledger)
    used = next(each for each in venue.used(100) if each.ticket_type_id == ENTRY)
    await let_in(desk, Request(ticket_code=used.code))
    assert await people(ledger) == (tickets, inside + 1)
    await undo(desk, Request(ticket_code=used.code))
    assert await people(ledger) == (tickets, inside)


async def test_s1_a_steward_lets_a_refused_guest_in_through_the_gate(
    gate: Gate,
    announced: list[tuple[Reason, GateMode]],
    server: OveitServer,
    venue: Venue,
    ledger: Ledger,
    ticket: VenueTicket,
    path: Path,
    desk: Desk,
) -> None:
    """Announced as a read is, counted once, written down; the next read is refused as used."""
    refused = await gate.read(TAG)
    assert refused
    assert refused.reason is Reason.WRONG_TICKET_TYPE
    decision = await gate.override(note="On the list", user_id=STEWARD, rfid_code=TAG)
    assert (decision.admitted, decision.reason) == (True, Reason.OVERRIDE)
    assert announced == [
        (Reason.WRONG_TICKET_TYPE, GateMode.OPEN_FOR_TICKETS),
        (Reason.OVERRIDE, GateMode.OPEN_FOR_TICKETS),
    ]
    (row,) = journal(path)
    kept = ("gate", "gate_id", "note", "user_id", "reason", "code")
    assert [row[name] for name in kept] == [
        "North gate",
        "north",
        "On the list",
        STEWARD,
        "override",
        ticket.code,
    ]
    await desk.sync()
    assert venue.entries(ticket.code) == 1
    assert (await ledger.gate_counts(("north", "North gate"), datetime.now(UTC))).passed == 1
    elsewhere = await desk.check_in(Request(rfid_code=TAG, gate="Elsewhere"))
    assert elsewhere.reason is Reason.ALREADY_CHECKED_IN
    again = await gate.read(TAG)
    assert again
    assert not again.admitted


async def test_s1_each_guest_a_steward_lets_in_is_announced(
    gate: Gate, announced: list[tuple[Reason, GateMode]], ticket: VenueTicket, ledger: Ledger
) -> None:
    """Two within a second, by one ticket: the door opens twice."""
    for _ in range(2):
        await gate.override(note="A family", user_id=STEWARD, ticket_code=ticket.code)
    assert [reason for reason, _ in announced] == [Reason.OVERRIDE, Reason.OVERRIDE]
    assert (await ledger.gate_counts(("north", "North gate"), datetime.now(UTC))).passed == 2


@pytest.mark.parametrize("mode", GateMode)
async def test_s1_the_door_opens_for_a_steward_in_every_mode(
    gate: Gate,
    announced: list[tuple[Reason, GateMode]],
    ticket: VenueTicket,
    mode: GateMode,
    path: Path,
) -> None:
    """Where reads are only looked at, this one is no look."""
    gate.mode = mode
    await gate.override(note="On the list", user_id=STEWARD, ticket_code=ticket.code)
    assert [reason for reason, _ in announced] == [Reason.OVERRIDE]
    assert announced[0][1] is not GateMode.SCAN_ONLY
    assert len(journal(path)) == 1


async def test_s1_a_rehearsal_marks_nothing_for_a_steward_either(
    gate: Gate, announced: list[tuple[Reason, GateMode]], ticket: VenueTicket, path: Path
) -> None:
    """It is shown, as any read is."""
    gate.rehearsal.start()
    decision = await gate.override(note="On the list", user_id=STEWARD, ticket_code=ticket.code)
    assert decision.request.rehearsal
    assert [reason for reason, _ in announced] == [Reason.OVERRIDE]
    assert journal(path) == []


async def test_s4_an_undone_guest_is_announced_again_at_the_gate(
    gate: Gate, announced: list[tuple[Reason, GateMode]], venue: Venue, server: OveitServer
) -> None:
    """The undo is announced, and so is the next read, however soon it comes."""
    vip = venue.unused(100, VIP)[1]
    venue.pair(vip.code, "AB12")
    for _ in range(2):
        read = await gate.read("AB12")
        assert read
        assert read.admitted
        assert await gate.undo(user_id=STEWARD, ticket_code=vip.code)
    assert [reason for reason, _ in announced] == [Reason.CHECKED_IN, Reason.UNDONE] * 2
    assert len(server.requests_to(MARKING)) == 1

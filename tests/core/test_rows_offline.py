"""Rows B, A, R, X and C1 to C3 of decisions.md while Oveit cannot be reached."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from custom_components.oveit.core.client.api import OveitClient
from custom_components.oveit.core.desk.desk import Desk
from custom_components.oveit.core.ledger import Ledger
from custom_components.oveit.core.models import (
    Decision,
    Direction,
    OfflinePolicy,
    Reason,
    Request,
    Row,
    Several,
    Source,
)
from custom_components.oveit.core.ticket_sync import TicketSync
from demo.oveit_server import OveitServer, Venue, VenueTicket
from demo.venue import now
from tests.core.unknowns import (
    Steps,
    age_lists,
    journal,
    line_up,
    seconds_between,
    states,
    whichever,
)

TAG = "5E35ED9A"
ENTRY, VIP = 234, 235
DRINKS, BACKSTAGE, PARKING, CLOAKROOM = 8, 9, 10, 11


@pytest.fixture
def ticket(venue: Venue) -> VenueTicket:
    """Pick a ticket that nobody used."""
    return venue.unused(100, ENTRY)[1]


@pytest.fixture
def vip(venue: Venue) -> VenueTicket:
    """Pick a VIP ticket that nobody used: four drinks, one tour."""
    return venue.unused(100, VIP)[1]


@pytest.fixture
async def offline(desk: Desk, server: OveitServer) -> None:
    """Take the line away once the lists are there."""
    await server.hang_up()


# Rows B, tickets


@pytest.mark.usefixtures("offline")
async def test_b1_a_known_unused_ticket_is_admitted_and_oveit_hears_of_it_later(
    desk: Desk,
    client: OveitClient,
    server: OveitServer,
    ticket: VenueTicket,
    path: Path,
    decisions: list[Decision],
) -> None:
    """The ledger admits; the row waits, is sent once when the line is back, and is confirmed."""
    decision = await desk.check_in(Request(ticket_code=ticket.code, gate="North"))

    assert (decision.reason, decision.source) == (Reason.CHECKED_IN, Source.LEDGER)
    assert decision.ticket
    assert (decision.ticket.checked_in, decision.ticket.ticket_type) == (True, "Entry")
    assert decision.event
    assert decision.event.name == "Lantern Night"
    assert decisions == [decision]
    assert states(path) == [("pending", 1)]

    await line_up(client, server)
    settled = await desk.settle()

    assert (settled.uploaded, settled.waiting) == (1, 0)
    assert states(path) == [("confirmed", 1)]
    assert server.venue.entries(ticket.code) == 1
    assert decisions == [decision]


@pytest.mark.usefixtures("offline")
async def test_b1_a_look_up_falls_back_on_the_ledger(
    desk: Desk, ticket: VenueTicket, path: Path
) -> None:
    """A steward is told what is known, and nothing is written."""
    decision = await desk.scan(Request(ticket_code=ticket.code))

    assert (decision.reason, decision.source) == (Reason.CHECKED_IN, Source.LEDGER)
    assert journal(path) == []


@pytest.mark.usefixtures("offline")
async def test_b1_a_door_that_wants_oveits_word_admits_nobody(
    desk: Desk, ticket: VenueTicket, path: Path
) -> None:
    """With the policy `refuse` a known ticket has to wait for the line."""
    decision = await desk.check_in(Request(ticket_code=ticket.code, offline=OfflinePolicy.REFUSE))

    assert (decision.reason, decision.source) == (Reason.OFFLINE_REFUSED, Source.LEDGER)
    assert journal(path) == []


@pytest.mark.usefixtures("offline")
async def test_b2_a_ticket_that_the_list_shows_as_used_is_refused(
    desk: Desk, venue: Venue, path: Path
) -> None:
    """What was used before the line went down is told with its time, whatever the policy."""
    used = venue.used(100)[0]

    for policy in OfflinePolicy:
        request = Request(ticket_code=used.code, offline=policy, gate=policy)
        decision = await desk.check_in(request)
        assert (decision.reason, decision.source) == (Reason.ALREADY_CHECKED_IN, Source.LEDGER)
        assert decision.ticket
        assert decision.ticket.first_entry
        assert seconds_between(decision.ticket.first_entry.at, used.checkins[0][1]) < 1
    assert journal(path) == []


@pytest.mark.usefixtures("offline")
async def test_b3_a_ticket_used_here_while_offline_is_refused_with_its_gate(
    desk: Desk, ticket: VenueTicket, path: Path, steps: Steps
) -> None:
    """The ledger remembers who came in without Oveit, and where."""
    first = await desk.check_in(Request(ticket_code=ticket.code, gate="North"))
    steps.step(300)

    second = await desk.check_in(Request(ticket_code=ticket.code, gate="North"))

    assert (first.reason, second.reason) == (Reason.CHECKED_IN, Reason.ALREADY_CHECKED_IN)
    assert second.source is Source.LEDGER
    assert second.ticket
    assert second.ticket.first_entry
    assert (second.ticket.first_entry.gate, second.ticket.first_entry.at) == ("North", first.at)
    assert len(journal(path)) == 1


@pytest.mark.usefixtures("offline")
async def test_b4_a_ticket_that_was_uploaded_is_refused_when_the_line_drops_again(
    desk: Desk,
    client: OveitClient,
    server: OveitServer,
    ticket: VenueTicket,
    path: Path,
    steps: Steps,
) -> None:
    """The journal outlives the upload: the list need not show the entry yet."""
    await desk.check_in(Request(ticket_code=ticket.code))
    await line_up(client, server)
    server.forget()
    await desk.settle()
    assert server.requests_to("events/tickets") == []
    await server.hang_up()
    steps.step()

    decision = await desk.check_in(Request(ticket_code=ticket.code))

    assert (decision.reason, decision.source) == (Reason.ALREADY_CHECKED_IN, Source.LEDGER)
    assert states(path) == [("confirmed", 1)]


@pytest.mark.usefixtures("offline")
async def test_b5_i6_a_code_that_is_in_no_list_is_never_admitted(desk: Desk, path: Path) -> None:
    """Offline, nobody comes in with a code that nobody knows."""
    decision = await desk.check_in(Request(ticket_code="ffffffff"))

    assert (decision.reason, decision.source) == (Reason.UNKNOWN_TICKET, Source.LEDGER)
    assert journal(path) == []


@pytest.mark.usefixtures("offline")
async def test_b6_a_ticket_bought_after_the_list_comes_in_by_a_stewards_decision(
    desk: Desk, client: OveitClient, server: OveitServer, path: Path, steps: Steps
) -> None:
    """The ledger cannot know it; a steward may override, and Oveit hears of that."""
    late = server.venue.sell(100, ENTRY)
    request = Request(ticket_code=late.code, gate="North", event_ids=frozenset({100}))

    refused = await desk.check_in(request)
    admitted = await desk.override(request, note="Showed the receipt", user_id="u-1")

    assert (refused.reason, admitted.reason) == (Reason.UNKNOWN_TICKET, Reason.OVERRIDE)
    assert admitted.admitted
    (row,) = journal(path)
    assert (row["code"], row["event_id"], row["state"]) == (late.code, 100, "pending")
    assert (row["note"], row["user_id"], row["reason"]) == ("Showed the receipt", "u-1", "override")
    await line_up(client, server)
    await desk.settle()
    assert server.venue.entries(late.code) == 1
    (row,) = journal(path)
    assert (row["state"], row["note"]) == ("confirmed", "Showed the receipt")


@pytest.mark.usefixtures("offline")
async def test_b6_who_came_in_by_override_does_not_come_in_again_when_the_list_knows_the_ticket(
    desk: Desk, client: OveitClient, server: OveitServer, ticket_sync: TicketSync, path: Path
) -> None:
    """I4: whether or not the steward's decision named an event."""
    late = server.venue.sell(100, ENTRY)
    await desk.override(Request(ticket_code=late.code), note="", user_id=None)
    await line_up(client, server)
    await ticket_sync.refresh(everything=True)

    decision = await desk.check_in(Request(ticket_code=late.code, gate="North"))

    assert decision.reason is Reason.ALREADY_CHECKED_IN
    await desk.settle()
    assert server.venue.entries(late.code) == 1
    assert states(path) == [("confirmed", 1)]


@pytest.mark.usefixtures("offline")
async def test_b6_a_ticket_that_a_steward_admits_twice_is_sent_to_oveit_once(
    desk: Desk, client: OveitClient, server: OveitServer, path: Path
) -> None:
    """I2: the second comes in as well, and only here is that known."""
    server.behaviour.second_checkin = "accepted"
    late = server.venue.sell(100, ENTRY)
    for _ in range(2):
        decision = await desk.override(Request(ticket_code=late.code), note="", user_id=None)
        assert decision.admitted
    await line_up(client, server)
    await desk.settle()

    assert server.venue.entries(late.code) == 1
    assert states(path) == [("confirmed", 1), ("local", 1)]


@pytest.mark.usefixtures("offline")
async def test_b6_an_override_of_a_used_ticket_or_a_strange_tag_is_counted_here_alone(
    desk: Desk, client: OveitClient, server: OveitServer, venue: Venue, path: Path
) -> None:
    """Oveit would refuse what it knows as used, and cannot take a tag nobody knows."""
    for request in (Request(ticket_code=venue.used(100)[0].code), Request(rfid_code="ABAD1DEA")):
        decision = await desk.override(request, note="", user_id=None)
        assert decision.reason is Reason.OVERRIDE
    assert states(path) == [("local", 1)] * 2

    await line_up(client, server)
    assert (await desk.settle()).waiting == 0
    assert server.requests_to("tickets/checkin") == []


@pytest.mark.usefixtures("offline")
async def test_b7_a_ticket_of_another_event_is_refused_with_the_events_name(
    desk: Desk, venue: Venue, path: Path
) -> None:
    """The lists tell of which event a ticket is."""
    museum = venue.unused(101)[0]

    decision = await desk.check_in(Request(ticket_code=museum.code, event_ids=frozenset({100})))

    assert decision.reason is Reason.WRONG_EVENT
    assert decision.event
    assert decision.event.name == "City Museum"
    assert journal(path) == []


@pytest.mark.usefixtures("offline")
@whichever("refusal")
async def test_b8_a_ticket_cancelled_after_the_list_is_admitted_and_becomes_a_conflict(
    desk: Desk,
    client: OveitClient,
    server: OveitServer,
    ticket: VenueTicket,
    path: Path,
    conflicts: list[Row],
) -> None:
    """The list is stale: the guest is in, and people are told afterwards."""
    server.venue.cancel(ticket.code)
    assert (await desk.check_in(Request(ticket_code=ticket.code))).admitted

    age_lists(path, timedelta(minutes=1))
    await line_up(client, server)
    settled = await desk.settle()

    assert (settled.rejected, settled.waiting) == (1, 0)
    (row,) = journal(path)
    assert (row["state"], row["admitted"], row["cause"]) == ("rejected", 1, "unknown_ticket")
    silent = server.behaviour.refusal == "bare"
    assert row["message"] == (None if silent else "This ticket does not exist")
    assert [conflict.code for conflict in conflicts] == [ticket.code]


async def test_b9_a_ticket_cancelled_before_the_list_is_unknown(
    venue: Venue,
    server: OveitServer,
    ticket: VenueTicket,
    new_desk: Desk,
    new_ticket_sync: TicketSync,
) -> None:
    """What the list does not show does not come in."""
    venue.cancel(ticket.code)
    await new_ticket_sync.refresh(everything=True)
    await server.hang_up()

    decision = await new_desk.check_in(Request(ticket_code=ticket.code))

    assert decision.reason is Reason.UNKNOWN_TICKET


@pytest.mark.usefixtures("offline")
async def test_b10_where_people_may_come_back_each_entry_is_a_row(
    desk: Desk,
    client: OveitClient,
    server: OveitServer,
    ledger: Ledger,
    ticket: VenueTicket,
    path: Path,
    steps: Steps,
) -> None:
    """A gate with re-entry admits again without Oveit, which hears of both entries."""
    server.behaviour.second_checkin = "accepted"
    before = (await ledger.attendance(100, now())).checked_in

    for _ in range(2):
        decision = await desk.check_in(Request(ticket_code=ticket.code, re_entry=True))
        assert (decision.reason, decision.source) == (Reason.CHECKED_IN, Source.LEDGER)
        steps.step()

    assert states(path) == [("pending", 1)] * 2
    assert (await ledger.attendance(100, now())).checked_in == before + 1
    await line_up(client, server)
    await desk.settle()
    assert states(path) == [("confirmed", 1)] * 2
    assert server.venue.entries(ticket.code) == 2


@pytest.mark.usefixtures("offline")
async def test_b11_a_ticket_of_a_perpetual_event_is_admitted(desk: Desk, venue: Venue) -> None:
    """An event without a start has no hours to keep, at a door with a window too."""
    request = Request(ticket_code=venue.unused(101)[0].code, within_window=True)

    assert (await desk.check_in(request)).reason is Reason.CHECKED_IN


@pytest.mark.parametrize("up", [True, False], ids=["online", "offline"])
@pytest.mark.parametrize(
    ("hours", "reason"),
    [
        (7, Reason.GATE_CLOSED),
        (5, Reason.CHECKED_IN),
        (-17, Reason.CHECKED_IN),
        (-19, Reason.GATE_CLOSED),
    ],
)
async def test_b12_a_door_with_a_window_admits_only_around_the_start(
    new_desk: Desk,
    new_ticket_sync: TicketSync,
    server: OveitServer,
    ticket: VenueTicket,
    path: Path,
    hours: float,
    reason: Reason,
    *,
    up: bool,
) -> None:
    """Six hours before until eighteen after the start; else nobody is asked."""
    server.venue.events[100].starts_at = now() + timedelta(hours=hours)
    await new_ticket_sync.refresh(everything=True)
    server.forget()
    if not up:
        await server.hang_up()

    decision = await new_desk.check_in(Request(ticket_code=ticket.code, within_window=True))

    assert decision.reason is reason
    if reason is Reason.GATE_CLOSED:
        assert server.requests == []
        assert journal(path) == []


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize("read", [" {}\r\n", "]Q1{}", "https://oveit.example/t/{}"])
async def test_b15_what_a_scanner_adds_is_taken_off_offline_as_well(
    desk: Desk, ticket: VenueTicket, path: Path, read: str
) -> None:
    """A code is the same code without a line."""
    assert (await desk.check_in(Request(ticket_code=read.format(ticket.code)))).admitted
    assert [row["code"] for row in journal(path)] == [ticket.code]


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize("text", ["", " \r\n", "\x00", "x" * 257])
async def test_b16_what_is_no_code_is_refused(desk: Desk, path: Path, text: str) -> None:
    """Nothing comes in with nothing."""
    assert (await desk.check_in(Request(ticket_code=text))).reason is Reason.UNREADABLE
    assert journal(path) == []


# Rows A, types and add-ons


@pytest.mark.usefixtures("offline")
async def test_a1_a_type_that_a_gate_does_not_admit_is_refused(
    desk: Desk, ticket: VenueTicket, path: Path
) -> None:
    """The list knows the type."""
    request = Request(ticket_code=ticket.code, ticket_type_ids=frozenset({VIP}))

    assert (await desk.check_in(request)).reason is Reason.WRONG_TICKET_TYPE
    assert journal(path) == []


async def test_a2_a_type_that_nobody_named_is_refused_only_where_a_gate_chooses(
    new_desk: Desk, new_ticket_sync: TicketSync, server: OveitServer
) -> None:
    """A list may hold a type that the events do not name."""
    server.venue.odd_rows[100] = [{"code": "crew-1", "ticket_type_id": 999, "checkins": []}]
    await new_ticket_sync.refresh(everything=True)
    await server.hang_up()

    choosy = Request(ticket_code="crew-1", ticket_type_ids=frozenset({ENTRY}), gate="VIP")

    assert (await new_desk.check_in(choosy)).reason is Reason.WRONG_TICKET_TYPE
    other = Request(ticket_code="crew-1", gate="Main")
    assert (await new_desk.check_in(other)).reason is Reason.CHECKED_IN
    again = Request(ticket_code="crew-1", gate="Side")
    assert (await new_desk.check_in(again)).reason is Reason.ALREADY_CHECKED_IN


@pytest.mark.usefixtures("offline")
async def test_a3_a4_bundled_uses_are_counted_down_here_until_none_is_left(
    desk: Desk,
    client: OveitClient,
    server: OveitServer,
    vip: VenueTicket,
    path: Path,
    steps: Steps,
) -> None:
    """Each drink is a row; the fifth is refused; Oveit hears of four."""
    decisions = []
    for _ in range(5):
        decisions.append(await desk.check_in(Request(ticket_code=vip.code, addon_id=DRINKS)))
        steps.step()

    assert [decision.addon and decision.addon.left for decision in decisions] == [3, 2, 1, 0, 0]
    assert [decision.reason for decision in decisions[3:]] == [
        Reason.CHECKED_IN,
        Reason.ADDON_USED_UP,
    ]
    assert states(path) == [("pending", 1)] * 4
    await line_up(client, server)
    await desk.settle()
    assert vip.uses(DRINKS) == 4
    assert not vip.used
    assert states(path) == [("confirmed", 1)] * 4


@pytest.mark.usefixtures("offline")
async def test_a10_without_a_line_a_gate_may_ask_for_the_entry_before_an_add_on(
    desk: Desk, vip: VenueTicket, path: Path, steps: Steps
) -> None:
    """By default it does not; an entry that only this journal knows is one."""
    drink = Request(ticket_code=vip.code, addon_id=DRINKS)
    strict = replace(drink, require_main_entry=True)

    before = await desk.check_in(strict)
    steps.step()
    assert (await desk.check_in(drink)).admitted
    assert (await desk.check_in(Request(ticket_code=vip.code))).admitted
    steps.step()
    after = await desk.check_in(strict)

    assert (before.reason, before.source) == (Reason.ADDON_UNAVAILABLE, Source.LEDGER)
    assert (before.addon and before.addon.left, after.addon and after.addon.left) == (4, 2)
    assert after.reason is Reason.CHECKED_IN
    assert states(path) == [("pending", 1)] * 3


async def test_a10_with_a_line_oveit_decides_until_its_answer_is_late(
    desk: Desk, server: OveitServer, venue: Venue
) -> None:
    """Then the gate's own rule holds, and what Oveit counted waits for the guest."""
    asked, late = venue.unused(100, VIP)[:2]
    strict = Request(addon_id=DRINKS, require_main_entry=True, deadline=0.5)

    assert (await desk.check_in(replace(strict, ticket_code=asked.code))).admitted
    server.faults.set("tickets/checkin", "drop_after", 1)
    decision = await desk.check_in(replace(strict, ticket_code=late.code))

    assert decision.reason is Reason.ADDON_UNAVAILABLE


@pytest.mark.usefixtures("offline")
async def test_a5_the_last_use_at_two_gates_at_once_serves_one_guest(
    desk: Desk, vip: VenueTicket, path: Path
) -> None:
    """The second read sees the row of the first."""
    request = Request(ticket_code=vip.code, addon_id=BACKSTAGE)

    decisions = await asyncio.gather(
        *(desk.check_in(replace(request, gate=gate)) for gate in ("Left", "Right"))
    )

    assert sorted(decision.reason for decision in decisions) == [
        Reason.ADDON_USED_UP,
        Reason.CHECKED_IN,
    ]
    assert len(journal(path)) == 1


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize(
    "addon_id",
    [CLOAKROOM, 99, PARKING],
    ids=["A6 switched off", "A7 not of this type", "A8 not bundled"],
)
async def test_a6_a7_a8_an_add_on_that_only_oveit_could_give_is_unavailable(
    desk: Desk, vip: VenueTicket, path: Path, addon_id: int
) -> None:
    """Switched off, not part of the type, or not bundled: none of it without a line."""
    decision = await desk.check_in(Request(ticket_code=vip.code, addon_id=addon_id))

    assert decision.reason is Reason.ADDON_UNAVAILABLE
    assert journal(path) == []


@pytest.mark.parametrize(
    ("uses", "reason"),
    [
        (None, Reason.ADDON_UNAVAILABLE),
        (0, Reason.ADDON_UNAVAILABLE),
        ("plenty", Reason.ADDON_UNAVAILABLE),
        ("4", Reason.CHECKED_IN),
    ],
)
async def test_a9_an_add_on_without_a_limit_needs_oveit(
    new_desk: Desk,
    new_ticket_sync: TicketSync,
    server: OveitServer,
    vip: VenueTicket,
    uses: Any,
    reason: Reason,
) -> None:
    """What has no limit that can be counted here is not given; one in writing is a limit."""
    server.venue.events[100].ticket_type(VIP).addons[0].uses = uses
    await new_ticket_sync.refresh(everything=True)
    await server.hang_up()

    decision = await new_desk.check_in(Request(ticket_code=vip.code, addon_id=DRINKS))

    assert decision.reason is reason


@pytest.mark.usefixtures("offline")
async def test_a10_a11_entry_and_add_on_are_decided_each_by_itself(
    desk: Desk, vip: VenueTicket, steps: Steps
) -> None:
    """A drink before the entry is no entry, and one after it is still there."""
    reads = [Request(ticket_code=vip.code, addon_id=addon_id) for addon_id in (8, None, 8, None)]
    reasons = []
    for read in reads:
        reasons.append((await desk.check_in(read)).reason)
        steps.step()

    assert reasons == [Reason.CHECKED_IN] * 3 + [Reason.ALREADY_CHECKED_IN]


async def test_a13_without_multiple_access_no_add_on_is_available(
    new_desk: Desk, new_ticket_sync: TicketSync, server: OveitServer, vip: VenueTicket
) -> None:
    """An account without the feature has none to give."""
    server.venue.multiple_access = False
    await new_ticket_sync.refresh(everything=True)
    await server.hang_up()

    decision = await new_desk.check_in(Request(ticket_code=vip.code, addon_id=DRINKS))

    assert decision.reason is Reason.ADDON_UNAVAILABLE


# Rows R, tags


@pytest.fixture
async def tagged(desk: Desk, server: OveitServer, ticket: VenueTicket) -> VenueTicket:
    """Put the ticket on a tag, have the ledger learn of it, and take the line away."""
    server.venue.pair(ticket.code, TAG)
    await desk.scan(Request(rfid_code=TAG))
    await server.hang_up()
    server.forget()
    return ticket


async def test_r1_a_learned_tag_admits_its_ticket(
    desk: Desk, tagged: VenueTicket, path: Path
) -> None:
    """The row keeps the tag and the ticket's code."""
    decision = await desk.check_in(Request(rfid_code=TAG))

    assert (decision.reason, decision.source) == (Reason.CHECKED_IN, Source.LEDGER)
    (row,) = journal(path)
    assert (row["code"], row["rfid_code"], row["state"]) == (tagged.code, TAG, "pending")


@pytest.mark.usefixtures("offline")
async def test_r2_r4_a_tag_never_seen_here_is_unknown(desk: Desk, path: Path) -> None:
    """Lists hold no tags, so nobody here can know it."""
    assert (await desk.check_in(Request(rfid_code=TAG))).reason is Reason.UNKNOWN_TAG
    assert journal(path) == []


async def test_r3_a_tag_handed_on_meanwhile_admits_its_old_ticket_once(
    desk: Desk,
    client: OveitClient,
    server: OveitServer,
    tagged: VenueTicket,
    path: Path,
    steps: Steps,
) -> None:
    """What was learned holds until the line is back; then the new pairing is corrected."""
    other = server.venue.unused(100, ENTRY)[2]
    server.venue.unpair(TAG)
    server.venue.pair(other.code, TAG)

    assert (await desk.check_in(Request(rfid_code=TAG))).admitted
    await line_up(client, server)
    await desk.settle()
    steps.step()
    decision = await desk.check_in(Request(rfid_code=TAG))

    assert decision.reason is Reason.CHECKED_IN
    assert [row["code"] for row in journal(path)] == [tagged.code, other.code]


@pytest.fixture
async def wallet(desk: Desk, server: OveitServer, venue: Venue) -> dict[str, VenueTicket]:
    """Have the ledger learn of three tickets on one tag, and take the line away."""
    tickets = {
        "entry": venue.unused(100, ENTRY)[1],
        "vip": venue.unused(100, VIP)[1],
        "museum": venue.unused(101)[1],
    }
    for each in tickets.values():
        venue.pair(each.code, TAG)
        await desk.scan(Request(ticket_code=each.code))
    await server.hang_up()
    return tickets


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        (Request(rfid_code=TAG, event_ids=frozenset({101})), "museum"),
        (Request(rfid_code=TAG, ticket_type_ids=frozenset({VIP})), "vip"),
        (Request(rfid_code=TAG, addon_id=DRINKS), "vip"),
    ],
    ids=["by event", "by type", "by add-on"],
)
async def test_r5_the_one_ticket_of_a_wallet_that_fits_is_admitted(
    desk: Desk, wallet: dict[str, VenueTicket], path: Path, asked: Request, wanted: str
) -> None:
    """Of several tickets on a wristband the one that the gate is for is used."""
    assert (await desk.check_in(asked)).reason is Reason.CHECKED_IN
    assert [row["code"] for row in journal(path)] == [wallet[wanted].code]


@pytest.mark.parametrize(
    ("several", "reason", "rows"),
    [
        (Several.AMBIGUOUS, Reason.AMBIGUOUS, 0),
        (Several.FIRST, Reason.CHECKED_IN, 1),
        (Several.ALL, Reason.CHECKED_IN, 3),
    ],
)
async def test_r5_several_tickets_that_fit_are_one_all_or_a_persons_choice(
    desk: Desk,
    wallet: dict[str, VenueTicket],
    path: Path,
    several: Several,
    reason: Reason,
    rows: int,
) -> None:
    """The gate's option says what becomes of a family's wristband."""
    decision = await desk.check_in(Request(rfid_code=TAG, several=several))

    assert decision.reason is reason
    assert len(journal(path)) == rows
    assert len(decision.others) == max(rows - 1, 0)
    assert len({row["code"] for row in journal(path)}) == rows


async def test_r5_a_wallet_of_used_tickets_tells_that_they_are_used(
    desk: Desk, wallet: dict[str, VenueTicket], steps: Steps
) -> None:
    """The second read of a family finds nothing left."""
    request = Request(rfid_code=TAG, several=Several.ALL)
    await desk.check_in(request)
    steps.step()

    decision = await desk.check_in(request)

    assert decision.reason is Reason.ALREADY_CHECKED_IN
    assert decision.others == ()


async def test_r13_a_ticket_and_its_tag_in_turn_are_one_ticket(
    desk: Desk, tagged: VenueTicket, path: Path
) -> None:
    """The wristband after the code is refused, without a line too."""
    first = await desk.check_in(Request(ticket_code=tagged.code))
    second = await desk.check_in(Request(rfid_code=TAG))

    assert (first.reason, second.reason) == (Reason.CHECKED_IN, Reason.ALREADY_CHECKED_IN)
    assert len(journal(path)) == 1


# Rows X, exits


def leaving(ticket: VenueTicket, **more: Any) -> Request:
    """Return the read of a guest who goes."""
    return Request(ticket_code=ticket.code, direction=Direction.EXIT, **more)


@pytest.mark.usefixtures("offline")
async def test_x1_a_guest_who_leaves_is_let_out_and_told_to_a_turnstile_after_the_entry(
    desk: Desk,
    client: OveitClient,
    server: OveitServer,
    ledger: Ledger,
    ticket: VenueTicket,
    path: Path,
) -> None:
    """Entry and exit are sent in their order."""
    await desk.check_in(Request(ticket_code=ticket.code, turnstile=True))
    inside = (await ledger.attendance(100, now())).inside

    decision = await desk.check_in(leaving(ticket, turnstile=True))

    assert (decision.reason, decision.source) == (Reason.LEFT, Source.LEDGER)
    assert (await ledger.attendance(100, now())).inside == inside - 1
    assert states(path) == [("pending", 1)] * 2
    await line_up(client, server)
    server.forget()
    settled = await desk.settle()
    assert (settled.uploaded, settled.waiting) == (2, 0)
    sent = [each.endpoint for each in server.requests if each.endpoint.startswith("turn")]
    assert sent == ["turnstile/checkin", "turnstile/checkout"]
    assert states(path) == [("confirmed", 1)] * 2
    assert (ticket.used, ticket.inside) == (True, False)


@pytest.mark.usefixtures("offline")
async def test_x2_i7_whoever_wants_out_gets_out(
    desk: Desk, ledger: Ledger, venue: Venue, ticket: VenueTicket, path: Path
) -> None:
    """A stranger, a guest who never entered and an unknown tag leave; no count goes wrong."""
    inside = (await ledger.attendance(100, now())).inside

    for request in (
        leaving(ticket, gate="Front"),
        leaving(ticket, gate="Back", turnstile=True),
        Request(ticket_code="ffffffff", direction=Direction.EXIT),
        Request(rfid_code="ABAD1DEA", direction=Direction.EXIT, event_ids=frozenset({100})),
    ):
        assert (await desk.check_in(request)).reason is Reason.LEFT

    assert (await ledger.attendance(100, now())).inside == inside
    assert states(path) == [("local", 1)] * 4


@pytest.mark.usefixtures("offline")
async def test_x3_x4_who_left_comes_back_only_where_re_entry_is_allowed(
    desk: Desk, ledger: Ledger, ticket: VenueTicket, steps: Steps
) -> None:
    """A ticket used once stays used, unless the gate says otherwise."""
    await desk.check_in(Request(ticket_code=ticket.code))
    inside = (await ledger.attendance(100, now())).inside
    await desk.check_in(leaving(ticket))
    steps.step()

    refused = await desk.check_in(Request(ticket_code=ticket.code))
    steps.step()
    admitted = await desk.check_in(Request(ticket_code=ticket.code, re_entry=True))

    assert (refused.reason, admitted.reason) == (Reason.ALREADY_CHECKED_IN, Reason.CHECKED_IN)
    assert (await ledger.attendance(100, now())).inside == inside


# C1 to C3: what is known


async def test_c1_without_a_list_nobody_is_admitted(
    new_desk: Desk,
    new_ticket_sync: TicketSync,
    server: OveitServer,
    ticket: VenueTicket,
    path: Path,
) -> None:
    """Neither before anything was ever heard, nor while only the events are known."""
    await server.hang_up()
    decision = await new_desk.check_in(Request(ticket_code=ticket.code))
    assert decision.reason is Reason.NO_TICKET_LIST

    await server.pick_up()
    server.faults.set("events/tickets", "error")
    with pytest.raises(Exception, match="no ticket list"):
        await new_ticket_sync.refresh(everything=True)
    await server.hang_up()
    for request in (
        Request(ticket_code=ticket.code, gate="North"),
        Request(rfid_code=TAG, gate="North"),
    ):
        assert (await new_desk.check_in(request)).reason is Reason.NO_TICKET_LIST
    assert journal(path) == []


async def test_c2_a_list_older_than_the_gate_allows_admits_nobody(
    desk: Desk, ticket_sync: TicketSync, server: OveitServer, ticket: VenueTicket, path: Path
) -> None:
    """Twelve hours unless the gate says otherwise; an unknown code is not judged by it either."""
    age_lists(path, timedelta(hours=12, minutes=1))
    await ticket_sync.load()
    await server.hang_up()

    for code in (ticket.code, "ffffffff"):
        decision = await desk.check_in(Request(ticket_code=code, gate="South"))
        assert (decision.reason, decision.source) == (Reason.NO_TICKET_LIST, Source.LEDGER)
    patient = Request(ticket_code=ticket.code, gate="North", max_list_age=timedelta(hours=13))
    assert (await desk.check_in(patient)).reason is Reason.CHECKED_IN


async def test_c3_after_a_restart_without_a_line_lists_tags_and_rows_are_there(
    desk: Desk,
    make_desk: Callable[[], Desk],
    new_ticket_sync: TicketSync,
    tagged: VenueTicket,
    venue: Venue,
    path: Path,
) -> None:
    """A house that starts without a network admits whom it knows, once."""
    other = venue.unused(100, ENTRY)[3]
    assert (await desk.check_in(Request(ticket_code=other.code))).admitted
    await desk.close()
    new_ticket_sync.events.clear()
    await new_ticket_sync.load()

    again = make_desk()

    assert (await again.check_in(Request(rfid_code=TAG))).admitted
    decision = await again.check_in(Request(ticket_code=other.code))
    assert decision.reason is Reason.ALREADY_CHECKED_IN
    assert states(path) == [("pending", 1)] * 2

"""Rows A of decisions.md: ticket types and add-ons, at a venue that is online.

The line is down in test_rows_offline.py, A14 and A15 are in test_rows_replay.py. Left out: A12
(a gate's schedule).
"""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from custom_components.oveit.core.desk.desk import Desk
from custom_components.oveit.core.ledger import Ledger
from custom_components.oveit.core.models import Reason, Request, Source
from custom_components.oveit.core.ticket_sync import TicketSync
from demo.oveit_server import Clock, Fault, OveitServer, Venue, VenueTicket
from demo.venue import VenueAddon, VenueTicketType, now
from tests.core.unknowns import Steps, age_lists, journal, whichever

ENTRY, VIP = 234, 235
DRINKS, BACKSTAGE, PARKING, CLOAKROOM = 8, 9, 10, 11


@pytest.fixture
def vip(venue: Venue) -> VenueTicket:
    """Pick a VIP ticket that nobody used: four drinks, one tour."""
    return venue.unused(100, VIP)[0]


def vip_type(venue: Venue) -> VenueTicketType:
    """Return the ticket type that has the add-ons."""
    return venue.events[100].ticket_type(VIP)


def set_uses(venue: Venue, uses: int | str | None) -> None:
    """Let drinks have another number of uses."""
    vip_type(venue).addons[0].uses = uses


@whichever("ids")
async def test_a1_a_type_that_a_gate_does_not_admit_is_refused_without_asking(
    desk: Desk, server: OveitServer, path: Path
) -> None:
    """At a gate for VIPs an entry ticket is refused here, and stays untouched."""
    ticket = server.venue.unused(100, ENTRY)[0]

    decision = await desk.check_in(
        Request(ticket_code=ticket.code, ticket_type_ids=frozenset({VIP}))
    )

    assert decision.reason is Reason.WRONG_TICKET_TYPE
    assert decision.source is Source.LEDGER
    assert decision.ticket
    assert decision.ticket.ticket_type == "Entry"
    assert server.requests == []
    assert not ticket.checkins
    assert journal(path) == []


@whichever("ids")
async def test_a1_the_only_type_of_a_gate_is_told_to_oveit(
    desk: Desk, server: OveitServer, vip: VenueTicket
) -> None:
    """A gate with exactly one type has Oveit see to it as well."""
    decision = await desk.check_in(Request(ticket_code=vip.code, ticket_type_ids=frozenset({VIP})))

    assert decision.reason is Reason.CHECKED_IN
    (request,) = server.requests
    assert request.params == {"ticket_code": vip.code, "ticket_type_id": str(VIP)}


async def test_a1_several_types_of_a_gate_are_not_told_to_oveit(
    desk: Desk, server: OveitServer, vip: VenueTicket
) -> None:
    """Oveit takes one type only, so of two it hears none."""
    decision = await desk.check_in(
        Request(ticket_code=vip.code, ticket_type_ids=frozenset({ENTRY, VIP}))
    )

    assert decision.reason is Reason.CHECKED_IN
    (request,) = server.requests
    assert request.params == {"ticket_code": vip.code}


@whichever("refusal", "scan_used")
async def test_a1_a_type_changed_since_the_list_is_refused_by_oveit(
    desk: Desk, server: OveitServer, vip: VenueTicket, path: Path
) -> None:
    """A ticket that was rebooked to another type is refused, and the right reason is found."""
    vip.ticket_type_id = ENTRY

    decision = await desk.check_in(Request(ticket_code=vip.code, ticket_type_ids=frozenset({VIP})))

    assert decision.reason is Reason.WRONG_TICKET_TYPE
    assert not vip.checkins
    assert journal(path) == []


@whichever("ids", "old_replies")
async def test_a2_a_type_added_since_the_last_poll_is_fetched_before_deciding(
    desk: Desk, server: OveitServer
) -> None:
    """A ticket of a type that nobody here knows has the events asked for once."""
    server.venue.add_ticket_type(100, 236, "Crew")
    ticket = server.venue.sell(100, 236)

    decision = await desk.check_in(
        Request(ticket_code=ticket.code, ticket_type_ids=frozenset({ENTRY, 236}))
    )

    assert decision.reason is Reason.CHECKED_IN
    assert decision.ticket
    assert decision.ticket.ticket_type == "Crew"
    assert [request.endpoint for request in server.requests] == [
        "tickets/scan",
        "seller/events",
        "tickets/checkin",
    ]


async def test_a2_the_add_ons_of_a_new_type_are_known_when_it_is_decided(
    desk: Desk, server: OveitServer
) -> None:
    """A new type's own add-on can be used at once."""
    addon = VenueAddon(id=20, name="Dinner", uses=2)
    server.venue.add_ticket_type(100, 236, "Crew", [addon])
    ticket = server.venue.sell(100, 236)

    decision = await desk.check_in(Request(ticket_code=ticket.code, addon_id=20))

    assert decision.reason is Reason.CHECKED_IN
    assert decision.addon
    assert (decision.addon.name, decision.addon.left) == ("Dinner", 1)


async def test_a2_a_slow_ticket_list_does_not_keep_a_new_type_waiting(
    desk: Desk, server: OveitServer, path: Path
) -> None:
    """A new type is known as soon as the events are; an old list may take its time."""
    server.venue.add_ticket_type(100, 236, "Crew")
    ticket = server.venue.sell(100, 236)
    age_lists(path, timedelta(minutes=2))
    server.faults.set("events/tickets", Fault(latency_before=10))

    decision = await desk.check_in(
        Request(ticket_code=ticket.code, ticket_type_ids=frozenset({236}), deadline=0.6)
    )

    assert decision.reason is Reason.CHECKED_IN


async def test_a2_a_type_that_the_events_do_not_name_is_left_to_oveit(
    desk: Desk, server: OveitServer
) -> None:
    """Where the gate takes every type, a type without a name is no reason to refuse."""
    server.faults.set("seller/events", "server_error")
    server.venue.add_ticket_type(100, 236, "Crew")
    ticket = server.venue.sell(100, 236)

    decision = await desk.check_in(Request(ticket_code=ticket.code))

    assert decision.reason is Reason.CHECKED_IN
    assert decision.ticket
    assert decision.ticket.ticket_type_id == 236


@whichever("checkins_include_new", "dates", "ids")
async def test_a3_a_bundled_add_on_is_used_and_one_less_is_left(
    desk: Desk,
    ledger: Ledger,
    server: OveitServer,
    vip: VenueTicket,
    path: Path,
    steps: Steps,
) -> None:
    """Each drink is one request and one row, and the count goes down to nothing left."""
    before = (await ledger.attendance(100, now())).checked_in
    request = Request(ticket_code=vip.code, addon_id=DRINKS)

    decisions = []
    for _ in range(4):
        decisions.append(await desk.check_in(request))
        steps.step()

    assert [decision.reason for decision in decisions] == [Reason.CHECKED_IN] * 4
    addons = [decision.addon for decision in decisions if decision.addon]
    assert [addon.left for addon in addons] == [3, 2, 1, 0]
    assert [addon.used for addon in addons] == [1, 2, 3, 4]
    assert (addons[0].id, addons[0].name, addons[0].uses) == (DRINKS, "Free drinks", 4)
    assert server.requests[0].params == {"ticket_code": vip.code, "addon_id": str(DRINKS)}
    assert vip.uses(DRINKS) == 4
    assert not vip.used
    assert [(row["addon_id"], row["state"]) for row in journal(path)] == [(DRINKS, "confirmed")] * 4
    assert (await ledger.attendance(100, now())).checked_in == before


@pytest.mark.parametrize("gate", [None, "Bar"])
@whichever("checkins_include_new")
async def test_a3_a_poll_between_two_uses_counts_none_of_them_twice(
    desk: Desk, ticket_sync: TicketSync, vip: VenueTicket, steps: Steps, gate: str | None
) -> None:
    """What the list shows and what the journal holds are the same uses."""
    request = Request(ticket_code=vip.code, addon_id=DRINKS, gate=gate)

    left = []
    for _ in range(4):
        decision = await desk.check_in(request)
        left.append(decision.addon and decision.addon.left)
        await ticket_sync.refresh(everything=True)
        steps.step()

    assert left == [3, 2, 1, 0]


@pytest.mark.parametrize("minutes", [-10, 10])
@whichever("checkins_include_new")
async def test_a3_a_use_counts_once_though_the_clocks_disagree(
    desk: Desk, ticket_sync: TicketSync, venue: Venue, vip: VenueTicket, steps: Steps, minutes: int
) -> None:
    """With Oveit's clock ten minutes off, a guest still gets all four drinks (C7)."""
    venue.clock = Clock(now() + timedelta(minutes=minutes))
    request = Request(ticket_code=vip.code, addon_id=DRINKS)

    left = []
    for _ in range(4):
        decision = await desk.check_in(request)
        left.append(decision.addon and decision.addon.left)
        await ticket_sync.refresh(everything=True)
        steps.step()

    assert left == [3, 2, 1, 0]
    assert (await desk.check_in(request)).reason is Reason.ADDON_USED_UP


@whichever("ids", "dates")
async def test_a4_an_add_on_that_the_list_shows_as_used_up_is_refused_without_asking(
    new_desk: Desk, new_ticket_sync: TicketSync, server: OveitServer, vip: VenueTicket
) -> None:
    """Nothing left is decided here, and the last use is told."""
    last = now() - timedelta(minutes=3)
    server.venue.check_in(vip.code, BACKSTAGE, at=last)
    await new_ticket_sync.refresh(everything=True)
    server.forget()

    decision = await new_desk.check_in(Request(ticket_code=vip.code, addon_id=BACKSTAGE))

    assert decision.reason is Reason.ADDON_USED_UP
    assert decision.source is Source.LEDGER
    assert decision.addon
    assert (decision.addon.used, decision.addon.left) == (1, 0)
    assert decision.ticket
    assert decision.ticket.checkins[-1].at == last.replace(microsecond=0)
    assert server.requests == []
    assert vip.uses(BACKSTAGE) == 1


@whichever("refusal", "dates")
async def test_a4_an_add_on_used_up_elsewhere_since_the_list_is_refused(
    desk: Desk, server: OveitServer, vip: VenueTicket, path: Path
) -> None:
    """Oveit refuses, and a look at the ticket tells that the add-on is used up."""
    server.venue.check_in(vip.code, BACKSTAGE, at=now() - timedelta(minutes=10))

    decision = await desk.check_in(Request(ticket_code=vip.code, addon_id=BACKSTAGE))

    assert decision.reason is Reason.ADDON_USED_UP
    assert decision.addon
    assert decision.addon.left == 0
    assert vip.uses(BACKSTAGE) == 1
    assert journal(path) == []


@whichever("refusal", "checkins_include_new")
async def test_a5_the_last_use_at_two_gates_at_once_serves_one_guest(
    desk: Desk, server: OveitServer, vip: VenueTicket, path: Path
) -> None:
    """Two reads within a moment: one gets the last use, the other is told it is used up."""
    request = Request(ticket_code=vip.code, addon_id=BACKSTAGE, gate="Stage")

    decisions = await asyncio.gather(
        desk.check_in(request), desk.check_in(replace(request, gate="Stage left"))
    )

    assert sorted(decision.reason for decision in decisions) == [
        Reason.ADDON_USED_UP,
        Reason.CHECKED_IN,
    ]
    assert vip.uses(BACKSTAGE) == 1
    assert len(journal(path)) == 1


@whichever("ids")
async def test_a6_an_add_on_that_is_switched_off_is_refused_without_asking(
    desk: Desk, server: OveitServer, vip: VenueTicket
) -> None:
    """`enabled: false` is decided here."""
    decision = await desk.check_in(Request(ticket_code=vip.code, addon_id=CLOAKROOM))

    assert decision.reason is Reason.ADDON_UNAVAILABLE
    assert decision.addon
    assert decision.addon.name == "Cloakroom"
    assert server.requests == []
    assert not vip.checkins


@pytest.mark.parametrize("old_replies", [True])
@whichever("refusal")
async def test_a6_where_older_replies_do_not_tell_oveit_refuses(
    new_desk: Desk,
    new_ticket_sync: TicketSync,
    server: OveitServer,
    vip: VenueTicket,
    *,
    old_replies: bool,
) -> None:
    """An add-on that is switched off and does not say so is asked about, and refused."""
    server.behaviour.old_replies = old_replies
    await new_ticket_sync.refresh(everything=True)

    decision = await new_desk.check_in(Request(ticket_code=vip.code, addon_id=CLOAKROOM))

    assert decision.reason is Reason.REFUSED
    assert not vip.checkins


async def test_a7_an_add_on_of_another_type_is_refused_without_asking(
    desk: Desk, server: OveitServer
) -> None:
    """An entry ticket has no drinks, and no ticket has an add-on that does not exist."""
    entry = server.venue.unused(100, ENTRY)[0]
    vip = server.venue.unused(100, VIP)[0]

    decisions = [
        await desk.check_in(Request(ticket_code=entry.code, addon_id=DRINKS)),
        await desk.check_in(Request(ticket_code=vip.code, addon_id=99)),
    ]

    assert [decision.reason for decision in decisions] == [Reason.ADDON_UNAVAILABLE] * 2
    assert server.requests == []
    assert not entry.checkins
    assert not vip.checkins


@whichever("ids", "checkins_include_new")
async def test_a8_an_add_on_that_is_not_bundled_is_left_to_oveit(
    desk: Desk, server: OveitServer, vip: VenueTicket
) -> None:
    """What a guest may or may not have bought, only Oveit knows: here it says yes."""
    decision = await desk.check_in(Request(ticket_code=vip.code, addon_id=PARKING))

    assert decision.reason is Reason.CHECKED_IN
    assert decision.addon
    assert (decision.addon.uses, decision.addon.used, decision.addon.left) == (None, 1, None)


@whichever("refusal")
async def test_a8_oveit_may_refuse_an_add_on_that_is_not_bundled(
    desk: Desk, server: OveitServer, vip: VenueTicket, path: Path
) -> None:
    """What a guest may or may not have bought, only Oveit knows: here it says no."""
    vip_type(server.venue).addons[2].enabled = False

    decision = await desk.check_in(Request(ticket_code=vip.code, addon_id=PARKING))

    assert decision.reason is Reason.REFUSED
    assert journal(path) == []


@pytest.mark.parametrize("uses", [None, "4", 4])
async def test_a9_an_add_on_without_a_limit_or_with_one_in_writing_is_used(
    new_desk: Desk, new_ticket_sync: TicketSync, server: OveitServer, vip: VenueTicket, uses: Any
) -> None:
    """No limit asks Oveit each time; a limit that came as text is a limit."""
    set_uses(server.venue, uses)
    await new_ticket_sync.refresh(everything=True)

    decision = await new_desk.check_in(Request(ticket_code=vip.code, addon_id=DRINKS))

    assert decision.reason is Reason.CHECKED_IN
    assert decision.addon
    assert decision.addon.uses == (None if uses is None else 4)
    assert decision.addon.left == (None if uses is None else 3)


async def test_a9_no_limit_stays_no_limit_however_much_was_used(
    new_desk: Desk, new_ticket_sync: TicketSync, server: OveitServer, vip: VenueTicket
) -> None:
    """Where Oveit names no limit the ledger invents none."""
    set_uses(server.venue, None)
    for _ in range(50):
        server.venue.check_in(vip.code, DRINKS)
    await new_ticket_sync.refresh(everything=True)

    decision = await new_desk.check_in(Request(ticket_code=vip.code, addon_id=DRINKS))

    assert decision.reason is Reason.CHECKED_IN


@whichever("refusal")
async def test_a9_zero_uses_admit_nobody(
    new_desk: Desk, new_ticket_sync: TicketSync, server: OveitServer, vip: VenueTicket
) -> None:
    """An add-on with zero uses has none to give."""
    set_uses(server.venue, 0)
    await new_ticket_sync.refresh(everything=True)

    decision = await new_desk.check_in(Request(ticket_code=vip.code, addon_id=DRINKS))

    assert not decision.admitted
    assert not vip.checkins


@pytest.mark.parametrize("uses", ["plenty", "", -1, 1.5, True, [], {}, ...])
async def test_a9_a_limit_that_makes_no_sense_leaves_it_to_oveit(
    new_desk: Desk, new_ticket_sync: TicketSync, server: OveitServer, vip: VenueTicket, uses: Any
) -> None:
    """A limit of odd form, or none at all, neither refuses nor fails."""
    addon = {"id": DRINKS, "name": "Free drinks"} | ({} if uses is ... else {"uses": uses})
    kinds = [{"id": VIP, "name": "VIP", "addons": [addon]}]
    event = {"id": 100, "name": "Lantern Night", "ticket_types": kinds}
    server.faults.set("seller/events", Fault(json={"events": [event]}))
    await new_ticket_sync.refresh(everything=True)

    decision = await new_desk.check_in(Request(ticket_code=vip.code, addon_id=DRINKS))

    assert decision.reason is Reason.CHECKED_IN
    assert decision.addon
    assert decision.addon.uses is None


@whichever("checkins_include_new", "ids")
async def test_a10_an_add_on_before_the_main_entry_is_no_entry(
    desk: Desk, server: OveitServer, vip: VenueTicket
) -> None:
    """A drink before the entry is Oveit's decision, and the entry is still to come."""
    drink = await desk.check_in(Request(ticket_code=vip.code, addon_id=DRINKS))
    entry = await desk.check_in(Request(ticket_code=vip.code))

    assert drink.reason is Reason.CHECKED_IN
    assert drink.ticket
    assert not drink.ticket.checked_in
    assert drink.ticket.first_entry is None
    assert entry.reason is Reason.CHECKED_IN
    assert server.venue.entries(vip.code) == 1


@whichever("checkins_include_new", "ids", "dates")
async def test_a11_an_add_on_is_decided_by_itself_after_the_main_entry(
    desk: Desk, server: OveitServer, vip: VenueTicket, steps: Steps
) -> None:
    """A used ticket still has its drinks, and drinks do not use the ticket again."""
    entry = await desk.check_in(Request(ticket_code=vip.code, gate="North"))
    drink = await desk.check_in(Request(ticket_code=vip.code, addon_id=DRINKS, gate="Bar"))
    steps.step()
    again = await desk.check_in(Request(ticket_code=vip.code, gate="North"))

    assert [entry.reason, drink.reason, again.reason] == [
        Reason.CHECKED_IN,
        Reason.CHECKED_IN,
        Reason.ALREADY_CHECKED_IN,
    ]
    assert drink.addon
    assert drink.addon.left == 3
    assert drink.ticket
    assert drink.ticket.first_entry
    assert drink.ticket.first_entry.gate == "North"
    assert server.venue.entries(vip.code) == 1


@whichever("ids")
async def test_a13_without_multiple_access_no_add_on_is_available(
    new_desk: Desk, new_ticket_sync: TicketSync, server: OveitServer, vip: VenueTicket
) -> None:
    """An account without the feature lists no add-ons, so there are none to use."""
    server.venue.multiple_access = False
    await new_ticket_sync.refresh(everything=True)
    server.forget()

    decision = await new_desk.check_in(Request(ticket_code=vip.code, addon_id=DRINKS))

    assert decision.reason is Reason.ADDON_UNAVAILABLE
    assert server.requests_to("tickets/checkin") == []
    assert not vip.checkins

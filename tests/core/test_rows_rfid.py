"""Rows R of decisions.md: tags and wristbands, at a venue that is online.

The line is down in test_rows_offline.py. Left out: what a gate does with a read before it
reaches the desk (R7 to R12), and pairing (R14).
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from custom_components.oveit.core.client.api import OveitClient
from custom_components.oveit.core.desk.desk import Desk
from custom_components.oveit.core.ledger import Ledger
from custom_components.oveit.core.models import (
    Decision,
    OfflinePolicy,
    Reason,
    Request,
    Several,
    Source,
)
from demo.oveit_server import Behaviour, Fault, OveitServer, Venue, VenueTicket
from tests.core.unknowns import Steps, age_lists, journal, whichever

TAG = "5E35ED9A"
ENTRY, VIP = 234, 235


@pytest.fixture
def tagged(venue: Venue) -> VenueTicket:
    """Put an unused ticket on a tag."""
    ticket = venue.unused(100, ENTRY)[1]
    venue.pair(ticket.code, TAG)
    return ticket


@pytest.fixture
def wallet(venue: Venue) -> dict[str, VenueTicket]:
    """Put an entry, a VIP and a museum ticket on one tag, none of them used."""
    tickets = {
        "entry": venue.unused(100, ENTRY)[1],
        "vip": venue.unused(100, VIP)[1],
        "museum": venue.unused(101)[1],
    }
    for ticket in tickets.values():
        venue.pair(ticket.code, TAG)
    return tickets


async def learn_all(desk: Desk, wallet: dict[str, VenueTicket]) -> None:
    """Have the ledger hear of every ticket on the tag."""
    for ticket in wallet.values():
        await desk.scan(Request(ticket_code=ticket.code))


@whichever("checkins_include_new", "dates", "ids")
async def test_r1_a_paired_tag_is_checked_in_by_its_ticket_and_learned(
    desk: Desk, ledger: Ledger, server: OveitServer, tagged: VenueTicket, path: Path
) -> None:
    """A tag is looked up, its ticket checked in by code, and the pair is remembered."""
    decision = await desk.check_in(Request(rfid_code=TAG, gate="North"))

    assert decision.reason is Reason.CHECKED_IN
    assert decision.ticket
    assert decision.ticket.code == tagged.code
    assert [(request.endpoint, request.params) for request in server.requests] == [
        ("tickets/scan", {"rfid_code": TAG}),
        ("tickets/checkin", {"ticket_code": tagged.code}),
    ]
    (row,) = journal(path)
    assert (row["code"], row["rfid_code"], row["state"]) == (tagged.code, TAG, "confirmed")
    assert [ticket.code for ticket in await ledger.on_tag(TAG)] == [tagged.code]


async def test_r1_other_tags_of_a_ticket_are_learned_as_well(
    desk: Desk, ledger: Ledger, server: OveitServer, tagged: VenueTicket
) -> None:
    """An answer tells all tags of a ticket, so each of them is known."""
    server.venue.pair(tagged.code, "659891")

    await desk.check_in(Request(ticket_code=tagged.code))

    for tag in (TAG, "659891"):
        assert [ticket.code for ticket in await ledger.on_tag(tag)] == [tagged.code]


@whichever("refusal", "scan_used")
async def test_r2_a_tag_never_seen_here_is_left_to_oveit(
    desk: Desk, server: OveitServer, tagged: VenueTicket, steps: Steps
) -> None:
    """A tag that only Oveit knows comes in; a used one does not."""
    first = await desk.check_in(Request(rfid_code=TAG))
    steps.step()
    second = await desk.check_in(Request(rfid_code=TAG))

    assert (first.reason, second.reason) == (Reason.CHECKED_IN, Reason.ALREADY_CHECKED_IN)
    assert server.venue.entries(tagged.code) == 1


async def test_r19_a_good_tag_that_is_not_known_here_is_no_fact_without_a_connection(
    desk: Desk, server: OveitServer, tagged: VenueTicket, path: Path
) -> None:
    """It is refused, and told that Oveit might have decided otherwise, by a list of which age."""
    age_lists(path, timedelta(hours=1))
    await desk.sync()
    await server.hang_up()

    decision = await desk.check_in(Request(rfid_code=TAG, deadline=0.5))

    assert (decision.reason, decision.certain) == (Reason.UNKNOWN_TAG, False)
    assert decision.is_unchecked
    assert decision.list_age is not None
    assert decision.list_age < timedelta(minutes=5)


async def test_r19_what_oveit_says_of_a_tag_is_a_fact(desk: Desk, tagged: VenueTicket) -> None:
    """Whether it knows the tag or not."""
    for tag in (TAG, "FFFFFFFF"):
        decision = await desk.check_in(Request(rfid_code=tag))
        assert (decision.certain, decision.list_age) == (True, None)


async def test_r19_without_a_connection_only_what_oveit_would_say_too_is_certain(
    desk: Desk, client: OveitClient, server: OveitServer, venue: Venue
) -> None:
    """A used ticket is used; of an unused one, or of an unknown code, Oveit may know better."""
    unused, used = venue.unused(100)[0], venue.used(100)[0]
    await desk.sync()
    await server.hang_up()
    for number in range(2):
        await desk.check_in(Request(ticket_code=f"unknown{number}", deadline=0.5))
    assert not client.breaker.is_online

    async def told(code: str, **more: Any) -> tuple[Reason, bool]:
        decision = await desk.check_in(Request(ticket_code=code, deadline=0.5, **more))
        assert decision.list_age is not None
        return decision.reason, decision.certain

    assert await told(unused.code) == (Reason.CHECKED_IN, False)
    assert await told(used.code) == (Reason.ALREADY_CHECKED_IN, True)
    assert await told("unknown") == (Reason.UNKNOWN_TICKET, False)
    elsewhere = venue.used(100)[1].code
    assert await told(elsewhere, event_ids=frozenset({101})) == (Reason.WRONG_EVENT, True)
    another, third = (ticket.code for ticket in venue.unused(100)[1:3])
    refuse = OfflinePolicy.REFUSE
    assert await told(another, offline=refuse) == (Reason.OFFLINE_REFUSED, False)
    old = timedelta(0)
    assert await told(third, max_list_age=old) == (Reason.NO_TICKET_LIST, False)


@whichever("refusal", "ids")
async def test_r2_a_used_tag_never_seen_here_is_refused(
    desk: Desk, server: OveitServer, tagged: VenueTicket, path: Path
) -> None:
    """A scan tells that the ticket of an unknown tag is used; nothing is sent to be marked."""
    server.venue.check_in(tagged.code)

    decision = await desk.check_in(Request(rfid_code=TAG))

    assert decision.reason is Reason.ALREADY_CHECKED_IN
    assert decision.source is Source.OVEIT
    assert server.requests_to("tickets/checkin") == []
    assert journal(path) == []


@whichever("refusal")
async def test_r3_a_tag_that_was_unpaired_is_unknown_and_forgotten(
    desk: Desk, ledger: Ledger, server: OveitServer, tagged: VenueTicket, path: Path
) -> None:
    """A tag that was learned and then taken off its ticket opens nothing."""
    await desk.scan(Request(rfid_code=TAG))
    server.venue.unpair(TAG)

    decision = await desk.check_in(Request(rfid_code=TAG))

    assert decision.reason is Reason.UNKNOWN_TAG
    assert await ledger.on_tag(TAG) == ()
    assert not tagged.used
    assert journal(path) == []


@whichever("wallet", "checkins_include_new")
async def test_r3_a_tag_that_was_paired_anew_admits_its_new_ticket(
    desk: Desk, ledger: Ledger, server: OveitServer, tagged: VenueTicket
) -> None:
    """A tag handed on to another ticket is that ticket's."""
    await desk.scan(Request(rfid_code=TAG))
    other = server.venue.unused(100, ENTRY)[2]
    server.venue.unpair(TAG)
    server.venue.pair(other.code, TAG)

    decision = await desk.check_in(Request(rfid_code=TAG))

    assert decision.reason is Reason.CHECKED_IN
    assert decision.ticket
    assert decision.ticket.code == other.code
    assert [ticket.code for ticket in await ledger.on_tag(TAG)] == [other.code]
    assert not tagged.used


@whichever("refusal")
async def test_r3_a_tag_of_a_cancelled_ticket_admits_the_one_issued_instead(
    desk: Desk, ledger: Ledger, server: OveitServer, tagged: VenueTicket
) -> None:
    """The list still shows the cancelled ticket, and its tag is on the new one: that counts."""
    await desk.scan(Request(rfid_code=TAG))
    server.venue.unpair(TAG)
    server.venue.cancel(tagged.code)
    issued = server.venue.sell(100, ENTRY, rfid_codes=[TAG])

    decision = await desk.check_in(Request(rfid_code=TAG))

    assert decision.reason is Reason.CHECKED_IN
    assert decision.ticket
    assert decision.ticket.code == issued.code


@whichever("refusal")
async def test_r4_an_unknown_tag_is_refused_with_oveits_words(
    desk: Desk, ledger: Ledger, server: OveitServer, path: Path
) -> None:
    """A tag that nobody knows is looked up once, refused, and not remembered."""
    decision = await desk.check_in(Request(rfid_code="DEADBEEF"))

    assert decision.reason is Reason.UNKNOWN_TAG
    silent = server.behaviour.refusal == "bare"
    assert decision.message == (None if silent else "This ticket does not exist")
    assert [request.endpoint for request in server.requests] == ["tickets/scan"]
    assert await ledger.on_tag("DEADBEEF") == ()
    assert journal(path) == []


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        (Request(rfid_code=TAG, event_ids=frozenset({101})), "museum"),
        (
            Request(rfid_code=TAG, event_ids=frozenset({100}), ticket_type_ids=frozenset({VIP, 1})),
            "vip",
        ),
        (Request(rfid_code=TAG, ticket_type_ids=frozenset({ENTRY})), "entry"),
        (Request(rfid_code=TAG, addon_id=8), "vip"),
    ],
    ids=["by event", "by event and type", "by type", "by add-on"],
)
@whichever("wallet")
async def test_r5_the_one_ticket_of_a_wallet_that_fits_the_gate_is_checked_in(
    desk: Desk,
    server: OveitServer,
    wallet: dict[str, VenueTicket],
    path: Path,
    asked: Request,
    wanted: str,
) -> None:
    """Of several tickets on a wristband the one that the gate is for is used, by its code."""
    await learn_all(desk, wallet)

    decision = await desk.check_in(asked)

    assert decision.reason is Reason.CHECKED_IN
    assert decision.ticket
    assert decision.ticket.code == wallet[wanted].code
    (request,) = server.requests_to("tickets/checkin")
    assert request.params["ticket_code"] == wallet[wanted].code
    assert [name for name, ticket in wallet.items() if ticket.checkins] == [wanted]
    (row,) = journal(path)
    assert (row["code"], row["rfid_code"]) == (wallet[wanted].code, TAG)


@whichever("wallet", "scan_used")
async def test_r5_the_unused_ticket_of_a_wallet_is_checked_in(
    desk: Desk, server: OveitServer, wallet: dict[str, VenueTicket]
) -> None:
    """Where all but one ticket of the event are used, that one comes in."""
    await learn_all(desk, wallet)
    server.venue.check_in(wallet["entry"].code)
    await desk.sync()

    decision = await desk.check_in(Request(rfid_code=TAG, event_ids=frozenset({100})))

    assert decision.reason is Reason.CHECKED_IN
    assert decision.ticket
    assert decision.ticket.code == wallet["vip"].code


@whichever("wallet")
async def test_r5_several_tickets_that_fit_are_ambiguous(
    desk: Desk, server: OveitServer, wallet: dict[str, VenueTicket], path: Path
) -> None:
    """Where two tickets would do, none is used: a person has to choose."""
    await learn_all(desk, wallet)

    decision = await desk.check_in(Request(rfid_code=TAG, event_ids=frozenset({100})))

    assert decision.reason is Reason.AMBIGUOUS
    assert decision.ticket is None
    assert server.requests_to("tickets/checkin") == []
    assert journal(path) == []


@whichever("wallet", "scan_used")
async def test_r5_a_wallet_without_a_ticket_that_fits_is_refused_for_the_best_reason(
    desk: Desk, server: OveitServer, wallet: dict[str, VenueTicket]
) -> None:
    """The ticket that came closest tells why: used rather than of another event."""
    await learn_all(desk, wallet)
    for name in ("entry", "vip"):
        server.venue.check_in(wallet[name].code)
    await desk.sync()

    decision = await desk.check_in(Request(rfid_code=TAG, event_ids=frozenset({100})))

    assert decision.reason is Reason.ALREADY_CHECKED_IN
    assert decision.ticket
    assert decision.ticket.code in {wallet["entry"].code, wallet["vip"].code}
    assert server.requests_to("tickets/checkin") == []


@whichever("wallet")
async def test_r5_a_gate_may_take_the_first_ticket_that_fits(
    desk: Desk, server: OveitServer, wallet: dict[str, VenueTicket], path: Path, steps: Steps
) -> None:
    """Each read uses one more ticket of the wristband, until none is left."""
    await learn_all(desk, wallet)
    request = Request(rfid_code=TAG, several=Several.FIRST)

    decisions = []
    for _ in range(4):
        decisions.append(await desk.check_in(request))
        steps.step()

    assert [decision.reason for decision in decisions] == [
        *[Reason.CHECKED_IN] * 3,
        Reason.ALREADY_CHECKED_IN,
    ]
    assert [server.venue.entries(each.code) for each in wallet.values()] == [1] * 3


@whichever("wallet")
async def test_r6_of_a_family_each_ticket_is_decided_and_one_that_fails_keeps_nobody_out(
    desk: Desk,
    server: OveitServer,
    wallet: dict[str, VenueTicket],
    path: Path,
    decisions: list[Decision],
) -> None:
    """Two come in, the third is told with its own reason; the rows are independent."""
    await learn_all(desk, wallet)
    server.faults.set("tickets/checkin", Fault(json={"error": "Computer says no"}), 1)

    decision = await desk.check_in(Request(rfid_code=TAG, several=Several.ALL))

    assert decision.admitted
    reasons = [each.reason for each in (decision, *decision.others)]
    assert reasons == [Reason.CHECKED_IN, Reason.CHECKED_IN, Reason.REFUSED]
    told = [each.ticket.code for each in (decision, *decision.others) if each.ticket]
    assert sorted(told) == sorted(each.code for each in wallet.values())
    assert sorted(row["code"] for row in journal(path)) == sorted(told[:2])
    assert sorted(server.venue.entries(each.code) for each in wallet.values()) == [0, 1, 1]
    assert decisions == [decision]


@pytest.mark.parametrize("followed", [{100}], ids=["only 100"])
@whichever("wallet")
async def test_r5_a_tag_with_a_ticket_of_an_event_that_is_not_followed_is_refused(
    desk: Desk, server: OveitServer
) -> None:
    """A wristband of another event of the account opens no door here."""
    ticket = server.venue.unused(101)[0]
    server.venue.pair(ticket.code, TAG)

    decision = await desk.check_in(Request(rfid_code=TAG))

    assert decision.reason is Reason.WRONG_EVENT
    assert decision.event
    assert decision.event.id == 101
    assert not ticket.used


@whichever("second_checkin", "checkins_include_new")
async def test_r13_a_ticket_and_its_tag_in_turn_are_one_ticket(
    desk: Desk, server: OveitServer, tagged: VenueTicket, path: Path
) -> None:
    """The code first, the wristband next: the second is refused."""
    first = await desk.check_in(Request(ticket_code=tagged.code))
    second = await desk.check_in(Request(rfid_code=TAG))

    assert (first.reason, second.reason) == (Reason.CHECKED_IN, Reason.ALREADY_CHECKED_IN)
    assert server.venue.entries(tagged.code) == 1
    assert len(journal(path)) == 1


@whichever("second_checkin", "checkins_include_new")
async def test_r13_a_ticket_and_its_tag_at_once_are_one_ticket(
    desk: Desk, server: OveitServer, tagged: VenueTicket, path: Path
) -> None:
    """Code and wristband at two gates within a moment: one guest is admitted."""
    decisions = await asyncio.gather(
        desk.check_in(Request(rfid_code=TAG)),
        desk.check_in(Request(ticket_code=tagged.code)),
    )

    assert sorted(decision.reason for decision in decisions) == [
        Reason.ALREADY_CHECKED_IN,
        Reason.CHECKED_IN,
    ]
    assert server.venue.entries(tagged.code) == 1
    assert len(journal(path)) == 1


async def test_r13_two_tags_of_one_ticket_at_once_are_one_ticket(
    desk: Desk, server: OveitServer, tagged: VenueTicket
) -> None:
    """Two wristbands that carry the same ticket admit one guest."""
    server.venue.pair(tagged.code, "659891")

    decisions = await asyncio.gather(
        desk.check_in(Request(rfid_code=TAG)), desk.check_in(Request(rfid_code="659891"))
    )

    assert sum(decision.admitted for decision in decisions) == 1
    assert server.venue.entries(tagged.code) == 1


async def test_r15_a_time_in_words_is_no_use(
    desk: Desk, server: OveitServer, tagged: VenueTicket
) -> None:
    """Text in a language and without a zone decides nothing, and nobody asks for more of it."""
    told = {
        "ok": True,
        "ticket": {"code": tagged.code, "checkedInAt": "12 nov. 2026, 18:02"},
        "ticket_type": {"id": ENTRY, "name": "Entry"},
        "event": {"id": 100, "name": "Lantern Night"},
        "checkins": [],
        "rfid_codes": [{"code": TAG, "date": "12 nov. 2026, 18:02"}],
    }
    server.faults.set("tickets/scan", Fault(json=told))

    decision = await desk.check_in(Request(rfid_code=TAG))

    assert decision.reason is Reason.CHECKED_IN
    assert [request.endpoint for request in server.requests] == ["tickets/scan", "tickets/checkin"]


LISTS = pytest.mark.parametrize("behaviour", [Behaviour(scan_v2=True)], ids=["scan_v2"])


def asked(server: OveitServer) -> list[str]:
    """Return what Oveit was asked since it forgot, by the names of the endpoints."""
    return [request.endpoint.removeprefix("tickets/") for request in server.requests]


@whichever("wallet", "refusal", "scan_v2")
async def test_r16_r17_tickets_on_a_tag_never_seen_here_are_told_apart(
    desk: Desk, server: OveitServer, wallet: dict[str, VenueTicket], steps: Steps
) -> None:
    """An open gate asks the staff, one for a type takes its ticket; without it Oveit picks."""
    if not server.behaviour.scan_v2:
        only = {"error": Reason.UNKNOWN_TAG}.get(server.behaviour.wallet, Reason.CHECKED_IN)
        assert (await desk.check_in(Request(rfid_code=TAG))).reason is only
        return
    at_open_gate = await desk.check_in(Request(rfid_code=TAG, gate="Open"))
    server.venue.pair(server.venue.unused(100, VIP)[2].code, "659891")
    server.venue.pair(server.venue.unused(100, ENTRY)[3].code, "659891")
    for_vip = Request(rfid_code="659891", gate="VIP", ticket_type_ids=frozenset({VIP}))
    server.forget()
    at_vip_gate = await desk.check_in(for_vip)

    assert at_open_gate.reason is Reason.AMBIGUOUS
    assert at_open_gate.source is Source.OVEIT
    assert not any(each.used for each in wallet.values())
    assert at_vip_gate.reason is Reason.CHECKED_IN
    assert at_vip_gate.ticket
    assert at_vip_gate.ticket.ticket_type_id == VIP
    assert asked(server) == ["scan_v2", "checkin"]


@LISTS
async def test_r16_the_tickets_on_a_tag_are_known_from_then_on(
    desk: Desk, ledger: Ledger, server: OveitServer, wallet: dict[str, VenueTicket]
) -> None:
    """So they are told apart offline, too."""
    await desk.check_in(Request(rfid_code=TAG))
    known = await ledger.on_tag(TAG)
    assert {each.code for each in known} == {each.code for each in wallet.values()}
    offline = Request(rfid_code=TAG, gate="South", ask_oveit=False)
    assert (await desk.check_in(offline)).reason is Reason.AMBIGUOUS


@LISTS
async def test_r16_it_is_found_out_once_which_question_works(
    make_desk: Callable[..., Desk], desk: Desk, server: OveitServer, venue: Venue
) -> None:
    """Both are asked at first, then one; that outlives a restart."""
    tickets = venue.unused(100, ENTRY)[1:5]
    for number, ticket in enumerate(tickets):
        venue.pair(ticket.code, f"AA00000{number}")
    questions = []
    for number, ticket in enumerate(tickets):
        server.forget()
        one = desk if number < 2 else make_desk()
        assert (await one.check_in(Request(rfid_code=f"AA00000{number}"))).admitted
        assert venue.entries(ticket.code) == 1
        questions.append(sorted(asked(server)))
    assert questions == [["checkin", "scan", "scan_v2"], *[["checkin", "scan_v2"]] * 3]


@pytest.mark.parametrize("missing", [Fault(status=404), Fault(json={"data": {}}), None])
async def test_r17_an_account_that_lists_no_tickets_of_a_tag_is_not_asked_again(
    make_desk: Callable[..., Desk],
    ledger: Ledger,
    desk: Desk,
    server: OveitServer,
    venue: Venue,
    missing: Fault | None,
) -> None:
    """Whether it says so in words, by a status, or in a form that is not the one shown."""
    await ledger.keep_lists_tags(None)
    if missing:
        server.faults.set("tickets/scan_v2", missing)
    questions = []
    await desk.check_in(Request(rfid_code="DEADBEEF"))
    for number, ticket in enumerate(venue.unused(100, ENTRY)[1:4]):
        venue.pair(ticket.code, f"AA00000{number}")
        server.forget()
        one = desk if number < 2 else make_desk()
        assert (await one.check_in(Request(rfid_code=f"AA00000{number}"))).admitted
        questions.append(sorted(asked(server)))
    first = ["checkin", "scan", "scan_v2"] if missing is None else questions[0]
    assert questions == [first, *[["checkin", "scan"]] * 2]
    assert await ledger.lists_tags() is False


@LISTS
async def test_r16_an_unknown_tag_costs_one_question_where_lists_work(
    desk: Desk, server: OveitServer, tagged: VenueTicket
) -> None:
    """The refusal is told in Oveit's words."""
    await desk.check_in(Request(rfid_code=TAG))
    server.forget()
    decision = await desk.check_in(Request(rfid_code="DEADBEEF"))
    assert (decision.reason, decision.source) == (Reason.UNKNOWN_TAG, Source.OVEIT)
    assert decision.message == "This ticket does not exist"
    assert asked(server) == ["scan_v2"]


@LISTS
async def test_r16_a_tag_that_is_known_here_costs_what_it_always_did(
    desk: Desk, server: OveitServer, tagged: VenueTicket
) -> None:
    """One question tells whether it was paired anew."""
    await desk.check_in(Request(rfid_code=TAG, gate="North"))
    server.forget()
    again = await desk.check_in(Request(rfid_code=TAG, gate="South"))
    assert again.reason is Reason.ALREADY_CHECKED_IN
    assert asked(server) == ["scan"]


@LISTS
async def test_r16_only_a_ticket_that_is_in_no_list_is_asked_about_by_its_code(
    desk: Desk, server: OveitServer, tagged: VenueTicket, venue: Venue
) -> None:
    """One sold after the last list decides with the others."""
    await desk.check_in(Request(rfid_code=TAG))
    child = venue.unused(100, ENTRY)[4]
    venue.pair(child.code, "659891")
    sold = venue.sell(100, VIP, rfid_codes=["659891"])
    server.forget()
    decision = await desk.check_in(
        Request(rfid_code="659891", ticket_type_ids=frozenset({VIP}), gate="VIP")
    )
    assert decision.reason is Reason.CHECKED_IN
    assert decision.ticket
    assert decision.ticket.code == sold.code
    assert asked(server) == ["scan_v2", "scan", "checkin"]
    assert not child.used


@LISTS
@pytest.mark.parametrize("known", [False, True])
async def test_r16_a_list_of_a_tag_that_hangs_keeps_nobody_waiting(
    desk: Desk, server: OveitServer, tagged: VenueTicket, venue: Venue, known: bool
) -> None:
    """Nobody waits longer than the deadline, and before it is known the other question decides."""
    if known:
        await desk.check_in(Request(rfid_code=TAG))
    other = venue.unused(100, ENTRY)[4]
    venue.pair(other.code, "659891")
    server.faults.set("tickets/scan_v2", Fault(latency_before=60))
    started = monotonic()
    decision = await desk.check_in(Request(rfid_code="659891", deadline=1.5))
    assert monotonic() - started < 2.5
    assert decision.reason is (Reason.UNKNOWN_TAG if known else Reason.CHECKED_IN)


@LISTS
async def test_r16_a_look_up_tells_what_oveit_has_now(
    desk: Desk, server: OveitServer, wallet: dict[str, VenueTicket]
) -> None:
    """Two of the three were used elsewhere since the list: one is left."""
    for name in ("entry", "museum"):
        server.venue.check_in(wallet[name].code)
    decision = await desk.scan(Request(rfid_code=TAG))
    assert decision.reason is Reason.CHECKED_IN
    assert decision.ticket
    assert decision.ticket.code == wallet["vip"].code

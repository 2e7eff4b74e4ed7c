"""Rows T of decisions.md: what a door does while the way to Oveit fails in one way or another."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from time import monotonic

import aiohttp
import pytest

from custom_components.oveit.core.client.api import OveitClient
from custom_components.oveit.core.desk.desk import Desk
from custom_components.oveit.core.exceptions import (
    OveitAuthenticationError,
    OveitCaptivePortalError,
    OveitConnectionError,
    OveitError,
    OveitTlsError,
)
from custom_components.oveit.core.ledger import Ledger
from custom_components.oveit.core.models import (
    Decision,
    OfflinePolicy,
    Reason,
    Request,
    Row,
    Source,
)
from custom_components.oveit.core.ticket_sync import TicketSync
from demo.oveit_server import Fault, OveitServer, Venue, VenueTicket
from demo.venue import now
from tests.core.unknowns import (
    Seconds,
    Steps,
    journal,
    line_up,
    states,
    until,
    until_asked,
    whichever,
)

ENTRY = 234
EMAIL, PASSWORD = "staff@venue.example", "open-sesame"


@pytest.fixture
def ticket(venue: Venue) -> VenueTicket:
    """Pick a ticket that nobody used."""
    return venue.unused(100, ENTRY)[1]


@pytest.fixture
def failures() -> list[OveitError]:
    """Collect why Oveit could not be asked."""
    return []


@pytest.fixture
def eager(
    make_desk: Callable[..., Desk], ticket_sync: TicketSync, failures: list[OveitError]
) -> Desk:
    """Return a desk that reads rows in doubt back at once."""
    return make_desk(doubt_grace=0, on_failure=failures.append)


def decided_here(decision: Decision) -> bool:
    """Tell whether a guest came in by the ledger."""
    return (decision.reason, decision.source) == (Reason.CHECKED_IN, Source.LEDGER)


# T1: nothing was sent


async def test_t1_a_refused_connection_is_decided_at_once_and_told_later(
    eager: Desk,
    client: OveitClient,
    server: OveitServer,
    ticket: VenueTicket,
    path: Path,
    failures: list[OveitError],
) -> None:
    """What Oveit surely did not hear is pending, and nobody waits three seconds for it."""
    await server.hang_up()
    started = monotonic()

    decision = await eager.check_in(Request(ticket_code=ticket.code))

    assert decided_here(decision)
    assert monotonic() - started < 0.5
    (row,) = journal(path)
    assert (row["state"], row["asked_at"], row["attempts"]) == ("pending", None, 0)
    assert [type(failure) for failure in failures] == [OveitConnectionError]
    await line_up(client, server)
    await eager.settle()
    assert states(path) == [("confirmed", 1)]
    assert server.venue.entries(ticket.code) == 1


async def test_t1_while_the_line_is_down_nobody_is_asked_at_all(
    eager: Desk, client: OveitClient, server: OveitServer, venue: Venue
) -> None:
    """After two failures the ledger decides without trying; two good probes end that."""
    tickets = venue.unused(100, ENTRY)
    await server.hang_up()
    for each in tickets[:2]:
        await eager.check_in(Request(ticket_code=each.code))
    assert not client.breaker.is_online
    await server.pick_up()
    server.forget()

    assert decided_here(await eager.check_in(Request(ticket_code=tickets[2].code)))
    assert server.requests == []

    await line_up(client, server)
    assert (await eager.check_in(Request(ticket_code=tickets[3].code))).source is Source.OVEIT


async def test_t1_a_row_dropped_unsent_where_the_door_wants_oveits_word(
    eager: Desk, server: OveitServer, ticket: VenueTicket, path: Path
) -> None:
    """Neither an admission nor a row is left of what Oveit surely did not hear."""
    await server.hang_up()

    decision = await eager.check_in(Request(ticket_code=ticket.code, offline=OfflinePolicy.REFUSE))

    assert decision.reason is Reason.OFFLINE_REFUSED
    assert journal(path) == []


# T2: late answers

LATE = Fault(latency_after=0.4)


async def test_t2_a_late_yes_confirms_the_row(
    desk: Desk,
    server: OveitServer,
    ticket: VenueTicket,
    path: Path,
    decisions: list[Decision],
) -> None:
    """At the deadline the ledger decides; the answer under way is still taken in."""
    server.faults.set("tickets/checkin", LATE)

    decision = await desk.check_in(Request(ticket_code=ticket.code, deadline=0.2))

    assert decided_here(decision)
    assert states(path) == [("in_doubt", 1)]
    await until(lambda: states(path) == [("confirmed", 1)])
    assert len(server.requests_to("tickets/checkin")) == 1
    assert decisions == [decision]


@whichever("second_checkin")
async def test_t2_a_late_refusal_of_a_guest_who_is_in_is_a_conflict(
    desk: Desk,
    server: OveitServer,
    ledger: Ledger,
    ticket: VenueTicket,
    path: Path,
    conflicts: list[Row],
) -> None:
    """Used elsewhere ten minutes ago: people hear of it, and the ledger still says admitted."""
    server.venue.check_in(ticket.code, at=now() - timedelta(minutes=10))
    server.faults.set("tickets/checkin", LATE)

    assert decided_here(await desk.check_in(Request(ticket_code=ticket.code, deadline=0.2)))

    await until(lambda: bool(conflicts))
    assert [(row.code, row.cause) for row in conflicts] == [(ticket.code, "used_elsewhere")]
    assert states(path) == [("rejected", 1)]
    (known,) = await ledger.find(ticket.code)
    assert known.checked_in
    assert (await ledger.attendance(100, now())).conflicts == 1


async def test_t2_a_late_refusal_of_a_guest_who_was_not_let_in_leaves_nothing(
    desk: Desk, server: OveitServer, ticket: VenueTicket, path: Path, conflicts: list[Row]
) -> None:
    """Nobody came in, so there is nothing to disagree about."""
    server.venue.check_in(ticket.code, at=now() - timedelta(minutes=10))
    server.faults.set("tickets/checkin", LATE)
    request = Request(ticket_code=ticket.code, deadline=0.2, offline=OfflinePolicy.REFUSE)

    decision = await desk.check_in(request)

    assert decision.reason is Reason.OFFLINE_REFUSED
    assert states(path) == [("in_doubt", 0)]
    await until(lambda: journal(path) == [])
    assert conflicts == []


async def test_t2_a_late_yes_for_a_guest_who_was_not_let_in_is_theirs_when_they_come_again(
    desk: Desk, server: OveitServer, ticket: VenueTicket, path: Path, steps: Steps
) -> None:
    """Oveit counted the guest, who then comes in by `repeat`: once."""
    server.faults.set("tickets/checkin", LATE, 1)
    request = Request(ticket_code=ticket.code, deadline=0.2, offline=OfflinePolicy.REFUSE)
    assert (await desk.check_in(request)).reason is Reason.OFFLINE_REFUSED
    await until(lambda: states(path) == [("confirmed", 0)])

    reasons = []
    for _ in range(2):
        steps.step()
        reasons.append((await desk.check_in(request)).reason)

    assert reasons == [Reason.REPEAT, Reason.ALREADY_CHECKED_IN]
    assert states(path) == [("confirmed", 1)]
    assert server.venue.entries(ticket.code) == 1


async def test_t2_settling_leaves_a_row_alone_whose_answer_may_still_come(
    make_desk: Callable[..., Desk],
    ticket_sync: TicketSync,
    server: OveitServer,
    ticket: VenueTicket,
    path: Path,
) -> None:
    """A pass in between neither reads back nor sends again."""
    desk = make_desk(doubt_grace=0)
    server.faults.set("tickets/checkin", LATE)
    await desk.check_in(Request(ticket_code=ticket.code, deadline=0.2))

    settled = await desk.settle()

    assert settled.waiting == 1
    assert [each.endpoint for each in server.requests] == ["tickets/checkin"]
    await until(lambda: states(path) == [("confirmed", 1)])


async def test_t2_a_late_answer_that_is_lost_leaves_the_row_in_doubt(
    desk: Desk, server: OveitServer, ticket: VenueTicket, path: Path
) -> None:
    """Without an answer there is nothing to take in, and nothing goes wrong."""
    server.faults.set("tickets/checkin", Fault(latency_after=0.3, drop_after=True))

    await desk.check_in(Request(ticket_code=ticket.code, deadline=0.2))
    await asyncio.sleep(0.25)

    assert states(path) == [("in_doubt", 1)]


async def test_t2_closing_does_not_wait_for_late_answers(
    desk: Desk, server: OveitServer, ticket: VenueTicket, path: Path
) -> None:
    """C5: what is under way when the house stops stays in doubt."""
    server.faults.set("tickets/checkin", "slow_answer")
    await desk.check_in(Request(ticket_code=ticket.code, deadline=0.2))
    started = monotonic()

    await desk.close()

    assert monotonic() - started < 1
    assert states(path) == [("in_doubt", 1)]


# T3 to T5: reading back


@whichever("ids", "attendee")
async def test_t3_a_check_in_whose_answer_was_lost_is_read_back_and_not_sent_again(
    eager: Desk, server: OveitServer, ticket: VenueTicket, path: Path
) -> None:
    """Oveit's record shows a use at the time at which we asked: that is ours."""
    server.faults.set("tickets/checkin", "drop_after", 1)
    assert decided_here(await eager.check_in(Request(ticket_code=ticket.code)))
    assert states(path) == [("in_doubt", 1)]

    settled = await eager.settle()

    assert (settled.confirmed, settled.uploaded, settled.waiting) == (1, 0, 0)
    assert states(path) == [("confirmed", 1)]
    assert len(server.requests_to("tickets/checkin")) == 1
    assert server.venue.entries(ticket.code) == 1


@pytest.mark.parametrize("fault", ["drop_before", "unavailable", "captive_portal"])
async def test_t3_a_check_in_that_oveit_never_saw_is_sent_again_once_after_reading_back(
    eager: Desk, server: OveitServer, ticket: VenueTicket, path: Path, fault: str
) -> None:
    """Only when Oveit's record shows nothing is it sent a second time."""
    server.faults.set("tickets/checkin", fault, 1)
    assert decided_here(await eager.check_in(Request(ticket_code=ticket.code)))
    server.forget()

    settled = await eager.settle()

    assert (settled.uploaded, settled.waiting) == (1, 0)
    asked = [each.endpoint for each in server.requests if each.endpoint.startswith("tickets")]
    assert asked == ["tickets/scan", "tickets/checkin"]
    (row,) = journal(path)
    assert (row["state"], row["attempts"]) == ("confirmed", 2)
    assert server.venue.entries(ticket.code) == 1


async def test_t3_what_cannot_be_told_counts_as_taken_and_says_so(
    eager: Desk, server: OveitServer, ticket: VenueTicket, path: Path
) -> None:
    """A record whose times name no zone proves nothing; sending again could count twice."""
    server.behaviour.dates = "naive"
    server.faults.set("tickets/checkin", "drop_after", 1)
    await eager.check_in(Request(ticket_code=ticket.code))

    await eager.settle()

    (row,) = journal(path)
    assert (row["state"], row["cause"]) == ("confirmed", "undecidable")
    assert len(server.requests_to("tickets/checkin")) == 1


async def test_t3_the_list_is_evidence_where_a_look_up_refuses(
    eager: Desk, server: OveitServer, ticket_sync: TicketSync, ticket: VenueTicket, path: Path
) -> None:
    """Oveit may not show a used ticket; its list does."""
    server.behaviour.scan_used = "refused"
    server.faults.set("tickets/checkin", "drop_after", 1)
    await eager.check_in(Request(ticket_code=ticket.code))
    await ticket_sync.refresh(everything=True)

    settled = await eager.settle()

    assert settled.confirmed == 1
    assert len(server.requests_to("tickets/checkin")) == 1


async def test_t3_nothing_is_read_back_while_oveit_may_still_be_at_work(
    desk: Desk, server: OveitServer, ticket: VenueTicket, path: Path
) -> None:
    """A row in doubt rests for some seconds first."""
    server.faults.set("tickets/checkin", "drop_after", 1)
    await desk.check_in(Request(ticket_code=ticket.code))
    server.forget()

    settled = await desk.settle()

    assert settled.waiting == 1
    assert server.requests == []
    assert states(path) == [("in_doubt", 1)]


async def test_t4_a_guest_whose_answer_was_lost_comes_in_when_they_come_again(
    eager: Desk, server: OveitServer, ticket: VenueTicket, path: Path, steps: Steps
) -> None:
    """Oveit says used, at the time of our own question: `repeat`, and the row is confirmed."""
    server.faults.set("tickets/checkin", "drop_after", 1)
    request = Request(ticket_code=ticket.code, offline=OfflinePolicy.REFUSE)
    assert (await eager.check_in(request)).reason is Reason.OFFLINE_REFUSED
    assert states(path) == [("in_doubt", 0)]
    steps.step()

    decision = await eager.check_in(request)

    assert decision.reason is Reason.REPEAT
    assert decision.ticket
    assert decision.ticket.checked_in
    assert states(path) == [("confirmed", 1)]
    assert server.venue.entries(ticket.code) == 1


async def test_t4_a_guest_whom_oveit_never_saw_is_decided_anew(
    eager: Desk, server: OveitServer, ticket: VenueTicket, path: Path, steps: Steps
) -> None:
    """The row of the first try goes; the second try is the only one that counts."""
    server.faults.set("tickets/checkin", "drop_before", 1)
    request = Request(ticket_code=ticket.code, offline=OfflinePolicy.REFUSE)
    await eager.check_in(request)
    steps.step()

    decision = await eager.check_in(request)

    assert (decision.reason, decision.source) == (Reason.CHECKED_IN, Source.OVEIT)
    assert states(path) == [("confirmed", 1)]
    assert server.venue.entries(ticket.code) == 1


@pytest.mark.parametrize("fault", ["drop_after", "drop_before"])
async def test_t4_a_guest_who_comes_again_too_early_to_tell_comes_in_by_the_ledger(
    desk: Desk, server: OveitServer, ticket: VenueTicket, path: Path, steps: Steps, fault: str
) -> None:
    """Another door without the policy admits by the same row: one row, one entry."""
    server.faults.set("tickets/checkin", fault, 1)
    await desk.check_in(Request(ticket_code=ticket.code, offline=OfflinePolicy.REFUSE, gate="VIP"))
    steps.step()

    decision = await desk.check_in(Request(ticket_code=ticket.code, gate="North"))

    assert decision.admitted
    assert decision.reason is (Reason.REPEAT if fault == "drop_after" else Reason.CHECKED_IN)
    ((_, admitted),) = states(path)
    assert admitted
    assert len(server.requests_to("tickets/checkin")) == 1
    steps.step()
    again = await desk.check_in(Request(ticket_code=ticket.code, gate="North"))
    assert again.reason is Reason.ALREADY_CHECKED_IN


async def test_t4_a_guest_in_doubt_comes_in_by_the_ledger_when_the_line_is_gone(
    eager: Desk, server: OveitServer, ticket: VenueTicket, path: Path, steps: Steps
) -> None:
    """A row that nobody can read back admits once, with the time and the gate of that moment."""
    server.faults.set("tickets/checkin", "drop_after", 1)
    refusing = Request(ticket_code=ticket.code, offline=OfflinePolicy.REFUSE, gate="VIP")
    await eager.check_in(refusing)
    await server.hang_up()
    steps.step()

    assert (await eager.check_in(refusing)).reason is Reason.OFFLINE_REFUSED
    assert states(path) == [("in_doubt", 0)]
    assert decided_here(await eager.check_in(Request(ticket_code=ticket.code, gate="North")))

    (row,) = journal(path)
    assert (row["state"], row["admitted"], row["gate"]) == ("in_doubt", 1, "North")


async def test_t4_after_a_crash_between_question_and_answer_the_guest_comes_in_once(
    eager: Desk,
    make_desk: Callable[..., Desk],
    server: OveitServer,
    ticket: VenueTicket,
    path: Path,
    ledger_clock: Seconds,
) -> None:
    """C15: the row was written before Oveit was asked, so the next start knows."""
    server.faults.set("tickets/checkin", "slow_answer", 1)
    check_in = asyncio.create_task(eager.check_in(Request(ticket_code=ticket.code, deadline=1)))
    await until_asked(server, "tickets/checkin")
    assert states(path) == [("asking", 0)]

    ledger_clock.step(3)
    restarted = make_desk(doubt_grace=0)
    decision = await restarted.check_in(Request(ticket_code=ticket.code))

    assert decision.reason is Reason.REPEAT
    assert states(path) == [("confirmed", 1)]
    assert server.venue.entries(ticket.code) == 1
    check_in.cancel()


async def test_t5_a_ticket_used_elsewhere_before_we_asked_is_a_conflict(
    eager: Desk, server: OveitServer, ticket: VenueTicket, path: Path, conflicts: list[Row]
) -> None:
    """The ledger admitted, Oveit's record shows an older entry, and people are told."""
    server.venue.check_in(ticket.code, at=now() - timedelta(minutes=10))
    server.faults.set("tickets/checkin", "drop_before", 1)
    assert decided_here(await eager.check_in(Request(ticket_code=ticket.code)))

    settled = await eager.settle()

    assert settled.rejected == 1
    (row,) = journal(path)
    assert (row["state"], row["admitted"], row["cause"]) == ("rejected", 1, "used_elsewhere")
    assert [conflict.code for conflict in conflicts] == [ticket.code]
    assert server.venue.entries(ticket.code) == 1


async def test_t5_a_guest_with_a_ticket_used_elsewhere_does_not_come_in_by_a_row_in_doubt(
    eager: Desk, server: OveitServer, ticket: VenueTicket, path: Path, steps: Steps
) -> None:
    """Who was not let in, and whose ticket someone used before, is refused."""
    server.venue.check_in(ticket.code, at=now() - timedelta(minutes=10))
    server.faults.set("tickets/checkin", "drop_before", 1)
    request = Request(ticket_code=ticket.code, offline=OfflinePolicy.REFUSE)
    await eager.check_in(request)
    steps.step()

    decision = await eager.check_in(request)

    assert decision.reason is Reason.ALREADY_CHECKED_IN
    assert journal(path) == []


async def test_t5_a_list_that_shows_an_older_entry_is_enough_without_a_line(
    eager: Desk,
    server: OveitServer,
    ticket_sync: TicketSync,
    ticket: VenueTicket,
    path: Path,
    steps: Steps,
) -> None:
    """I4: a row in doubt opens no door for a ticket that the list shows as used before."""
    server.venue.check_in(ticket.code, at=now() - timedelta(minutes=10))
    server.faults.set("tickets/checkin", "drop_before", 1)
    await eager.check_in(Request(ticket_code=ticket.code, offline=OfflinePolicy.REFUSE))
    await ticket_sync.refresh(everything=True)
    await server.hang_up()
    steps.step()

    decision = await eager.check_in(Request(ticket_code=ticket.code))

    assert decision.reason is Reason.ALREADY_CHECKED_IN
    assert journal(path) == []


@pytest.mark.parametrize("fault", ["drop_after", "drop_before"])
@pytest.mark.parametrize("up", [True, False], ids=["online", "offline"])
async def test_an_override_in_between_leaves_nothing_to_claim(
    eager: Desk, server: OveitServer, ticket: VenueTicket, steps: Steps, fault: str, *, up: bool
) -> None:
    """I4: a guest whom a steward let in does not come in a second time by the row in doubt."""
    server.faults.set("tickets/checkin", fault, 1)
    request = Request(ticket_code=ticket.code)
    await eager.check_in(replace(request, offline=OfflinePolicy.REFUSE))
    await eager.override(request, note="Let in by hand", user_id=None)
    if not up:
        await server.hang_up()
    steps.step()

    decision = await eager.check_in(request)

    assert decision.reason is Reason.ALREADY_CHECKED_IN


# T6: answers that are none


@pytest.mark.parametrize(
    "fault",
    [
        "drop_before",
        "drop_after",
        "drop_midway",
        "server_error",
        "unavailable",
        "captive_portal",
        "half_json",
        "empty_body",
        "json_list",
        "json_number",
        "json_null",
        "json_text",
        "too_many_requests",
    ],
)
async def test_t6_i5_an_answer_that_is_not_understood_is_no_yes_and_no_no(
    eager: Desk, server: OveitServer, ticket: VenueTicket, path: Path, fault: str
) -> None:
    """The ledger decides, the row is in doubt, and afterwards both sides count one entry."""
    server.faults.set("tickets/checkin", fault, 1)

    decision = await eager.check_in(Request(ticket_code=ticket.code))

    assert decided_here(decision)
    assert states(path) == [("in_doubt", 1)]
    assert len(server.requests_to("tickets/checkin")) == 1
    settled = await eager.settle()
    assert settled.waiting == 0
    assert states(path) == [("confirmed", 1)]
    assert server.venue.entries(ticket.code) == 1


@pytest.mark.parametrize("fault", ["server_error", "captive_portal", "half_json", "empty_body"])
async def test_t6_a_look_up_that_is_not_understood_leaves_the_decision_to_the_ledger(
    eager: Desk, server: OveitServer, ticket: VenueTicket, path: Path, fault: str
) -> None:
    """A tag that was learned before admits, and Oveit surely did not hear of it."""
    server.venue.pair(ticket.code, "5E35ED9A")
    await eager.scan(Request(rfid_code="5E35ED9A"))
    server.faults.set("tickets/scan", fault, 1)

    decision = await eager.check_in(Request(rfid_code="5E35ED9A"))

    assert decided_here(decision)
    assert states(path) == [("pending", 1)]
    assert server.requests_to("tickets/checkin") == []


# T7 to T9: credentials


@pytest.fixture
def staff(session: aiohttp.ClientSession, server: OveitServer) -> OveitClient:
    """Return a client that can log in again."""
    return OveitClient(
        session, server.url, token=server.venue.token, email=EMAIL, password=PASSWORD
    )


@pytest.fixture
async def staffed(
    staff: OveitClient,
    ledger: Ledger,
    ticket_sync: TicketSync,
    failures: list[OveitError],
    steps: Steps,
) -> Desk:
    """Return a desk whose client has a password."""
    return Desk(
        staff,
        ledger,
        ticket_sync,
        on_decision=lambda _: None,
        on_failure=failures.append,
        clock=steps,
    )


async def test_t7_a_token_that_dies_during_the_event_costs_one_login_for_all_gates(
    staffed: Desk, server: OveitServer, venue: Venue, path: Path, failures: list[OveitError]
) -> None:
    """Five gates wait for the same login, and each gets its normal answer and one row."""
    server.expire_tokens()
    server.faults.set("seller/login", Fault(latency_before=0.1))
    codes = [each.code for each in venue.unused(100, ENTRY)[:5]]

    decisions = await asyncio.gather(
        *(staffed.check_in(Request(ticket_code=code)) for code in codes)
    )

    assert {(each.reason, each.source) for each in decisions} == {(Reason.CHECKED_IN, Source.OVEIT)}
    assert len(server.requests_to("seller/login")) == 1
    assert [venue.entries(code) for code in codes] == [1] * 5
    assert states(path) == [("confirmed", 1)] * 5
    assert failures == []


async def test_t8_a_token_that_nobody_renews_leaves_the_doors_to_the_ledger(
    eager: Desk, server: OveitServer, ticket: VenueTicket, path: Path, failures: list[OveitError]
) -> None:
    """A 403 marks nothing: the row is pending, and a person is asked to sign in."""
    server.expire_tokens()

    assert decided_here(await eager.check_in(Request(ticket_code=ticket.code)))

    assert states(path) == [("pending", 1)]
    assert [type(failure) for failure in failures] == [OveitAuthenticationError]
    assert (await eager.settle()).waiting == 1
    assert states(path) == [("pending", 1)]
    assert not ticket.used


@whichever("bad_login")
async def test_t8_t9_c18_a_changed_password_is_tried_once_and_the_rows_wait(
    staffed: Desk,
    server: OveitServer,
    venue: Venue,
    path: Path,
    failures: list[OveitError],
    client: OveitClient,
) -> None:
    """No login loop at the doors; with credentials that work the rows are sent."""
    venue.accounts[EMAIL].password = "another"
    server.expire_tokens()
    codes = [each.code for each in venue.unused(100, ENTRY)[:3]]

    for code in codes:
        assert decided_here(await staffed.check_in(Request(ticket_code=code)))
    assert (await staffed.settle()).waiting == 3

    assert len(server.requests_to("seller/login")) == 1
    assert {type(failure) for failure in failures} == {OveitAuthenticationError}
    assert states(path) == [("pending", 1)] * 3
    server.sessions[venue.token] = (venue.accounts[EMAIL], venue.clock())
    assert (await staffed.settle()).uploaded == 3
    assert states(path) == [("confirmed", 1)] * 3


# T10 to T12: lists and limits


@pytest.mark.parametrize("fault", ["error", "empty_list", "captive_portal", "half_json"])
async def test_t10_t11_a_list_that_fails_or_is_empty_leaves_the_one_before(
    eager: Desk, server: OveitServer, ticket_sync: TicketSync, ticket: VenueTicket, fault: str
) -> None:
    """The doors go on by the old list; it is never a list of nobody."""
    server.faults.set("events/tickets", fault)
    try:
        await ticket_sync.refresh(everything=True)
    except OveitError:
        assert fault != "empty_list"
    await server.hang_up()

    assert decided_here(await eager.check_in(Request(ticket_code=ticket.code)))


async def test_t12_a_limit_on_requests_ends_a_pass_and_loses_nothing(
    eager: Desk, client: OveitClient, server: OveitServer, venue: Venue, path: Path
) -> None:
    """Rows that Oveit has no time for wait; a later pass sends each once."""
    codes = [each.code for each in venue.unused(100, ENTRY)[:6]]
    await server.hang_up()
    for code in codes:
        await eager.check_in(Request(ticket_code=code))
    await line_up(client, server)
    server.faults.set("tickets/checkin", "too_many_requests")

    assert (await eager.settle()).waiting == 6
    assert len(server.requests_to("tickets/checkin")) <= 3

    server.faults.clear()
    await line_up(client, server)
    await eager.settle()
    assert {venue.entries(code) for code in codes} <= {0, 1}
    assert all(admitted for _, admitted in states(path))


# T13 to T15: slow, captured, not to be trusted


async def test_t13_slow_answers_within_the_deadline_are_answers(
    eager: Desk, client: OveitClient, server: OveitServer, venue: Venue
) -> None:
    """A slow Oveit is still Oveit."""
    server.faults.set("tickets/checkin", Fault(latency_before=0.15))

    for each in venue.unused(100, ENTRY)[:3]:
        decision = await eager.check_in(Request(ticket_code=each.code, deadline=0.5))
        assert decision.source is Source.OVEIT
        assert decision.latency > 0.15
    assert client.breaker.is_online


async def test_t13_two_late_answers_take_the_line_down_and_two_good_ones_bring_it_back(
    eager: Desk, client: OveitClient, server: OveitServer, venue: Venue
) -> None:
    """Two guests wait until the deadline, the third does not wait at all."""
    tickets = venue.unused(100, ENTRY)
    server.faults.set("tickets/checkin", Fault(latency_before=1.2))
    for each in tickets[:2]:
        assert decided_here(await eager.check_in(Request(ticket_code=each.code, deadline=0.6)))
    await until(lambda: not client.breaker.is_online)

    assert decided_here(await eager.check_in(Request(ticket_code=tickets[2].code)))

    assert len(server.requests_to("tickets/checkin")) == 2
    server.faults.clear()
    await line_up(client, server)


async def test_t14_a_captive_portal_is_told_by_its_name(
    eager: Desk, server: OveitServer, ticket: VenueTicket, failures: list[OveitError]
) -> None:
    """A page that wants a log-in is no Oveit, and a person can be told what it is."""
    server.faults.set("*", "captive_portal")

    assert decided_here(await eager.check_in(Request(ticket_code=ticket.code)))
    assert [type(failure) for failure in failures] == [OveitCaptivePortalError]


async def test_t15_a_failing_tls_is_decided_here_and_never_tried_plainly(
    session: aiohttp.ClientSession,
    server: OveitServer,
    ledger: Ledger,
    ticket_sync: TicketSync,
    ticket: VenueTicket,
    path: Path,
    failures: list[OveitError],
) -> None:
    """Nothing was sent, nothing goes over an open line, and the row waits."""
    address = server.url.replace("http://", "https://")
    client = OveitClient(session, address, token=server.venue.token)
    desk = Desk(client, ledger, ticket_sync, on_decision=lambda _: None, on_failure=failures.append)

    assert decided_here(await desk.check_in(Request(ticket_code=ticket.code)))

    assert server.requests == []
    assert states(path) == [("pending", 1)]
    assert [type(failure) for failure in failures] == [OveitTlsError]
    await desk.close()


async def test_x7_turnstiles_answer_in_brief_and_the_list_tells_the_rest(
    eager: Desk, server: OveitServer, ticket: VenueTicket, path: Path
) -> None:
    """A yes without a ticket is a yes; name and type come from the list."""
    decision = await eager.check_in(Request(ticket_code=ticket.code, turnstile=True))

    assert (decision.reason, decision.source) == (Reason.CHECKED_IN, Source.OVEIT)
    assert decision.ticket
    assert decision.ticket.ticket_type == "Entry"
    assert [each.endpoint for each in server.requests] == ["turnstile/checkin"]
    assert states(path) == [("confirmed", 1)]


async def test_x6_a_turnstile_that_only_says_no_refuses(
    eager: Desk, server: OveitServer, ticket: VenueTicket, path: Path
) -> None:
    """`{"ok": false}` without a word is a refusal."""
    server.faults.set("turnstile/checkin", Fault(json={"ok": False}))

    decision = await eager.check_in(Request(ticket_code=ticket.code, turnstile=True))

    assert (decision.reason, decision.message) == (Reason.REFUSED, None)
    assert journal(path) == []

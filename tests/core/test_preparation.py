"""Preparation for being offline, pairing and rehearsals (decisions.md R2, R14)."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from time import monotonic

import pytest

from custom_components.oveit.core.client.api import OveitClient
from custom_components.oveit.core.counts import Coverage, Preparation
from custom_components.oveit.core.desk.desk import Desk
from custom_components.oveit.core.desk.lookup import Lookup
from custom_components.oveit.core.exceptions import LedgerError, OveitConnectionError
from custom_components.oveit.core.ledger import Ledger
from custom_components.oveit.core.models import Event, Reason, Request, Source
from custom_components.oveit.core.preparation import Preparations
from custom_components.oveit.core.ticket_sync import TicketSync
from demo.oveit_server import Behaviour, Fault, OveitServer, Venue
from tests.core.unknowns import journal, query

TAG = "5E35ED9A"
FAST = 60_000

type Make = Callable[[], Preparations]


@pytest.fixture
async def make(client: OveitClient, ledger: Ledger, ticket_sync: TicketSync) -> AsyncIterator[Make]:
    """Return a factory of preparations on one ledger, each as after a restart."""
    made = []

    async def no_wait(_: float) -> None:
        pass

    def make() -> Preparations:
        made.append(
            Preparations(
                client,
                ledger,
                ticket_sync,
                Lookup(client, ticket_sync),
                doors_first=no_wait,
                on_progress=lambda: None,
                pause=0.01,
            )
        )
        return made[-1]

    yield make
    for preparing in made:
        await preparing.close()


async def until(condition: Callable[[], bool]) -> None:
    """Wait up to ten seconds for a condition."""
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.01)
    pytest.fail("The condition was never met")


def is_running(preparing: Preparations) -> bool:
    """Return whether the first event is being prepared."""
    return preparing.status(100) in (Preparation.RUNNING, Preparation.PAUSED)


def asked(server: OveitServer) -> list[str]:
    """Return the tickets that were looked up at Oveit."""
    return [request.params["ticket_code"] for request in server.requests_to("tickets/scan")]


def entries(venue: Venue) -> int:
    """Return the number of all check-ins at Oveit."""
    return sum(len(ticket.checkins) for ticket in venue.tickets.values())


async def test_r2_an_event_that_was_prepared_knows_its_wristbands_offline(
    make: Make, desk: Desk, ledger: Ledger, venue: Venue, server: OveitServer
) -> None:
    """Every ticket is looked up once and none is checked in."""
    ticket = venue.unused(100)[1]
    venue.pair(ticket.code, TAG)
    before = entries(venue)
    preparing = make()
    await preparing.start(100, FAST)
    await until(lambda: not is_running(preparing))

    codes = [ticket.code for ticket in venue.tickets_of(100)]
    assert sorted(asked(server)) == sorted(codes)
    assert entries(venue) == before
    assert await ledger.coverage(100) == Coverage(tickets=len(codes), known=len(codes))

    await server.hang_up()
    decision = await desk.check_in(Request(rfid_code=TAG))
    assert (decision.reason, decision.source) == (Reason.CHECKED_IN, Source.LEDGER)
    stranger = await desk.check_in(Request(rfid_code="AAAAAAAA"))
    assert stranger.reason is Reason.UNKNOWN_TAG


async def test_tickets_that_have_not_entered_are_looked_up_first(
    make: Make, venue: Venue, server: OveitServer
) -> None:
    """Used tickets come last."""
    preparing = make()
    await preparing.start(100, FAST)
    await until(lambda: not is_running(preparing))
    used = {ticket.code for ticket in venue.used(100)}
    assert used
    assert set(asked(server)[-len(used) :]) == used


async def test_the_pace_is_kept(make: Make, server: OveitServer) -> None:
    """At twenty tickets a second, eight intervals take at least 0.4 s."""
    preparing = make()
    started_at = monotonic()
    await preparing.start(100, 20 * 60)
    await until(lambda: len(asked(server)) >= 9)
    assert monotonic() - started_at >= 8 * 0.05


async def test_a_restart_continues_where_it_stopped(
    make: Make, ledger: Ledger, venue: Venue, server: OveitServer
) -> None:
    """No ticket is looked up twice."""
    before = make()
    await before.start(100, FAST)
    await until(lambda: len(asked(server)) >= 5)
    await before.close()
    assert await ledger.preparations() == {100: FAST}
    known = (await ledger.coverage(100)).known
    assert 0 < known < len(venue.tickets_of(100))
    server.forget()

    after = make()
    await after.resume()
    assert is_running(after)
    await until(lambda: not is_running(after))
    assert len(asked(server)) == len(venue.tickets_of(100)) - known
    assert await ledger.preparations() == {}


async def test_it_waits_while_offline_and_continues_by_itself(
    make: Make, client: OveitClient, venue: Venue, server: OveitServer
) -> None:
    """No request is made while offline."""
    preparing = make()
    client.breaker.record(False)
    client.breaker.record(False)
    assert not client.breaker.is_online
    await preparing.start(100, FAST)
    await asyncio.sleep(0.1)
    assert asked(server) == []
    assert is_running(preparing)
    client.breaker.record(True)
    client.breaker.record(True)
    await until(lambda: not is_running(preparing))
    assert len(asked(server)) == len(venue.tickets_of(100))
    assert preparing.status(100) is Preparation.FINISHED


async def test_of_two_events_one_waits_for_its_turn(make: Make, server: OveitServer) -> None:
    """An event that waits, or whose look-ups fail, is paused; one never started has no status."""
    preparing = make()
    assert preparing.status(100) is None
    await preparing.start(100, FAST)
    await preparing.start(101, FAST)
    assert preparing.status(100) is Preparation.RUNNING
    assert preparing.status(101) is Preparation.PAUSED
    server.faults.set("tickets/scan", "server_error", 1)
    await until(lambda: preparing.status(100) is Preparation.PAUSED)
    await until(lambda: preparing.status(100) is Preparation.RUNNING)
    await until(lambda: preparing.status(101) is Preparation.RUNNING)
    assert preparing.status(100) is Preparation.FINISHED


async def test_a_request_that_fails_is_made_again(
    make: Make, client: OveitClient, ledger: Ledger, venue: Venue, server: OveitServer
) -> None:
    """A ticket is not left out because its connection broke."""
    client.breaker.watch(client.events, lambda _: None)
    client.breaker._probe_every = 0.02
    server.faults.set("tickets/scan", Fault(drop_before=True), times=3)
    preparing = make()
    await preparing.start(100, FAST)
    await until(lambda: not is_running(preparing))
    total = len(venue.tickets_of(100))
    assert await ledger.coverage(100) == Coverage(tickets=total, known=total)


async def test_a_ticket_that_oveit_does_not_know_is_skipped_and_not_counted(
    make: Make, ledger: Ledger, venue: Venue, server: OveitServer
) -> None:
    """The other tickets go on, and the coverage leaves it out."""
    gone = venue.unused(100)[1]
    venue.cancel(gone.code)
    preparing = make()
    await preparing.start(100, FAST)
    await until(lambda: not is_running(preparing))
    total = len(asked(server))
    assert asked(server).count(gone.code) == 1
    assert await ledger.coverage(100) == Coverage(tickets=total, known=total - 1)


async def test_an_error_of_the_ledger_pauses_the_preparation(
    make: Make, ledger: Ledger, venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is tried again after the pause."""
    unasked, failures = ledger.unasked, [LedgerError("The disk is full")]

    async def fail_once(event_id: int, most: int) -> list[str]:
        if failures and most > 1:
            raise failures.pop()
        return await unasked(event_id, most)

    monkeypatch.setattr(ledger, "unasked", fail_once)
    preparing = make()
    await preparing.start(100, FAST)
    await until(lambda: not is_running(preparing))
    assert failures == []
    assert (await ledger.coverage(100)).known == len(venue.tickets_of(100))


async def test_stopping_keeps_the_tags_that_were_found(
    make: Make, ledger: Ledger, server: OveitServer
) -> None:
    """An event that was stopped does not continue after a restart."""
    preparing = make()
    await preparing.start(100, FAST)
    await until(lambda: len(asked(server)) >= 5)
    await preparing.stop(100)
    assert not is_running(preparing)
    assert preparing.status(100) is Preparation.STOPPED
    await asyncio.sleep(0.05)
    count = len(asked(server))
    await asyncio.sleep(0.05)
    assert len(asked(server)) == count
    assert (await ledger.coverage(100)).known >= 5
    assert await ledger.preparations() == {}


async def test_a_new_pace_applies_at_once(make: Make, server: OveitServer) -> None:
    """The wait for the next ticket is cut short."""
    preparing = make()
    await preparing.start(100, 1)
    await until(lambda: len(asked(server)) == 1)
    await preparing.start(100, FAST)
    await until(lambda: not is_running(preparing))


async def test_a_prepared_event_is_finished_at_once_unless_it_is_started_again(
    make: Make, ledger: Ledger, venue: Venue, server: OveitServer
) -> None:
    """Started `again`, only tickets without a tag are looked up."""
    first, later = [ticket for ticket in venue.unused(100) if not ticket.rfid_codes][:2]
    venue.pair(first.code, TAG)
    preparing = make()
    await preparing.start(100, FAST)
    await until(lambda: not is_running(preparing))
    server.forget()
    await preparing.start(100, FAST)
    assert not is_running(preparing)

    venue.pair(later.code, "AABBCCDD")
    await preparing.start(100, FAST, again=True)
    await until(lambda: not is_running(preparing))
    assert first.code not in asked(server)
    assert [ticket.code for ticket in await ledger.on_tag("AABBCCDD")] == [later.code]


async def test_an_event_that_ended_is_not_prepared(
    make: Make, ticket_sync: TicketSync, venue: Venue, server: OveitServer
) -> None:
    """No request is made for its tickets."""
    venue.end_event(100)
    await ticket_sync.refresh()
    server.forget()
    preparing = make()
    await preparing.start(100, FAST)
    await until(lambda: not is_running(preparing))
    assert asked(server) == []


async def test_every_answer_at_a_door_counts_for_the_coverage(
    desk: Desk, ledger: Ledger, venue: Venue, server: OveitServer
) -> None:
    """A ticket that was read needs no preparation."""
    total = len(venue.tickets_of(100))
    assert await ledger.coverage(100) == Coverage(tickets=total, known=0)
    await desk.check_in(Request(ticket_code=venue.unused(100)[1].code))
    assert await ledger.coverage(100) == Coverage(tickets=total, known=1)


async def test_a_ticket_that_left_the_list_is_not_counted(
    desk: Desk, ticket_sync: TicketSync, ledger: Ledger, venue: Venue
) -> None:
    """Neither among the known tickets nor among all."""
    total = len(venue.tickets_of(100))
    code = venue.unused(100)[1].code
    await desk.scan(Request(ticket_code=code))
    assert (await ledger.coverage(100)).known == 1
    venue.cancel(code)
    await ticket_sync.refresh(everything=True)
    assert await ledger.coverage(100) == Coverage(tickets=total - 1, known=0)


async def test_purging_an_event_ends_its_preparation(
    make: Make, ledger: Ledger, ticket_sync: TicketSync, server: OveitServer
) -> None:
    """No further ticket of it is looked up."""
    preparing = make()
    await preparing.start(100, FAST)
    await until(lambda: len(asked(server)) >= 2)
    await ticket_sync.forget(100)
    await until(lambda: not is_running(preparing))
    assert await ledger.coverage(100) == Coverage()
    assert await ledger.preparations() == {}


async def test_a_ledger_without_the_tables_of_preparations_gets_them(path: Path) -> None:
    """Its events are kept."""
    before = await Ledger.open(path)
    await before.save_events([Event(id=100, name="Lantern Night")])
    await before.close()
    for table in ("asked", "preparations"):
        query(path, f"DROP TABLE {table}")
    after = await Ledger.open(path)
    assert set(await after.events()) == {100}
    assert await after.coverage(100) == Coverage()
    assert await after.preparations() == {}
    await after.close()


async def test_r14_a_tag_of_another_ticket_stays_where_it_is(
    desk: Desk, ledger: Ledger, venue: Venue, path: Path
) -> None:
    """The answer has Oveit's own sentence."""
    owner, other = venue.unused(100)[1:3]
    venue.pair(owner.code, TAG)
    await desk.scan(Request(rfid_code=TAG))
    answer = await desk.pair(other.code, TAG)
    assert not answer.ok
    assert answer.message == "This tag belongs to another ticket"
    assert [ticket.code for ticket in venue.tickets_with(TAG)] == [owner.code]
    assert [ticket.code for ticket in await ledger.on_tag(TAG)] == [owner.code]
    assert journal(path) == []


async def test_r14_offline_no_tag_is_paired(
    desk: Desk, client: OveitClient, venue: Venue, server: OveitServer
) -> None:
    """No request is made."""
    client.breaker.record(False)
    client.breaker.record(False)
    with pytest.raises(OveitConnectionError) as caught:
        await desk.pair(venue.unused(100)[1].code, TAG)
    assert not caught.value.sent
    assert server.requests_to("rfid/pair") == []


async def test_a_tag_that_was_paired_here_is_known_offline(
    desk: Desk, ledger: Ledger, venue: Venue, server: OveitServer
) -> None:
    """It admits its ticket at the next read."""
    ticket = venue.unused(100)[1]
    answer = await desk.pair(ticket.code, TAG)
    assert answer.ok
    assert venue.tickets[ticket.code].rfid_codes == [TAG]
    await server.hang_up()
    decision = await desk.check_in(Request(rfid_code=TAG))
    assert decision.admitted
    assert decision.ticket
    assert decision.ticket.code == ticket.code


async def test_a_pair_is_kept_though_the_look_up_after_it_fails(
    desk: Desk, ledger: Ledger, venue: Venue, server: OveitServer
) -> None:
    """Oveit's yes to the pairing is enough."""
    ticket = venue.unused(100)[1]
    server.faults.set("tickets/scan", "server_error")
    assert (await desk.pair(ticket.code, TAG)).ok
    assert [ticket.code for ticket in await ledger.on_tag(TAG)] == [ticket.code]


@pytest.mark.parametrize("code", ["unused", "used", "unknown"])
async def test_a_rehearsal_decides_as_always_and_checks_nothing_in(
    desk: Desk, venue: Venue, server: OveitServer, path: Path, code: str, behaviour: Behaviour
) -> None:
    """There is no request to check in and no row."""
    codes = {
        "unused": venue.unused(100)[1].code,
        "used": venue.used(100)[0].code,
        "unknown": "nobody",
    }
    reasons = {
        "unused": Reason.CHECKED_IN,
        "used": Reason.ALREADY_CHECKED_IN,
        "unknown": Reason.UNKNOWN_TICKET,
    }
    before = entries(venue)
    decision = await desk.check_in(Request(ticket_code=codes[code], rehearsal=True))
    assert decision.reason is reasons[code]
    assert decision.request.rehearsal
    assert entries(venue) == before
    assert journal(path) == []
    assert server.requests_to("tickets/checkin") == []

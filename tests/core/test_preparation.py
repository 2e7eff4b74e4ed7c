"""Before the doors open, the tags of all tickets are learned, gently (decisions.md R2, R14)."""

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
from custom_components.oveit.core.preparation import Preparing
from custom_components.oveit.core.ticket_sync import TicketSync
from demo.oveit_server import Behaviour, Fault, OveitServer, Venue
from tests.core.unknowns import journal, query

TAG = "5E35ED9A"
FAST = 60_000

type Make = Callable[[], Preparing]


@pytest.fixture
async def make(client: OveitClient, ledger: Ledger, ticket_sync: TicketSync) -> AsyncIterator[Make]:
    """Return what makes a preparation at the same ledger, as after a restart."""
    made = []

    async def nobody_waits(_: float) -> None:
        pass

    def make() -> Preparing:
        made.append(
            Preparing(
                client,
                ledger,
                ticket_sync,
                Lookup(client, ticket_sync),
                doors_first=nobody_waits,
                on_progress=lambda: None,
                pause=0.01,
            )
        )
        return made[-1]

    yield make
    for preparing in made:
        await preparing.close()


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something."""
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.01)
    pytest.fail("It did not happen")


def asked(server: OveitServer) -> list[str]:
    """Return the tickets that Oveit was asked about."""
    return [request.params["ticket_code"] for request in server.requests_to("tickets/scan")]


def entries(venue: Venue) -> int:
    """Count all that was ever checked in."""
    return sum(len(ticket.checkins) for ticket in venue.tickets.values())


async def test_r2_an_event_that_was_prepared_knows_its_wristbands_offline(
    make: Make, desk: Desk, ledger: Ledger, venue: Venue, server: OveitServer
) -> None:
    """Every ticket is asked about once, nothing is marked, and then the line may go."""
    ticket = venue.unused(100)[1]
    venue.pair(ticket.code, TAG)
    marked = entries(venue)
    preparing = make()
    await preparing.start(100, FAST)
    await until(lambda: not preparing.is_under_way(100))

    codes = [ticket.code for ticket in venue.tickets_of(100)]
    assert sorted(asked(server)) == sorted(codes)
    assert entries(venue) == marked
    assert await ledger.coverage(100) == Coverage(tickets=len(codes), known=len(codes))

    await server.hang_up()
    decision = await desk.check_in(Request(rfid_code=TAG))
    assert (decision.reason, decision.source) == (Reason.CHECKED_IN, Source.LEDGER)
    stranger = await desk.check_in(Request(rfid_code="AAAAAAAA"))
    assert stranger.reason is Reason.UNKNOWN_TAG


async def test_tickets_that_may_still_come_are_asked_about_first(
    make: Make, venue: Venue, server: OveitServer
) -> None:
    """Those who are in need no light at the door."""
    preparing = make()
    await preparing.start(100, FAST)
    await until(lambda: not preparing.is_under_way(100))
    used = {ticket.code for ticket in venue.used(100)}
    assert used
    assert set(asked(server)[-len(used) :]) == used


async def test_it_keeps_its_pace(make: Make, server: OveitServer) -> None:
    """Twenty in a second, not more."""
    preparing = make()
    began_at = monotonic()
    await preparing.start(100, 20 * 60)
    await until(lambda: len(asked(server)) >= 9)
    assert monotonic() - began_at >= 8 * 0.05


async def test_a_restart_goes_on_where_it_was(
    make: Make, ledger: Ledger, venue: Venue, server: OveitServer
) -> None:
    """No ticket is asked about twice."""
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
    assert after.is_under_way(100)
    await until(lambda: not after.is_under_way(100))
    assert len(asked(server)) == len(venue.tickets_of(100)) - known
    assert await ledger.preparations() == {}


async def test_it_waits_while_the_line_is_down_and_goes_on_by_itself(
    make: Make, client: OveitClient, venue: Venue, server: OveitServer
) -> None:
    """Nobody is asked meanwhile."""
    preparing = make()
    client.breaker.note(False)
    client.breaker.note(False)
    assert not client.breaker.is_online
    await preparing.start(100, FAST)
    await asyncio.sleep(0.1)
    assert asked(server) == []
    assert preparing.is_under_way(100)
    client.breaker.note(True)
    client.breaker.note(True)
    await until(lambda: not preparing.is_under_way(100))
    assert len(asked(server)) == len(venue.tickets_of(100))
    assert preparing.status(100) is Preparation.FINISHED


async def test_of_two_events_one_waits_for_its_turn(make: Make, server: OveitServer) -> None:
    """And it is told that nothing happens to it; so it is while Oveit fails, and of none at all."""
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
    """A ticket is not forgotten because a line broke."""
    client.breaker.watch(client.events, lambda _: None)
    client.breaker._probe_every = 0.02
    server.faults.set("tickets/scan", Fault(drop_before=True), times=3)
    preparing = make()
    await preparing.start(100, FAST)
    await until(lambda: not preparing.is_under_way(100))
    total = len(venue.tickets_of(100))
    assert await ledger.coverage(100) == Coverage(tickets=total, known=total)


async def test_a_ticket_that_oveit_does_not_tell_of_is_let_be_and_not_counted(
    make: Make, ledger: Ledger, venue: Venue, server: OveitServer
) -> None:
    """It holds up no other ticket, and the coverage stays honest."""
    gone = venue.unused(100)[1]
    venue.cancel(gone.code)
    preparing = make()
    await preparing.start(100, FAST)
    await until(lambda: not preparing.is_under_way(100))
    total = len(asked(server))
    assert asked(server).count(gone.code) == 1
    assert await ledger.coverage(100) == Coverage(tickets=total, known=total - 1)


async def test_a_ledger_that_fails_for_a_moment_ends_nothing(
    make: Make, ledger: Ledger, venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is tried again."""
    unasked, failures = ledger.unasked, [LedgerError("The disk is full")]

    async def fail_once(event_id: int, most: int) -> list[str]:
        if failures and most > 1:
            raise failures.pop()
        return await unasked(event_id, most)

    monkeypatch.setattr(ledger, "unasked", fail_once)
    preparing = make()
    await preparing.start(100, FAST)
    await until(lambda: not preparing.is_under_way(100))
    assert failures == []
    assert (await ledger.coverage(100)).known == len(venue.tickets_of(100))


async def test_stopping_keeps_what_was_learned(
    make: Make, ledger: Ledger, server: OveitServer
) -> None:
    """And it does not go on after a restart."""
    preparing = make()
    await preparing.start(100, FAST)
    await until(lambda: len(asked(server)) >= 5)
    await preparing.stop(100)
    assert not preparing.is_under_way(100)
    assert preparing.status(100) is Preparation.STOPPED
    await asyncio.sleep(0.05)
    count = len(asked(server))
    await asyncio.sleep(0.05)
    assert len(asked(server)) == count
    assert (await ledger.coverage(100)).known >= 5
    assert await ledger.preparations() == {}


async def test_a_new_pace_counts_at_once(make: Make, server: OveitServer) -> None:
    """Also in the middle of a long wait."""
    preparing = make()
    await preparing.start(100, 1)
    await until(lambda: len(asked(server)) == 1)
    await preparing.start(100, FAST)
    await until(lambda: not preparing.is_under_way(100))


async def test_a_prepared_event_has_nothing_left_to_ask_unless_it_is_asked_again(
    make: Make, ledger: Ledger, venue: Venue, server: OveitServer
) -> None:
    """Wristbands that were handed out meanwhile are found, known ones are left alone."""
    first, later = [ticket for ticket in venue.unused(100) if not ticket.rfid_codes][:2]
    venue.pair(first.code, TAG)
    preparing = make()
    await preparing.start(100, FAST)
    await until(lambda: not preparing.is_under_way(100))
    server.forget()
    await preparing.start(100, FAST)
    assert not preparing.is_under_way(100)

    venue.pair(later.code, "AABBCCDD")
    await preparing.start(100, FAST, again=True)
    await until(lambda: not preparing.is_under_way(100))
    assert first.code not in asked(server)
    assert [ticket.code for ticket in await ledger.on_tag("AABBCCDD")] == [later.code]


async def test_an_event_that_ended_is_prepared_no_more(
    make: Make, ticket_sync: TicketSync, venue: Venue, server: OveitServer
) -> None:
    """Its guests will not come."""
    venue.end_event(100)
    await ticket_sync.refresh()
    server.forget()
    preparing = make()
    await preparing.start(100, FAST)
    await until(lambda: not preparing.is_under_way(100))
    assert asked(server) == []


async def test_every_answer_at_a_door_counts_for_the_coverage(
    desk: Desk, ledger: Ledger, venue: Venue, server: OveitServer
) -> None:
    """A ticket that was shown needs no preparing."""
    total = len(venue.tickets_of(100))
    assert await ledger.coverage(100) == Coverage(tickets=total, known=0)
    await desk.check_in(Request(ticket_code=venue.unused(100)[1].code))
    assert await ledger.coverage(100) == Coverage(tickets=total, known=1)


async def test_a_ticket_that_left_the_list_counts_no_more(
    desk: Desk, ticket_sync: TicketSync, ledger: Ledger, venue: Venue
) -> None:
    """Neither among the known nor among all."""
    total = len(venue.tickets_of(100))
    code = venue.unused(100)[1].code
    await desk.scan(Request(ticket_code=code))
    assert (await ledger.coverage(100)).known == 1
    venue.cancel(code)
    await ticket_sync.refresh(everything=True)
    assert await ledger.coverage(100) == Coverage(tickets=total - 1, known=0)


async def test_an_event_that_is_purged_takes_its_preparing_along(
    make: Make, ledger: Ledger, ticket_sync: TicketSync, server: OveitServer
) -> None:
    """Nothing is asked about it any more."""
    preparing = make()
    await preparing.start(100, FAST)
    await until(lambda: len(asked(server)) >= 2)
    await ticket_sync.forget(100)
    await until(lambda: not preparing.is_under_way(100))
    assert await ledger.coverage(100) == Coverage()
    assert await ledger.preparations() == {}


async def test_a_ledger_from_before_learns_to_prepare(path: Path) -> None:
    """What it knew of events stays."""
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
    """Oveit's own words tell why."""
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
    """Nothing is sent."""
    client.breaker.note(False)
    client.breaker.note(False)
    with pytest.raises(OveitConnectionError) as caught:
        await desk.pair(venue.unused(100)[1].code, TAG)
    assert not caught.value.sent
    assert server.requests_to("rfid/pair") == []


async def test_a_tag_that_was_paired_here_is_known_without_a_line(
    desk: Desk, ledger: Ledger, venue: Venue, server: OveitServer
) -> None:
    """The next moment."""
    ticket = venue.unused(100)[1]
    answer = await desk.pair(ticket.code, TAG)
    assert answer.ok
    assert venue.tickets[ticket.code].rfid_codes == [TAG]
    await server.hang_up()
    decision = await desk.check_in(Request(rfid_code=TAG))
    assert decision.admitted
    assert decision.ticket
    assert decision.ticket.code == ticket.code


async def test_a_pair_is_kept_though_oveit_cannot_be_asked_about_it(
    desk: Desk, ledger: Ledger, venue: Venue, server: OveitServer
) -> None:
    """Oveit said yes to it."""
    ticket = venue.unused(100)[1]
    server.faults.set("tickets/scan", "server_error")
    assert (await desk.pair(ticket.code, TAG)).ok
    assert [ticket.code for ticket in await ledger.on_tag(TAG)] == [ticket.code]


@pytest.mark.parametrize("code", ["unused", "used", "unknown"])
async def test_a_rehearsal_decides_as_always_and_marks_nothing(
    desk: Desk, venue: Venue, server: OveitServer, path: Path, code: str, behaviour: Behaviour
) -> None:
    """Neither at Oveit nor in the journal."""
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
    marked = entries(venue)
    decision = await desk.check_in(Request(ticket_code=codes[code], rehearsal=True))
    assert decision.reason is reasons[code]
    assert decision.request.rehearsal
    assert entries(venue) == marked
    assert journal(path) == []
    assert server.requests_to("tickets/checkin") == []

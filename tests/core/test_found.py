"""What the model test, the crash test and the fuzzers found, each in its shortest form."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from custom_components.oveit.core.client.api import OveitClient
from custom_components.oveit.core.desk.desk import Desk
from custom_components.oveit.core.exceptions import LedgerError
from custom_components.oveit.core.ledger import Ledger
from custom_components.oveit.core.models import Reason, Request, Row, RowState
from custom_components.oveit.core.ticket_sync import TicketSync
from demo.oveit_server import Fault, OveitServer, Venue
from demo.venue import now
from tests.core.unknowns import Steps, journal, states, until


async def test_a_scan_id_used_again_for_another_ticket_admits_nobody(
    desk: Desk, make_desk: Callable[[], Desk], venue: Venue
) -> None:
    """An automation that names each scan alike gets an answer about the ticket at the door."""
    ticket, used = venue.unused(100, 234)[0], venue.used(100)[0]

    assert (await desk.check_in(Request(ticket_code=ticket.code, scan_id="door"))).admitted

    for each in (desk, make_desk()):
        again = await each.check_in(Request(ticket_code=ticket.code.upper(), scan_id="door"))
        other = await each.check_in(Request(ticket_code=used.code, scan_id="door"))
        unknown = await each.check_in(Request(ticket_code="nobody", scan_id="door"))
        tag = await each.check_in(Request(rfid_code="00000000", scan_id="door"))

        assert again.reason is Reason.CHECKED_IN
        assert other.reason is Reason.ALREADY_CHECKED_IN
        assert unknown.reason is Reason.UNKNOWN_TICKET
        assert tag.reason is Reason.UNKNOWN_TAG
    assert venue.entries(ticket.code) == 1


async def test_an_answer_that_comes_while_the_ledger_decides_is_not_lost(
    desk: Desk,
    ledger: Ledger,
    server: OveitServer,
    venue: Venue,
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Oveit's yes arrives just after the deadline, while the admission is being written."""
    move = Ledger.move

    async def move_slowly(ledger: Ledger, row: Row, state: RowState, **values: Any) -> Row | None:
        await asyncio.sleep(0.2)
        return await move(ledger, row, state, **values)

    monkeypatch.setattr(Ledger, "move", move_slowly)
    server.faults.set("tickets/checkin", Fault(latency_after=0.3))
    ticket = venue.unused(100, 234)[1]

    decision = await desk.check_in(Request(ticket_code=ticket.code, deadline=0.2))

    assert decision.reason is Reason.CHECKED_IN
    await until(lambda: states(path) == [("confirmed", 1)])


async def test_a_late_yes_is_taken_in_though_the_ledger_failed_the_guest(
    desk: Desk,
    server: OveitServer,
    ledger: Ledger,
    venue: Venue,
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    steps: Steps,
) -> None:
    """Nobody came in, Oveit counted one, and the guest is admitted at the next try."""

    async def fail(*_: Any, **values: Any) -> None:
        raise LedgerError("The disk is full")

    server.faults.set("tickets/checkin", Fault(latency_after=0.4), 1)
    request = Request(ticket_code=venue.unused(100, 234)[1].code, deadline=0.2)
    with monkeypatch.context() as full:
        full.setattr(Ledger, "move", fail)
        with pytest.raises(LedgerError):
            await desk.check_in(request)
    await until(lambda: states(path) == [("confirmed", 0)])
    steps.step()
    again = await desk.check_in(request)

    assert again.reason is Reason.REPEAT


async def test_friends_with_one_ticket_at_two_doors_both_get_an_answer_from_an_oveit_that_hangs(
    desk: Desk, server: OveitServer, venue: Venue
) -> None:
    """The second is told what the ledger decided on the first, not that nothing can be decided."""
    server.faults.set("tickets/checkin", Fault(latency_after=1))
    ticket = venue.unused(100, 234)[1]

    decisions = await asyncio.gather(
        *(
            desk.check_in(Request(ticket_code=ticket.code, gate=gate, deadline=0.3))
            for gate in ("North", "South")
        )
    )

    assert [each.reason for each in decisions] == [Reason.CHECKED_IN, Reason.ALREADY_CHECKED_IN]


async def test_the_same_scan_of_a_ticket_that_was_cancelled_since_still_names_it(
    desk: Desk, make_desk: Callable[[], Desk], ticket_sync: TicketSync, venue: Venue
) -> None:
    """After a restart the answer is made from the journal, though no list has the ticket now."""
    ticket = venue.unused(100, 234)[1]
    request = Request(ticket_code=ticket.code, scan_id="s-1")
    first = await desk.check_in(request)
    venue.cancel(ticket.code)
    await ticket_sync.refresh(everything=True)

    again = await make_desk().check_in(request)

    assert again.reason is first.reason is Reason.CHECKED_IN
    assert again.ticket
    assert again.ticket.code == ticket.code
    assert again.event
    assert again.event.id == 100


async def test_a_late_yes_about_another_ticket_settles_nothing(
    desk: Desk, server: OveitServer, venue: Venue, path: Path
) -> None:
    """What was admitted without Oveit is not Oveit's because of an answer about someone else."""
    ticket, other = venue.unused(100, 234)[1:3]
    about_other = {"ok": True, "ticket": {"code": other.code}, "event": {"id": 100}}
    await server.hang_up()
    await desk.check_in(Request(ticket_code=ticket.code))
    await server.pick_up()
    server.faults.set("tickets/checkin", Fault(json=about_other))

    await desk.settle()

    assert [row["state"] for row in journal(path)] == ["in_doubt"]
    assert venue.entries(ticket.code) == 0


async def test_a_row_is_not_sent_again_because_of_what_oveit_says_about_another_ticket(
    client: OveitClient, ledger: Ledger, ticket_sync: TicketSync, server: OveitServer, venue: Venue
) -> None:
    """Reading back a lost answer, Oveit tells of someone who never came."""
    desk = Desk(client, ledger, ticket_sync, on_decision=lambda _: None, doubt_grace=0)
    ticket, other = venue.unused(100, 234)[1:3]
    about_other = {"ok": True, "ticket": {"code": other.code}, "event": {"id": 100}}
    server.faults.set("tickets/checkin", "drop_after", times=1)
    await desk.check_in(Request(ticket_code=ticket.code))
    server.faults.set("tickets/scan", Fault(json=about_other))

    await desk.settle()

    assert len(server.requests_to("tickets/checkin")) == 1
    await desk.close()


@pytest.mark.parametrize("addon_id", [None, 8])
async def test_a_use_marked_before_oveits_clock_was_known_is_neither_sent_again_nor_a_conflict(
    ticket_sync: TicketSync,
    ledger: Ledger,
    session: aiohttp.ClientSession,
    server: OveitServer,
    venue: Venue,
    path: Path,
    addon_id: int | None,
) -> None:
    """The first that Oveit hears after a start is a check-in whose answer is lost."""
    venue.clock = lambda: now() + timedelta(minutes=10)
    client = OveitClient(session, server.url, token=venue.token)
    desk = Desk(client, ledger, ticket_sync, on_decision=lambda _: None, doubt_grace=0)
    ticket = venue.unused(100, 235)[1]
    server.faults.set("tickets/checkin", Fault(status=502, processed=True), times=1)

    decision = await desk.check_in(Request(ticket_code=ticket.code, addon_id=addon_id))
    await desk.sync()

    assert decision.admitted
    assert [(row["state"], row["cause"]) for row in journal(path)] == [("confirmed", "undecidable")]
    assert ticket.uses(addon_id) == 1


async def test_a_list_from_before_a_check_in_does_not_have_it_sent_again(
    client: OveitClient, ledger: Ledger, ticket_sync: TicketSync, server: OveitServer, venue: Venue
) -> None:
    """The answer is lost, Oveit looks no used ticket up, and the list is a few seconds older."""
    desk = Desk(client, ledger, ticket_sync, on_decision=lambda _: None)
    ticket = venue.unused(100, 234)[1]
    server.behaviour.scan_used = "refused"
    server.faults.set("tickets/checkin", "drop_after", times=1)
    assert (await desk.check_in(Request(ticket_code=ticket.code))).admitted
    oveit_clock = venue.clock
    venue.clock = lambda: oveit_clock() + timedelta(seconds=20)
    await client.events()

    settled = await desk.settle()

    assert settled.confirmed == 1
    assert venue.entries(ticket.code) == 1
    await desk.close()

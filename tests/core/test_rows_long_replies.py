"""Row T20 of decisions.md, and replies whose lists are numbered objects."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
import json
from pathlib import Path
import re
import sys

import pytest

from custom_components.oveit.core.client.api import OveitClient
from custom_components.oveit.core.client.ticket_list import most_bytes
from custom_components.oveit.core.desk.desk import Desk
from custom_components.oveit.core.exceptions import OveitTooLongError
from custom_components.oveit.core.ledger import Ledger
from custom_components.oveit.core.models import Event, Reason, Request
from custom_components.oveit.core.ticket_sync import TicketSync
from demo.faults import bomb
from demo.oveit_server import Fault, OveitServer, Venue
from demo.venue import now

MEGABYTE = 1024 * 1024
ROW = b'{"code":"%08x","ticket_type_id":234,"checked_in":false,"checkins":[]},'
EVENT = Event(id=100, name="Lantern Night")
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="memory is measured by /proc")


def memory(what: str) -> float:
    """Return what /proc tells of this process's memory, in megabytes."""
    (found,) = re.findall(rf"{what}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found) / 1024


@asynccontextmanager
async def modest() -> AsyncIterator[None]:
    """See that what is inside takes less than 200 MB, and lets the loop go on."""
    pauses = [0.0]

    async def tick() -> None:
        loop = asyncio.get_running_loop()
        while True:
            before = loop.time()
            await asyncio.sleep(0.01)
            pauses.append(loop.time() - before)

    Path("/proc/self/clear_refs").write_text("5")
    before, ticking = memory("VmRSS"), asyncio.create_task(tick())
    yield
    ticking.cancel()
    assert memory("VmHWM") - before < 200
    assert max(pauses) < 0.5


def long_list(megabytes: int) -> bytes:
    """Return a list of so many megabytes."""
    number = megabytes * MEGABYTE // len(ROW % 0)
    return b'{"tickets":[' + b"".join(ROW % each for each in range(number))[:-1] + b"]}"


LONG = {
    "a bomb": lambda: bomb(400, b'{"tickets":['),
    "a bomb in a text": lambda: bomb(400, b'{"tickets":[{"code":"'),
    "blanks without end": lambda: Fault(endless=True),
    "a hundred megabytes": lambda: Fault(body=long_list(100)),
}


@LINUX
@pytest.mark.parametrize("fault", LONG.values(), ids=LONG)
async def test_t20_a_list_beyond_all_that_was_seen_is_refused(
    desk: Desk,
    ledger: Ledger,
    ticket_sync: TicketSync,
    server: OveitServer,
    venue: Venue,
    fault: Callable[[], Fault],
) -> None:
    """The list from before stays, and the next one is taken."""
    before = (await ledger.attendance(100, now())).tickets
    server.faults.set("events/tickets", fault())

    async with modest():
        with pytest.raises(OveitTooLongError):
            await ticket_sync.refresh(everything=True)

    assert (await ledger.attendance(100, now())).tickets == before
    ticket = venue.unused(100, 234)[0]
    assert (await desk.check_in(Request(ticket_code=ticket.code))).reason is Reason.CHECKED_IN
    server.faults.clear()
    await ticket_sync.refresh(everything=True)


@LINUX
@pytest.mark.parametrize("endpoint", ["seller/events", "tickets/checkin"])
@pytest.mark.parametrize("fault", [bomb(400), Fault(endless=True)], ids=["bomb", "endless"])
async def test_t20_no_other_reply_may_be_long(
    client: OveitClient, server: OveitServer, endpoint: str, fault: Fault
) -> None:
    """Whatever is asked."""
    server.faults.set(endpoint, fault)

    async with modest():
        with pytest.raises(OveitTooLongError):
            await (client.check_in("7cd58203") if "tickets" in endpoint else client.events())


@LINUX
async def test_t20_a_reply_of_many_small_parts_stalls_nobody(
    client: OveitClient, server: OveitServer
) -> None:
    """Almost two megabytes of things that are no event are read beside the loop."""
    body = b'{"events":[' + b'{"id":""},' * 190_000 + b'{"id":7}]}'
    server.faults.set("seller/events", Fault(body=body))

    async with modest():
        (event,) = await client.events()

    assert event.id == 7


def test_t20_the_limit_grows_with_the_tickets_that_were_seen() -> None:
    """A kilobyte for each, and never without end."""
    assert most_bytes(0) == most_bytes(30_000) == 32 * MEGABYTE
    assert most_bytes(300_000) == 300_000 * 1024
    assert most_bytes(10**12) == 1024 * MEGABYTE


async def test_t20_a_long_list_of_an_event_with_many_tickets_is_taken(
    client: OveitClient, server: OveitServer
) -> None:
    """Oveit counts them beforehand."""
    server.faults.set("events/tickets", Fault(body=long_list(33)))
    with pytest.raises(OveitTooLongError):
        await client.tickets(100, most_bytes(50))

    assert len(await client.tickets(100, most_bytes(40_000))) > 32 * MEGABYTE


@pytest.mark.parametrize(
    ("tickets", "codes"),
    [
        ({"0": {"code": "a"}, "2": {"code": "b"}}, ["a", "b"]),
        ({"0": {"code": "a"}, "total": {"code": "b"}}, ["a"]),
        ([{"code": "a", "checkins": {"0": {"addon_id": 8}, "3": {"addon_id": 8}}}], ["a"]),
    ],
)
async def test_numbered_objects_inside_a_list_are_lists_too(
    ledger: Ledger, tickets: object, codes: list[str]
) -> None:
    """What is named otherwise is no part of it."""
    await ledger.take_list(EVENT, json.dumps({"tickets": tickets}).encode(), now())

    assert [len(await ledger.find(code)) for code in ("a", "b")] == [
        code in codes for code in ("a", "b")
    ]
    (ticket,) = await ledger.find("a")
    assert ticket.uses_of(8) == (2 if isinstance(tickets, list) else 0)


async def test_lists_that_are_numbered_objects_are_read_as_lists(
    new_desk: Desk,
    ledger: Ledger,
    new_ticket_sync: TicketSync,
    server: OveitServer,
    venue: Venue,
) -> None:
    """Events and tickets, and a guest comes in."""
    server.behaviour.lists = "numbered"
    used = len(venue.used(100))

    await new_ticket_sync.refresh(everything=True)

    assert set(new_ticket_sync.events) == {100, 101}
    attendance = await ledger.attendance(100, now())
    assert (attendance.tickets, attendance.checked_in) == (50, used)
    ticket = venue.unused(100, 234)[0]
    assert (await new_desk.check_in(Request(ticket_code=ticket.code))).reason is Reason.CHECKED_IN

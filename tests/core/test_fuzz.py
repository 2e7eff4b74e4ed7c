"""Whatever Oveit or a scanner sends: an OveitError at most, and nothing odd is a yes."""

import asyncio
from collections.abc import Iterator
from functools import partial
import json
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp
from hypothesis import example, given, settings, strategies as st
import pytest

from custom_components.oveit.core.client.api import OveitClient
from custom_components.oveit.core.desk.desk import Desk
from custom_components.oveit.core.ledger import Ledger
from custom_components.oveit.core.models import Decision, Request, Source
from custom_components.oveit.core.ticket_sync import TicketSync
from demo.oveit_server import Fault, OveitServer, Venue
from tests.core.fuzz.replies import FRESH, damaged
from tests.core.fuzz.targets import (
    is_plain_yes,
    open_ledger,
    take_answers,
    take_code,
    take_date,
    take_events,
    take_header,
    take_list,
    take_login,
)

CODES = st.binary(max_size=300) | (
    st.text(max_size=300) | st.text(']Q1\\0a,/:?&=#%{}[]"\r\u200b htps', max_size=60)
).map(partial(str.encode, errors="surrogatepass"))
often = settings(max_examples=300, deadline=None)


class Door:
    """A desk with an Oveit that answers check-ins as it is told, over real sockets."""

    def __init__(self, folder: Path) -> None:
        """Open the doors."""
        self.runner = asyncio.Runner()
        self._venue = Venue.build(2000, attendee_forms=False)
        self._guests = iter(self._venue.unused(100))
        self._server = OveitServer(self._venue)
        self.runner.run(self._open(folder))

    async def _open(self, folder: Path) -> None:
        """Take up the lists."""
        await self._server.start()
        self._session = aiohttp.ClientSession()
        self._client = OveitClient(self._session, self._server.url, token=self._venue.token)
        self._ledger = await open_ledger(folder)
        ticket_sync = TicketSync(
            self._client,
            self._ledger,
            follows={100}.__contains__,
            on_remote_check_in=lambda _: None,
        )
        await ticket_sync.refresh(everything=True)
        self._desk = Desk(self._client, self._ledger, ticket_sync, on_decision=lambda _: None)

    async def next_guest(self, reply: bytes) -> tuple[bytes, Decision]:
        """Let a guest come whose check-in is answered so, in the name of their ticket."""
        code = next(self._guests).code
        reply = reply.replace(FRESH.code.encode(), code.encode())
        self._server.faults.set("tickets/checkin", Fault(body=reply), times=1)
        for _ in range(2):
            self._client.breaker.record(True)
        return reply, await self._desk.check_in(Request(ticket_code=code))

    def close(self) -> None:
        """Close everything."""
        self.runner.run(self._close())
        self.runner.close()

    async def _close(self) -> None:
        """Let go of the sockets and the file."""
        await self._desk.close()
        await self._session.close()
        await self._ledger.close()
        await self._server.stop()


class Bench:
    """A ledger and its event loop, for many replies."""

    def __init__(self, folder: Path) -> None:
        """Open the ledger."""
        self.runner = asyncio.Runner()
        self.ledger: Ledger = self.runner.run(open_ledger(folder))

    def close(self) -> None:
        """Close it."""
        self.runner.run(self.ledger.close())
        self.runner.close()


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    """Open one ledger for the whole module."""
    with TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        yield bench
        bench.close()


@pytest.fixture(scope="module")
def door() -> Iterator[Door]:
    """Open one door for the whole module."""
    with TemporaryDirectory() as folder:
        door = Door(Path(folder))
        yield door
        door.close()


@settings(max_examples=200, deadline=None)
@given(reply=damaged("yes"))
def test_a_damaged_yes_to_a_check_in_opens_no_door_in_oveits_name(door: Door, reply: bytes) -> None:
    """Only a plain yes about the ticket at the door, for an event of this venue, is one."""
    reply, decision = door.runner.run(door.next_guest(reply))

    if decision.admitted and decision.source is Source.OVEIT:
        assert is_plain_yes(reply, is_brief=False)
        told = json.loads(reply)
        assert str(told["ticket"]["code"]).strip().lower() == decision.request.ticket_code
        assert decision.event
        assert decision.event.id == 100


@often
@given(reply=damaged("events"))
def test_damaged_events_are_kept_as_understood_or_not_at_all(bench: Bench, reply: bytes) -> None:
    """Whatever `seller/events` answers."""
    bench.runner.run(take_events(bench.ledger, reply))


@often
@given(reply=damaged("list"))
def test_a_damaged_list_is_taken_up_or_not_at_all(bench: Bench, reply: bytes) -> None:
    """Whatever `events/tickets` answers."""
    bench.runner.run(take_list(bench.ledger, reply))


@often
@given(reply=damaged("answer"))
def test_a_damaged_answer_is_never_a_yes(bench: Bench, reply: bytes) -> None:
    """Whatever a check-in, a scan or a turnstile answers."""
    bench.runner.run(take_answers(bench.ledger, reply))


@often
@given(reply=damaged("login"))
def test_a_damaged_login_gives_a_token_or_an_error(bench: Bench, reply: bytes) -> None:
    """Whatever `seller/login` answers."""
    bench.runner.run(take_login(bench.ledger, reply))


@often
@given(code=CODES)
@example(code=b"https://x/%20%0d")
@example(code=b"]Q1\\000026https://[")
@example(code=b"https://x/A%0AA\rA")
@example(code=b"oveit://x/\r?A=%0a#/]Q1A")
@example(code=b'["{\\"a\\":\\"https://x/?b=c\\"}", 17, "A\\u0000"]')
@example(code=b"[" * 4000)
@example(code=b"104,00123\r104,00123")
def test_whatever_a_scanner_reads_is_cleaned_for_good(bench: Bench, code: bytes) -> None:
    """Whatever a scanner types."""
    bench.runner.run(take_code(bench.ledger, code))


@often
@given(date=CODES)
@example(date=b"2026-12-29T24:00:00+00:00")
@example(date=b"2026-02-29T11:15:00+0300")
def test_whatever_a_list_has_for_a_date_is_read_the_same_everywhere(
    bench: Bench, date: bytes
) -> None:
    """Whatever `checkins` hold."""
    bench.runner.run(take_date(bench.ledger, date))


@often
@given(header=CODES)
@example(header=b"Fri, 31 Dec 9999 23:59:59 GMT")
def test_whatever_a_date_header_says_leaves_a_clock(bench: Bench, header: bytes) -> None:
    """Whatever a server or a proxy sends."""
    bench.runner.run(take_header(bench.ledger, header))

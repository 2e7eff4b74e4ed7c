"""Faults occur as set, and only as often as set."""

import asyncio
from time import monotonic

import aiohttp
import pytest

from demo.faults import PRESETS, Fault, bomb
from demo.oveit_server import OveitServer, Venue
from tests.demo.conftest import Caller

CHECK_IN = "tickets/checkin"
ANSWERED = {
    "forbidden": (403, "text/html", "403"),
    "too_many_requests": (429, "text/html", "429"),
    "server_error": (500, "text/html", "500"),
    "unavailable": (503, "text/html", "503"),
    "captive_portal": (200, "text/html", "Guest Wi-Fi"),
    "unauthorized": (401, "text/html", "<h1>401</h1>"),
    "page_expired": (419, "text/html", "<h1>419</h1>"),
    "login_page": (302, "text/html", "<h1>302</h1>"),
    "empty_body": (200, "text/html", ""),
    "error": (200, "application/json", '{"error": "Something went wrong"}'),
    "json_list": (200, "application/json", "[]"),
    "json_number": (200, "application/json", "7"),
    "json_null": (200, "application/json", "null"),
    "json_text": (200, "application/json", '"ok"'),
    "wrong_tickets": (200, "application/json", '"ok": "maybe"'),
    "wrong_rows": (200, "application/json", '"events": [null'),
}
DROPPED = {"drop_before": 0, "drop_after": 1, "drop_midway": 1}
SLOW = {"slow", "slow_answer"}
CUT = {"half_json", "empty_list"}


@pytest.fixture
def code(venue: Venue) -> str:
    """Return the code of an unused ticket."""
    return venue.sell(100, 234, code="fresh").code


def test_every_preset_is_tested_here() -> None:
    """A new preset needs a test of its own."""
    assert set(PRESETS) == {*ANSWERED, *DROPPED, *SLOW, *CUT, "endless"}


async def test_an_answer_may_never_end(ask: Caller, server: OveitServer) -> None:
    """Blanks come for as long as they are read."""
    server.faults.set(CHECK_IN, "endless")
    async with ask.session.post(f"{server.url}/{CHECK_IN}", headers=ask.headers) as reply:
        assert await reply.content.readexactly(1_000_000) == b" " * 1_000_000


async def test_a_small_answer_may_unpack_to_a_large_one(ask: Caller, server: OveitServer) -> None:
    """Megabytes of zeros, behind whatever the answer begins with."""
    server.faults.set(CHECK_IN, bomb(3, b'{"ok":'))
    async with ask.session.post(f"{server.url}/{CHECK_IN}", headers=ask.headers) as reply:
        assert await reply.read() == b'{"ok":' + bytes(3 * 1024 * 1024)
        assert int(reply.headers["Content-Length"]) < 10_000


@pytest.mark.parametrize("preset", ANSWERED)
async def test_a_wrong_answer_comes_in_oveits_place(
    ask: Caller, server: OveitServer, venue: Venue, code: str, preset: str
) -> None:
    """The request is not processed."""
    status, kind, part = ANSWERED[preset]
    server.faults.set(CHECK_IN, preset)
    async with ask.session.post(
        f"{server.url}/{CHECK_IN}",
        headers=ask.headers,
        json={"ticket_code": code},
        allow_redirects=False,
    ) as reply:
        assert (reply.status, reply.content_type) == (status, kind)
        text = await reply.text()
    assert part in text
    assert bool(text) == bool(part)
    assert venue.entries(code) == 0


async def test_too_many_requests_say_when_to_come_back(ask: Caller, server: OveitServer) -> None:
    """In seconds."""
    server.faults.set("*", "too_many_requests")
    reply = await ask.reply("seller/events", json={})
    assert reply.headers["Retry-After"] == "30"


async def test_a_wrong_answer_may_follow_a_processed_request(
    ask: Caller, server: OveitServer, venue: Venue, code: str
) -> None:
    """As from a proxy whose patience ended."""
    server.faults.set(CHECK_IN, Fault(status=502, processed=True))
    assert (await ask.reply(CHECK_IN, json={"ticket_code": code})).status == 502
    assert venue.entries(code) == 1


@pytest.mark.parametrize("preset", DROPPED)
async def test_a_connection_is_cut_before_or_after_processing(
    ask: Caller, server: OveitServer, venue: Venue, code: str, preset: str
) -> None:
    """The caller cannot tell which."""
    server.faults.set(CHECK_IN, preset)
    with pytest.raises(aiohttp.ClientError):
        await ask.reply(CHECK_IN, json={"ticket_code": code})
    assert venue.entries(code) == DROPPED[preset]


async def test_half_an_answer_is_no_json(
    ask: Caller, server: OveitServer, venue: Venue, code: str
) -> None:
    """The request is processed."""
    server.faults.set(CHECK_IN, "half_json")
    reply = await ask.reply(CHECK_IN, json={"ticket_code": code})
    assert (await reply.text()).startswith('{"ok":true,')
    with pytest.raises(ValueError, match=r"delimiter|Unterminated|Expecting"):
        await reply.json()
    assert venue.entries(code) == 1


@pytest.mark.parametrize(
    ("endpoint", "key"),
    [("seller/events", "events"), ("events/tickets", "tickets"), ("events/attendees", "attendees")],
)
async def test_a_list_may_be_empty(
    ask: Caller, server: OveitServer, endpoint: str, key: str
) -> None:
    """Without a reason."""
    server.faults.set(endpoint, "empty_list")
    assert await ask(endpoint, id=100) == {key: []}


@pytest.mark.parametrize(
    ("fault", "entries"),
    [(Fault(latency_before=0.2), 0), (Fault(latency_after=0.2), 1)],
    ids=["before", "after"],
)
async def test_an_answer_is_slow_before_or_after_processing(
    ask: Caller, server: OveitServer, venue: Venue, code: str, fault: Fault, entries: int
) -> None:
    """It arrives in the end."""
    server.faults.set(CHECK_IN, fault)
    started = monotonic()
    asked = asyncio.create_task(ask(CHECK_IN, ticket_code=code))
    await asyncio.sleep(0.1)
    assert venue.entries(code) == entries
    assert (await asked)["ok"] is True
    assert monotonic() - started >= 0.2


def test_slow_is_slower_than_any_guest_waits() -> None:
    """Before or after processing."""
    assert PRESETS["slow"].latency_before == 10
    assert PRESETS["slow_answer"].latency_after == 10


async def test_a_fault_is_of_one_endpoint(ask: Caller, server: OveitServer, code: str) -> None:
    """The star stands for all others."""
    server.faults.set("seller/events", "error")
    assert "error" in await ask("seller/events")
    assert "error" not in await ask("tickets/scan", ticket_code=code)
    server.faults.set("*", "json_list")
    assert "error" in await ask("seller/events")
    assert await (await ask.reply("tickets/scan", json={})).json() == []
    server.faults.clear("*")
    assert "error" not in await ask("tickets/scan", ticket_code=code)
    server.faults.clear()
    assert "events" in await ask("seller/events")


async def test_a_fault_may_go_away_by_itself(ask: Caller, server: OveitServer) -> None:
    """After the number of requests it was set for."""
    server.faults.set("seller/events", "error", times=2)
    answers = [await ask("seller/events") for _ in range(3)]
    assert ["error" in answer for answer in answers] == [True, True, False]

"""The client against the pretend Oveit: over a socket, with every kind of reply."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
import gzip
import json
import traceback
from typing import Any
from unittest.mock import MagicMock

import aiohttp
from hypothesis import example, given, strategies as st
import pytest

from custom_components.oveit.core.client import api, replies
from custom_components.oveit.core.client.api import OveitClient
from custom_components.oveit.core.exceptions import (
    OveitAuthenticationError,
    OveitConnectionError,
    OveitError,
    OveitResponseError,
)
from custom_components.oveit.core.models import Account, Addon, Answer, Event, TicketType
from demo.faults import PRESETS
from demo.oveit_server import Clock, Fault, OveitServer
from demo.venue import now
from tests.core.unknowns import seconds_between, whichever

EMAIL, PASSWORD = "staff@venue.example", "open-sesame"
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)

type NewClient = Callable[..., OveitClient]
type Call = Callable[[OveitClient, str], Awaitable[Any]]

CALLS: dict[str, Call] = {
    "seller/events": lambda client, _: client.events(),
    "tickets/checkin": lambda client, code: client.check_in(code),
    "tickets/scan": lambda client, code: client.scan(ticket_code=code),
}


@pytest.fixture
def new_client(server: OveitServer, session: aiohttp.ClientSession) -> NewClient:
    """Return a factory of clients of the server."""
    return lambda **known: OveitClient(session, server.url, **known)


@pytest.fixture
def by_password(new_client: NewClient) -> OveitClient:
    """Return a client with an e-mail address and a password."""
    return new_client(email=EMAIL, password=PASSWORD)


@pytest.fixture
def code(server: OveitServer) -> str:
    """Return the code of an unused ticket."""
    return server.venue.unused(100, 234)[0].code


@pytest.fixture(params=CALLS)
def endpoint(request: pytest.FixtureRequest) -> str:
    """Return each of the endpoints whose replies the client parses itself."""
    return request.param


# Logging in


@whichever("ids")
async def test_a_login_returns_the_account_and_keeps_the_token(
    by_password: OveitClient, server: OveitServer
) -> None:
    """The seller's id is found though the documented key ends in a blank."""
    account = await by_password.login()
    await by_password.events()

    assert account == by_password.account
    assert account == Account(seller_id="1", permissions=frozenset({"api", "rfid_pairing"}))
    login, events = server.requests
    assert login.params == {"email": EMAIL, "password": PASSWORD}
    assert "Authorization" not in login.headers
    token = events.headers["Authorization"].removeprefix("Bearer ")
    assert token in server.sessions


@pytest.mark.parametrize(
    ("user", "account"),
    [
        ({"seller_id ": 1}, Account(seller_id="1", permissions=None)),
        ({"seller_id": "1"}, Account(seller_id="1", permissions=None)),
        ({"permissions": []}, Account(seller_id=None, permissions=frozenset())),
        (
            {"permissions": ["api", 7, None, {}]},
            Account(seller_id=None, permissions=frozenset({"api", "7"})),
        ),
        ({"seller_id": [1], "permissions": "api"}, Account(seller_id=None, permissions=None)),
        (None, Account(seller_id=None, permissions=None)),
        ([1], Account(seller_id=None, permissions=None)),
    ],
)
async def test_a_login_with_odd_values_returns_those_that_can_be_read(
    by_password: OveitClient, server: OveitServer, user: Any, account: Account
) -> None:
    """Only the token is needed; other values are read as far as possible."""
    server.faults.set("seller/login", Fault(json={"token": "abc", "user": user}))

    assert await by_password.login() == account


@whichever("bad_login")
async def test_wrong_credentials_are_no_outage(new_client: NewClient) -> None:
    """A wrong password, by an error or a 403, is not a connection error."""
    client = new_client(email=EMAIL, password="wrong")

    with pytest.raises(OveitAuthenticationError):
        await client.login()
    with pytest.raises(OveitAuthenticationError):
        await client.events()
    assert client.account is None


@pytest.mark.parametrize(
    "reply", [{}, {"token": ""}, {"token": None}, {"token": 7}, {"token": ["abc"]}]
)
async def test_a_login_without_a_token_is_not_understood(
    by_password: OveitClient, server: OveitServer, reply: dict[str, Any]
) -> None:
    """A login that names no token is neither a success nor wrong credentials."""
    server.faults.set("seller/login", Fault(json=reply))

    with pytest.raises(OveitResponseError):
        await by_password.login()


async def test_the_first_call_logs_in_by_itself(
    by_password: OveitClient, server: OveitServer
) -> None:
    """A client with a password needs no token to start with."""
    assert await by_password.events()

    assert [request.endpoint for request in server.requests] == ["seller/login", "seller/events"]


async def test_first_calls_at_once_share_one_login(
    by_password: OveitClient, server: OveitServer
) -> None:
    """Many calls of a client without a token log in once."""
    await asyncio.gather(*(by_password.events() for _ in range(10)))

    assert len(server.requests_to("seller/login")) == 1


# A token that expires


async def test_t7_an_expired_token_is_renewed_once_for_all_callers(
    by_password: OveitClient, server: OveitServer
) -> None:
    """Twenty requests with an expired token: one login, and each request once more."""
    await by_password.login()
    server.expire_tokens()
    server.forget()
    server.faults.set("seller/login", Fault(latency_before=0.05))
    codes = [ticket.code for ticket in server.venue.unused(100)[:20]]

    answers = await asyncio.gather(*(by_password.check_in(code) for code in codes))

    assert all(answer.ok for answer in answers)
    assert len(server.requests_to("seller/login")) == 1
    assert len(server.requests_to("tickets/checkin")) == 40
    assert all(server.venue.entries(code) == 1 for code in codes)


async def test_t7_a_token_expires_two_days_after_the_last_call(
    by_password: OveitClient, server: OveitServer
) -> None:
    """A machine that was off for two days logs in again by itself."""
    clock = server.venue.clock = Clock()
    await by_password.events()
    clock.advance(hours=47)
    await by_password.events()
    clock.advance(hours=47)
    await by_password.events()
    assert len(server.requests_to("seller/login")) == 1

    clock.advance(hours=49)
    await by_password.events()

    assert len(server.requests_to("seller/login")) == 2


async def test_t7_a_caller_that_gives_up_does_not_stop_the_login_of_the_others(
    by_password: OveitClient, server: OveitServer
) -> None:
    """The login goes on for the others when a guest's deadline passes."""
    await by_password.login()
    server.expire_tokens()
    server.forget()
    server.faults.set("seller/login", Fault(latency_before=0.25))

    async def give_up() -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(0.1):
                await by_password.events()

    await asyncio.gather(give_up(), by_password.events())

    assert len(server.requests_to("seller/login")) == 1


async def test_t8_a_login_that_does_not_help_is_not_repeated_for_five_minutes(
    by_password: OveitClient, server: OveitServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When a fresh token is refused as well, there is no loop of logins."""
    clock = [1000.0]
    monkeypatch.setattr(api, "monotonic", lambda: clock[0])
    await by_password.login()
    server.forget()
    server.faults.set("seller/events", "forbidden")

    for _ in range(3):
        with pytest.raises(OveitAuthenticationError):
            await by_password.events()
        clock[0] += 99
    assert len(server.requests_to("seller/login")) == 1

    clock[0] += 99
    with pytest.raises(OveitAuthenticationError):
        await by_password.events()
    assert len(server.requests_to("seller/login")) == 2


@whichever("bad_login")
async def test_t8_a_login_that_is_refused_is_not_repeated_for_five_minutes(
    by_password: OveitClient, server: OveitServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a changed password, many requests cost one login within five minutes."""
    clock = [1000.0]
    monkeypatch.setattr(api, "monotonic", lambda: clock[0])
    await by_password.login()
    server.expire_tokens()
    server.venue.accounts[EMAIL].password = "changed"
    server.forget()

    results = await asyncio.gather(
        *(by_password.events() for _ in range(10)), return_exceptions=True
    )
    assert {type(result) for result in results} == {OveitAuthenticationError}
    assert len(server.requests_to("seller/login")) == 1

    clock[0] += 301
    server.venue.accounts[EMAIL].password = PASSWORD
    assert await by_password.events()


async def test_a_login_that_cannot_be_made_is_an_outage_and_tried_again(
    by_password: OveitClient, server: OveitServer
) -> None:
    """A failed connection says nothing about the password."""
    server.faults.set("seller/login", "unavailable", 1)

    with pytest.raises(OveitConnectionError):
        await by_password.events()

    assert await by_password.events()


async def test_an_expired_token_without_a_password_needs_a_person(
    client: OveitClient, server: OveitServer
) -> None:
    """It is an authentication error, and no login is made."""
    server.expire_tokens()

    for _ in range(2):
        with pytest.raises(OveitAuthenticationError):
            await client.events()

    assert server.requests_to("seller/login") == []
    with pytest.raises(OveitAuthenticationError):
        await client.login()


async def test_a_client_without_any_credentials_makes_no_request(
    new_client: NewClient, server: OveitServer
) -> None:
    """It is an authentication error at once."""
    with pytest.raises(OveitAuthenticationError):
        await new_client(email=EMAIL).events()

    assert server.requests == []


# What is sent


async def test_the_token_travels_in_a_header_only(
    client: OveitClient, server: OveitServer, code: str
) -> None:
    """No request carries the token in its address or its body."""
    await client.events()
    await client.tickets(100)
    await client.scan(ticket_code=code)
    await client.scan(rfid_code="5E35ED9A")
    await client.check_in(code, ticket_type_id=234, addon_id=None)

    for request in server.requests:
        assert request.headers["Authorization"] == f"Bearer {server.venue.token}"
        assert "token" not in request.params
    assert [(request.endpoint, request.params) for request in server.requests] == [
        ("seller/events", {}),
        ("events/tickets", {"id": "100"}),
        ("tickets/scan", {"ticket_code": code}),
        ("tickets/scan", {"rfid_code": "5E35ED9A"}),
        ("tickets/checkin", {"ticket_code": code, "ticket_type_id": "234"}),
    ]


async def test_every_address_is_a_plain_endpoint(server: OveitServer, code: str) -> None:
    """No parameter is in an address, so none is in a log on the way."""
    asked: list[str] = []

    async def listen(_: Any, __: Any, params: aiohttp.TraceRequestStartParams) -> None:
        asked.append(str(params.url))

    tracing = aiohttp.TraceConfig()
    tracing.on_request_start.append(listen)
    async with aiohttp.ClientSession(trace_configs=[tracing]) as session:
        client = OveitClient(session, f"{server.url}/", email=EMAIL, password=PASSWORD)
        await client.check_in(code)

    assert asked == [f"{server.url}/seller/login", f"{server.url}/tickets/checkin"]


@pytest.mark.parametrize("odd", ["x&addon_id=9", "a=b;c", "a+b %41", "ü✓", "a\r\nX: y", '{"a":1}'])
async def test_a_code_is_sent_as_one_value(
    client: OveitClient, server: OveitServer, odd: str
) -> None:
    """A code of any characters arrives unchanged and adds no parameter."""
    answer = await client.check_in(odd)

    assert not answer.ok
    (request,) = server.requests
    assert request.params == {"ticket_code": odd}


@pytest.mark.parametrize(
    ("wanted", "sent"), [("de", "de"), ("ja", "ja"), ("en", "en"), ("pl", "en"), ("", "en")]
)
async def test_sentences_are_requested_in_the_users_language(
    new_client: NewClient, server: OveitServer, wanted: str, sent: str
) -> None:
    """English is used where Oveit does not have the user's language."""
    client = new_client(token=server.venue.token, language=wanted)

    answer = await client.check_in("nobody")

    assert server.requests[0].headers["Accept-Language"] == sent
    assert answer.message
    assert (answer.message == "Dieses Ticket gibt es nicht") == (wanted == "de")


# What is understood


@whichever("ids", "dates", "old_replies")
async def test_events_are_read(client: OveitClient, server: OveitServer) -> None:
    """Events are returned with their types and add-ons, perpetual ones first."""
    museum, concert = await client.events()

    assert (museum.id, museum.name, museum.starts_at) == (101, "City Museum", None)
    assert (concert.id, concert.location) == (100, "Old Tram Depot")
    assert concert.starts_at == server.venue.events[100].starts_at
    assert (concert.tickets, concert.checked_in) == (50, len(server.venue.used(100)))
    vip = concert.ticket_type(235)
    assert vip
    assert vip.addons[0] == Addon(id=8, name="Free drinks", uses=4)
    old = server.behaviour.old_replies
    assert [addon.enabled for addon in vip.addons] == [True, True, True, old]
    assert [addon.is_bundled for addon in vip.addons] == [True, True, old, True]


@whichever("ids", "dates", "attendee")
async def test_a_scan_is_read(client: OveitClient, server: OveitServer) -> None:
    """An answer has the ticket, its type, event, uses, tags and attendee."""
    ticket = next(ticket for ticket in server.venue.used(100) if ticket.ticket_type_id == 235)
    server.venue.pair(ticket.code, "659891")

    answer = await client.scan(ticket_code=ticket.code)

    assert answer.ok
    assert answer.ticket
    assert (answer.ticket.code, answer.ticket.series) == (ticket.code, ticket.series)
    assert (answer.ticket.event_id, answer.ticket.ticket_type_id) == (100, 235)
    assert answer.ticket.ticket_type == "VIP"
    assert answer.ticket.checked_in
    uses = [(use.addon_id, use.at) for use in answer.ticket.checkins]
    assert uses == ticket.checkins
    zoned = server.behaviour.dates == "zone"
    assert all(use.zoned == zoned for use in answer.ticket.checkins)
    assert answer.event
    assert answer.event.name == "Lantern Night"
    assert answer.rfid_codes == tuple(ticket.rfid_codes)
    assert (answer.attendee is None) == (server.behaviour.attendee == "null")
    assert seconds_between(answer.asked_at, now()) < 2


async def test_the_attendee_is_not_in_the_repr_of_an_answer(
    client: OveitClient, server: OveitServer, code: str
) -> None:
    """What may be logged holds no personal data."""
    answer = await client.scan(ticket_code=code)

    assert answer.attendee
    assert answer.attendee["Name"]
    assert str(answer.attendee["Name"]) not in repr(answer)


async def test_attendees_of_every_form_are_read(client: OveitClient, server: OveitServer) -> None:
    """Lists, objects, missing values and no form at all are read without an error."""
    for ticket in server.venue.tickets_of(100):
        answer = await client.scan(ticket_code=ticket.code)
        names = [field["name"] for field in server.venue.events[100].fields]
        expected = ticket.attendee and dict(zip(names, ticket.attendee, strict=False))
        assert answer.attendee == expected


async def test_the_time_of_a_request_is_by_oveits_clock(
    client: OveitClient, server: OveitServer, code: str
) -> None:
    """It is the Date of the reply less the duration of the request."""
    server.venue.clock = Clock(NOON)
    server.faults.set("tickets/scan", Fault(latency_before=0.2))

    answer = await client.scan(ticket_code=code)

    assert timedelta(seconds=0.2) <= NOON - answer.asked_at < timedelta(seconds=1)


async def test_a_list_is_returned_unread(client: OveitClient, server: OveitServer) -> None:
    """The body of a ticket list is returned as it was sent, compressed."""
    reply = json.loads(gzip.decompress(await client.tickets(100)))
    error = gzip.decompress(await client.tickets(7))

    assert len(reply["tickets"]) == 50
    assert error == b'{"error":"This event does not exist"}'


async def test_a_list_may_be_long(client: OveitClient, server: OveitServer) -> None:
    """Only a ticket list may be larger than two megabytes."""
    server.faults.set("events/tickets", Fault(body="x" * 5_000_000))

    assert len(await client.tickets(100)) == 5_000_000


# What goes wrong


async def test_t1_a_refused_connection_has_sent_nothing(
    client: OveitClient, server: OveitServer, code: str
) -> None:
    """The error says that Oveit cannot have received the request."""
    await server.hang_up()

    with pytest.raises(OveitConnectionError) as caught:
        await client.check_in(code)

    assert not caught.value.sent


async def test_a_host_name_that_does_not_exist_has_sent_nothing(
    session: aiohttp.ClientSession,
) -> None:
    """It is a connection error."""
    client = OveitClient(session, "http://oveit.invalid/api", token="abc")

    with pytest.raises(OveitConnectionError) as caught:
        await client.events()

    assert not caught.value.sent


@pytest.mark.parametrize("url", ["", "http://", "nonsense", "http://[", "http://127.0.0.1:99999/x"])
async def test_a_malformed_address_is_a_connection_error(
    session: aiohttp.ClientSession, url: str
) -> None:
    """A mistyped API address raises no other error."""
    with pytest.raises(OveitConnectionError):
        await OveitClient(session, url, token="abc").events()


@pytest.mark.parametrize("preset", ["drop_before", "drop_after", "drop_midway"])
async def test_t3_a_request_whose_answer_was_lost_may_have_been_processed(
    client: OveitClient, server: OveitServer, code: str, preset: str
) -> None:
    """The error says that the request was sent."""
    server.faults.set("tickets/checkin", preset)

    with pytest.raises(OveitConnectionError) as caught:
        await client.check_in(code)

    assert caught.value.sent
    assert len(server.requests_to("tickets/checkin")) == 1


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 599])
async def test_t6_a_server_error_is_a_connection_error(
    client: OveitClient, server: OveitServer, code: str, status: int
) -> None:
    """A service that is overloaded or broken is an outage, even with a yes in the body."""
    server.faults.set("*", Fault(status=status, json={"ok": True, "ticket": {"code": code}}))

    for call in (client.events, lambda: client.tickets(100), lambda: client.check_in(code)):
        with pytest.raises(OveitConnectionError):
            await call()


@pytest.mark.parametrize("status", [201, 204, 301, 302, 307, 308, 400, 404, 410])
async def test_another_status_is_not_understood(
    client: OveitClient, server: OveitServer, code: str, status: int
) -> None:
    """Only a 200 is an answer; no redirect is followed with a token."""
    server.faults.set(
        "*",
        Fault(
            status=status,
            body="" if status == 204 else json.dumps({"ok": True, "ticket": {"code": code}}),
            headers={"Location": "https://portal.example/seller/events"},
        ),
    )

    for call in (client.events, lambda: client.tickets(100), lambda: client.check_in(code)):
        with pytest.raises(OveitResponseError):
            await call()
    assert len(server.requests) == 3


@pytest.mark.parametrize("preset", [name for name in PRESETS if not name.startswith("slow")])
async def test_no_fault_is_ever_a_yes(
    client: OveitClient, server: OveitServer, code: str, endpoint: str, preset: str
) -> None:
    """Every fault raises an OveitError or is answered with a no."""
    server.faults.set(endpoint, preset)

    try:
        answer = await CALLS[endpoint](client, code)
    except OveitError:
        return

    if endpoint == "seller/events":
        assert preset == "empty_list"
        assert answer == ()
    else:
        assert preset == "error"
        assert not answer.ok


BODIES = {
    "nothing": b"",
    "a blank": b" ",
    "not text": b"\xff\xfe\x00\xd8",
    "half": b'{"ok":tru',
    "two": b'{"ok":true}{"ok":true}',
    "deep": b"[" * 200_000,
    "deep object": b'{"a":' * 200_000,
    "a huge number": b"1" * 5000,
    "a byte order mark": b"\xef\xbb\xbf{}",
    "too long": b'{"ok":true,"x":"' + b"x" * 4_200_000 + b'"}',
    "no ticket": b'{"ok":true}',
    "ok as text": b'{"ok":"true","ticket":{"code":"abc"}}',
    "ok as number": b'{"ok":1,"ticket":{"code":"abc"}}',
    "ok as list": b'{"ok":[true],"ticket":{"code":"abc"}}',
    "ok as NaN": b'{"ok":NaN,"ticket":{"code":"abc"}}',
    "a code of null": b'{"ok":true,"ticket":{"code":null}}',
    "a code of blanks": b'{"ok":true,"ticket":{"code":"  "}}',
    "a code of nothing": b'{"ok":true,"ticket":{"code":"\\u0000"}}',
    "a code too long": b'{"ok":true,"ticket":{"code":"' + b"x" * 257 + b'"}}',
    "a code in a list": b'{"ok":true,"ticket":{"code":["abc"]}}',
    "a ticket in a list": b'{"ok":true,"ticket":[{"code":"abc"}]}',
    "a code of true": b'{"ok":true,"ticket":{"code":true}}',
    "a code of a fraction": b'{"ok":true,"ticket":{"code":1.5}}',
}


@pytest.mark.parametrize("name", BODIES)
async def test_i5_what_is_not_understood_is_never_a_yes(
    client: OveitClient, server: OveitServer, code: str, endpoint: str, name: str
) -> None:
    """HTML, half a JSON, odd shapes and wrong types raise OveitResponseError."""
    server.faults.set(endpoint, Fault(body=BODIES[name], content_type="application/json"))

    with pytest.raises(OveitResponseError):
        await CALLS[endpoint](client, code)


@pytest.mark.parametrize(
    "reply",
    [
        {"ok": False},
        {"ok": False, "ticket": {"code": "abc"}},
        {"error": "No"},
        {"error": {"code": 5}},
        {"error": True},
        {"ok": True, "error": "No", "ticket": {"code": "abc"}},
        {"ok": True, "error": ["No"], "ticket": {"code": "abc"}},
        {"ok": "yes", "error": "No", "ticket": {"code": "abc"}},
    ],
)
async def test_a_no_in_any_form_is_a_no(
    client: OveitClient, server: OveitServer, code: str, reply: dict[str, Any]
) -> None:
    """An error beside a yes is a no, and so is a plain `ok: false`."""
    server.faults.set("tickets/checkin", Fault(json=reply))

    answer = await client.check_in(code)

    assert not answer.ok
    assert answer.message == ("No" if reply.get("error") == "No" else None)


async def test_a_reply_that_cannot_be_unpacked_is_a_connection_error(
    client: OveitClient, server: OveitServer, endpoint: str, code: str
) -> None:
    """A body that is not what its encoding says is a failed connection."""
    server.faults.set(
        endpoint,
        Fault(body=gzip.compress(b"{}")[:-9] + b"garbage", headers={"Content-Encoding": "gzip"}),
    )

    with pytest.raises(OveitError):
        await CALLS[endpoint](client, code)


async def test_a_reply_that_unpacks_to_too_much_is_not_read_to_its_end(
    client: OveitClient, server: OveitServer, endpoint: str, code: str
) -> None:
    """A few kilobytes that unpack to a hundred megabytes are not understood."""
    bomb = gzip.compress(b" " * 100_000_000, compresslevel=1)
    server.faults.set(endpoint, Fault(body=bomb, headers={"Content-Encoding": "gzip"}))

    with pytest.raises(OveitResponseError):
        await CALLS[endpoint](client, code)


async def test_a_token_with_line_breaks_raises_nothing_unexpected(
    by_password: OveitClient, server: OveitServer
) -> None:
    """The next request raises an OveitError and injects no header."""
    server.faults.set("seller/login", Fault(json={"token": "abc\r\nX-Evil: 1"}), 1)

    with pytest.raises(OveitError):
        await by_password.events()


async def test_i8_no_error_contains_a_code_a_token_or_a_password(
    new_client: NewClient, server: OveitServer
) -> None:
    """The text of an error and of its causes holds no secret."""
    code, token, password = "c0de1234", "t0ken", "s3cret"
    client = new_client(token=token, email=EMAIL, password=password)
    for fault in ("drop_after", "half_json", "captive_portal", "server_error", "forbidden"):
        server.faults.set("*", fault)
        with pytest.raises(OveitError) as caught:
            await client.check_in(code)
        text = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
        assert not any(secret in text for secret in (code, token, password, EMAIL))


# Whatever may come


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(10**15, 10**30)
    | st.floats()
    | st.text()
    | st.text(st.characters(categories=["Cs", "Cc", "L"]))
    | st.sampled_from(["2016-08-10T11:49:18+00:00", "2016-08-10 11:49:18", "0001-01-01", "1", "0"])
    | st.sampled_from(["9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def shaped(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Generate objects with these keys, some of them missing; or anything."""
    return JSON | st.fixed_dictionaries({}, optional=fields)


USE = shaped(addon_id=JSON | st.integers(1, 9), date=JSON)
TAG = shaped(code=JSON)
ADDON = shaped(id=JSON, name=JSON, is_bundled=JSON, uses=JSON, enabled=JSON)
KIND = shaped(id=JSON | st.just(1), name=JSON, addons=JSON | st.lists(ADDON, max_size=3))
EVENT = shaped(
    id=JSON | st.just(1),
    name=JSON,
    starts_at=JSON,
    location=JSON,
    tickets=JSON,
    tickets_sold=JSON,
    tickets_checked_in=JSON,
    ticket_types=JSON | st.lists(KIND, max_size=3),
)
FIELD = shaped(name=JSON)
REPLY = st.fixed_dictionaries(
    {},
    optional={
        "ok": st.booleans() | JSON,
        "error": st.none() | JSON,
        "message": JSON,
        "ticket": shaped(code=JSON | st.just("abc"), series=JSON),
        "ticket_type": KIND,
        "event": EVENT,
        "checkins": JSON | st.lists(USE, max_size=4),
        "rfid_codes": JSON | st.lists(TAG, max_size=3),
        "attendee": shaped(
            fields=JSON | st.lists(FIELD, max_size=3), values=JSON | st.lists(JSON, max_size=3)
        ),
    },
)


def check_event(event: Event) -> None:
    """Check that every part of an event has its type and fits into a database."""
    assert 0 < event.id < 2**63
    assert event.name
    event.name.encode()
    assert event.starts_at is None or event.starts_at.tzinfo is UTC
    for kind in event.ticket_types:
        assert isinstance(kind, TicketType)
        for addon in kind.addons:
            assert addon.uses is None or 0 < addon.uses < 2**63
            assert isinstance(addon.enabled, bool)


@given(reply=REPLY, brief=st.booleans())
def test_no_json_is_a_yes_by_accident(reply: dict[str, Any], brief: bool) -> None:
    """Of any JSON at all, only `ok: true` with a ticket and without an error is a yes.

    Where Oveit answers in brief, the ticket may be missing.
    """
    try:
        answer = replies.read_answer(replies.parse(json.dumps(reply).encode()), NOON, brief=brief)
    except OveitError:
        return

    assert isinstance(answer, Answer)
    if answer.ok:
        assert reply["ok"] is True
        assert not reply.get("error")
        assert answer.ticket or brief
    if answer.ticket:
        assert 1 <= len(answer.ticket.code) <= 256
        answer.ticket.code.encode()
        for use in answer.ticket.checkins:
            assert use.at is None or use.at.tzinfo is UTC
    if answer.event:
        check_event(answer.event)
    json.dumps(answer.attendee)


@given(item=EVENT)
def test_any_json_is_read_as_a_valid_event_or_none(item: object) -> None:
    """Parsing never fails, and never returns a value of a wrong type."""
    event = replies.read_event(json.loads(json.dumps(item)))

    if event:
        check_event(event)


@given(body=st.binary() | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_body_is_an_object_or_an_error(body: bytes) -> None:
    """Of any bytes, the result is a JSON object or an OveitResponseError."""
    with suppress(OveitResponseError):
        assert isinstance(replies.parse(body), dict)


@given(user=shaped(**{"seller_id ": JSON, "permissions": JSON}).filter(lambda x: type(x) is dict))
def test_any_object_is_read_as_an_account(user: dict[str, Any]) -> None:
    """Parsing never fails."""
    account = replies.read_account(user)

    assert account.seller_id is None or account.seller_id.strip()


@given(header=st.none() | st.text() | st.text("Mon, 1234567890:+-GMTJanFebDc "))
@example("Fri, 31 Dec 9999 23:59:59 GMT")
@example("Mon, 01 Jan 0001 00:00:00 +1400")
def test_any_date_header_leaves_a_valid_time(header: str | None) -> None:
    """A Date that cannot be read is ignored."""
    client = OveitClient(MagicMock(), "https://oveit.example/api")

    client._set_clock(header)

    assert client.now().tzinfo is UTC
    assert isinstance(client.skew, timedelta)


async def test_values_nested_too_deep_raise_nothing_unexpected(
    client: OveitClient, server: OveitServer, code: str
) -> None:
    """An attendee's value of ten thousand nested lists is harmless."""
    deep = "[" * 10_000 + "]" * 10_000
    body = (
        f'{{"ok":true,"ticket":{{"code":"{code}"}},'
        f'"attendee":{{"fields":[{{"name":"Name"}}],"values":[{deep}]}}}}'
    )
    server.faults.set("tickets/scan", Fault(body=body))

    with suppress(OveitError):
        await client.scan(ticket_code=code)


@pytest.fixture
async def other_server() -> AsyncIterator[int]:
    """Run a server that does not speak HTTP, and return its port."""

    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ESMTP\r\n")
        writer.close()

    listener = await asyncio.start_server(talk, "127.0.0.1", 0)
    yield listener.sockets[0].getsockname()[1]
    listener.close()
    await listener.wait_closed()


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_t15_another_protocol_is_a_connection_error(
    session: aiohttp.ClientSession, other_server: int, scheme: str
) -> None:
    """Neither a wrong protocol nor a failing TLS is followed by a plain HTTP request."""
    client = OveitClient(session, f"{scheme}://127.0.0.1:{other_server}", token="abc")

    with pytest.raises(OveitConnectionError):
        await client.events()

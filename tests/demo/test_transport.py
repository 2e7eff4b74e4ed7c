"""The pretend Oveit takes forms and JSON, from clients that are logged in."""

from datetime import datetime
from typing import Any

import pytest

from demo.endpoints import ENDPOINTS
from demo.opening import PASSWORD
from demo.oveit_server import Clock, OveitServer, Venue
from tests.demo.conftest import Caller

STAFF = {"email": "staff@venue.example", "password": PASSWORD}
NEEDED: dict[str, dict[str, str]] = {
    "events/tickets": {"id": "100"},
    "events/attendees": {"id": "100"},
    "turnstile/checkout": {"ticket_code": "inside"},
    "rfid/pair": {"ticket_code": "fresh", "rfid_code": "NEW1"},
    "tickets/scan_v2": {"rfid_code": "TAG1"},
}


@pytest.fixture(params=["form", "json"])
def body(request: pytest.FixtureRequest) -> str:
    """Return how parameters are sent."""
    return {"form": "data", "json": "json"}[request.param]


@pytest.fixture(autouse=True)
def tickets(venue: Venue, server: OveitServer) -> None:
    """Sell the tickets that the endpoints are called with."""
    server.behaviour.scan_v2 = True
    venue.sell(100, 234, code="fresh", rfid_codes=["TAG1"])
    venue.sell(100, 234, code="inside")
    venue.check_in("inside")


@pytest.mark.parametrize("place", ["header", "body"])
@pytest.mark.parametrize("endpoint", ENDPOINTS)
async def test_every_endpoint_takes_either_body_and_the_token_in_either_place(
    stranger: Caller, venue: Venue, endpoint: str, body: str, place: str
) -> None:
    """The reply is the same, and no error."""
    params = dict(NEEDED.get(endpoint, {"ticket_code": "fresh"}))
    if place == "header":
        stranger.log_in(venue.token)
    else:
        params["token"] = venue.token
    reply = await stranger.reply(endpoint, **{body: params})
    answer = await reply.json()
    assert reply.status == 200
    assert "error" not in answer
    assert answer.get("ok", True) is True


@pytest.mark.parametrize("endpoint", ENDPOINTS)
async def test_no_endpoint_answers_without_a_token(
    stranger: Caller, venue: Venue, endpoint: str
) -> None:
    """The status is 403, and nothing is checked in."""
    for token in ("", "n0token", venue.token[:-1]):
        stranger.log_in(token)
        reply = await stranger.reply(endpoint, json={"id": 100, "ticket_code": "fresh"})
        assert reply.status == 403
    assert venue.entries("fresh") == 0


async def test_a_login_answers_as_documented(
    stranger: Caller, venue: Venue, clock: Clock, body: str
) -> None:
    """The key of the seller's id ends in a blank."""
    login = await (await stranger.reply("seller/login", **{body: STAFF})).json()
    assert login["user"]["seller_id "] == 1
    assert login["user"]["permissions"] == ["api", "rfid_pairing"]
    assert login["expires_in"] == 172800
    expires_at = datetime.fromisoformat(f"{login['expires_at']}+00:00")
    assert 172798 < (expires_at - clock.at).total_seconds() <= 172800
    stranger.log_in(login["token"])
    assert "events" in await stranger("seller/events")


@pytest.mark.parametrize(
    "wrong", [{}, {"password": "no"}, {"email": "x@venue.example"}, {"email": None}]
)
async def test_wrong_credentials_get_an_error_and_no_token(
    stranger: Caller, wrong: dict[str, Any]
) -> None:
    """With status 200."""
    answer = await stranger("seller/login", **(STAFF | wrong if wrong else {}))
    assert answer == {"error": "The email or the password is wrong"}


async def test_a_token_expires_48_hours_after_its_last_call(ask: Caller, clock: Clock) -> None:
    """Each request gives it another 48 hours."""
    for _ in range(3):
        clock.advance(hours=47, minutes=59)
        assert "events" in await ask("seller/events")
    clock.advance(hours=48)
    reply = await ask.reply("seller/events", json={})
    assert reply.status == 403
    assert await reply.json() == {"error": "Please log in again"}
    assert (await ask.reply("seller/events", json={})).status == 403


async def test_all_tokens_can_be_made_to_expire(ask: Caller, server: OveitServer) -> None:
    """A new login helps."""
    server.expire_tokens()
    assert (await ask.reply("seller/events", json={})).status == 403
    ask.log_in((await ask("seller/login", **STAFF))["token"])
    assert "events" in await ask("seller/events")


async def test_an_account_without_the_permission_gets_nothing(stranger: Caller) -> None:
    """It can log in, and nothing else."""
    noapi = STAFF | {"email": "noapi@venue.example"}
    stranger.log_in((await stranger("seller/login", **noapi))["token"])
    for endpoint in ENDPOINTS:
        answer = await stranger(endpoint, id=100, ticket_code="fresh")
        assert answer == {"error": "Your account does not have this feature"}


@pytest.mark.parametrize(
    ("accepted", "message"),
    [
        ("de-AT,de;q=0.9,en;q=0.8", "Dieses Ticket gibt es nicht"),
        ("es", "Esta entrada no existe"),
        ("fr;q=0.2, nl;q=0.7", "Dit ticket bestaat niet"),
        ("ja", "このチケットは存在しません"),
        ("fr", "Ce billet n'existe pas"),
        ("pl", "This ticket does not exist"),
        ("fr;q=often", "Ce billet n'existe pas"),
        ("", "This ticket does not exist"),
    ],
)
async def test_messages_are_in_the_language_of_the_caller(
    ask: Caller, accepted: str, message: str
) -> None:
    """English is used for languages that Oveit does not have."""
    ask.headers["Accept-Language"] = accepted
    assert await ask("tickets/scan", ticket_code="n0b0dy") == {"error": message}


async def test_an_unknown_endpoint_gets_a_page(ask: Caller, server: OveitServer) -> None:
    """As from any web server; so does a GET."""
    reply = await ask.reply("seller/logout", json={})
    assert reply.status == 404
    assert reply.content_type == "text/html"
    async with ask.session.get(f"{server.url}/seller/events") as got:
        assert got.status == 405


@pytest.mark.parametrize("sent", [b"[1, 2]", b"{", b"\xff\xfe", b""])
async def test_a_body_that_is_neither_holds_no_parameters(ask: Caller, sent: bytes) -> None:
    """The reply is an error, not a crash."""
    answer = await (await ask.reply("tickets/scan", data=sent)).json()
    assert answer == {"error": "A ticket code or a tag code is required"}


async def test_requests_are_kept(ask: Caller, server: OveitServer) -> None:
    """With parameters and headers, until they are cleared."""
    await ask("tickets/scan", ticket_code="a&addon_id=9")
    (received,) = server.requests_to("tickets/scan")
    assert received.params == {"ticket_code": "a&addon_id=9"}
    assert received.headers["Authorization"].startswith("Bearer ")
    server.forget()
    assert server.requests == []


async def test_a_list_may_be_compressed(ask: Caller) -> None:
    """Unpacked, it is the same list."""
    ask.headers["Accept-Encoding"] = "gzip"
    zipped = await ask.reply("events/tickets", json={"id": 100})
    assert zipped.headers["Content-Encoding"] == "gzip"
    ask.headers["Accept-Encoding"] = "identity"
    plain = await ask.reply("events/tickets", json={"id": 100})
    assert "Content-Encoding" not in plain.headers
    assert await zipped.json() == await plain.json()


async def test_the_server_can_go_offline_and_come_back(ask: Caller, server: OveitServer) -> None:
    """At the same address, with the same data."""
    url = server.url
    await server.hang_up()
    with pytest.raises(OSError, match="Cannot connect"):
        await ask("seller/events")
    await server.pick_up()
    assert server.url == url
    assert "events" in await ask("seller/events")

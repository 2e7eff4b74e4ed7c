"""Rows T16 and B17 of decisions.md: dead tokens, and an Oveit that answers with errors only."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from custom_components.oveit.core.client import api
from custom_components.oveit.core.client.api import OveitClient
from custom_components.oveit.core.desk.desk import Desk
from custom_components.oveit.core.exceptions import (
    OveitAuthenticationError,
    OveitCaptivePortalError,
    OveitError,
    OveitOnlyErrorsError,
    OveitResponseError,
    OveitStatusError,
)
from custom_components.oveit.core.models import Reason, Request, Row, Source
from demo.oveit_server import Fault, OveitServer, Venue, VenueTicket
from tests.core.unknowns import Steps, line_up, states, whichever

ENTRY = 234
EMAIL, PASSWORD = "staff@venue.example", "open-sesame"
DOWN = Fault(json={"error": "We are being maintained"})


@pytest.fixture
def client(server: OveitServer, session: aiohttp.ClientSession) -> OveitClient:
    """Return a client that can log in."""
    return OveitClient(session, server.url, email=EMAIL, password=PASSWORD)


@pytest.fixture
def guests(venue: Venue) -> list[VenueTicket]:
    """Pick tickets that nobody used."""
    return venue.unused(100, ENTRY)


@pytest.fixture
def failures() -> list[OveitError]:
    """Collect why Oveit could not be asked."""
    return []


@pytest.fixture
def watched(
    make_desk: Callable[..., Desk], ticket_sync: object, failures: list[OveitError]
) -> Desk:
    """Return a desk whose failures are collected."""
    return make_desk(doubt_grace=0, on_failure=failures.append)


@pytest.mark.parametrize("told", ["401", "403"])
async def test_t16_a_dead_token_told_by_401_is_renewed_like_by_403(
    watched: Desk, server: OveitServer, guests: list[VenueTicket], told: Any
) -> None:
    """One login, one replay, and the guest notices nothing."""
    server.behaviour.dead_token = told
    server.expire_tokens()

    decision = await watched.check_in(Request(ticket_code=guests[0].code))

    assert (decision.reason, decision.source) == (Reason.CHECKED_IN, Source.OVEIT)
    asked = [each.endpoint for each in server.requests]
    assert asked == ["tickets/checkin", "seller/login", "tickets/checkin"]
    assert server.venue.entries(guests[0].code) == 1


@pytest.mark.parametrize("told", ["419", "redirect", "error"])
async def test_t16_a_dead_token_told_in_another_way_is_renewed_by_the_next_poll(
    watched: Desk,
    client: OveitClient,
    server: OveitServer,
    guests: list[VenueTicket],
    path: Path,
    told: Any,
) -> None:
    """No guest is refused before, none is counted twice, and what waits is uploaded."""
    server.behaviour.dead_token = told
    server.expire_tokens()

    assert (await watched.check_in(Request(ticket_code=guests[0].code))).admitted
    await client.events()
    await line_up(client, server)

    assert len(server.requests_to("seller/login")) == 1
    decision = await watched.check_in(Request(ticket_code=guests[1].code))
    assert decision.source is Source.OVEIT
    await watched.settle()
    assert {state for state, _ in states(path)} == {"confirmed"}
    assert [server.venue.entries(guest.code) for guest in guests[:2]] == [1, 1]


@pytest.mark.parametrize(
    "fault", ["unauthorized", "forbidden", "page_expired", "login_page", Fault(status=410)]
)
async def test_t16_a_status_that_stands_after_a_login_needs_a_person(
    client: OveitClient,
    server: OveitServer,
    monkeypatch: pytest.MonkeyPatch,
    fault: str | Fault,
) -> None:
    """There is one login in five minutes, and then another."""
    await client.events()
    clock = [1000.0]
    monkeypatch.setattr(api, "monotonic", lambda: clock[0])
    server.forget()
    server.faults.set("seller/events", fault)

    for _ in range(3):
        with pytest.raises(OveitAuthenticationError):
            await client.events()

    assert len(server.requests_to("seller/login")) == 1
    clock[0] += 301
    with pytest.raises(OveitAuthenticationError):
        await client.events()
    assert len(server.requests_to("seller/login")) == 2


@pytest.mark.parametrize("fault", ["page_expired", "login_page", Fault(status=410)])
async def test_t16_a_login_that_is_answered_the_same_way_needs_a_person(
    client: OveitClient, server: OveitServer, fault: str | Fault
) -> None:
    """Every call is answered so, and the login is tried once."""
    await client.events()
    server.forget()
    server.faults.set("*", fault)

    for _ in range(3):
        with pytest.raises(OveitAuthenticationError):
            await client.events()

    assert len(server.requests_to("seller/login")) == 1


@pytest.mark.parametrize("fault", ["page_expired", "login_page"])
async def test_t16_a_token_without_a_password_needs_a_person(
    server: OveitServer, session: aiohttp.ClientSession, fault: str
) -> None:
    """Nothing can be tried; a check-in may have been heard, so it is read back."""
    client = OveitClient(session, server.url, token=server.venue.token)
    server.faults.set("*", fault)

    with pytest.raises(OveitAuthenticationError):
        await client.events()
    with pytest.raises(OveitStatusError):
        await client.check_in("7cd58203")
    assert len(server.requests) == 2


async def test_t16_a_status_of_one_endpoint_is_no_dead_token(
    client: OveitClient, server: OveitServer
) -> None:
    """A feature that an account does not have costs no login."""
    await client.events()
    server.forget()
    server.faults.set("tickets/scan", Fault(status=404))

    with pytest.raises(OveitResponseError):
        await client.scan(ticket_code="7cd58203")
    assert server.requests_to("seller/login") == []


@pytest.mark.parametrize(
    "headers", [{}, {"Location": "https://portal.example/"}, {"Location": "http://["}]
)
async def test_t14_a_redirection_to_another_host_is_a_captive_portal(
    client: OveitClient, server: OveitServer, headers: dict[str, str]
) -> None:
    """A network that wants a log-in of its own; Oveit's login is not tried for it."""
    await client.events()
    server.forget()
    server.faults.set("*", Fault(status=302, headers=headers))

    with pytest.raises(OveitCaptivePortalError):
        await client.events()
    assert [each.endpoint for each in server.requests] == ["seller/events"]


@whichever("scan_used")
async def test_b17_an_oveit_that_answers_with_errors_only_refuses_no_good_ticket(
    watched: Desk,
    client: OveitClient,
    server: OveitServer,
    guests: list[VenueTicket],
    path: Path,
    failures: list[OveitError],
    conflicts: list[Row],
    steps: Steps,
) -> None:
    """The ledger decides, each guest comes in once, and all of it is uploaded afterwards."""
    server.faults.set("*", DOWN)

    for guest in guests[:6]:
        decision = await watched.check_in(Request(ticket_code=guest.code))
        assert (decision.reason, decision.source) == (Reason.CHECKED_IN, Source.LEDGER)
    steps.step()
    again = await watched.check_in(Request(ticket_code=guests[0].code))
    unknown = await watched.check_in(Request(ticket_code="ffffffff"))

    assert again.reason is Reason.ALREADY_CHECKED_IN
    assert not unknown.admitted
    assert states(path) == [("pending", 1)] * 6
    assert any(
        isinstance(failure, OveitOnlyErrorsError) and failure.text == "We are being maintained"
        for failure in failures
    )
    await watched.settle()
    assert states(path) == [("pending", 1)] * 6
    server.faults.clear()
    await line_up(client, server)
    await watched.settle()
    assert states(path) == [("confirmed", 1)] * 6
    assert {server.venue.entries(guest.code) for guest in guests[:6]} == {1}
    assert conflicts == []


async def test_b17_a_look_up_is_not_misled_either(
    watched: Desk, server: OveitServer, guests: list[VenueTicket]
) -> None:
    """A gate that only looks shows what the ledger knows."""
    server.faults.set("*", DOWN)

    decision = await watched.scan(Request(ticket_code=guests[0].code))

    assert (decision.reason, decision.source) == (Reason.CHECKED_IN, Source.LEDGER)


async def test_b17_oveit_is_asked_how_it_is_every_five_seconds_at_most(
    watched: Desk, server: OveitServer, guests: list[VenueTicket]
) -> None:
    """For all gates together, and a ticket that was cancelled is refused all the same."""
    for guest in guests[:3]:
        server.venue.cancel(guest.code)

    decisions = [await watched.check_in(Request(ticket_code=each.code)) for each in guests[:3]]

    assert {decision.reason for decision in decisions} == {Reason.REFUSED}
    assert len(server.requests_to("seller/events")) == 1


async def test_b17_a_dead_token_that_a_login_cures_costs_no_guest_anything(
    watched: Desk, server: OveitServer, guests: list[VenueTicket], path: Path
) -> None:
    """Told in words alone; Oveit is asked again with the new token."""
    server.behaviour.dead_token = "error"
    server.expire_tokens()

    decision = await watched.check_in(Request(ticket_code=guests[0].code))

    assert (decision.reason, decision.source) == (Reason.CHECKED_IN, Source.OVEIT)
    assert len(server.requests_to("seller/login")) == 1
    assert states(path) == [("confirmed", 1)]
    assert server.venue.entries(guests[0].code) == 1


async def test_b17_maintenance_asks_nobody_to_sign_in_and_logs_in_once(
    client: OveitClient, server: OveitServer
) -> None:
    """Whatever is asked is answered with the same sentence."""
    await client.events()
    server.forget()
    server.faults.set("*", DOWN)

    for _ in range(3):
        with pytest.raises(OveitOnlyErrorsError):
            await client.events()
    assert len(server.requests_to("seller/login")) == 1

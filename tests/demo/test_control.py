"""The control interface of the pretend Oveit."""

from typing import Any

import pytest

from demo.oveit_server import Behaviour, OveitServer, Venue
from tests.demo.conftest import Caller


async def test_the_state_is_returned(ask: Caller, venue: Venue, server: OveitServer) -> None:
    """Events, requests, switches and faults."""
    await ask("seller/events")
    server.faults.set("tickets/scan", "error", times=3)
    status, state = await ask.control("state")
    assert status == 200
    assert state["url"] == server.url
    assert state["requests"] == {"seller/events": 1}
    assert state["faults"] == {"tickets/scan": 3}
    assert state["behaviour"]["refusal"] == "error"
    assert state["events"][0] == {
        "id": 100,
        "name": "Lantern Night",
        "ended": False,
        "tickets": 50,
        "checked_in": len(venue.used(100)),
    }


async def test_tickets_are_returned_with_tags_and_without_personal_data(
    ask: Caller, venue: Venue
) -> None:
    """Of the first event, or of another."""
    _, answer = await ask.control("tickets")
    assert len(answer["tickets"]) == 50
    assert {"code", "rfid_codes", "used"} < set(answer["tickets"][0])
    assert not {"order", "attendee", "name"} & set(answer["tickets"][0])
    _, answer = await ask.control("tickets?event_id=101")
    assert {row["event_id"] for row in answer["tickets"]} == {101}


async def test_faults_are_set_and_cleared(ask: Caller) -> None:
    """By the name of a preset, or by fields."""
    assert await ask.control("faults", fault="error", endpoint="seller/events") == (
        200,
        {"ok": True},
    )
    assert "error" in await ask("seller/events")
    await ask.control("faults", fault={"status": 502}, times=1)
    assert (await ask.reply("tickets/scan", json={})).status == 502
    assert (await ask.reply("tickets/scan", json={})).status == 200
    await ask.control("faults", clear=True, endpoint="seller/events")
    assert "events" in await ask("seller/events")
    await ask.control("faults", fault="error")
    await ask.control("faults", clear=True)
    assert "events" in await ask("seller/events")


async def test_switches_are_set(ask: Caller, server: OveitServer) -> None:
    """The reply shows their values."""
    status, answer = await ask.control("behaviour", ids="text", turnstile=False)
    assert status == 200
    assert (answer["behaviour"]["ids"], answer["behaviour"]["turnstile"]) == ("text", False)
    assert server.behaviour == Behaviour(ids="text", turnstile=False)


async def test_the_venue_is_changed(ask: Caller, venue: Venue) -> None:
    """From the sale of a ticket to the end of the event."""

    async def happen(action: str, **what: Any) -> dict[str, Any]:
        status, answer = await ask.control("venue", action=action, **what)
        assert status == 200
        return answer["ticket"]

    sold = await happen("sell", event_id=100, ticket_type_id=234, code="late")
    assert (sold["code"], sold["used"]) == ("late", False)
    assert (await happen("pair", code="late", rfid_code="TAG7"))["rfid_codes"] == ["TAG7"]
    assert (await happen("check_in", code="late"))["used"] is True
    assert venue.tickets["late"].inside is True
    await happen("check_out", code="late")
    assert venue.tickets["late"].inside is False
    await happen("unpair", rfid_code="TAG7")
    assert venue.tickets["late"].rfid_codes == []
    assert (await happen("cancel", code="late"))["cancelled"] is True
    await happen("end_event", event_id=100)
    assert venue.events[100].ended is True


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("faults", {"fault": "earthquake"}),
        ("faults", {"fault": {"colour": "red"}}),
        ("faults", {"endpoint": "seller/events"}),
        ("behaviour", {"ids": "roman"}),
        ("behaviour", {"ids": "text", "mood": "bad"}),
        ("behaviour", {"turnstile": "yes"}),
        ("venue", {"action": "explode"}),
        ("venue", {"action": "sell"}),
        ("venue", {"action": "sell", "event_id": 100, "ticket_type_id": 1}),
        ("venue", {"action": "check_in", "code": "n0b0dy"}),
        ("venue", {"code": "n0b0dy"}),
        ("tickets?event_id=x", {}),
    ],
    ids=str,
)
async def test_what_is_not_understood_changes_nothing(
    ask: Caller, server: OveitServer, name: str, change: dict[str, Any]
) -> None:
    """The reply says why."""
    status, answer = await ask.control(name, **change)
    assert status == 400
    assert answer["error"]
    assert server.behaviour == Behaviour()
    assert server.faults.now == {}


async def test_an_unknown_control_gets_the_list_of_all(ask: Caller) -> None:
    """One that can only be read, too."""
    for name, change in (("weather", {}), ("state", {"url": "x"})):
        status, answer = await ask.control(name, **change)
        assert status == 404
        assert "POST faults" in answer["error"]

"""An account is set up in a real Home Assistant, over its HTTP API."""

import asyncio
from typing import Any

import pytest

from demo.home_assistant import HomeAssistant, HomeAssistantError
from demo.opening import PASSWORD
from demo.oveit_server import OveitServer
from demo.venue import Venue

FLOW = "/api/config/config_entries/flow"
CHECK_IN = "/api/services/oveit/checkin?return_response"


async def walk(home: HomeAssistant, *answers: dict[str, Any]) -> dict[str, Any]:
    """Go through the flow and return where it ends."""
    step = await home.post(FLOW, {"handler": "oveit"})
    for answer in answers:
        step = await home.post(f"{FLOW}/{step['flow_id']}", answer)
    return step


async def delete(home: HomeAssistant, flow: dict[str, Any]) -> None:
    """Close a form that was shown, as a person does."""
    async with home._session.delete(
        f"{home.url}{FLOW}/{flow['flow_id']}", headers=home._headers
    ) as reply:
        assert reply.ok


async def wait_for_counts(home: HomeAssistant, venue: Venue, event_id: int, name: str) -> None:
    """Wait until the sensors show what the pretend venue counts."""
    tickets, used = venue.tickets_of(event_id), venue.used(event_id)
    shown = {
        "tickets": len(tickets),
        "checked_in": len(used),
        "remaining": len(tickets) - len(used),
        "attendance": 100 * len(used) / len(tickets),
    }
    for kind in venue.events[event_id].ticket_types:
        key = f"checked_in_{kind.name.lower()}"
        shown[key] = sum(ticket.ticket_type_id == kind.id for ticket in used)
    for key, count in shown.items():
        text = str(count) if key != "attendance" else str(float(count))
        await wait_for(home, f"sensor.{name}_{key}", text)


async def wait_for(home: HomeAssistant, entity_id: str, state: str) -> None:
    """Wait until an entity shows a state."""
    shown = None
    for _ in range(100):
        shown = await home.state(entity_id)
        if shown == state:
            return
        await asyncio.sleep(0.1)
    pytest.fail(f"{entity_id} shows {shown} instead of {state}")


async def test_accounts_are_added_by_login_and_by_token_and_check_tickets_in(
    home: HomeAssistant, server: OveitServer
) -> None:
    """A wrong password in between is told, and both accounts work side by side."""
    venue = server.venue
    advanced = {"advanced": {"api_url": server.url}}
    wrong = {"email": "staff@venue.example", "password": "wrong"} | advanced
    right = wrong | {"password": PASSWORD}
    token = {"token": venue.other_token} | advanced

    form = await walk(home, {"next_step_id": "login"}, wrong)
    assert form["errors"] == {"base": "invalid_auth"}
    await delete(home, form)
    added = await walk(
        home, {"next_step_id": "login"}, wrong, right, {"events": ["100"], "follow_new": False}
    )
    assert added["type"] == "create_entry"
    await wait_for_counts(home, venue, 100, "lantern_night")

    ticket = venue.unused(100)[0]
    assert (await home.post(CHECK_IN, {"ticket_code": ticket.code}))["service_response"]["admitted"]
    assert venue.entries(ticket.code) == 1
    await wait_for_counts(home, venue, 100, "lantern_night")

    by_token = await walk(
        home, {"next_step_id": "token"}, token, {"events": ["900"], "follow_new": True}
    )
    assert by_token["type"] == "create_entry"
    entry = by_token["result"]["entry_id"]
    await wait_for_counts(home, venue, 900, "garden_party")

    with pytest.raises(HomeAssistantError):
        await home.post(CHECK_IN, {"ticket_code": ticket.code})
    theirs = venue.unused(900)[0].code
    reply = await home.post(CHECK_IN, {"ticket_code": theirs, "config_entry_id": entry})
    assert reply["service_response"]["reason"] == "checked_in"
    await wait_for_counts(home, venue, 900, "garden_party")

    again = await walk(home, {"next_step_id": "token"}, token)
    assert (again["type"], again["reason"]) == ("abort", "already_configured")
    log = home.log.read_text().splitlines()
    assert not [line for line in log if " ERROR " in line and "oveit" in line]

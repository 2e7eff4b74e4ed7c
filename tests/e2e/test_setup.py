"""An account is set up in a real Home Assistant, over its HTTP API."""

import asyncio
from typing import Any

import pytest

from demo.home_assistant import HomeAssistant, HomeAssistantError
from demo.opening import PASSWORD
from demo.oveit_server import OveitServer

FLOW = "/api/config/config_entries/flow"
CHECK_IN = "/api/services/oveit/checkin?return_response"


async def walk(home: HomeAssistant, *answers: dict[str, Any]) -> dict[str, Any]:
    """Go through the flow and return where it ends."""
    step = await home.post(FLOW, {"handler": "oveit"})
    for answer in answers:
        step = await home.post(f"{FLOW}/{step['flow_id']}", answer)
    return step


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

    added = await walk(
        home, {"next_step_id": "login"}, wrong, right, {"events": ["100"], "follow_new": False}
    )
    assert added["type"] == "create_entry"
    await wait_for(home, "sensor.lantern_night_tickets", "50")
    await wait_for(home, "sensor.lantern_night_checked_in", str(len(venue.used(100))))

    ticket = venue.unused(100)[0]
    assert (await home.post(CHECK_IN, {"ticket_code": ticket.code}))["service_response"]["admitted"]
    await wait_for(home, "sensor.lantern_night_checked_in", str(len(venue.used(100))))

    by_token = await walk(
        home, {"next_step_id": "token"}, token, {"events": ["900"], "follow_new": True}
    )
    assert by_token["type"] == "create_entry"
    entry = by_token["result"]["entry_id"]

    with pytest.raises(HomeAssistantError):
        await home.post(CHECK_IN, {"ticket_code": ticket.code})
    theirs = venue.unused(900)[0].code
    reply = await home.post(CHECK_IN, {"ticket_code": theirs, "config_entry_id": entry})
    assert reply["service_response"]["reason"] == "checked_in"

    again = await walk(home, {"next_step_id": "token"}, token)
    assert (again["type"], again["reason"]) == ("abort", "already_configured")
    log = home.log.read_text().splitlines()
    assert not [line for line in log if " ERROR " in line and "oveit" in line]


async def test_a_wrong_password_is_told_in_the_form(
    home: HomeAssistant, server: OveitServer
) -> None:
    """The form comes again, with what is wrong."""
    wrong = {"email": "staff@venue.example", "password": "wrong"}
    advanced = {"advanced": {"api_url": server.url}}
    form = await walk(home, {"next_step_id": "login"}, wrong | advanced)
    assert form["errors"] == {"base": "invalid_auth"}

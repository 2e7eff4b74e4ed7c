"""A download that helps to find a fault, and tells nothing of anybody."""

from datetime import timedelta
import json
from typing import Any

from homeassistant.components.diagnostics import DOMAIN as DIAGNOSTICS
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.oveit.core.polling import LIVE_INTERVAL
from custom_components.oveit.diagnostics import async_get_config_entry_diagnostics
from demo.oveit_server import OveitServer
from demo.venue import Venue
from tests.common import act, poll
from tests.conftest import EMAIL, PASSWORD


async def download(
    hass: HomeAssistant, entry: MockConfigEntry, http: ClientSessionGenerator
) -> dict[str, Any]:
    """Download the diagnostics as a person does."""
    assert await async_setup_component(hass, DIAGNOSTICS, {})
    client = await http()
    reply = await client.get(f"/api/diagnostics/config_entry/{entry.entry_id}")
    assert reply.status == 200
    return await reply.json()


async def use(hass: HomeAssistant, venue: Venue, server: OveitServer) -> list[str]:
    """Let all that could leak happen once; return the codes."""
    ticket = venue.sell(100, 235, code="s3cr3tc0de", rfid_codes=["5E35ED9A"])
    refused = venue.used(100)[0]
    await act(hass, "checkin", rfid_code="5E35ED9A", gate="North", include_attendee=True)
    await act(hass, "checkin", ticket_code=refused.code)
    await act(hass, "checkin", ticket_code="n0b0dy-kn0ws")
    return [ticket.code, "5E35ED9A", refused.code, "n0b0dy-kn0ws"]


@pytest.mark.parametrize("line", ["up", "down"])
async def test_no_secret_no_code_and_no_name_is_in_it(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    venue: Venue,
    server: OveitServer,
    hass_client: ClientSessionGenerator,
    line: str,
) -> None:
    """Whatever happened before, and also while Oveit does not answer."""
    codes = await use(hass, venue, server)
    if line == "down":
        server.faults.set("*", "forbidden")
        await poll(hass, loaded)
    text = json.dumps(await download(hass, loaded, hass_client), ensure_ascii=False)
    people = {ticket.order.name for ticket in venue.tickets.values()}
    tokens = {venue.token, *server.sessions}
    everything = {ticket.code for ticket in venue.tickets.values()}
    tags = {tag for ticket in venue.tickets.values() for tag in ticket.rfid_codes}
    for secret in {EMAIL, PASSWORD, "North", *codes, *people, *tokens, *everything, *tags}:
        assert f'"{secret}"' not in text
        assert secret.isdecimal() or secret not in text


async def test_it_tells_what_is_needed_to_help(
    hass: HomeAssistant, loaded: MockConfigEntry, venue: Venue, server: OveitServer
) -> None:
    """The account's kind, the options, the counts."""
    told = await async_get_config_entry_diagnostics(hass, loaded)
    assert told["account"] == {
        "api_url": server.url,
        "kind": "login",
        "permissions": ["api", "rfid_pairing"],
    }
    assert told["options"] == {"events": [100], "follow_new": False}
    assert told["connected"] is True
    assert timedelta(seconds=told["update_interval"]) == LIVE_INTERVAL
    (event,) = told["events"]
    assert (event["id"], event["active"]) == (100, True)
    assert event["tickets"] == event["tickets_at_oveit"] == 50
    assert event["checked_in"] == event["checked_in_at_oveit"] == len(venue.used(100))
    assert event["ticket_types"] == [
        {"id": 234, "addons": []},
        {"id": 235, "addons": [8, 9, 10, 11]},
    ]


async def test_odd_tickets_are_counted(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue
) -> None:
    """They are left out of the list, and cost no other."""
    venue.odd_rows[100] = [None, 7, {}, {"code": None}, {"code": ["x"], "ticket_type_id": 234}]
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    (event,) = (await async_get_config_entry_diagnostics(hass, entry))["events"]
    assert event["tickets"] == 50
    assert event["ticket_list"]["skipped"] == 5


async def test_an_account_by_token_is_told_as_such(
    hass: HomeAssistant, token_entry: MockConfigEntry
) -> None:
    """Its permissions are not known."""
    await hass.config_entries.async_setup(token_entry.entry_id)
    told = await async_get_config_entry_diagnostics(hass, token_entry)
    assert told["account"]["kind"] == "token"
    assert told["account"]["permissions"] is None

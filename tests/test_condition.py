"""The condition fails as Home Assistant's own do, and knows a tag by any of its names."""

from typing import Any

from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.script import Script, async_validate_actions_config
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
)
import voluptuous as vol

from demo.venue import Venue
from tests.common import act
from tests.gates import READ, TAG, open_gate, tagged


async def branch(hass: HomeAssistant, options: dict[str, Any]) -> str:
    """Return which way a script goes on that asks the condition."""
    choice = {
        "if": {"condition": "oveit.is_checked_in", "options": options},
        "then": {"event": "went", "event_data": {"way": "yes"}},
        "else": {"event": "went", "event_data": {"way": "no"}},
    }
    ways = async_capture_events(hass, "went")
    actions = await async_validate_actions_config(hass, cv.SCRIPT_SCHEMA([choice]))
    await Script(hass, actions, "A script", "script").async_run(context=Context())
    await hass.async_block_till_done()
    (way,) = ways
    return str(way.data["way"])


@pytest.mark.parametrize("oveit_has", [TAG, "9AED355E", "1580592538", "2599236958", READ])
async def test_a_condition_knows_a_tag_by_whatever_oveit_calls_it(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, oveit_has: str
) -> None:
    """A gate may have any format, and the condition has none."""
    ticket = tagged(venue, oveit_has)
    await open_gate(hass, entry)
    await act(hass, "checkin", rfid_code=oveit_has)
    assert venue.entries(ticket.code) == 1
    assert await branch(hass, {"rfid_code": READ}) == "yes"
    assert await branch(hass, {"rfid_code": "04-00-00-01"}) == "no"


async def test_a_script_goes_on_where_the_template_of_a_condition_fails(
    hass: HomeAssistant, entry: MockConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    """As with Home Assistant's own conditions: it is not true, and the log says why."""
    await open_gate(hass, entry)
    assert await branch(hass, {"ticket_code": "{{ 1 / 0 }}"}) == "no"
    assert "In 'is_checked_in' condition: template error: ZeroDivisionError" in caplog.text


@pytest.mark.parametrize("field", ["ticket_code", "rfid_code"])
async def test_a_condition_takes_no_number_for_a_code(
    hass: HomeAssistant, entry: MockConfigEntry, field: str
) -> None:
    """It has lost its zeros by then; the error says what to do."""
    await open_gate(hass, entry)
    with pytest.raises(vol.Invalid, match="quotes"):
        await branch(hass, {field: 12345})

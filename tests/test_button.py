"""A button refreshes everything now."""

from homeassistant.components.button import DOMAIN as BUTTON, SERVICE_PRESS
from homeassistant.const import ATTR_ENTITY_ID, Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, snapshot_platform
from syrupy.assertion import SnapshotAssertion

from demo.oveit_server import OveitServer
from demo.venue import Venue
from tests.common import reauths, set_up, value


async def press(hass: HomeAssistant) -> None:
    """Press the button."""
    fields = {ATTR_ENTITY_ID: "button.lantern_night_sync"}
    await hass.services.async_call(BUTTON, SERVICE_PRESS, fields, blocking=True)
    await hass.async_block_till_done(wait_background_tasks=True)


@pytest.mark.usefixtures("frozen")
async def test_the_buttons_of_an_event(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    entity_registry: er.EntityRegistry,
    snapshot: SnapshotAssertion,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Everything about them, as automations and dashboards rely on it."""
    monkeypatch.setattr("custom_components.oveit.PLATFORMS", [Platform.BUTTON])
    await set_up(hass, entry)
    await snapshot_platform(hass, entity_registry, snapshot, entry.entry_id)


@pytest.mark.usefixtures("loaded")
async def test_a_press_asks_for_everything_now(
    hass: HomeAssistant, venue: Venue, server: OveitServer
) -> None:
    """The sensors show what is new."""
    venue.sell(100, 234)
    server.forget()
    await press(hass)
    assert [request.endpoint for request in server.requests] == ["seller/events", "events/tickets"]
    assert value(hass, "sensor.lantern_night_tickets") == "51"


@pytest.mark.parametrize(
    ("fault", "key"),
    [
        ("unavailable", "cannot_connect"),
        ("captive_portal", "invalid_response"),
        ("forbidden", "authentication_failed"),
    ],
)
async def test_a_press_that_fails_says_why(
    hass: HomeAssistant, loaded: MockConfigEntry, server: OveitServer, fault: str, key: str
) -> None:
    """Wrong credentials have a person sign in again."""
    server.faults.set("*", fault)
    with pytest.raises(HomeAssistantError) as error:
        await press(hass)
    assert error.value.translation_key == key
    assert reauths(hass, loaded) == (key == "authentication_failed")

"""A binary sensor tells whether Oveit answers."""

from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNKNOWN, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, snapshot_platform
from syrupy.assertion import SnapshotAssertion

from demo.oveit_server import OveitServer
from demo.venue import Venue
from tests.common import act, poll, set_up, value

CONNECTED = "binary_sensor.lantern_night_connected"


@pytest.mark.usefixtures("frozen")
async def test_the_binary_sensors_of_an_event(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    entity_registry: er.EntityRegistry,
    snapshot: SnapshotAssertion,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Everything about them, as automations and dashboards rely on it."""
    monkeypatch.setattr("custom_components.oveit.PLATFORMS", [Platform.BINARY_SENSOR])
    await set_up(hass, entry)
    await snapshot_platform(hass, entity_registry, snapshot, entry.entry_id)


async def test_a_lost_connection_is_shown_until_it_is_back(
    hass: HomeAssistant, loaded: MockConfigEntry, server: OveitServer
) -> None:
    """What was known last stays."""
    tickets = value(hass, "sensor.lantern_night_tickets")
    assert value(hass, CONNECTED) == STATE_ON
    await server.hang_up()
    await poll(hass, loaded)
    assert value(hass, CONNECTED) == STATE_ON
    await poll(hass, loaded)
    assert value(hass, CONNECTED) == STATE_OFF
    assert value(hass, "sensor.lantern_night_tickets") == tickets
    await server.pick_up()
    await poll(hass, loaded)
    assert value(hass, CONNECTED) == STATE_OFF
    await poll(hass, loaded)
    assert value(hass, CONNECTED) == STATE_ON


@pytest.mark.parametrize("fault", ["server_error", "captive_portal", "half_json", "forbidden"])
async def test_an_answer_that_is_none_is_no_connection(
    hass: HomeAssistant, loaded: MockConfigEntry, server: OveitServer, fault: str
) -> None:
    """A web server that answers is not yet Oveit."""
    tickets = value(hass, "sensor.lantern_night_tickets")
    server.faults.set("*", fault)
    for _ in range(2):
        await poll(hass, loaded)
    assert value(hass, CONNECTED) == STATE_OFF
    assert value(hass, "sensor.lantern_night_tickets") == tickets


async def test_a_sync_that_succeeds_brings_the_connection_back(
    hass: HomeAssistant, loaded: MockConfigEntry, server: OveitServer
) -> None:
    """Nobody has to wait for the next poll."""
    server.faults.set("*", "unavailable")
    await poll(hass, loaded)
    server.faults.clear()
    await act(hass, "sync")
    assert value(hass, CONNECTED) == STATE_ON


async def test_an_event_is_full_when_its_capacity_is_inside(
    hass: HomeAssistant, loaded: MockConfigEntry, venue: Venue
) -> None:
    """It warns before, and knows nothing until a person sets the capacity."""
    full, nearly = (
        f"binary_sensor.lantern_night_{key}" for key in ("capacity_reached", "nearly_full")
    )
    for ticket in venue.unused(100)[:5]:
        await act(hass, "checkin", ticket_code=ticket.code)
    await act(hass, "sync")
    inside = int(value(hass, "sensor.lantern_night_inside"))
    assert inside == 10
    assert value(hass, full) == value(hass, nearly) == STATE_UNKNOWN
    assert hass.states.get(full).attributes["warning"] is False
    for capacity, shown, warning in (
        (20, STATE_OFF, False),
        (12, STATE_OFF, False),
        (11, STATE_OFF, True),
        (10, STATE_ON, True),
    ):
        await hass.services.async_call(
            "number",
            "set_value",
            {"entity_id": "number.lantern_night_capacity", "value": capacity},
            blocking=True,
        )
        assert value(hass, full) == shown
        assert hass.states.get(full).attributes["warning"] is warning
        assert value(hass, nearly) == (STATE_ON if warning else STATE_OFF)
        assert hass.states.get(full).attributes["capacity"] == capacity
        assert hass.states.get(full).attributes["inside"] == inside

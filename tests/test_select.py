"""A person opens and closes gates, and sets how many an event may hold."""

from homeassistant.const import STATE_UNKNOWN, EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.common import value
from tests.gates import open_gate, set_mode

MODE = "select.north_gate_mode"
CAPACITY = "number.lantern_night_capacity"


async def test_a_gate_is_open_until_somebody_closes_it(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """Each gate has a mode of its own."""
    await open_gate(hass, entry)
    await open_gate(hass, entry, name="South gate")
    assert value(hass, MODE) == "open_for_tickets"
    await set_mode(hass, "closed")
    assert value(hass, MODE) == "closed"
    assert value(hass, "select.south_gate_mode") == "open_for_tickets"


async def test_a_mode_that_does_not_exist_is_refused(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """The gate stays as it is."""
    await open_gate(hass, entry)
    with pytest.raises(ServiceValidationError):
        await set_mode(hass, "ajar")
    assert value(hass, MODE) == "open_for_tickets"


async def test_a_capacity_is_kept_through_a_restart(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    """It is unknown until a person sets it."""
    assert value(hass, CAPACITY) == STATE_UNKNOWN
    assert er.async_get(hass).async_get(CAPACITY).entity_category is EntityCategory.CONFIG
    await hass.services.async_call(
        "number", "set_value", {"entity_id": CAPACITY, "value": 40}, blocking=True
    )
    assert value(hass, CAPACITY) == "40"
    await hass.config_entries.async_reload(loaded.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert value(hass, CAPACITY) == "40"

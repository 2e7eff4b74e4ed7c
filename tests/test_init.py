"""An account is set up, unloaded and removed; its events come and go."""

from pathlib import Path
from threading import enumerate as all_threads

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import WebSocketGenerator
from syrupy.assertion import SnapshotAssertion

from custom_components.oveit.const import CONF_EVENTS, CONF_FOLLOW_NEW, CONF_IGNORED_EVENTS, DOMAIN
from demo.oveit_server import OveitServer
from demo.venue import Venue, VenueEvent, VenueTicketType
from tests.common import act, poll, set_up, value

TICKETS = "sensor.lantern_night_tickets"


def threads() -> list[str]:
    """Return the names of the integration's threads."""
    return [thread.name for thread in all_threads() if thread.name.startswith("oveit")]


async def files(hass: HomeAssistant, entry: MockConfigEntry) -> list[str]:
    """Return the names of an entry's files."""
    folder = Path(hass.config.path(".storage"))
    paths = await hass.async_add_executor_job(
        lambda: sorted(folder.glob(f"{DOMAIN}.{entry.entry_id}*"))
    )
    return [path.name for path in paths]


def open_a_fair(venue: Venue) -> None:
    """Let a new event appear in the account."""
    venue.events[102] = VenueEvent(
        id=102,
        seller_id=1,
        name="Harbour Fair",
        starts_at=None,
        location="Pier 3",
        ticket_types=[VenueTicketType(id=434, name="Entry")],
    )
    venue.sell(102, 434)


@pytest.fixture
def device(hass: HomeAssistant, loaded: MockConfigEntry) -> dr.DeviceEntry:
    """Return the device of the first event."""
    (device,) = dr.async_entries_for_config_entry(dr.async_get(hass), loaded.entry_id)
    return device


async def remove(
    hass: HomeAssistant, ws: WebSocketGenerator, entry: MockConfigEntry, device: dr.DeviceEntry
) -> bool:
    """Remove a device as a person does, and tell whether that went well."""
    assert await async_setup_component(hass, "config", {})
    client = await ws(hass)
    response = await client.remove_device(device.id)
    await hass.async_block_till_done(wait_background_tasks=True)
    return bool(response["success"])


async def test_the_sensors_show_the_attendance_of_the_venue(
    hass: HomeAssistant, loaded: MockConfigEntry, venue: Venue
) -> None:
    """The counts are those of the pretend venue."""
    assert value(hass, TICKETS) == "50"
    assert value(hass, "sensor.lantern_night_checked_in") == str(len(venue.used(100)))


async def test_a_valid_ticket_is_checked_in_once(
    hass: HomeAssistant, loaded: MockConfigEntry, venue: Venue, server: OveitServer
) -> None:
    """At another gate it is refused, and Oveit is asked only once."""
    code = venue.unused(100)[0].code
    first = await act(hass, "checkin", ticket_code=code, gate="North")
    second = await act(hass, "checkin", ticket_code=code, gate="South")
    assert first["admitted"] is True
    assert first["reason"] == "checked_in"
    assert second["reason"] == "already_checked_in"
    assert second["first_checkin"]["gate"] == "North"
    assert second["passback"] is True
    assert len(server.requests_to("tickets/checkin")) == 1


@pytest.mark.usefixtures("frozen")
async def test_the_device_of_an_event(device: dr.DeviceEntry, snapshot: SnapshotAssertion) -> None:
    """It is a service."""
    assert device == snapshot


async def test_unloading_leaves_nothing_running(
    hass: HomeAssistant, loaded: MockConfigEntry, server: OveitServer
) -> None:
    """The ledger stays on disk, in one piece."""
    assert threads()
    assert await hass.config_entries.async_unload(loaded.entry_id)
    assert loaded.state is ConfigEntryState.NOT_LOADED
    assert threads() == []
    assert value(hass, TICKETS) == STATE_UNAVAILABLE
    assert await files(hass, loaded) == ["oveit.venue.db"]


async def test_reloading_keeps_what_is_known(
    hass: HomeAssistant, loaded: MockConfigEntry, venue: Venue
) -> None:
    """A ticket that was admitted before is refused after it."""
    code = venue.unused(100)[1].code
    assert (await act(hass, "checkin", ticket_code=code, gate="North"))["admitted"] is True
    assert await hass.config_entries.async_reload(loaded.entry_id)
    response = await act(hass, "checkin", ticket_code=code)
    assert response["reason"] == "already_checked_in"
    assert response["first_checkin"]["gate"] == "North"


async def test_removing_an_account_deletes_its_ledger(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    """Its devices and entities go too."""
    assert await files(hass, loaded)
    assert await hass.config_entries.async_remove(loaded.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert await files(hass, loaded) == []
    assert threads() == []
    assert dr.async_entries_for_config_entry(dr.async_get(hass), loaded.entry_id) == []
    assert hass.states.get(TICKETS) is None


async def test_an_account_that_never_loaded_can_be_removed(
    hass: HomeAssistant, entry: MockConfigEntry, server: OveitServer
) -> None:
    """It leaves nothing behind."""
    server.faults.set("*", "unavailable")
    await set_up(hass, entry)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert threads() == []
    assert await hass.config_entries.async_remove(entry.entry_id)
    assert await files(hass, entry) == []


@pytest.mark.usefixtures("loaded")
async def test_stopping_home_assistant_closes_the_ledger(hass: HomeAssistant) -> None:
    """No thread is left."""
    await hass.async_stop(force=True)
    assert threads() == []


async def test_two_accounts_keep_their_ledgers_apart(
    hass: HomeAssistant, loaded: MockConfigEntry, token_entry: MockConfigEntry
) -> None:
    """Removing one leaves the other alone."""
    await set_up(hass, token_entry)
    await hass.config_entries.async_remove(token_entry.entry_id)
    assert await files(hass, token_entry) == []
    assert "oveit.venue.db" in await files(hass, loaded)
    assert value(hass, TICKETS) == "50"


@pytest.mark.parametrize("follow_new", [True, False])
async def test_a_new_event_is_followed_if_that_is_wished(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, follow_new: bool
) -> None:
    """It appears with the next poll, without a reload."""
    options = {CONF_EVENTS: [100], CONF_IGNORED_EVENTS: [101], CONF_FOLLOW_NEW: follow_new}
    hass.config_entries.async_update_entry(entry, options=options)
    await set_up(hass, entry)
    before = entry.runtime_data
    open_a_fair(venue)
    await poll(hass, entry)
    assert (hass.states.get("sensor.harbour_fair_tickets") is not None) is follow_new
    assert hass.states.get("sensor.city_museum_tickets") is None
    assert entry.runtime_data is before
    response = await act(hass, "scan", ticket_code=venue.tickets_of(102)[0].code)
    assert response["reason"] == ("checked_in" if follow_new else "wrong_event")


async def test_an_event_that_ended_is_unavailable(
    hass: HomeAssistant, loaded: MockConfigEntry, device: dr.DeviceEntry, venue: Venue
) -> None:
    """Its device stays, also through a restart."""
    venue.end_event(100)
    await poll(hass, loaded)
    entity_ids = er.async_entries_for_device(er.async_get(hass), device.id)
    assert {value(hass, entity.entity_id) for entity in entity_ids} == {STATE_UNAVAILABLE}
    await hass.config_entries.async_reload(loaded.entry_id)
    assert dr.async_get(hass).async_get(device.id)
    assert value(hass, TICKETS) == STATE_UNAVAILABLE


async def test_an_event_that_is_back_is_available(
    hass: HomeAssistant, loaded: MockConfigEntry, venue: Venue
) -> None:
    """Oveit may have left it out for once."""
    venue.end_event(100)
    await poll(hass, loaded)
    venue.events[100].ended = False
    await poll(hass, loaded)
    assert value(hass, TICKETS) == "50"


@pytest.mark.usefixtures("device")
async def test_an_event_that_is_renamed_has_its_new_name(
    hass: HomeAssistant, loaded: MockConfigEntry, device: dr.DeviceEntry, venue: Venue
) -> None:
    """The entities keep their ids."""
    venue.events[100].name = "Lantern Nights"
    await poll(hass, loaded)
    await hass.config_entries.async_reload(loaded.entry_id)
    assert dr.async_get(hass).async_get(device.id).name == "Lantern Nights"
    assert value(hass, TICKETS) == "50"


async def test_an_active_event_cannot_be_removed(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    device: dr.DeviceEntry,
    hass_ws_client: WebSocketGenerator,
) -> None:
    """It is unfollowed in the options."""
    assert not await remove(hass, hass_ws_client, loaded, device)
    assert dr.async_get(hass).async_get(device.id)
    assert value(hass, TICKETS) == "50"


async def test_an_event_that_ended_can_be_removed_for_good(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    device: dr.DeviceEntry,
    venue: Venue,
    hass_ws_client: WebSocketGenerator,
) -> None:
    """Neither a poll nor a restart brings it back."""
    venue.end_event(100)
    await poll(hass, loaded)
    assert await remove(hass, hass_ws_client, loaded, device)
    await poll(hass, loaded)
    assert hass.states.get(TICKETS) is None
    await hass.config_entries.async_reload(loaded.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert loaded.state is ConfigEntryState.LOADED
    assert dr.async_entries_for_config_entry(dr.async_get(hass), loaded.entry_id) == []


async def test_a_device_of_an_account_that_is_not_loaded_stays(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    device: dr.DeviceEntry,
    hass_ws_client: WebSocketGenerator,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Nobody knows whether its event has ended."""
    await hass.config_entries.async_unload(loaded.entry_id)
    assert not await remove(hass, hass_ws_client, loaded, device)
    assert dr.async_get(hass).async_get(device.id)
    assert "Traceback" not in caplog.text


async def test_a_device_of_an_event_no_longer_followed_goes(
    hass: HomeAssistant, entry: MockConfigEntry, device_registry: dr.DeviceRegistry
) -> None:
    """Also one that is left over from long ago."""
    left = device_registry.async_get_or_create(
        config_entry_id=entry.entry_id, identifiers={(DOMAIN, "venue_99")}, name="Long ago"
    )
    await set_up(hass, entry)
    assert device_registry.async_get(left.id) is None
    assert value(hass, TICKETS) == "50"

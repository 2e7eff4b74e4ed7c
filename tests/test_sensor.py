"""Sensors count an event's tickets."""

import asyncio

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import STATE_UNKNOWN, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, snapshot_platform
from syrupy.assertion import SnapshotAssertion

from demo.oveit_server import OveitServer
from demo.venue import Venue
from tests.common import act, poll, set_up, value, wait
from tests.conftest import NOW

ENTRY, VIP = 234, 235
DRINKS = 8
PREFIX = "sensor.lantern_night_"


@pytest.mark.usefixtures("frozen")
async def test_the_sensors_of_an_event(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    entity_registry: er.EntityRegistry,
    snapshot: SnapshotAssertion,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Everything about them, as automations and dashboards rely on it."""
    monkeypatch.setattr("custom_components.oveit.PLATFORMS", [Platform.SENSOR])
    await set_up(hass, entry)
    await snapshot_platform(hass, entity_registry, snapshot, entry.entry_id)


@pytest.mark.usefixtures("loaded")
async def test_the_sensors_have_the_promised_names(hass: HomeAssistant) -> None:
    """One for each count, and one for each ticket type."""
    promised = {
        *("tickets", "checked_in", "remaining", "attendance", "last_entry", "arrivals", "inside"),
        *(
            "offline_coverage",
            "list_age",
            "waiting",
            "conflicts",
            "checked_in_entry",
            "checked_in_vip",
        ),
    }
    assert set(hass.states.async_entity_ids("sensor")) == {PREFIX + key for key in promised}


@pytest.mark.usefixtures("frozen", "loaded")
async def test_a_check_in_moves_the_sensors_at_once(
    hass: HomeAssistant, venue: Venue, server: OveitServer
) -> None:
    """No list is asked for."""
    ticket = venue.unused(100, ENTRY)[1]
    keys = ("checked_in", "remaining", "checked_in_entry", "checked_in_vip", "tickets")
    before = [int(value(hass, PREFIX + key)) for key in keys]
    arrivals = float(value(hass, PREFIX + "arrivals"))
    server.forget()
    await act(hass, "checkin", ticket_code=ticket.code, gate="North")
    after = [int(value(hass, PREFIX + key)) for key in keys]
    assert [new - old for new, old in zip(after, before, strict=True)] == [1, -1, 1, 0, 0]
    assert float(value(hass, PREFIX + "attendance")) == pytest.approx(2 * after[0])
    assert float(value(hass, PREFIX + "arrivals")) == pytest.approx(arrivals + 0.1)
    assert value(hass, PREFIX + "last_entry") == NOW.isoformat()
    assert {request.endpoint for request in server.requests} == {"tickets/checkin"}


@pytest.mark.usefixtures("loaded")
async def test_the_last_entry_tells_where_and_with_what(hass: HomeAssistant, venue: Venue) -> None:
    """Of the code it shows the end only."""
    code = venue.unused(100, VIP)[1].code
    await act(hass, "checkin", ticket_code=code, gate="North")
    attributes = hass.states.get(PREFIX + "last_entry").attributes
    assert attributes["ticket_type"] == "VIP"
    assert attributes["gate"] == "North"
    assert attributes["code_end"] == code[-3:]
    assert code not in str(attributes)


@pytest.mark.usefixtures("frozen")
async def test_a_check_in_elsewhere_moves_the_sensors_at_the_next_poll(
    hass: HomeAssistant, loaded: MockConfigEntry, venue: Venue
) -> None:
    """It has no gate of ours."""
    before = int(value(hass, PREFIX + "checked_in"))
    venue.check_in(venue.unused(100, ENTRY)[1].code)
    await poll(hass, loaded)
    assert int(value(hass, PREFIX + "checked_in")) == before + 1
    last = hass.states.get(PREFIX + "last_entry")
    assert last.state == NOW.isoformat()
    assert last.attributes["gate"] is None


@pytest.mark.usefixtures("loaded")
async def test_the_use_of_an_addon_is_no_entry(hass: HomeAssistant, venue: Venue) -> None:
    """The counts stay."""
    before = {key: value(hass, PREFIX + key) for key in ("checked_in", "arrivals", "last_entry")}
    code = venue.unused(100, VIP)[1].code
    assert (await act(hass, "checkin", ticket_code=code, addon_id=DRINKS))["admitted"] is True
    assert {key: value(hass, PREFIX + key) for key in before} == before


@pytest.mark.usefixtures("loaded")
async def test_a_refusal_moves_no_sensor(hass: HomeAssistant, venue: Venue) -> None:
    """Nothing was consumed."""
    before = {state.entity_id: state.state for state in hass.states.async_all("sensor")}
    code = venue.used(100)[0].code
    assert (await act(hass, "checkin", ticket_code=code))["admitted"] is False
    assert {state.entity_id: state.state for state in hass.states.async_all("sensor")} == before


async def test_arrivals_are_forgotten_after_ten_minutes(
    hass: HomeAssistant, frozen: FrozenDateTimeFactory, loaded: MockConfigEntry, venue: Venue
) -> None:
    """They are tickets a minute over that time."""
    for ticket in venue.unused(100, ENTRY)[1:4]:
        await act(hass, "checkin", ticket_code=ticket.code)
    await wait(hass, frozen, 9 * 60)
    assert float(value(hass, PREFIX + "arrivals")) == pytest.approx(0.3)
    await wait(hass, frozen, 2 * 60)
    assert float(value(hass, PREFIX + "arrivals")) == 0


@pytest.mark.usefixtures("loaded")
async def test_arrivals_at_once_are_shown_together(hass: HomeAssistant, venue: Venue) -> None:
    """A crowd costs a count a second at most, and the last guest is counted too."""
    before = int(value(hass, PREFIX + "checked_in"))
    for ticket in venue.unused(100, ENTRY)[1:6]:
        await act(hass, "checkin", ticket_code=ticket.code)
    await hass.async_block_till_done()
    await asyncio.sleep(1.1)
    await hass.async_block_till_done()
    assert int(value(hass, PREFIX + "checked_in")) == before + 5


async def test_an_event_without_tickets_has_no_attendance(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue
) -> None:
    """Nor anybody who came last."""
    for ticket in venue.tickets_of(100):
        venue.cancel(ticket.code)
    await set_up(hass, entry)
    assert value(hass, PREFIX + "tickets") == "0"
    assert value(hass, PREFIX + "remaining") == "0"
    assert value(hass, PREFIX + "attendance") == STATE_UNKNOWN
    last = hass.states.get(PREFIX + "last_entry")
    assert last.state == STATE_UNKNOWN
    assert "gate" not in last.attributes


async def test_a_new_ticket_type_has_a_sensor(
    hass: HomeAssistant, loaded: MockConfigEntry, venue: Venue
) -> None:
    """It appears with the next poll, and counts."""
    venue.add_ticket_type(100, 236, "Crew")
    venue.check_in(venue.sell(100, 236).code)
    await poll(hass, loaded)
    venue.sell(100, 236)
    await act(hass, "sync")
    assert value(hass, PREFIX + "checked_in_crew") == "1"
    assert hass.states.get(PREFIX + "checked_in_crew").attributes["tickets"] == 2


async def test_the_list_age_is_when_the_list_was_asked_for(
    hass: HomeAssistant, frozen: FrozenDateTimeFactory, loaded: MockConfigEntry
) -> None:
    """It moves with every list."""
    assert value(hass, PREFIX + "list_age") == NOW.isoformat()
    frozen.tick(60)
    await act(hass, "sync")
    assert value(hass, PREFIX + "list_age") == "2026-10-10T18:01:00+00:00"


@pytest.mark.usefixtures("loaded")
async def test_a_check_in_without_an_answer_is_waiting(
    hass: HomeAssistant, venue: Venue, server: OveitServer
) -> None:
    """Oveit may or may not have it; the guest is in, and counted."""
    before = int(value(hass, PREFIX + "checked_in"))
    server.faults.set("tickets/checkin", "drop_before", 1)
    response = await act(hass, "checkin", ticket_code=venue.unused(100, ENTRY)[1].code)
    assert response["source"] == "ledger"
    await act(hass, "sync")
    assert value(hass, PREFIX + "waiting") == "1"
    assert value(hass, PREFIX + "checked_in") == str(before + 1)

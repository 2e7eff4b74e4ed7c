"""An event entity shows check-ins as they happen, wherever they are made."""

from typing import Any

from homeassistant.const import STATE_UNKNOWN, Platform
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, State, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.event import async_track_state_change_event
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, snapshot_platform
from syrupy.assertion import SnapshotAssertion

from custom_components.oveit.const import CONF_EVENTS, CONF_FOLLOW_NEW
from demo.oveit_server import OveitServer
from demo.venue import Venue
from tests.common import act, poll, set_up, value

CHECK_IN, MUSEUM = "event.lantern_night_check_in", "event.city_museum_check_in"
ENTRY, VIP = 234, 235
DRINKS = 8


@pytest.fixture
def shown(hass: HomeAssistant) -> list[State]:
    """Return what the event entities show, in order."""
    states: list[State] = []

    @callback
    def _keep(event: Event[EventStateChangedData]) -> None:
        state = event.data["new_state"]
        if state and state.state != STATE_UNKNOWN and "event_type" in state.attributes:
            states.append(state)

    async_track_state_change_event(hass, [CHECK_IN, MUSEUM], _keep)
    return states


@pytest.fixture
async def both(hass: HomeAssistant, entry: MockConfigEntry) -> MockConfigEntry:
    """Return an entry that follows both events."""
    options = {CONF_EVENTS: [100, 101], CONF_FOLLOW_NEW: False}
    hass.config_entries.async_update_entry(entry, options=options)
    await set_up(hass, entry)
    return entry


def told(state: State) -> dict[str, Any]:
    """Return what a check-in tells."""
    keys = ("event_type", "reason", "source", "ticket_type", "addon", "gate", "code_end")
    return {key: state.attributes[key] for key in keys}


@pytest.mark.usefixtures("frozen")
async def test_the_event_entities_of_an_event(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    entity_registry: er.EntityRegistry,
    snapshot: SnapshotAssertion,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Everything about them, as automations and dashboards rely on it."""
    monkeypatch.setattr("custom_components.oveit.PLATFORMS", [Platform.EVENT])
    await set_up(hass, entry)
    await snapshot_platform(hass, entity_registry, snapshot, entry.entry_id)


@pytest.mark.usefixtures("loaded")
async def test_an_admission_appears(hass: HomeAssistant, venue: Venue, shown: list[State]) -> None:
    """Without the whole code."""
    code = venue.unused(100, VIP)[1].code
    await act(hass, "checkin", ticket_code=code, gate="North")
    assert [told(state) for state in shown] == [
        {
            "event_type": "admitted",
            "reason": "checked_in",
            "source": "oveit",
            "ticket_type": "VIP",
            "addon": None,
            "gate": "North",
            "code_end": code[-3:],
        }
    ]
    assert code not in str(shown)


@pytest.mark.usefixtures("loaded")
async def test_a_refusal_appears(hass: HomeAssistant, venue: Venue, shown: list[State]) -> None:
    """The steward sees why a light is red."""
    ticket = next(ticket for ticket in venue.used(100) if ticket.ticket_type_id == ENTRY)
    await act(hass, "checkin", ticket_code=ticket.code)
    assert [told(state) for state in shown] == [
        {
            "event_type": "refused",
            "reason": "already_checked_in",
            "source": "ledger",
            "ticket_type": "Entry",
            "addon": None,
            "gate": None,
            "code_end": ticket.code[-3:],
        }
    ]


@pytest.mark.usefixtures("loaded")
async def test_the_use_of_an_addon_appears(
    hass: HomeAssistant, venue: Venue, shown: list[State]
) -> None:
    """By its name."""
    await act(hass, "checkin", ticket_code=venue.unused(100, VIP)[1].code, addon_id=DRINKS)
    assert told(shown[0])["addon"] == "Free drinks"
    assert told(shown[0])["event_type"] == "admitted"


async def test_a_check_in_made_elsewhere_appears(
    hass: HomeAssistant, loaded: MockConfigEntry, venue: Venue, shown: list[State]
) -> None:
    """Once, with the next poll, without a gate."""
    code = venue.unused(100, VIP)[1].code
    venue.check_in(code)
    await poll(hass, loaded)
    await poll(hass, loaded)
    assert [told(state) for state in shown] == [
        {
            "event_type": "admitted",
            "reason": "checked_in",
            "source": "oveit",
            "ticket_type": "VIP",
            "addon": None,
            "gate": None,
            "code_end": code[-3:],
        }
    ]
    assert code not in str(shown)


async def test_an_addon_used_elsewhere_appears(
    hass: HomeAssistant, loaded: MockConfigEntry, venue: Venue, shown: list[State]
) -> None:
    """With the next list."""
    venue.check_in(venue.unused(100, VIP)[1].code, DRINKS)
    await act(hass, "sync")
    assert [told(state)["addon"] for state in shown] == ["Free drinks"]


async def test_our_own_check_in_appears_once(
    hass: HomeAssistant, loaded: MockConfigEntry, venue: Venue, shown: list[State]
) -> None:
    """The list that shows it too brings nothing new."""
    await act(hass, "checkin", ticket_code=venue.unused(100)[1].code)
    await act(hass, "sync")
    assert len(shown) == 1


async def test_a_crowd_elsewhere_appears_one_by_one(
    hass: HomeAssistant, loaded: MockConfigEntry, venue: Venue, shown: list[State]
) -> None:
    """Each is a change of its own; of very many, the newest twenty."""
    for ticket in venue.unused(100)[1:31]:
        venue.check_in(ticket.code)
    await poll(hass, loaded)
    assert len(shown) == 20
    assert len({state.state for state in shown}) == 20


@pytest.mark.usefixtures("loaded")
@pytest.mark.parametrize("field", ["ticket_code", "rfid_code"])
async def test_an_unknown_code_appears_where_one_event_is_followed(
    hass: HomeAssistant, shown: list[State], field: str
) -> None:
    """It can only have been meant for that one."""
    await act(hass, "checkin", **{field: "n0b0dy"}, gate="North")
    (state,) = shown
    assert told(state)["event_type"] == "refused"
    assert told(state)["gate"] == "North"
    assert told(state)["code_end"] is None
    assert "n0b0dy" not in str(state)


@pytest.mark.usefixtures("both")
async def test_an_unknown_code_appears_nowhere_where_more_are_followed(
    hass: HomeAssistant, shown: list[State]
) -> None:
    """Nobody knows which one was meant."""
    await act(hass, "checkin", ticket_code="n0b0dy")
    assert shown == []


async def test_an_event_that_ended_takes_no_unknown_code(
    hass: HomeAssistant, both: MockConfigEntry, venue: Venue, shown: list[State]
) -> None:
    """The one that is left was meant."""
    venue.end_event(101)
    await poll(hass, both)
    await act(hass, "checkin", ticket_code="n0b0dy")
    assert [state.entity_id for state in shown] == [CHECK_IN]


async def test_a_check_in_appears_at_its_own_event(
    hass: HomeAssistant, both: MockConfigEntry, venue: Venue, shown: list[State]
) -> None:
    """Here and elsewhere."""
    await act(hass, "checkin", ticket_code=venue.unused(101)[0].code)
    venue.check_in(venue.unused(101)[0].code)
    venue.check_in(venue.unused(100)[1].code)
    await poll(hass, both)
    assert [state.entity_id for state in shown].count(MUSEUM) == 2
    assert [state.entity_id for state in shown].count(CHECK_IN) == 1


@pytest.mark.usefixtures("loaded")
async def test_a_ticket_of_another_event_appears_at_the_door_it_was_held_to(
    hass: HomeAssistant, venue: Venue, shown: list[State]
) -> None:
    """The steward of the only event that is followed sees why the light is red."""
    await act(hass, "checkin", ticket_code=venue.unused(101)[0].code, gate="North")
    (state,) = shown
    assert told(state)["event_type"] == "refused"
    assert told(state)["reason"] == "wrong_event"


@pytest.mark.usefixtures("loaded")
async def test_a_look_does_not_appear(
    hass: HomeAssistant, venue: Venue, server: OveitServer, shown: list[State]
) -> None:
    """Nobody came."""
    for ticket in (venue.unused(100)[1], venue.used(100)[0]):
        await act(hass, "scan", ticket_code=ticket.code)
    assert server.requests_to("tickets/scan")
    assert shown == []
    assert value(hass, CHECK_IN) == STATE_UNKNOWN


async def test_nothing_is_told_to_an_entity_that_is_gone(
    hass: HomeAssistant, loaded: MockConfigEntry, venue: Venue, entity_registry: er.EntityRegistry
) -> None:
    """A check-in still succeeds."""
    entity_registry.async_remove(CHECK_IN)
    await hass.async_block_till_done()
    assert (await act(hass, "checkin", ticket_code=venue.unused(100)[1].code))["admitted"] is True
    assert hass.states.get(CHECK_IN) is None

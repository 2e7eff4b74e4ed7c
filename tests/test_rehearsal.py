"""A gate rehearses: everything is shown as always, nothing is marked, no door opens by it."""

from datetime import datetime, timedelta

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import STATE_OFF, STATE_ON
from homeassistant.core import HomeAssistant, ServiceCall, State
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_mock_service,
    mock_restore_cache,
)

from demo.oveit_server import OveitServer
from demo.venue import Venue
from tests.common import act, value, wait
from tests.conftest import NOW
from tests.gates import NORTH, READ, Reader, make_reader, open_gate, set_mode, tagged, watch

SWITCH = "switch.north_gate_rehearsal"
READY = "binary_sensor.lantern_night_ready"


@pytest.fixture
def reader(hass: HomeAssistant) -> Reader:
    """Return the reader at the gate."""
    return make_reader(hass)


async def rehearse(hass: HomeAssistant, action: str = "turn_on") -> None:
    """Begin or end the rehearsal as a person does."""
    await hass.services.async_call("switch", action, {"entity_id": SWITCH}, blocking=True)


def until(hass: HomeAssistant) -> str | None:
    """Return when the rehearsal ends."""
    state = hass.states.get(SWITCH)
    assert state
    return state.attributes["until"]


async def test_the_whole_way_is_shown_and_nothing_is_marked(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, server: OveitServer, reader: Reader
) -> None:
    """Neither at Oveit nor here; in earnest the same ticket enters afterwards."""
    ticket = tagged(venue)
    await open_gate(hass, entry, reader)
    await rehearse(hass)
    shown = watch(hass)
    await reader.scan(READ)
    assert shown.types() == ["admitted"]
    assert shown.reasons() == ["checked_in"]
    assert shown.states[0].attributes["rehearsal"] is True
    assert shown.states[0].attributes["mode"] == "open_for_tickets"
    assert venue.entries(ticket.code) == 0
    assert value(hass, "sensor.north_gate_entries") == "0"
    assert value(hass, "sensor.north_gate_last_result") == "checked_in"
    assert value(hass, "event.lantern_night_check_in") == "unknown"
    assert server.requests_to("tickets/checkin") == []

    await rehearse(hass, "turn_off")
    response = await act(hass, "checkin", entity_id=NORTH, rfid_code=READ)
    assert response["admitted"] is True
    assert response["rehearsal"] is False
    assert venue.entries(ticket.code) == 1


@pytest.mark.parametrize("trial", ["rehearsal", "scan only"])
async def test_a_guest_in_earnest_is_shown_right_after_a_trial_with_the_same_ticket(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, reader: Reader, trial: str
) -> None:
    """The ticket is marked, so the door must hear of it."""
    ticket = tagged(venue)
    await open_gate(hass, entry, reader)
    shown = watch(hass)
    if trial == "rehearsal":
        await rehearse(hass)
    else:
        await set_mode(hass, "scan_only")
    await reader.scan(READ)
    await rehearse(hass, "turn_off")
    await set_mode(hass, "open_for_tickets")
    await reader.scan(READ)
    assert shown.reasons() == ["checked_in", "checked_in"]
    assert venue.entries(ticket.code) == 1


async def test_a_way_out_has_no_rehearsal(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Nobody is kept in."""
    await open_gate(hass, entry, direction="exit")
    assert hass.states.get("sensor.north_gate_exits")
    assert hass.states.get(SWITCH) is None


async def test_it_rehearses_a_lost_line_too(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, server: OveitServer, reader: Reader
) -> None:
    """What was learned before decides, and no row waits for Oveit afterwards."""
    tagged(venue)
    await open_gate(hass, entry, reader)
    await rehearse(hass)
    shown = watch(hass)
    await act(hass, "scan", rfid_code="5E35ED9A")
    await server.hang_up()
    await reader.scan(READ)
    assert shown.states[0].attributes["source"] == "ledger"
    assert shown.reasons() == ["checked_in"]
    assert await entry.runtime_data.ledger.waiting() == []


async def test_a_reader_that_asks_is_told_the_reason_but_opens_nothing(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue
) -> None:
    """`admitted` opens doors, so it stays false."""
    ticket = tagged(venue)
    await open_gate(hass, entry)
    await rehearse(hass)
    response = await act(hass, "checkin", entity_id=NORTH, rfid_code=READ)
    assert (response["admitted"], response["reason"]) == (False, "checked_in")
    assert response["rehearsal"] is True
    look = await act(hass, "scan", entity_id=NORTH, rfid_code=READ)
    assert (look["admitted"], look["rehearsal"]) == (True, True)
    assert venue.entries(ticket.code) == 0


@pytest.mark.parametrize(
    ("options", "fired"),
    [({}, []), ({"rehearsal": False}, []), ({"rehearsal": True}, [True, True])],
    ids=["by default", "off", "on"],
)
async def test_a_trigger_stays_silent_in_a_rehearsal_unless_it_is_to_rehearse(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    venue: Venue,
    reader: Reader,
    options: dict[str, bool],
    fired: list[bool],
) -> None:
    """A ticket that is not marked would open the door again and again."""
    calls: list[ServiceCall] = async_mock_service(hass, "test", "automation")
    tagged(venue)
    await open_gate(hass, entry, reader)
    automation = {
        "triggers": [
            {"trigger": f"oveit.{key}", "target": {"entity_id": NORTH}, "options": options}
            for key in ("ticket_admitted", "ticket_refused")
        ],
        "actions": [
            {
                "action": "test.automation",
                "data": {"rehearsal": "{{ trigger.to_state.attributes.rehearsal }}"},
            }
        ],
    }
    assert await async_setup_component(hass, "automation", {"automation": [automation]})
    await rehearse(hass)
    await reader.scan(READ)
    await reader.scan("AABBCCDD")
    assert [call.data["rehearsal"] for call in calls] == fired


async def test_a_closed_gate_is_closed_in_a_rehearsal(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, reader: Reader
) -> None:
    """The gate's mode is part of what is rehearsed."""
    tagged(venue)
    await open_gate(hass, entry, reader)
    await rehearse(hass)
    await set_mode(hass, "closed")
    shown = watch(hass)
    await reader.scan(READ)
    assert shown.reasons() == ["gate_closed"]
    assert shown.states[0].attributes["rehearsal"] is True


async def test_a_gate_that_rehearses_is_not_ready(
    hass: HomeAssistant, entry: MockConfigEntry, reader: Reader
) -> None:
    """So that nobody forgets it; the other gates are in earnest."""
    await open_gate(hass, entry, reader)
    await open_gate(hass, entry, name="South gate")
    await rehearse(hass)
    assert "rehearsal" in hass.states.get(READY).attributes["reasons"]
    assert value(hass, "switch.south_gate_rehearsal") == STATE_OFF
    await rehearse(hass, "turn_off")
    assert "rehearsal" not in hass.states.get(READY).attributes["reasons"]


async def test_it_is_off_by_itself_after_an_hour(
    hass: HomeAssistant, entry: MockConfigEntry, frozen: FrozenDateTimeFactory
) -> None:
    """Turned on again meanwhile, the hour begins anew."""
    assert er.async_get(hass)
    await open_gate(hass, entry)
    assert value(hass, SWITCH) == STATE_OFF
    assert until(hass) is None
    await rehearse(hass)
    assert until(hass) == (NOW + timedelta(hours=1)).isoformat()
    await wait(hass, frozen, 1800)
    await rehearse(hass)
    await wait(hass, frozen, 3590)
    assert value(hass, SWITCH) == STATE_ON
    await wait(hass, frozen, 11)
    assert value(hass, SWITCH) == STATE_OFF
    assert until(hass) is None


@pytest.mark.parametrize(
    ("ends_at", "state", "left"),
    [
        (NOW + timedelta(minutes=10), STATE_ON, timedelta(minutes=10)),
        (NOW + timedelta(days=2), STATE_ON, timedelta(hours=1)),
        (NOW - timedelta(seconds=1), STATE_OFF, None),
        (None, STATE_OFF, None),
        ("soon", STATE_OFF, None),
        (datetime(2026, 10, 10, 23), STATE_OFF, None),  # noqa: DTZ001
    ],
    ids=["in time", "clock was wrong", "over", "unknown", "nonsense", "without a zone"],
)
async def test_a_restart_leaves_what_is_left_of_the_hour(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    frozen: FrozenDateTimeFactory,
    ends_at: datetime | str | None,
    state: str,
    left: timedelta | None,
) -> None:
    """It never stays on."""
    told = ends_at.isoformat() if isinstance(ends_at, datetime) else ends_at
    mock_restore_cache(hass, [State(SWITCH, STATE_ON, {"until": told})])
    await open_gate(hass, entry)
    assert value(hass, SWITCH) == state
    if left:
        assert until(hass) == (NOW + left).isoformat()
        await wait(hass, frozen, left.total_seconds() + 1)
    assert value(hass, SWITCH) == STATE_OFF


async def test_a_reload_goes_on_rehearsing(
    hass: HomeAssistant, entry: MockConfigEntry, frozen: FrozenDateTimeFactory
) -> None:
    """Who changes a gate's settings in between does not mark the next ticket."""
    await open_gate(hass, entry)
    await rehearse(hass)
    await wait(hass, frozen, 600)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert value(hass, SWITCH) == STATE_ON
    assert until(hass) == (NOW + timedelta(hours=1)).isoformat()

"""Before the doors open, one sensor tells whether something stands in the way."""

from datetime import timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.oveit.readiness import Check
from demo.oveit_server import OveitServer
from demo.venue import Venue, now
from tests.common import act, poll, set_up, value
from tests.conftest import EMAIL
from tests.gates import Reader, make_reader, open_gate

READY = "binary_sensor.lantern_night_ready"


@pytest.fixture
def reader(hass: HomeAssistant) -> Reader:
    """Return the reader at the gate."""
    return make_reader(hass)


def told(hass: HomeAssistant, name: str) -> Any:
    """Return an attribute."""
    state = hass.states.get(READY)
    assert state
    return state.attributes[name]


async def test_nothing_stands_in_the_way(
    hass: HomeAssistant, entry: MockConfigEntry, reader: Reader
) -> None:
    """Every check says so."""
    await open_gate(hass, entry, reader, credential="ticket")
    assert value(hass, READY) == STATE_ON
    assert told(hass, "reasons") == []
    assert {check: told(hass, check) for check in Check} == dict.fromkeys(Check, "ok")


async def test_a_lost_line_stands_in_the_way(
    hass: HomeAssistant, loaded: MockConfigEntry, server: OveitServer
) -> None:
    """Until it is back."""
    await server.hang_up()
    for _ in range(2):
        await poll(hass, loaded)
    assert value(hass, READY) == STATE_OFF
    assert told(hass, "reasons") == ["connection"]
    await server.pick_up()
    for _ in range(2):
        await poll(hass, loaded)
    assert value(hass, READY) == STATE_ON


async def test_credentials_that_are_not_accepted_stand_in_the_way(
    hass: HomeAssistant, loaded: MockConfigEntry, server: OveitServer
) -> None:
    """A person is needed."""
    server.faults.set("*", "forbidden")
    await poll(hass, loaded)
    assert told(hass, "credentials") == "problem"
    assert value(hass, READY) == STATE_OFF


async def test_a_missing_permission_stands_in_the_way(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, server: OveitServer
) -> None:
    """Doors could not ask."""
    await set_up(hass, entry)
    venue.accounts[EMAIL].permissions = ["rfid_pairing"]
    server.expire_tokens()
    await poll(hass, entry)
    assert told(hass, "credentials") == "problem"


async def test_an_old_list_stands_in_the_way(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    server: OveitServer,
    frozen: FrozenDateTimeFactory,
) -> None:
    """Older than it gets by itself."""
    await set_up(hass, entry)
    assert told(hass, "ticket_list") == "ok"
    server.faults.set("events/tickets", "server_error")
    frozen.tick(timedelta(minutes=80))
    await poll(hass, entry)
    assert "ticket_list" in told(hass, "reasons")


async def test_check_ins_that_wait_stand_in_the_way(
    hass: HomeAssistant, loaded: MockConfigEntry, venue: Venue, server: OveitServer
) -> None:
    """Oveit is to know of the last evening first."""
    await server.hang_up()
    await act(hass, "checkin", ticket_code=venue.unused(100)[1].code)
    await poll(hass, loaded)
    assert told(hass, "waiting") == "problem"


@pytest.mark.parametrize(
    ("gate", "share", "outcome"),
    [
        ({"credential": "rfid"}, 0.5, "problem"),
        ({"credential": "auto"}, 0.9, "problem"),
        ({"credential": "rfid"}, 0.96, "ok"),
        ({"credential": "ticket"}, 0, "ok"),
        ({"credential": "rfid", "events": ["101"]}, 0, "ok"),
    ],
    ids=["half", "not enough", "nearly all", "no tags are read", "a gate of another event"],
)
async def test_unknown_tags_stand_in_the_way_where_gates_read_tags(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    venue: Venue,
    reader: Reader,
    gate: dict[str, Any],
    share: float,
    outcome: str,
) -> None:
    """Nineteen in twenty are enough."""
    await open_gate(hass, entry, reader, **gate)
    codes = [ticket.code for ticket in venue.tickets_of(100)]
    for code in codes[: round(len(codes) * share)]:
        await act(hass, "scan", ticket_code=code)
    await poll(hass, entry)
    assert told(hass, "tags") == outcome


async def test_a_reader_that_is_gone_stands_in_the_way(
    hass: HomeAssistant, entry: MockConfigEntry, reader: Reader
) -> None:
    """At once, by its name, and no longer than it is gone."""
    await open_gate(hass, entry, reader, credential="ticket")
    await reader.become(STATE_UNAVAILABLE)
    assert value(hass, READY) == STATE_OFF
    assert told(hass, "reasons") == ["readers"]
    assert told(hass, "missing_readers") == ["Reader"]
    await reader.become("here")
    assert value(hass, READY) == STATE_ON
    assert told(hass, "missing_readers") == []


async def test_a_reader_that_was_removed_stands_in_the_way(
    hass: HomeAssistant, entry: MockConfigEntry, reader: Reader
) -> None:
    """The gate still waits for it."""
    await open_gate(hass, entry, reader, credential="ticket")
    dr.async_get(hass).async_remove_device(reader.device_id)
    await hass.async_block_till_done()
    await poll(hass, entry)
    assert told(hass, "readers") == "problem"


async def test_a_wrong_clock_stands_in_the_way(
    hass: HomeAssistant, loaded: MockConfigEntry, server: OveitServer
) -> None:
    """Ten minutes are too much."""
    server.venue.clock = lambda: now() + timedelta(minutes=10)
    await poll(hass, loaded)
    assert told(hass, "reasons") == ["clock"]

"""X9: a gate in free flow refuses nobody, counts everybody, and checks good tickets in."""

from time import monotonic

from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_mock_service,
)

from demo.oveit_server import OveitServer
from demo.venue import Venue
from tests.common import act, value
from tests.gates import (
    NORTH,
    READ,
    TAG,
    Reader,
    fail,
    make_reader,
    open_gate,
    set_mode,
    tagged,
    watch,
)

MODE = "select.north_gate_mode"
READY = "binary_sensor.lantern_night_ready"
ENTRIES = "sensor.north_gate_entries"


@pytest.fixture
def reader(hass: HomeAssistant) -> Reader:
    """Return the reader at the gate."""
    return make_reader(hass)


@pytest.fixture
async def gate(hass: HomeAssistant, entry: MockConfigEntry, reader: Reader) -> str:
    """Have a gate in free flow."""
    gate_id = await open_gate(hass, entry, reader)
    await set_mode(hass, "free_flow")
    return gate_id


@pytest.fixture
async def doors(hass: HomeAssistant) -> list[ServiceCall]:
    """Open a door for everyone whom the gate admits."""
    calls = async_mock_service(hass, "lock", "unlock")
    trigger = {"trigger": "oveit.ticket_admitted", "target": {"entity_id": NORTH}}
    door = {"action": "lock.unlock", "target": {"entity_id": "lock.north"}}
    automation = {"triggers": [trigger], "actions": [door], "mode": "parallel", "max": 50}
    assert await async_setup_component(hass, "automation", {"automation": automation})
    return calls


async def test_x9_doors_open_for_everyone_and_each_is_counted_with_the_reason(
    hass: HomeAssistant, gate: str, venue: Venue, reader: Reader, doors: list[ServiceCall]
) -> None:
    """A good ticket, a used one, and a tag of nobody."""
    good, used = tagged(venue), tagged(venue, "AA000002", place=2)
    venue.check_in(used.code)
    shown = watch(hass)
    for tag in (READ, "AA000002", "AA000003"):
        await reader.scan(tag)

    assert shown.types() == ["admitted"] * 3
    assert shown.reasons() == ["checked_in", "override", "override"]
    told = [state.attributes for state in shown.states]
    assert [each["overruled"] for each in told] == [None, "already_checked_in", "unknown_tag"]
    assert [each["source"] for each in told] == ["oveit", "ledger", "ledger"]
    assert {each["mode"] for each in told} == {"free_flow"}
    assert venue.entries(good.code) == 1
    assert len(doors) == 3
    assert value(hass, "sensor.north_gate_last_result") == "override"
    await act(hass, "sync")
    assert value(hass, ENTRIES) == "3"
    assert value(hass, "sensor.lantern_night_conflicts") == "0"


async def test_x9_a_tag_that_lies_on_the_reader_counts_once(
    hass: HomeAssistant, gate: str, reader: Reader, doors: list[ServiceCall]
) -> None:
    """The door is not pulsed for it again either."""
    shown = watch(hass)
    for _ in range(3):
        await reader.scan("AA000003")
    await act(hass, "sync")
    assert shown.reasons() == ["override"]
    assert len(doors) == 1
    assert value(hass, ENTRIES) == "1"


async def test_x9_a_flood_refuses_nobody_and_does_not_hammer_oveit(
    hass: HomeAssistant, gate: str, server: OveitServer, venue: Venue, reader: Reader
) -> None:
    """Oveit is asked about twenty of 60 strangers, then about one in two seconds; tickets count."""
    good = tagged(venue)
    await act(hass, "scan", rfid_code=TAG)
    shown = watch(hass)
    server.forget()
    started = monotonic()
    for number in range(60):
        await reader.scan(f"BB0000{number:02}")
    await reader.scan(READ)
    assert shown.types() == ["admitted"] * 61
    assert len(server.requests_to("tickets/scan")) <= 24 + (monotonic() - started) / 2
    assert venue.entries(good.code) == 1


async def test_x9_an_action_at_the_gate_admits(
    hass: HomeAssistant, gate: str, venue: Venue, server: OveitServer
) -> None:
    """A reader that waits for an answer shows amber; a look tells the same and counts nobody."""
    used = venue.used(100)[0]
    look = await act(hass, "scan", ticket_code=used.code, entity_id=NORTH)
    assert (look["admitted"], look["overruled"]) == (True, "already_checked_in")
    assert await entry_count(hass) == "0"
    response = await act(hass, "checkin", ticket_code=used.code, entity_id=NORTH)
    assert (response["admitted"], response["reason"]) == (True, "override")
    assert (response["source"], response["mode"]) == ("ledger", "free_flow")
    assert response["overruled"] == "already_checked_in"
    assert await entry_count(hass) == "1"


async def entry_count(hass: HomeAssistant) -> str:
    """Return how many the gate counted."""
    await act(hass, "sync")
    await hass.async_block_till_done(wait_background_tasks=True)
    return value(hass, ENTRIES)


async def test_x9_without_a_line_gates_that_admit_nobody_then_let_everybody_in(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, server: OveitServer, reader: Reader
) -> None:
    """Good tickets wait for Oveit, whatever the gate's own rules are."""
    ticket = tagged(venue)
    await open_gate(hass, entry, reader, offline="refuse", max_list_age=1)
    await act(hass, "scan", rfid_code=TAG)
    await set_mode(hass, "free_flow")
    await server.hang_up()
    shown = watch(hass)
    await reader.scan(READ)
    await reader.scan("AA000003")
    assert shown.reasons() == ["checked_in", "override"]
    assert shown.types() == ["admitted"] * 2
    await server.pick_up()
    await act(hass, "sync")
    await act(hass, "sync")
    assert venue.entries(ticket.code) == 1


@pytest.mark.parametrize("way", ["reader", "action"])
async def test_x9_a_door_opens_when_nothing_works(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    gate: str,
    reader: Reader,
    monkeypatch: pytest.MonkeyPatch,
    way: str,
) -> None:
    """Not even the disk."""

    monkeypatch.setattr(entry.runtime_data.desk, "check_in", fail)
    shown = watch(hass)
    if way == "reader":
        await reader.scan(TAG)
    else:
        assert (await act(hass, "checkin", rfid_code=TAG, entity_id=NORTH))["admitted"]
    assert shown.types() == ["admitted"]
    assert shown.states[0].attributes["overruled"] == "offline_refused"


@pytest.mark.parametrize("credential", ["auto", "rfid"])
@pytest.mark.parametrize("way", ["reader", "action"])
async def test_x9_a_door_opens_when_not_even_the_tag_can_be_looked_up(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    reader: Reader,
    monkeypatch: pytest.MonkeyPatch,
    credential: str,
    way: str,
) -> None:
    """With a tag format that has two spellings, and one read that may be either."""
    await open_gate(hass, entry, reader, credential=credential, tag_format="decimal")
    await set_mode(hass, "free_flow")

    for name in ("find", "on_tag"):
        monkeypatch.setattr(entry.runtime_data.ledger, name, fail)
    shown = watch(hass)
    if way == "reader":
        await reader.scan("68310696")
    else:
        assert (await act(hass, "checkin", rfid_code="68310696", entity_id=NORTH))["admitted"]
    assert shown.types() == ["admitted"]


async def test_x9_what_is_no_guest_is_not_let_in(
    hass: HomeAssistant, gate: str, reader: Reader
) -> None:
    """A reader that comes back sends its last tag again, or nothing, and nobody stands there."""
    shown = watch(hass)
    await reader.scan("AA000003")
    await reader.become("unavailable")
    await reader.become("here")
    await reader.scan("AA000003")
    await reader.scan("   ")
    assert shown.reasons() == ["override", "stale_read", "unreadable"]


async def test_x9_free_flow_is_never_a_rehearsal(
    hass: HomeAssistant, gate: str, venue: Venue, reader: Reader, doors: list[ServiceCall]
) -> None:
    """A door that must open opens, though somebody rehearsed there before."""
    switch = {"entity_id": "switch.north_gate_rehearsal"}
    await hass.services.async_call("switch", "turn_on", switch, blocking=True)
    ticket = tagged(venue)
    shown = watch(hass)
    await reader.scan(READ)
    await reader.scan("AA000003")
    assert [state.attributes["rehearsal"] for state in shown.states] == [False] * 2
    assert len(doors) == 2
    assert venue.entries(ticket.code) == 1


async def test_x9_that_a_gate_is_in_free_flow_is_said_before_the_doors_open(
    hass: HomeAssistant, gate: str
) -> None:
    """And no longer when it is open for tickets again."""
    assert hass.states.get(READY).attributes["free_flow"] == "problem"
    assert "free_flow" in hass.states.get(READY).attributes["reasons"]
    await set_mode(hass, "open_for_tickets")
    assert hass.states.get(READY).attributes["free_flow"] == "ok"


async def test_x9_free_flow_outlives_a_restart(
    hass: HomeAssistant, entry: MockConfigEntry, reader: Reader
) -> None:
    """A fire does not wait for a reload."""
    await open_gate(hass, entry, reader)
    await set_mode(hass, "free_flow")
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    shown = watch(hass)
    await reader.scan("AA000003")
    assert value(hass, MODE) == "free_flow"
    assert shown.types() == ["admitted"]

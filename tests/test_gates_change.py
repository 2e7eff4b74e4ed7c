"""Gates and options change while guests come in, and nobody else notices."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from homeassistant.components.webhook import async_generate_url
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_EMAIL, STATE_UNAVAILABLE
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.event import async_track_state_change_event
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.oveit.const import CONF_EVENTS
from demo.faults import Fault
from demo.oveit_server import OveitServer
from demo.venue import Venue
from tests.common import act
from tests.gates import NORTH, Reader, add_gate, issues, make_reader, open_gate, set_mode, watch

SOUTH = "event.south_gate"
READS = 80
OF_A_GATE = (("select.north", "mode"), ("switch.north", "rehearsal"))


@pytest.fixture
def reader(hass: HomeAssistant) -> Reader:
    """Return the reader at the gate."""
    return make_reader(hass)


@dataclass
class Away:
    """The entities that were unavailable or removed at any time."""

    entities: set[str] = field(default_factory=set)


@contextmanager
def watch_all(hass: HomeAssistant, but: str = "none") -> Iterator[Away]:
    """Note every entity of the integration that is not there, but those of one gate."""
    away = Away()
    ours = [
        entity_id
        for entity_id, entity in er.async_get(hass).entities.items()
        if entity.platform == "oveit" and entity.config_subentry_id != but
    ]

    @callback
    def _note(event: Event[EventStateChangedData]) -> None:
        new = event.data["new_state"]
        if new is None or new.state == STATE_UNAVAILABLE:
            away.entities.add(event.data["entity_id"])

    stop = async_track_state_change_event(hass, ours, _note)
    yield away
    stop()


def change(hass: HomeAssistant, entry: MockConfigEntry, gate_id: str, **data: Any) -> None:
    """Change the settings of a gate as its form does."""
    gate = entry.subentries[gate_id]
    hass.config_entries.async_update_subentry(entry, gate, data={**gate.data, **data})


def entities_of(hass: HomeAssistant, gate_id: str) -> set[str]:
    """Return the entities of a gate."""
    entities = er.async_get(hass).entities.values()
    return {each.entity_id for each in entities if each.config_subentry_id == gate_id}


async def test_gates_come_change_and_go_and_other_gates_miss_no_read(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, reader: Reader
) -> None:
    """Each of 80 reads is answered, no action fails, and no entity is unavailable at any time."""
    await open_gate(hass, entry, reader, credential="ticket")
    shown = watch(hass)
    south: str | None = None
    reads = 0

    async def read(times: int) -> None:
        nonlocal reads
        for _ in range(times):
            reads += 1
            reader.send(f"AB{reads:06d}")
            await hass.async_add_executor_job(lambda: None)
        assert (await act(hass, "scan", ticket_code=venue.unused(100)[0].code))["reason"]

    with watch_all(hass) as away:
        for turn in range(READS // 16):
            south = add_gate(hass, entry, "South gate", event_type=f"reader_{turn}")
            await read(4)
            change(hass, entry, south, deadline=1.0 + turn)
            await read(4)
            hass.config_entries.async_update_subentry(
                entry, entry.subentries[south], title=f"Gate {turn}"
            )
            await read(4)
            hass.config_entries.async_remove_subentry(entry, south)
            await read(4)
        await hass.async_block_till_done(wait_background_tasks=True)
    assert len(shown.states) == READS
    assert away.entities == set()
    assert set(shown.reasons()) == {"unknown_ticket"}


async def test_an_added_gate_works_at_once(
    hass: HomeAssistant, entry: MockConfigEntry, reader: Reader
) -> None:
    """It gets its entities, decides, and is ready for actions."""
    await open_gate(hass, entry, reader)
    other = make_reader(hass, "South reader")
    gate_id = add_gate(hass, entry, "South gate", readers=[other.device_id])
    await hass.async_block_till_done()
    assert SOUTH in entities_of(hass, gate_id)
    shown = watch(hass, SOUTH)
    await other.scan("AB000001")
    assert shown.reasons() == ["unknown_tag"]
    assert not (await act(hass, "checkin", rfid_code="AB000002", entity_id=SOUTH))["admitted"]


async def test_a_removed_gate_answers_who_is_at_it_and_then_hears_nothing(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    venue: Venue,
    server: OveitServer,
    reader: Reader,
) -> None:
    """Its device and its entities are gone."""
    gate_id = await open_gate(hass, entry, reader)
    ticket = venue.unused(100)[0]
    venue.pair(ticket.code, "AB000001")
    server.faults.set("tickets/checkin", Fault(latency_before=0.3))
    reader.send("AB000001")
    hass.config_entries.async_remove_subentry(entry, gate_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert venue.entries(ticket.code) == 1
    assert entities_of(hass, gate_id) == set()
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    assert all(device.config_subentry_id != gate_id for device in devices)
    other = venue.unused(100)[0]
    venue.pair(other.code, "AB000002")
    await reader.scan("AB000002")
    assert venue.entries(other.code) == 0


async def test_a_changed_gate_goes_on_with_its_mode_and_hears_every_read(
    hass: HomeAssistant, entry: MockConfigEntry, reader: Reader
) -> None:
    """Also a read that comes in the moment of the change, and one of a reader that is new."""
    gate_id = await open_gate(hass, entry, reader)
    other = make_reader(hass, "South reader")
    await set_mode(hass, "closed")
    shown = watch(hass)
    with watch_all(hass) as away:
        reader.send("AB000001")
        change(hass, entry, gate_id, readers=[reader.device_id, other.device_id])
        reader.send("AB000002")
        await other.scan("AB000003")
        change(hass, entry, gate_id, readers=[other.device_id])
        await reader.scan("AB000004")
    assert shown.reasons() == ["gate_closed"] * 3
    assert away.entities == set()
    assert issues(hass) == ["unassigned_reader"]


async def test_a_renamed_gate_shows_its_name(
    hass: HomeAssistant, entry: MockConfigEntry, reader: Reader
) -> None:
    """The device and its entities follow; their ids stay."""
    gate_id = await open_gate(hass, entry, reader)
    hass.config_entries.async_update_subentry(entry, entry.subentries[gate_id], title="Main gate")
    await hass.async_block_till_done(wait_background_tasks=True)
    state = hass.states.get(NORTH)
    assert state
    assert state.name == "Main gate"
    decision = await act(hass, "checkin", rfid_code="AB000001", entity_id=NORTH)
    assert decision["gate"] == "Main gate"


async def test_a_gate_may_become_an_exit_and_an_entrance_again(
    hass: HomeAssistant, entry: MockConfigEntry, reader: Reader
) -> None:
    """Its entities follow its direction, and a rehearsal ends with its switch."""
    gate_id = await open_gate(hass, entry, reader)
    before = entities_of(hass, gate_id)
    switch = {"entity_id": "switch.north_gate_rehearsal"}
    await hass.services.async_call("switch", "turn_on", switch, blocking=True)
    with watch_all(hass, but=gate_id) as away:
        change(hass, entry, gate_id, direction="exit")
        await hass.async_block_till_done()
        assert "select.north_gate_mode" not in entities_of(hass, gate_id)
        (gate,) = hass.data["oveit_gates"].values()
        assert not gate.gate.rehearsal.is_on
        change(hass, entry, gate_id, direction="entry")
        await hass.async_block_till_done()
    assert entities_of(hass, gate_id) == before
    assert away.entities == set()
    states = [hass.states.get(entity_id) for entity_id in before - {"switch.north_gate_rehearsal"}]
    assert all(state and state.state != STATE_UNAVAILABLE for state in states)


def _voice(entry: MockConfigEntry) -> dict[str, Any]:
    return {**entry.options, "allow_voice": True}


def _webhook(entry: MockConfigEntry) -> dict[str, Any]:
    return {**entry.options, "webhook": "local", "webhook_id": "hook"}


def _follow(entry: MockConfigEntry) -> dict[str, Any]:
    return {**entry.options, CONF_EVENTS: [100, 101]}


@pytest.mark.parametrize("options", [_voice, _webhook, _follow])
async def test_options_are_applied_while_guests_come_in(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    reader: Reader,
    options: Callable[[MockConfigEntry], dict[str, Any]],
) -> None:
    """What does not concern the connection needs no reload."""
    await open_gate(hass, entry, reader)
    coordinator = entry.runtime_data
    shown = watch(hass)
    with watch_all(hass) as away:
        reader.send("AB000001")
        hass.config_entries.async_update_entry(entry, options=options(entry))
        await reader.scan("AB000002")
        await hass.async_block_till_done(wait_background_tasks=True)
    assert shown.reasons() == ["unknown_tag"] * 2
    assert away.entities == set()
    assert entry.runtime_data is coordinator


async def test_an_event_that_is_followed_and_left_and_followed_again(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    """Its device comes, goes, and comes again."""
    devices = dr.async_get(hass)

    def has_device() -> bool:
        known = dr.async_entries_for_config_entry(devices, loaded.entry_id)
        return any(("oveit", "venue_101") in device.identifiers for device in known)

    for events in ([100, 101], [100], [101, 100]):
        options = {**loaded.options, CONF_EVENTS: events}
        hass.config_entries.async_update_entry(loaded, options=options)
        await hass.async_block_till_done(wait_background_tasks=True)
        assert has_device() == (101 in events)
    entities = er.async_get(hass).entities.items()
    tickets = [key for key, each in entities if each.unique_id == "venue_101_tickets"]
    state = hass.states.get(tickets[0])
    assert state
    assert state.state == "10"


async def test_a_webhook_follows_its_option(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    server: OveitServer,
    hass_client_no_auth: ClientSessionGenerator,
) -> None:
    """It may be called once it is on, not before and not after."""
    client = await hass_client_no_auth()
    hass.config.internal_url = "http://localhost"
    address = async_generate_url(hass, "hook").removeprefix("http://localhost")
    for access, refreshes in (("local", True), ("off", False)):
        options = {**loaded.options, "webhook": access, "webhook_id": "hook"}
        hass.config_entries.async_update_entry(loaded, options=options)
        await hass.async_block_till_done(wait_background_tasks=True)
        asked = len(server.requests_to("seller/events"))
        await client.post(address, json={"event": "ticket.create", "access": access})
        await hass.async_block_till_done(wait_background_tasks=True)
        assert (len(server.requests_to("seller/events")) > asked) == refreshes


async def test_credentials_that_change_take_a_reload(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    """They concern the connection."""
    coordinator = loaded.runtime_data
    hass.config_entries.async_update_entry(
        loaded, data={**loaded.data, CONF_EMAIL: "other@venue.example"}
    )
    await hass.async_block_till_done(wait_background_tasks=True)
    assert loaded.state is not ConfigEntryState.LOADED or loaded.runtime_data is not coordinator


@pytest.mark.parametrize("mode", ["free_flow", "closed"])
async def test_a_new_gate_is_open_for_tickets_whatever_one_of_its_name_was_set_to(
    hass: HomeAssistant, entry: MockConfigEntry, mode: str
) -> None:
    """Nor does it rehearse because the other one did."""
    gate_id = await open_gate(hass, entry)
    await set_mode(hass, mode)
    await hass.services.async_call(
        "switch", "turn_on", {"entity_id": "switch.north_gate_rehearsal"}, blocking=True
    )
    hass.config_entries.async_remove_subentry(entry, gate_id)
    await hass.async_block_till_done(wait_background_tasks=True)

    await open_gate(hass, entry)

    shown = [hass.states.get(f"{each}_gate_{what}") for each, what in OF_A_GATE]
    assert [state and state.state for state in shown] == ["open_for_tickets", "off"]

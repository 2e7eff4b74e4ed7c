"""A person adds a gate, changes it, and holds a tag to its reader to find the format."""

import asyncio
import logging
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.oveit.gate import flow
from demo.oveit_server import OveitServer
from demo.venue import Venue
from tests.common import poll, value
from tests.gates import (
    DRINKS,
    ENTRY,
    READ,
    TAG,
    VIP,
    Reader,
    add_gate,
    make_reader,
    open_gate,
    tagged,
)

type Result = Any
DEFAULTS: dict[str, Any] = {
    "readers": [],
    "event_type": None,
    "code_field": "tag_id",
    "credential": "rfid",
    "tag_format": "hex",
    "direction": "entry",
    "events": [],
    "ticket_types": [],
    "addon_id": None,
    "deadline": 3.0,
    "offline": "admit_known",
    "re_entry": "refuse",
    "several": "ambiguous",
    "turnstile": False,
    "require_main_entry": False,
    "within_window": False,
    "max_list_age": 12,
}


@pytest.fixture
def reader(hass: HomeAssistant) -> Reader:
    """Return the reader at the gate."""
    return make_reader(hass)


async def start(hass: HomeAssistant, entry: MockConfigEntry, gate_id: str | None = None) -> Result:
    """Start to add a gate, or to change one."""
    context: Any = (
        {"source": "reconfigure", "subentry_id": gate_id} if gate_id else {"source": "user"}
    )
    return await hass.config_entries.subentries.async_init(
        (entry.entry_id, "gate"), context=context
    )


async def submit(hass: HomeAssistant, result: Result, data: dict[str, Any]) -> Result:
    """Fill in a form."""
    result = await hass.config_entries.subentries.async_configure(result["flow_id"], data)
    await hass.async_block_till_done(wait_background_tasks=True)
    return result


async def go_on(hass: HomeAssistant, result: Result) -> Result:
    """Let the frontend go on after a progress."""
    for _ in range(100):
        await hass.async_block_till_done()
        result = await hass.config_entries.subentries.async_configure(result["flow_id"])
        if result["type"] is not FlowResultType.SHOW_PROGRESS:
            return result
        await asyncio.sleep(0.01)
    pytest.fail("The flow waits for ever")


def hears(event_type: str) -> dict[str, Any]:
    """Return a form of a gate that hears an event of its own."""
    return {"name": "North gate", "other_source": {"event_type": event_type}}


def options(result: Result, field: str) -> dict[str, str]:
    """Return what can be chosen in a field."""
    selector = next(
        selector for key, selector in result["data_schema"].schema.items() if key == field
    )
    return {option["value"]: option["label"] for option in selector.config["options"]}


def the_gate(entry: MockConfigEntry) -> dict[str, Any]:
    """Return what the only gate keeps."""
    (subentry,) = entry.subentries.values()
    return dict(subentry.data)


async def test_a_gate_needs_no_more_than_a_name(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    """Everything else has a sensible default, and the gate is there at once."""
    result = await start(hass, loaded)
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "user"
    result = await submit(hass, result, {"name": " North gate "})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "North gate"
    assert the_gate(loaded) == {"name": "North gate"} | DEFAULTS
    assert loaded.state is ConfigEntryState.LOADED
    assert value(hass, "select.north_gate_mode") == "open_for_tickets"


async def test_everything_is_chosen_by_its_name(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    """Nobody has to know an id."""
    result = await start(hass, loaded)
    assert options(result, "events") == {"100": "Lantern Night"}
    assert options(result, "ticket_types") == {
        str(ENTRY): "Entry · Lantern Night",
        str(VIP): "VIP · Lantern Night",
    }
    assert options(result, "addon_id")[str(DRINKS)] == "Free drinks · VIP · Lantern Night"


async def test_every_setting_is_kept(
    hass: HomeAssistant, loaded: MockConfigEntry, reader: Reader
) -> None:
    """The rare ones lie in sections."""
    result = await submit(
        hass,
        await start(hass, loaded),
        {
            "name": "Bar",
            "readers": [reader.device_id],
            "credential": "auto",
            "tag_format": "decimal",
            "direction": "exit",
            "events": ["100"],
            "ticket_types": [str(VIP)],
            "addon_id": str(DRINKS),
            "other_source": {"event_type": " esphome.bar ", "code_field": "tag.uid"},
            "rules": {
                "re_entry": "ask_oveit",
                "several": "all",
                "turnstile": True,
                "require_main_entry": True,
                "within_window": True,
            },
            "connection": {"deadline": 1.5, "offline": "refuse", "max_list_age": 48},
        },
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert the_gate(loaded) == {
        "name": "Bar",
        "readers": [reader.device_id],
        "event_type": "esphome.bar",
        "code_field": "tag.uid",
        "credential": "auto",
        "tag_format": "decimal",
        "direction": "exit",
        "events": [100],
        "ticket_types": [VIP],
        "addon_id": DRINKS,
        "deadline": 1.5,
        "offline": "refuse",
        "re_entry": "ask_oveit",
        "several": "all",
        "turnstile": True,
        "require_main_entry": True,
        "within_window": True,
        "max_list_age": 48,
    }


async def test_a_name_is_taken_only_once(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    """What was typed is there again."""
    add_gate(hass, loaded)
    await hass.async_block_till_done()
    result = await submit(
        hass, await start(hass, loaded), {"name": "north GATE", "direction": "exit"}
    )
    assert result["errors"] == {"name": "name_taken"}
    result = await submit(hass, result, {"name": "  "})
    assert result["errors"] == {"name": "name_empty"}
    result = await submit(hass, result, {"name": "South gate"})
    assert result["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize("event_type", ["state_changed", " state_reported ", "*"])
async def test_an_event_that_no_reader_sends_is_refused(
    hass: HomeAssistant, loaded: MockConfigEntry, event_type: str
) -> None:
    """One of them would keep the whole account from being set up."""
    result = await start(hass, loaded)
    result = await submit(hass, result, hears(event_type))
    assert result["errors"] == {"base": "event_of_no_reader"}
    result = await submit(hass, result, hears("esphome.wristband"))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert loaded.state is ConfigEntryState.LOADED


async def test_a_reader_belongs_to_one_gate(
    hass: HomeAssistant, loaded: MockConfigEntry, reader: Reader
) -> None:
    """Two gates would both check the guest in."""
    await open_gate(hass, loaded, reader)
    await hass.async_block_till_done(wait_background_tasks=True)
    data = {"name": "South gate", "readers": [reader.device_id]}
    result = await submit(hass, await start(hass, loaded), data)
    assert result["errors"] == {"readers": "reader_taken"}


async def test_a_gate_is_changed(
    hass: HomeAssistant, loaded: MockConfigEntry, venue: Venue, reader: Reader
) -> None:
    """Its entities and what it is called stay together."""
    gate_id = await open_gate(hass, loaded, reader, ticket_types=[VIP], addon_id=None)
    result = await start(hass, loaded, gate_id)
    assert result["step_id"] == "reconfigure"
    suggested = {
        str(key): key.description["suggested_value"]
        for key in result["data_schema"].schema
        if key.description
    }
    assert suggested["name"] == "North gate"
    assert suggested["ticket_types"] == [str(VIP)]
    data = {"name": "North gate", "readers": [reader.device_id], "ticket_types": []}
    result = await submit(hass, result, data)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "reconfigure_successful"
    ticket = tagged(venue)
    await reader.scan(TAG)
    assert venue.entries(ticket.code) == 1


async def test_what_oveit_offers_no_more_stays_a_choice(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    """Reconfiguring something else does not fail on it."""
    gate_id = add_gate(hass, loaded, ticket_types=[999], addon_id=77)
    await hass.async_block_till_done(wait_background_tasks=True)
    result = await start(hass, loaded, gate_id)
    assert options(result, "ticket_types")["999"] == "? (999)"
    data = {"name": "North", "ticket_types": ["999"], "addon_id": "77"}
    result = await submit(hass, result, data)
    assert result["reason"] == "reconfigure_successful"
    assert the_gate(loaded)["ticket_types"] == [999]
    assert the_gate(loaded)["addon_id"] == 77


async def test_an_account_that_is_not_set_up_takes_no_gates(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """Its events are not known."""
    result = await start(hass, entry)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "not_loaded"


async def learn(
    hass: HomeAssistant, entry: MockConfigEntry, reader: Reader, gate_id: str | None = None
) -> Result:
    """Go as far as to the tag, with a new gate or one that there is."""
    data = {"name": "North gate", "readers": [reader.device_id], "learn": True}
    result = await hass.config_entries.subentries.async_configure(
        (await start(hass, entry, gate_id))["flow_id"], data
    )
    assert result["type"] is FlowResultType.SHOW_PROGRESS
    assert result["progress_action"] == "wait_for_tag"
    await asyncio.sleep(0)
    return result


@pytest.mark.parametrize(
    ("code", "tag_format"),
    [
        (TAG, "hex"),
        ("9AED355E", "hex_reversed"),
        ("1580592538", "decimal"),
        ("2599236958", "decimal_reversed"),
        (READ, "as_is"),
    ],
)
async def test_a_tag_shows_its_format(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    venue: Venue,
    reader: Reader,
    code: str,
    tag_format: str,
) -> None:
    """What Oveit knows is chosen already."""
    ticket = tagged(venue, code)
    result = await learn(hass, loaded, reader)
    reader.send(READ)
    result = await go_on(hass, result)
    assert result["step_id"] == "choose_format"
    assert not result["errors"]
    assert result["description_placeholders"] == {"read": READ}
    labels = options(result, "tag_format")
    assert labels[tag_format].endswith(f": {code} – Entry, Lantern Night")
    assert [name for name, label in labels.items() if "Entry" in label] == [tag_format]
    assert labels.get("hex", "").startswith("Hex: ")
    result = await submit(hass, result, result["data_schema"]({}))
    assert the_gate(loaded)["tag_format"] == tag_format
    assert venue.entries(ticket.code) == 0
    await reader.scan(READ)
    assert venue.entries(ticket.code) == 1


@pytest.mark.parametrize(
    ("read", "why"), [("04-00-00-01", "tag_unknown"), ("08-00-00-01", "tag_of_phone")]
)
async def test_a_tag_that_oveit_does_not_know_is_told(
    hass: HomeAssistant, loaded: MockConfigEntry, reader: Reader, read: str, why: str
) -> None:
    """R8: a phone is a likely reason."""
    result = await learn(hass, loaded, reader)
    reader.send(read)
    result = await go_on(hass, result)
    assert result["errors"] == {"base": why}
    result = await submit(hass, result, {"tag_format": "decimal"})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert the_gate(loaded)["tag_format"] == "decimal"


async def test_without_oveit_the_format_is_a_guess(
    hass: HomeAssistant, loaded: MockConfigEntry, server: OveitServer, reader: Reader
) -> None:
    """The form says so."""
    await server.hang_up()
    result = await learn(hass, loaded, reader)
    reader.send("04-00-00-01")
    result = await go_on(hass, result)
    assert result["errors"]["base"] in ("cannot_ask", "tag_unknown")


async def test_without_its_account_the_format_is_a_guess(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    venue: Venue,
    reader: Reader,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The account was unloaded while the tag was awaited."""
    tagged(venue)
    result = await learn(hass, loaded, reader)
    await hass.config_entries.async_unload(loaded.entry_id)
    reader.send(READ)
    result = await go_on(hass, result)
    assert result["errors"] == {"base": "cannot_ask"}
    result = await submit(hass, result, {"tag_format": "decimal"})
    assert the_gate(loaded)["tag_format"] == "decimal"
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


async def test_learning_checks_nobody_in(
    hass: HomeAssistant, loaded: MockConfigEntry, venue: Venue, reader: Reader
) -> None:
    """Though the gate has the same reader already."""
    gate_id = await open_gate(hass, loaded, reader)
    ticket = tagged(venue)
    result = await learn(hass, loaded, reader, gate_id)
    reader.send(READ)
    result = await go_on(hass, result)
    assert result["step_id"] == "choose_format"
    assert venue.entries(ticket.code) == 0


async def test_a_tag_that_lies_on_the_reader_is_ignored_until_the_form_is_closed(
    hass: HomeAssistant, loaded: MockConfigEntry, venue: Venue, reader: Reader
) -> None:
    """The reader sends it on and on while a person chooses; a guest behind gets in."""
    ticket, guest = tagged(venue), tagged(venue, "AA000001", place=2)
    gate_id = await open_gate(hass, loaded, reader)
    result = await learn(hass, loaded, reader, gate_id)
    reader.send(READ)
    result = await go_on(hass, result)
    await reader.scan(READ)
    await reader.scan("AA000001")
    assert (venue.entries(ticket.code), venue.entries(guest.code)) == (0, 1)
    hass.config_entries.subentries.async_abort(result["flow_id"])
    await reader.scan(READ)
    assert venue.entries(ticket.code) == 1


async def test_a_form_that_was_forgotten_keeps_nobody_out(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    frozen: FrozenDateTimeFactory,
    venue: Venue,
    reader: Reader,
) -> None:
    """Ten minutes later the wristband is a guest's like any other."""
    ticket = tagged(venue)
    gate_id = await open_gate(hass, loaded, reader)
    result = await learn(hass, loaded, reader, gate_id)
    reader.send(READ)
    await go_on(hass, result)
    frozen.tick(601)
    await reader.scan(READ)
    assert venue.entries(ticket.code) == 1


async def test_learning_from_an_event_leaves_the_readers_of_other_gates_alone(
    hass: HomeAssistant, loaded: MockConfigEntry, venue: Venue, reader: Reader
) -> None:
    """Their guests come in, and what they hold is not what a person is asked about."""
    ticket = tagged(venue)
    await open_gate(hass, loaded, reader, event_type="esphome.wristband")
    data = hears("esphome.wristband") | {"name": "South gate", "learn": True}
    result = await hass.config_entries.subentries.async_configure(
        (await start(hass, loaded))["flow_id"], data
    )
    await asyncio.sleep(0)
    hass.bus.async_fire("esphome.wristband", {"tag_id": TAG, "device_id": reader.device_id})
    hass.bus.async_fire("esphome.wristband", {"tag_id": "04-00-00-01"})
    result = await go_on(hass, result)
    assert result["description_placeholders"] == {"read": "04-00-00-01"}
    await hass.async_block_till_done(wait_background_tasks=True)
    assert venue.entries(ticket.code) == 1


async def test_a_person_without_a_tag_goes_on(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    reader: Reader,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After a minute, or tries again."""
    monkeypatch.setattr(flow, "LEARN_TIMEOUT", 0.01)
    result = await learn(hass, loaded, reader)
    result = await go_on(hass, result)
    assert result["type"] is FlowResultType.MENU
    assert result["menu_options"] == ["learn", "finish"]
    result = await submit(hass, result, {"next_step_id": "finish"})
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_there_is_nothing_to_learn_without_a_reader(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    """The form stays open, with what was typed, and says where to choose one."""
    data = {"name": "North gate", "learn": True}
    result = await submit(hass, await start(hass, loaded), data)
    assert result["errors"] == {"readers": "no_source"}
    learn = next(key for key in result["data_schema"].schema if key == "learn")
    assert learn.description == {"suggested_value": True}
    result = await submit(hass, result, {"name": "North gate"})
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_removing_a_gate_removes_its_device(
    hass: HomeAssistant, loaded: MockConfigEntry, reader: Reader
) -> None:
    """And nothing else."""
    gate_id = await open_gate(hass, loaded, reader)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert hass.states.get("event.north_gate")
    hass.config_entries.async_remove_subentry(loaded, gate_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert hass.states.get("event.north_gate") is None
    await poll(hass, loaded)
    assert value(hass, "sensor.lantern_night_tickets") == "50"

"""The actions with a gate as their target, the triggers and the condition."""

from collections.abc import Callable
from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall, State
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import entity_registry as er, label_registry as lr
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_mock_service,
    mock_restore_cache_with_extra_data,
)

from custom_components.oveit.const import DOMAIN
from demo.oveit_server import OveitServer
from demo.venue import Venue
from tests.common import act, set_up
from tests.gates import (
    DRINKS,
    ENTRY,
    NORTH,
    READ,
    TAG,
    VIP,
    Reader,
    add_gate,
    make_reader,
    open_gate,
    set_mode,
    tagged,
    watch,
)


@pytest.fixture
def reader(hass: HomeAssistant) -> Reader:
    """Return the reader at the gate."""
    return make_reader(hass)


@pytest.fixture
def calls(hass: HomeAssistant) -> list[ServiceCall]:
    """Return what automations did."""
    return async_mock_service(hass, "test", "automation")


async def automate(hass: HomeAssistant, **config: Any) -> None:
    """Set up an automation that tells what it saw."""
    automation = {
        "actions": [
            {
                "action": "test.automation",
                "data": {"reason": "{{ trigger.to_state.attributes.reason }}"},
            }
        ]
    } | config
    assert await async_setup_component(hass, "automation", {"automation": [automation]})
    await hass.async_block_till_done()


def device_of(hass: HomeAssistant, entity_id: str = NORTH) -> str:
    """Return the device of an entity."""
    device_id = er.async_get(hass).async_get(entity_id).device_id
    assert device_id
    return device_id


@pytest.mark.parametrize(
    "target",
    [
        lambda hass: {"entity_id": NORTH},
        lambda hass: {"entity_id": "select.north_gate_mode"},
        lambda hass: {"device_id": device_of(hass)},
        lambda hass: {"device_id": [device_of(hass)], "entity_id": [NORTH]},
    ],
    ids=["entity", "another entity", "device", "both"],
)
async def test_a_gate_is_targeted_by_its_device_or_entities(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    venue: Venue,
    target: Callable[[HomeAssistant], dict[str, Any]],
) -> None:
    """Its own settings apply, and its entity shows the guest."""
    tagged(venue, kind=ENTRY)
    await open_gate(hass, entry, ticket_types=[VIP])
    shown = watch(hass)
    response = await act(hass, "checkin", rfid_code=READ, scan_id="7", **target(hass))
    assert response["admitted"] is False
    assert response["reason"] == "wrong_ticket_type"
    assert response["gate"] == "North gate"
    assert response["scan_id"] == "7"
    assert response["mode"] == "open_for_tickets"
    assert response["passback"] is False
    assert shown.reasons() == ["wrong_ticket_type"]


async def test_the_gate_is_found_by_a_label(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue
) -> None:
    """As with any other action."""
    ticket = tagged(venue)
    await open_gate(hass, entry)
    label = lr.async_get(hass).async_create("Front doors").label_id
    er.async_get(hass).async_update_entity(NORTH, labels={label})
    response = await act(hass, "checkin", rfid_code=READ, label_id=label)
    assert response["admitted"] is True
    assert venue.entries(ticket.code) == 1


async def test_a_target_is_exactly_one_gate(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, server: OveitServer
) -> None:
    """A guest goes through one door."""
    await open_gate(hass, entry)
    await open_gate(hass, entry, name="South gate")
    server.forget()
    for target in (
        {"entity_id": [NORTH, "event.south_gate"]},
        {"entity_id": "sensor.lantern_night_tickets"},
        {"entity_id": "event.nowhere"},
        {"device_id": "nothing"},
    ):
        with pytest.raises(ServiceValidationError) as error:
            await act(hass, "checkin", rfid_code=TAG, **target)
        assert error.value.translation_key == "one_gate"
    assert server.requests == []


async def test_a_gate_decides_nothing_before_its_account_is_set_up(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be closed, and the error says what is not there yet."""
    ticket = tagged(venue)
    await open_gate(hass, entry)
    await set_mode(hass, "closed")
    errors: list[str | None] = []

    async def _ask_meanwhile(*_: object) -> None:
        with pytest.raises(ServiceValidationError) as error:
            await hass.services.async_call(
                DOMAIN, "checkin", {"rfid_code": TAG, "entity_id": NORTH}, blocking=True
            )
        errors.append(error.value.translation_key)

    await hass.config_entries.async_unload(entry.entry_id)
    await _ask_meanwhile()
    with monkeypatch.context() as setting_up:
        setting_up.setattr(hass.config_entries, "async_forward_entry_setups", _ask_meanwhile)
        await hass.config_entries.async_setup(entry.entry_id)
    assert errors == ["service_config_entry_not_loaded"] * 2
    assert venue.entries(ticket.code) == 0


@pytest.mark.parametrize(
    "field",
    [
        {"ticket_type_id": VIP},
        {"addon_id": DRINKS},
        {"gate": "South gate"},
        {"deadline": 1},
        {"offline": "refuse"},
        {"require_main_entry": True},
        {"config_entry_id": "another"},
    ],
)
async def test_a_gate_is_not_told_what_to_do(
    hass: HomeAssistant, entry: MockConfigEntry, field: dict[str, Any]
) -> None:
    """Its settings are the ones that count."""
    await open_gate(hass, entry)
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, "checkin", rfid_code=TAG, entity_id=NORTH, **field)
    assert error.value.translation_key == "gate_decides"
    assert error.value.translation_placeholders == {"field": next(iter(field))}


async def test_b13_an_action_at_a_gate_that_only_scans_opens_nothing(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue
) -> None:
    """It tells the reason, but nothing that an automation would open a door for."""
    ticket = tagged(venue)
    await open_gate(hass, entry)
    await set_mode(hass, "scan_only")
    response = await act(hass, "checkin", rfid_code=TAG, entity_id=NORTH)
    assert response["admitted"] is False
    assert response["reason"] == "checked_in"
    assert response["mode"] == "scan_only"
    assert venue.entries(ticket.code) == 0


async def test_b13_an_action_at_a_closed_gate_is_refused(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, server: OveitServer
) -> None:
    """Without a request."""
    await open_gate(hass, entry)
    await set_mode(hass, "closed")
    server.forget()
    response = await act(hass, "checkin", rfid_code=TAG, entity_id=NORTH)
    assert response["reason"] == "gate_closed"
    assert server.requests == []


async def test_a_look_at_a_gate_marks_nothing(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, server: OveitServer
) -> None:
    """`oveit.scan` takes a gate as well."""
    ticket = tagged(venue)
    await open_gate(hass, entry)
    shown = watch(hass)
    response = await act(hass, "scan", rfid_code=READ, entity_id=NORTH)
    assert response["admitted"] is True
    assert venue.entries(ticket.code) == 0
    assert shown.states == []
    server.faults.set("*", "drop_before")
    response = await act(hass, "scan", rfid_code="AA00BB00", entity_id=NORTH)
    assert (response["reason"], response["source"]) == ("unknown_tag", "ledger")


async def test_an_automation_hears_of_an_admission(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    venue: Venue,
    reader: Reader,
    calls: list[ServiceCall],
) -> None:
    """By the gate's device; a refusal is something else."""
    tagged(venue)
    await open_gate(hass, entry, reader)
    await automate(
        hass,
        triggers={
            "trigger": "oveit.ticket_admitted",
            "target": {"device_id": device_of(hass)},
        },
    )
    await reader.scan("BB000000")
    assert calls == []
    await reader.scan(TAG)
    assert [call.data["reason"] for call in calls] == ["checked_in"]


async def test_an_automation_hears_only_of_what_it_asks_for(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    venue: Venue,
    reader: Reader,
    calls: list[ServiceCall],
) -> None:
    """Reasons and ticket types by their names."""
    tagged(venue, "AA000001", ENTRY)
    tagged(venue, "AA000002", VIP)
    await open_gate(hass, entry, reader)
    await automate(
        hass,
        triggers=[
            {
                "trigger": "oveit.ticket_admitted",
                "target": {"entity_id": NORTH},
                "options": {"ticket_type": "vip"},
            },
            {
                "trigger": "oveit.ticket_refused",
                "target": {"entity_id": NORTH},
                "options": {"reason": ["already_checked_in", "ambiguous"]},
            },
        ],
    )
    for tag in ("AA000001", "AA000002", "BB000001"):
        await reader.scan(tag)
    assert [call.data["reason"] for call in calls] == ["checked_in"]
    ticket = tagged(venue, "AA000003", ENTRY, place=3)
    await act(hass, "checkin", ticket_code=ticket.code)
    await reader.scan("AA000003")
    assert [call.data["reason"] for call in calls] == ["checked_in", "already_checked_in"]


async def test_a_gate_that_only_scans_admits_nobody(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    venue: Venue,
    reader: Reader,
    calls: list[ServiceCall],
) -> None:
    """No automation opens a door for a look."""
    tagged(venue)
    await open_gate(hass, entry, reader)
    await set_mode(hass, "scan_only")
    await automate(
        hass, triggers={"trigger": "oveit.ticket_admitted", "target": {"entity_id": NORTH}}
    )
    await reader.scan(TAG)
    assert calls == []


async def test_a_door_hears_of_no_gate_but_those_that_were_chosen(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, calls: list[ServiceCall]
) -> None:
    """The event's own entity hears of every door, and of Oveit's app."""
    ticket = tagged(venue)
    await open_gate(hass, entry)
    everywhere = {"entity_id": "event.lantern_night_check_in"}
    await automate(hass, triggers={"trigger": "oveit.ticket_admitted", "target": everywhere})
    assert (await act(hass, "checkin", ticket_code=ticket.code))["admitted"]
    assert calls == []


async def test_a_restart_admits_nobody_again(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    venue: Venue,
    reader: Reader,
    calls: list[ServiceCall],
) -> None:
    """The last guest's state comes back, the guest does not."""
    tagged(venue)
    await open_gate(hass, entry, reader)
    await reader.scan(TAG)
    await automate(
        hass, triggers={"trigger": "oveit.ticket_admitted", "target": {"entity_id": NORTH}}
    )
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert calls == []


async def test_a_guest_from_before_an_update_disturbs_no_trigger(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    calls: list[ServiceCall],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What a gate showed then lacks what is shown now."""
    add_gate(hass, entry)
    shown = {"reason": "checked_in", "ticket_type": "Entry", "mode": "open_for_tickets"}
    last = {"last_event_type": "admitted", "last_event_attributes": shown}
    mock_restore_cache_with_extra_data(
        hass, [(State(NORTH, "2026-11-24T10:00:00.000+00:00"), last)]
    )
    await set_up(hass, entry)
    await automate(
        hass,
        triggers={
            "trigger": "oveit.ticket_admitted",
            "target": {"entity_id": NORTH},
            "options": {"ticket_type": "Entry"},
        },
    )
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert "KeyError" not in caplog.text
    assert calls == []


async def test_an_unknown_reason_is_no_trigger(
    hass: HomeAssistant, entry: MockConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    """A slip in an automation is told."""
    await open_gate(hass, entry)
    await automate(
        hass,
        triggers={
            "trigger": "oveit.ticket_refused",
            "target": {"entity_id": NORTH},
            "options": {"reason": "rain"},
        },
    )
    assert "options.reason" in caplog.text
    assert not hass.states.async_entity_ids("automation") or (
        hass.states.get(hass.states.async_entity_ids("automation")[0]).state == "unavailable"
    )


@pytest.mark.parametrize("field", ["ticket_code", "rfid_code"])
async def test_a_condition_tells_whether_a_ticket_has_entered(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    venue: Venue,
    server: OveitServer,
    calls: list[ServiceCall],
    field: str,
) -> None:
    """By what is known here: nothing is asked."""
    ticket = tagged(venue)
    await open_gate(hass, entry)
    code = {"ticket_code": ticket.code, "rfid_code": READ.lower()}[field]
    await automate(
        hass,
        triggers={"trigger": "event", "event_type": "ask"},
        conditions={
            "condition": "oveit.is_checked_in",
            "options": {field: "{{ trigger.event.data.code }}"},
        },
        actions={"action": "test.automation"},
    )

    async def _ask(asked: str) -> int:
        server.forget()
        hass.bus.async_fire("ask", {"code": asked})
        await hass.async_block_till_done()
        assert server.requests == []
        return len(calls)

    assert await _ask(code) == 0
    await act(hass, "checkin", rfid_code=TAG)
    assert await _ask(code) == 1
    assert await _ask("n0b0dy") == 1


async def test_a_condition_keeps_leading_zeros(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, calls: list[ServiceCall]
) -> None:
    """A code that looks like a number is text."""
    ticket = venue.sell(100, ENTRY, code="00012345")
    venue.check_in(ticket.code)
    await open_gate(hass, entry)
    await automate(
        hass,
        triggers={"trigger": "event", "event_type": "ask"},
        conditions={
            "condition": "oveit.is_checked_in",
            "options": {"ticket_code": "{{ trigger.event.data.code }}"},
        },
        actions={"action": "test.automation"},
    )
    hass.bus.async_fire("ask", {"code": "00012345"})
    await hass.async_block_till_done()
    assert len(calls) == 1


async def test_a_condition_without_an_account_is_an_error(
    hass: HomeAssistant, entry: MockConfigEntry, calls: list[ServiceCall]
) -> None:
    """Nothing is done then."""
    await open_gate(hass, entry)
    await automate(
        hass,
        triggers={"trigger": "event", "event_type": "ask"},
        conditions={"condition": "oveit.is_checked_in", "options": {"ticket_code": "x"}},
        actions={"action": "test.automation"},
    )
    await hass.config_entries.async_unload(entry.entry_id)
    hass.bus.async_fire("ask")
    await hass.async_block_till_done()
    assert calls == []


@pytest.mark.parametrize("options", [{}, {"ticket_code": "x", "rfid_code": "y"}])
async def test_a_condition_is_about_one_code(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
    options: dict[str, str],
) -> None:
    """None and two are slips."""
    await open_gate(hass, entry)
    await automate(
        hass,
        triggers={"trigger": "event", "event_type": "ask"},
        conditions={"condition": "oveit.is_checked_in", "options": options},
        actions={"action": "test.automation"},
    )
    assert "failed to setup conditions" in caplog.text

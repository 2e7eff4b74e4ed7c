"""Rows S of decisions.md in Home Assistant: a steward lets in through a gate, and takes back."""

from typing import Any

from homeassistant.core import Context, HomeAssistant, ServiceCall
from homeassistant.exceptions import ServiceValidationError
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_mock_service

from custom_components.oveit.const import DOMAIN
from demo.oveit_server import OveitServer
from demo.venue import Venue
from tests.common import act, poll, value
from tests.gates import (
    ENTRY,
    NORTH,
    READ,
    TAG,
    VIP,
    Reader,
    add_gate,
    make_reader,
    open_gate,
    tagged,
    watch,
)
from tests.users import add_users

EVENT = "event.lantern_night_check_in"


@pytest.fixture
def reader(hass: HomeAssistant) -> Reader:
    """Return the reader at the gate."""
    return make_reader(hass)


@pytest.fixture
async def doors(hass: HomeAssistant) -> list[ServiceCall]:
    """Return the doors that an automation opened, once there is a gate."""
    return async_mock_service(hass, "test", "open")


async def automate(hass: HomeAssistant) -> None:
    """Open a door for each guest who is admitted."""
    automation = {
        "triggers": {"trigger": "oveit.ticket_admitted", "target": {"entity_id": NORTH}},
        "actions": {"action": "test.open"},
    }
    assert await async_setup_component(hass, "automation", {"automation": [automation]})
    await hass.async_block_till_done()


def counts(hass: HomeAssistant) -> list[int]:
    """Return the tickets checked in, who is inside, and who came through the gate."""
    names = ("lantern_night_checked_in", "lantern_night_inside", "north_gate_entries")
    return [int(value(hass, f"sensor.{name}")) for name in names]


@pytest.mark.parametrize("gate", [NORTH, "North gate", " north GATE "])
async def test_s1_a_steward_lets_a_refused_guest_in_at_a_gate(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    venue: Venue,
    reader: Reader,
    doors: list[ServiceCall],
    gate: str,
) -> None:
    """Gate event, trigger, door, counts; the journal keeps the steward and the reason."""
    ticket = tagged(venue, kind=ENTRY)
    await open_gate(hass, entry, reader, ticket_types=[VIP])
    steward = (await add_users(hass, entry))["steward"]
    await automate(hass)
    shown, of_event = watch(hass), watch(hass, EVENT)
    await reader.scan(READ)
    assert shown.reasons() == ["wrong_ticket_type"]
    before = counts(hass)

    response = await hass.services.async_call(
        DOMAIN,
        "override",
        {"gate": gate, "rfid_code": READ, "note": "Crew"},
        blocking=True,
        return_response=True,
        context=steward,
    )
    await hass.async_block_till_done(wait_background_tasks=True)

    assert response
    assert (response["admitted"], response["reason"]) == (True, "override")
    assert (response["gate"], response["mode"]) == ("North gate", "open_for_tickets")
    assert shown.reasons() == ["wrong_ticket_type", "override"]
    assert shown.types() == ["refused", "admitted"]
    assert of_event.reasons() == ["wrong_ticket_type", "override"]
    assert len(doors) == 1
    (row,) = await entry.runtime_data.ledger.admissions(codes=[ticket.code])
    assert (row.user_id, row.note, row.gate) == (steward.user_id, "Crew", "North gate")
    await poll(hass, entry)
    assert counts(hass) == [number + 1 for number in before]
    assert venue.entries(ticket.code) == 1
    await reader.scan(READ)
    assert shown.reasons()[-1] != "override"
    assert len(doors) == 1
    response = await act(hass, "checkin", ticket_code=ticket.code)
    assert response["reason"] == "already_checked_in"


async def test_s1_a_name_that_no_gate_has_is_for_the_journal(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue
) -> None:
    """As before; of two gates with one name, nobody knows which is meant."""
    ticket = tagged(venue)
    await open_gate(hass, entry)
    shown = watch(hass)
    response = await act(hass, "override", ticket_code=ticket.code, note="x", gate="Back door")
    assert (response["admitted"], response["gate"]) == (True, "Back door")
    assert shown.states == []
    add_gate(hass, entry)
    await hass.async_block_till_done(wait_background_tasks=True)
    for gate in ("North gate", "sensor.lantern_night_tickets"):
        with pytest.raises(ServiceValidationError) as error:
            await act(hass, "override", ticket_code=ticket.code, note="x", gate=gate)
        assert error.value.translation_key == "one_gate"


async def test_s1_a_code_nobody_knows_counts_for_the_gates_event(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue
) -> None:
    """Where a gate has several, or none that is live, the event has to be named."""
    hass.config_entries.async_update_entry(entry, options={"events": [100, 101]})
    add_gate(hass, entry, name="Any gate")
    await open_gate(hass, entry, events=[100])
    await act(hass, "override", ticket_code="n0b0dy", note="x", gate=NORTH)
    (row,) = await entry.runtime_data.ledger.admissions(codes=["n0b0dy"])
    assert row.event_id == 100
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, "override", ticket_code="s0meb0dy", note="x", gate="Any gate")
    assert error.value.translation_key == "event_needed"
    fields: dict[str, Any] = {"ticket_code": "s0meb0dy", "note": "x", "gate": "Any gate"}
    assert (await act(hass, "override", event_id=101, **fields))["admitted"]


async def test_s4_the_last_admission_is_undone_at_the_gate(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    venue: Venue,
    server: OveitServer,
    reader: Reader,
    doors: list[ServiceCall],
) -> None:
    """One less at once; the next read comes in, opens the door, and is one more."""
    ticket = tagged(venue)
    await open_gate(hass, entry, reader)
    await automate(hass)
    shown = watch(hass)
    before = counts(hass)
    await reader.scan(READ)
    await poll(hass, entry)
    after = counts(hass)
    assert after == [number + 1 for number in before]

    response = await act(hass, "undo", gate=NORTH, rfid_code=READ)
    await poll(hass, entry)

    assert (response["admitted"], response["reason"]) == (False, "undone")
    assert response["ticket"]["checked_in"] is False
    assert counts(hass) == before
    assert shown.reasons() == ["checked_in", "undone"]
    assert shown.types() == ["admitted", "refused"]
    server.forget()
    await reader.scan(READ)
    await poll(hass, entry)
    assert shown.reasons() == ["checked_in", "undone", "checked_in"]
    assert len(doors) == 2
    assert server.requests_to("tickets/checkin") == []
    assert venue.entries(ticket.code) == 1
    assert counts(hass) == after


@pytest.mark.parametrize("field", ["scan_id", "ticket_code", "rfid_code"])
@pytest.mark.parametrize("gate", [{}, {"gate": NORTH}], ids=["anywhere", "gate"])
async def test_s4_an_admission_is_named_by_its_read_its_ticket_or_its_tag(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue, field: str, gate: dict[str, str]
) -> None:
    """With or without a gate, and once."""
    ticket = tagged(venue)
    await open_gate(hass, entry)
    admitted = await act(hass, "checkin", rfid_code=TAG, **gate)
    names = {"scan_id": admitted["scan_id"], "ticket_code": ticket.code, "rfid_code": TAG}
    undone = await act(hass, "undo", **{field: names[field]}, **gate)
    assert (undone["reason"], undone["scan_id"]) == ("undone", admitted["scan_id"])
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, "undo", **{field: names[field]}, **gate)
    assert error.value.translation_key == "nothing_to_undo"


@pytest.mark.usefixtures("loaded")
@pytest.mark.parametrize("fields", [{}, {"scan_id": "7", "ticket_code": "x"}])
async def test_s4_one_admission_has_to_be_named(
    hass: HomeAssistant, fields: dict[str, str]
) -> None:
    """None and two are slips."""
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, "undo", **fields)
    assert error.value.translation_key == "one_admission"


async def test_s4_the_steward_who_took_back_is_kept(
    hass: HomeAssistant, loaded: MockConfigEntry, venue: Venue
) -> None:
    """In the journal, with the time."""
    steward: Context = (await add_users(hass, loaded))["steward"]
    code = venue.unused(100, ENTRY)[1].code
    scan_id = (await act(hass, "checkin", ticket_code=code))["scan_id"]
    ledger = loaded.runtime_data.ledger
    (row,) = await ledger.admissions(scan_id=scan_id)
    await hass.services.async_call(
        DOMAIN, "undo", {"ticket_code": code}, blocking=True, context=steward
    )
    after = await loaded.runtime_data.ledger.row(row.ref)
    assert after
    assert after.undone_by == steward.user_id
    assert after.undone_at
    assert not after.admitted

"""A gate that asks for what Oveit has no more is told, and set right by a person."""

from typing import Any

from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.oveit.const import DOMAIN
from custom_components.oveit.repairs import async_create_fix_flow
from demo.venue import Venue
from tests.common import poll
from tests.gates import DRINKS, ENTRY, VIP, issues, open_gate


async def begin(hass: HomeAssistant, gate_id: str) -> Any:
    """Return the flow that solves the issue of a gate."""
    issue = ir.async_get(hass).async_get_issue(DOMAIN, f"stale_gate_{gate_id}")
    flow: Any = await async_create_fix_flow(hass, issue.issue_id, issue.data)
    flow.hass, flow.issue_id = hass, issue.issue_id
    return flow


async def fix(
    hass: HomeAssistant, gate_id: str, chosen: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Start to solve the issue of a gate, and choose."""
    flow = await begin(hass, gate_id)
    result = await flow.async_step_init()
    if chosen is not None:
        assert result["type"] is FlowResultType.FORM
        result = await flow.async_step_init(result["data_schema"](chosen))
        await hass.async_block_till_done(wait_background_tasks=True)
    return result


def told(hass: HomeAssistant, gate_id: str) -> Any:
    """Return what the issue of a gate names."""
    issue = ir.async_get(hass).async_get_issue(DOMAIN, f"stale_gate_{gate_id}")
    return issue.translation_placeholders


@pytest.mark.parametrize(
    "data", [{}, {"ticket_types": [ENTRY]}, {"addon_id": DRINKS}, {"events": [100]}]
)
async def test_a_gate_for_what_there_is_needs_nothing(
    hass: HomeAssistant, entry: MockConfigEntry, data: dict[str, Any]
) -> None:
    """Nobody is bothered."""
    await open_gate(hass, entry, **data)
    assert issues(hass) == []


async def test_a13_a_gate_with_an_addon_needs_the_feature(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue
) -> None:
    """An account that loses its add-ons is told at the next refresh."""
    gate_id = await open_gate(hass, entry, addon_id=DRINKS)
    venue.multiple_access = False
    await poll(hass, entry)
    assert issues(hass) == ["stale_gate"]
    assert told(hass, gate_id) == {"gate": "North gate", "gone": str(DRINKS)}
    venue.multiple_access = True
    await poll(hass, entry)
    assert issues(hass) == []


async def test_a_ticket_type_that_is_gone_is_replaced(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue
) -> None:
    """By what Oveit offers now; the rest of the choice stays."""
    gate_id = await open_gate(hass, entry, ticket_types=[VIP, 999], deadline=1.0)
    assert issues(hass) == ["stale_gate"]
    assert told(hass, gate_id)["gone"] == "999"
    form = await fix(hass, gate_id)
    (field,) = form["data_schema"].schema
    assert field == "ticket_types"
    assert field.description == {"suggested_value": [str(VIP)]}
    result = await fix(hass, gate_id, {"ticket_types": [str(VIP), str(ENTRY)]})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    data = entry.subentries[gate_id].data
    assert data["ticket_types"] == [VIP, ENTRY]
    assert data["deadline"] == 1.0
    assert issues(hass) == []


async def test_an_addon_that_is_gone_is_dropped(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """Nothing chosen means no restriction."""
    gate_id = await open_gate(hass, entry, addon_id=77)
    await fix(hass, gate_id, {})
    assert entry.subentries[gate_id].data["addon_id"] is None
    assert issues(hass) == []


async def test_a_gate_outlives_its_event(
    hass: HomeAssistant, entry: MockConfigEntry, venue: Venue
) -> None:
    """It stays, and asks what it is for now."""
    gate_id = await open_gate(hass, entry, events=[100], ticket_types=[ENTRY])
    venue.end_event(100)
    await poll(hass, entry)
    assert hass.states.get("select.north_gate_mode").state == "open_for_tickets"
    assert told(hass, gate_id)["gone"] == "Lantern Night, Entry · Lantern Night"
    await fix(hass, gate_id, {"events": [], "ticket_types": []})
    assert entry.subentries[gate_id].data["events"] == []
    assert issues(hass) == []


async def test_an_issue_of_an_account_that_is_not_set_up_waits(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """Nobody knows what Oveit offers."""
    flow = await begin(hass, await open_gate(hass, entry, addon_id=77))
    await hass.config_entries.async_unload(entry.entry_id)
    result = await flow.async_step_init()
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "not_loaded"


async def test_an_issue_that_a_person_ignores_stays_ignored(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """A reload changes nothing about it."""
    gate_id = await open_gate(hass, entry, addon_id=77)
    issue_id = f"stale_gate_{gate_id}"
    ir.async_ignore_issue(hass, DOMAIN, issue_id, True)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    issue = ir.async_get(hass).async_get_issue(DOMAIN, issue_id)
    assert issue
    assert issue.dismissed_version


@pytest.mark.parametrize("end", ["gate", "disabled", "account"])
async def test_the_issues_of_a_gate_go_with_it(
    hass: HomeAssistant, entry: MockConfigEntry, end: str
) -> None:
    """Nobody can fix what is not there."""
    gate_id = await open_gate(hass, entry, addon_id=77)
    assert issues(hass) == ["stale_gate"]
    if end == "gate":
        hass.config_entries.async_remove_subentry(entry, gate_id)
    elif end == "disabled":
        await hass.config_entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)
    else:
        await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert issues(hass) == []

"""Language models may ask, and act only where the organizer lets them."""

from typing import Any

from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import llm
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.oveit.llm import async_get_tools
from demo.oveit_server import OveitServer
from demo.venue import Venue
from tests.common import value
from tests.voice import GATE, add_gate, allow_voice, start_assist

VIP = 235
ASKING = {"oveit__attendance", "oveit__gates", "oveit__look_up_ticket"}
ACTING = {"oveit__check_in", "oveit__set_gate_mode"}


def llm_context(context: Context | None = None) -> llm.LLMContext:
    """Return who asks."""
    return llm.LLMContext(
        platform="test",
        context=context or Context(),
        language="en",
        assistant="conversation",
        device_id=None,
    )


async def tools(hass: HomeAssistant) -> dict[str, llm.Tool]:
    """Return our tools as Home Assistant hands them to a model."""
    api = await llm.async_get_api(hass, llm.LLM_API_ASSIST, llm_context())
    return {tool.name: tool for tool in api.tools if tool.name.startswith("oveit__")}


async def call(
    hass: HomeAssistant, name: str, context: Context | None = None, **arguments: Any
) -> llm.ToolResult:
    """Call a tool as a model does."""
    api = await llm.async_get_api(hass, llm.LLM_API_ASSIST, llm_context(context))
    result = await api.async_call_tool(llm.ToolInput(tool_name=name, tool_args=arguments))
    await hass.async_block_till_done(wait_background_tasks=True)
    return result


@pytest.fixture
async def assist(hass: HomeAssistant, loaded: MockConfigEntry) -> MockConfigEntry:
    """Return the entry, with Assist set up."""
    await start_assist(hass)
    return loaded


async def test_a_model_may_only_ask_at_first(hass: HomeAssistant, assist: MockConfigEntry) -> None:
    """Acting tools appear once the organizer turns them on; asking is marked as harmless."""
    offered = await tools(hass)
    assert set(offered) == ASKING
    assert all(tool.annotations.read_only for tool in offered.values())
    await allow_voice(hass, assist)
    offered = await tools(hass)
    assert set(offered) == ASKING | ACTING
    assert {name for name, tool in offered.items() if tool.annotations.destructive} == ACTING
    assert {tool.integration for tool in offered.values()} == {"oveit"}


async def test_a_tool_kept_from_before_is_refused(
    hass: HomeAssistant, assist: MockConfigEntry, venue: Venue
) -> None:
    """What counts is what is allowed when it is called."""
    await allow_voice(hass, assist)
    tool = (await tools(hass))["oveit__check_in"]
    hass.config_entries.async_update_entry(assist, options={**assist.options, "allow_voice": False})
    await hass.async_block_till_done(wait_background_tasks=True)
    code = venue.unused(100)[0].code
    result = await tool.async_call(
        hass, llm.ToolInput(tool_name=tool.name, tool_args={"code": code}), llm_context()
    )
    assert result.error
    assert result.data == {
        "error": "The organizer has turned this off for voice and language models."
    }
    assert venue.entries(code) == 0


@pytest.mark.usefixtures("assist")
async def test_a_model_counts(hass: HomeAssistant, venue: Venue) -> None:
    """By event and by type."""
    used = venue.used(100)
    vip = sum(ticket.ticket_type_id == VIP for ticket in used)
    for result in (
        await call(hass, "oveit__attendance"),
        await call(hass, "oveit__attendance", event="lantern night"),
    ):
        data: Any = result.data
        (event,) = data["events"]
        assert event["event"] == "Lantern Night"
        assert event["tickets"] == 50
        assert event["checked_in"] == len(used)
        assert event["checked_in_by_type"] == {"Entry": len(used) - vip, "VIP": vip}
        assert event["oveit_answers"]
    result = await call(hass, "oveit__attendance", event="Opera")
    assert result.error
    assert result.data == {"error": "There is no event called Opera."}


@pytest.mark.usefixtures("assist")
async def test_a_model_looks_a_ticket_up(
    hass: HomeAssistant, venue: Venue, server: OveitServer
) -> None:
    """It learns the type, but no name and no whole code; nothing is marked."""
    ticket = venue.used(100)[0]
    result = await call(hass, "oveit__look_up_ticket", code=ticket.code)
    assert result.data == {
        "would_be_admitted": False,
        "reason": "already_checked_in",
        "certain": True,
        "decided_by": "oveit",
        "event": "Lantern Night",
        "ticket_type": venue.events[100].ticket_type(ticket.ticket_type_id).name,
        "code_end": ticket.code[-3:],
        "checked_in": True,
        "checked_in_at": ticket.checkins[0][1].isoformat(),
        "checked_in_gate": None,
    }
    assert server.requests_to("tickets/checkin") == []
    unknown = await call(hass, "oveit__look_up_ticket", code="n0b0dy")
    assert unknown.data["reason"] == "unknown_ticket"
    assert unknown.data["ticket_type"] is None


async def test_a_model_checks_in_once_where_it_may(
    hass: HomeAssistant, assist: MockConfigEntry, venue: Venue
) -> None:
    """Calling twice for one request is one entry."""
    await allow_voice(hass, assist)
    ticket = venue.unused(100, VIP)[0]
    context = Context()
    result = await call(hass, "oveit__check_in", context, code=ticket.code)
    assert result.data["admitted"]
    assert result.data["ticket_type"] == "VIP"
    await call(hass, "oveit__check_in", context, code=ticket.code)
    assert venue.entries(ticket.code) == 1


async def test_a_model_asks_for_gates_and_sets_them_where_it_may(
    hass: HomeAssistant, assist: MockConfigEntry
) -> None:
    """By a name that is near enough."""
    await allow_voice(hass, assist)
    await add_gate(hass, assist)
    shut = {"gates": [{"gate": "North gate", "mode": "closed"}]}
    assert (await call(hass, "oveit__gates")).data == shut
    assert (await call(hass, "oveit__gates", gate="northgate")).data == shut
    result = await call(hass, "oveit__set_gate_mode", gate="north gate", mode="scan_only")
    assert result.data == {"gate": "North gate", "mode": "scan_only"}
    assert value(hass, GATE) == "scan_only"
    result = await call(hass, "oveit__gates", gate="river door")
    assert result.data == {"error": "There is no gate called river door."}


async def test_a_model_is_told_when_oveit_cannot_be_asked(
    hass: HomeAssistant, assist: MockConfigEntry, server: OveitServer
) -> None:
    """In words."""
    server.faults.set("tickets/scan", "captive_portal")
    result = await call(hass, "oveit__look_up_ticket", code="n0b0dy")
    assert result.data == {"error": "Oveit cannot be asked at the moment."}


async def test_there_are_no_tools_without_an_account_or_for_another_api(
    hass: HomeAssistant, assist: MockConfigEntry
) -> None:
    """They belong to Assist, and to what is set up."""
    assert async_get_tools(hass, llm_context(), "another") is None
    assert await hass.config_entries.async_unload(assist.entry_id)
    assert await tools(hass) == {}


async def test_an_older_home_assistant_gets_what_it_knows(
    hass: HomeAssistant, assist: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """2026.8 has no class for results: they are plain data there."""
    monkeypatch.delattr(llm, "ToolResult")
    tool = async_get_tools(hass, llm_context(), llm.LLM_API_ASSIST).tools[0]
    result = await tool.async_call(
        hass, llm.ToolInput(tool_name=tool.name, tool_args={}), llm_context()
    )
    assert result["events"][0]["event"] == "Lantern Night"

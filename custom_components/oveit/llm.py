"""Tools for language models: they may ask, and act only where the organizer lets them."""

from abc import abstractmethod
from typing import Any, override

from homeassistant.components.llm import LLMTools
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import llm
from homeassistant.helpers.llm import LLM_API_ASSIST, LLMContext, Tool, ToolInput
from homeassistant.util.json import JsonObjectType
import voluptuous as vol

from .const import DOMAIN
from .core.exceptions import OveitError
from .core.models import MAX_CODE_LENGTH as MAX_NOTE_LENGTH, Decision, Reason
from .inquiry import (
    GATE_MODES,
    InquiryError,
    async_allows_changes,
    async_allows_override,
    async_attendance,
    async_check_in,
    async_coordinators,
    async_find_gate,
    async_gate_mode,
    async_gate_modes,
    async_look_up,
    async_override,
    async_set_gate_mode,
)

BY_MODEL = "By a language model"

CODE = "The code on the ticket, as it was written or said."
EVENT = "The name of an event. Leave it out for all events."
GATE = "The name of the gate. Leave it out for all gates."
ERRORS = {
    "no_events": "No event is going on.",
    "no_event": "There is no event called {event}.",
    "no_code": "That is no ticket code.",
    "several_codes": "More than one ticket fits. Ask for the code, one character after the other.",
    "cannot_decide": "Oveit cannot be asked at the moment.",
    "not_allowed": "The organizer has turned this off for voice and language models.",
    "override_not_allowed": "The organizer has turned overriding off for language models.",
    "not_administrator": "Only an administrator can do that, and it is not known that one asks.",
    "no_gate": "There is no gate called {gate}.",
    "gate_failed": "The mode of {gate} could not be changed.",
}


def _annotations(**hints: bool) -> Any:
    """Return hints for who offers a tool; older Home Assistants know none."""
    kind = getattr(llm, "ToolAnnotations", None)
    return kind(**hints) if kind else None


def _result(data: JsonObjectType, *, error: bool = False) -> Any:
    """Return a tool's result as this Home Assistant wants it."""
    kind = getattr(llm, "ToolResult", None)
    return kind(data=data, error=error) if kind else data


ASKS = _annotations(read_only=True, destructive=False, idempotent=True, open_world=False)
ACTS = _annotations(read_only=False, destructive=True, idempotent=True, open_world=False)


class OveitTool(Tool):
    """A tool that says in words what went wrong."""

    integration = DOMAIN
    annotations = ASKS

    @override
    async def async_call(
        self, hass: HomeAssistant, tool_input: ToolInput, llm_context: LLMContext
    ) -> Any:
        """Check what was handed over, and do it."""
        arguments = self.parameters(tool_input.tool_args)
        try:
            return _result(await self._async_call(hass, arguments, llm_context))
        except InquiryError as err:
            said = ERRORS[err.key].format(**err.values)
        except OveitError:
            said = ERRORS["cannot_decide"]
        return _result({"error": said}, error=True)

    @abstractmethod
    async def _async_call(
        self, hass: HomeAssistant, arguments: dict[str, Any], llm_context: LLMContext
    ) -> JsonObjectType:
        """Return the answer."""


class AttendanceTool(OveitTool):
    """Counts."""

    name = "oveit__attendance"
    title = "Attendance"
    description = "Tells how many tickets of each event are checked in."
    parameters = vol.Schema({vol.Optional("event", description=EVENT): str})

    @override
    async def _async_call(
        self, hass: HomeAssistant, arguments: dict[str, Any], llm_context: LLMContext
    ) -> JsonObjectType:
        """Count."""
        return {
            "events": [
                {
                    "event": state.event.name,
                    "tickets": state.attendance.tickets,
                    "checked_in": state.attendance.checked_in,
                    "checked_in_by_type": {
                        kind.name: state.attendance.checked_in_by_type.get(kind.id, 0)
                        for kind in state.event.ticket_types
                    },
                    "arrivals_per_minute": state.attendance.arrivals,
                    "oveit_answers": coordinator.connected,
                }
                for state, coordinator in async_attendance(hass, arguments.get("event") or None)
            ]
        }


class GatesTool(OveitTool):
    """Tells how gates are set."""

    name = "oveit__gates"
    title = "Gates"
    description = (
        "Tells the mode of each gate: open_for_tickets, scan_only (nobody is let in), closed, or"
        " free_flow (everybody is let in)."
    )
    parameters = vol.Schema({vol.Optional("gate", description=GATE): str})

    @override
    async def _async_call(
        self, hass: HomeAssistant, arguments: dict[str, Any], llm_context: LLMContext
    ) -> JsonObjectType:
        """Tell the modes."""
        name = arguments.get("gate")
        gates = [async_find_gate(hass, name)] if name else async_gate_modes(hass)
        return {
            "gates": [{"gate": gate.name, "mode": async_gate_mode(hass, gate)} for gate in gates]
        }


class LookUpTool(OveitTool):
    """Looks a ticket up."""

    name = "oveit__look_up_ticket"
    title = "Look a ticket up"
    description = "Tells whether a ticket has been checked in. Nothing is marked."
    parameters = vol.Schema({vol.Required("code", description=CODE): str})

    @override
    async def _async_call(
        self, hass: HomeAssistant, arguments: dict[str, Any], llm_context: LLMContext
    ) -> JsonObjectType:
        """Look it up."""
        _, decision = await async_look_up(hass, arguments["code"], llm_context.language or "en")
        return {"would_be_admitted": decision.admitted} | _tell(decision)


class CheckInTool(OveitTool):
    """Checks a ticket in."""

    name = "oveit__check_in"
    title = "Check a ticket in"
    description = (
        "Checks a ticket in, which uses it up. Only when the user asked for just that, with"
        " the code of the ticket."
    )
    parameters = vol.Schema({vol.Required("code", description=CODE): str})
    annotations = ACTS

    @override
    async def _async_call(
        self, hass: HomeAssistant, arguments: dict[str, Any], llm_context: LLMContext
    ) -> JsonObjectType:
        """Check it in."""
        decision = await async_check_in(
            hass, arguments["code"], llm_context.language or "en", llm_context.context
        )
        return {"admitted": decision.admitted} | _tell(decision)


class OverrideTool(OveitTool):
    """Admits a guest whatever is known."""

    name = "oveit__override"
    title = "Admit a guest although the ticket is refused"
    description = (
        "Admits the guest with a ticket that is refused, for instance because it was used. Only"
        " when the user, an administrator, asked for just that, with the code of the ticket."
    )
    parameters = vol.Schema(
        {
            vol.Required("code", description=CODE): str,
            vol.Required("why", description="Why the guest is admitted, in the user's words."): str,
        }
    )
    annotations = ACTS

    @override
    async def _async_call(
        self, hass: HomeAssistant, arguments: dict[str, Any], llm_context: LLMContext
    ) -> JsonObjectType:
        """Admit."""
        note = f"{BY_MODEL}: {arguments['why']}"[:MAX_NOTE_LENGTH]
        decision = await async_override(
            hass, arguments["code"], llm_context.language or "en", llm_context.context, note
        )
        return {"admitted": decision.reason is Reason.OVERRIDE} | _tell(decision)


class SetGateModeTool(OveitTool):
    """Changes a gate."""

    name = "oveit__set_gate_mode"
    title = "Set the mode of a gate"
    description = (
        "Sets a gate to open_for_tickets, scan_only (nobody is let in), closed, or free_flow"
        " (everybody is let in, with any ticket or none: only when the user asked for just that)."
    )
    parameters = vol.Schema(
        {
            vol.Required("gate", description="The name of the gate."): str,
            vol.Required("mode"): vol.In(GATE_MODES),
        }
    )
    annotations = ACTS

    @override
    async def _async_call(
        self, hass: HomeAssistant, arguments: dict[str, Any], llm_context: LLMContext
    ) -> JsonObjectType:
        """Change its mode."""
        mode = arguments["mode"]
        gate = await async_set_gate_mode(hass, arguments["gate"], mode, llm_context.context)
        return {"gate": gate.name, "mode": mode}


@callback
def async_get_tools(hass: HomeAssistant, llm_context: LLMContext, api_id: str) -> LLMTools | None:
    """Return the tools: asking for everyone, acting where an organizer allows it."""
    if api_id != LLM_API_ASSIST:
        return None
    entries = [coordinator.config_entry for coordinator in async_coordinators(hass)]
    if not entries:
        return None
    tools: list[Tool] = [AttendanceTool(), GatesTool(), LookUpTool()]
    if any(async_allows_changes(entry) for entry in entries):
        tools += [CheckInTool(), SetGateModeTool()]
    if any(async_allows_override(entry) for entry in entries):
        tools.append(OverrideTool())
    return LLMTools(tools=tools)


def _tell(decision: Decision) -> JsonObjectType:
    """Return what may be told of a ticket: no name, and not its whole code."""
    ticket = decision.ticket
    first = ticket.first_entry if ticket else None
    return {
        "reason": decision.reason.value,
        "decided_by": decision.source.value,
        "event": decision.event.name if decision.event else None,
        "ticket_type": ticket.ticket_type if ticket else None,
        "code_end": ticket.code[-3:] if ticket else None,
        "checked_in": ticket.checked_in if ticket else None,
        "checked_in_at": first.at.isoformat() if first and first.at else None,
        "checked_in_gate": first.gate if first else None,
    }

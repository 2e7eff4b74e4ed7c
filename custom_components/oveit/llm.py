"""Tools for language models: reading for everybody, acting where the options allow it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, override

from homeassistant.components.llm import LLMTools
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import llm
from homeassistant.helpers.llm import LLM_API_ASSIST, LLMContext, Tool, ToolInput
from homeassistant.util.json import JsonObjectType
import voluptuous as vol

from .assist.queries import (
    GATE_MODES,
    QueryError,
    Question,
    async_attendance,
    async_check_in,
    async_coordinators,
    async_find_gate,
    async_gate_mode,
    async_gate_selects,
    async_look_up,
    async_override,
    async_set_gate_mode,
)
from .const import CONF_ALLOW_VOICE, CONF_ALLOW_VOICE_OVERRIDE, DOMAIN
from .core.codes import code_end
from .core.exceptions import OveitError
from .core.models import MAX_CODE_LENGTH as MAX_NOTE_LENGTH, Decision, Reason

BY_MODEL = "By a language model"

CODE = "The code on the ticket, as it was written or said."
EVENT = "The name of an event. Leave it out for all events."
WHY = "Why the guest is admitted, in the user's words."
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
    "not_permitted": "This user may not check tickets in or look them up.",
    "no_gate": "There is no gate called {gate}.",
    "gate_failed": "The mode of {gate} could not be changed.",
}


def _annotations(**hints: bool) -> Any:
    """Return hints for clients; None where Home Assistant has none yet."""
    kind = getattr(llm, "ToolAnnotations", None)
    return kind(**hints) if kind else None


def _result(data: JsonObjectType, *, error: bool = False) -> Any:
    """Return a tool's result in the form that this Home Assistant expects."""
    kind = getattr(llm, "ToolResult", None)
    return kind(data=data, error=error) if kind else data


READS = _annotations(read_only=True, destructive=False, idempotent=True, open_world=False)
ACTS = _annotations(read_only=False, destructive=True, idempotent=True, open_world=False)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class OveitTool(Tool):
    """A tool: its parameters and the function that returns its answer; errors are texts.

    One that `needs` an option of an account acts, and is offered where that is on.
    """

    integration = DOMAIN

    name: str
    title: str
    description: str
    parameters: vol.Schema = field()
    answer: Callable[[Question], Awaitable[JsonObjectType]]
    annotations: Any = READS
    needs: str | None = None

    @override
    async def async_call(
        self, hass: HomeAssistant, tool_input: ToolInput, llm_context: LLMContext
    ) -> Any:
        """Validate the arguments and answer."""
        question = Question(
            hass=hass,
            language=llm_context.language or "en",
            context=llm_context.context,
            values=self.parameters(tool_input.tool_args),
        )
        try:
            return _result(await self.answer(question))
        except QueryError as err:
            error = ERRORS[err.key].format(**err.values)
        except OveitError:
            error = ERRORS["cannot_decide"]
        return _result({"error": error}, error=True)


async def _async_attendance(question: Question) -> JsonObjectType:
    """Return the counts of events."""
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
            for state, coordinator in async_attendance(question)
        ]
    }


async def _async_gates(question: Question) -> JsonObjectType:
    """Return the modes of gates."""
    hass, name = question.hass, question.values.get("gate")
    gates = [async_find_gate(hass, name)] if name else async_gate_selects(hass)
    return {"gates": [{"gate": gate.name, "mode": async_gate_mode(hass, gate)} for gate in gates]}


async def _async_look_up(question: Question) -> JsonObjectType:
    """Look a ticket up."""
    decision = await async_look_up(question)
    return {"would_be_admitted": decision.admitted} | _describe(decision)


async def _async_check_in(question: Question) -> JsonObjectType:
    """Check a ticket in."""
    decision = await async_check_in(question)
    return {"admitted": decision.admitted} | _describe(decision)


async def _async_override(question: Question) -> JsonObjectType:
    """Admit a guest as an administrator."""
    note = f"{BY_MODEL}: {question.values['why']}"[:MAX_NOTE_LENGTH]
    decision = await async_override(question, note)
    return {"admitted": decision.reason is Reason.OVERRIDE} | _describe(decision)


async def _async_set_gate_mode(question: Question) -> JsonObjectType:
    """Set the mode of a gate."""
    gate = await async_set_gate_mode(question)
    return {"gate": gate.name, "mode": question.values["mode"]}


OF_CODE: dict[vol.Marker, Any] = {vol.Required("code", description=CODE): str}
TOOLS = (
    OveitTool(
        name="oveit__attendance",
        title="Attendance",
        description="Tells how many tickets of each event are checked in.",
        parameters=vol.Schema({vol.Optional("event", description=EVENT): str}),
        answer=_async_attendance,
    ),
    OveitTool(
        name="oveit__gates",
        title="Gates",
        description=(
            "Tells the mode of each gate: open_for_tickets, scan_only (nobody is let in), closed,"
            " or free_flow (everybody is let in)."
        ),
        parameters=vol.Schema({vol.Optional("gate", description=GATE): str}),
        answer=_async_gates,
    ),
    OveitTool(
        name="oveit__look_up_ticket",
        title="Look a ticket up",
        description="Tells whether a ticket has been checked in. Nothing is marked.",
        parameters=vol.Schema(OF_CODE),
        answer=_async_look_up,
    ),
    OveitTool(
        name="oveit__check_in",
        title="Check a ticket in",
        description=(
            "Checks a ticket in, which uses it up. Only when the user asked for just that, with"
            " the code of the ticket."
        ),
        parameters=vol.Schema(OF_CODE),
        answer=_async_check_in,
        annotations=ACTS,
        needs=CONF_ALLOW_VOICE,
    ),
    OveitTool(
        name="oveit__set_gate_mode",
        title="Set the mode of a gate",
        description=(
            "Sets a gate to open_for_tickets, scan_only (nobody is let in), closed, or free_flow"
            " (everybody is let in, with any ticket or none: only when the user asked for just"
            " that)."
        ),
        parameters=vol.Schema(
            {
                vol.Required("gate", description="The name of the gate."): str,
                vol.Required("mode"): vol.In(GATE_MODES),
            }
        ),
        answer=_async_set_gate_mode,
        annotations=ACTS,
        needs=CONF_ALLOW_VOICE,
    ),
    OveitTool(
        name="oveit__override",
        title="Admit a guest although the ticket is refused",
        description=(
            "Admits the guest with a ticket that is refused, for instance because it was used."
            " Only when the user, an administrator, asked for just that, with the code of the"
            " ticket."
        ),
        parameters=vol.Schema(OF_CODE | {vol.Required("why", description=WHY): str}),
        answer=_async_override,
        annotations=ACTS,
        needs=CONF_ALLOW_VOICE_OVERRIDE,
    ),
)


@callback
def async_get_tools(hass: HomeAssistant, llm_context: LLMContext, api_id: str) -> LLMTools | None:
    """Return the tools that read, and those that act where an entry's options allow it."""
    if api_id != LLM_API_ASSIST:
        return None
    options = [coordinator.config_entry.options for coordinator in async_coordinators(hass)]
    tools: list[Tool] = [
        tool for tool in TOOLS if any(not tool.needs or each.get(tool.needs) for each in options)
    ]
    return LLMTools(tools=tools) if tools else None


def _describe(decision: Decision) -> JsonObjectType:
    """Return a decision without names and whole codes."""
    ticket = decision.ticket
    first = ticket.first_entry if ticket else None
    return {
        "reason": decision.reason.value,
        "certain": decision.certain,
        "decided_by": decision.source.value,
        "event": decision.event.name if decision.event else None,
        "ticket_type": ticket.ticket_type if ticket else None,
        "code_end": code_end(ticket.code) if ticket else None,
        "checked_in": ticket.checked_in if ticket else None,
        "checked_in_at": first.at.isoformat() if first and first.at else None,
        "checked_in_gate": first.gate if first else None,
    }

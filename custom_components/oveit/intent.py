"""Intents of Assist: what can be asked and done, and the spoken answers."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, override

from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv, intent
from homeassistant.util import dt as dt_util
import voluptuous as vol

from .assist.phrases import Phrasebook, async_get_phrasebooks, choose
from .assist.queries import (
    GATE_MODES,
    QueryError,
    Question,
    async_attendance,
    async_check_in,
    async_find_gate,
    async_gate_mode,
    async_look_up,
    async_override,
    async_set_gate_mode,
)
from .core.codes import code_end
from .core.exceptions import OveitError
from .core.models import Decision, Reason, Source, Ticket

type Slots = dict[vol.Marker, Any]
type Answer = Callable[[Question, Phrasebook], Awaitable[str]]

BY_VOICE = "By voice"

TEXT = vol.All(cv.string, vol.Length(min=1, max=256))
CODE_SLOT: Slots = {vol.Required("code"): TEXT}
GATE_SLOT: Slots = {vol.Required("gate"): TEXT}


class OveitIntentHandler(intent.IntentHandler):
    """Answers an intent in the language of the question; errors are spoken, too."""

    def __init__(
        self, intent_type: str, description: str, slots: Slots, answer: Answer, *, acts: bool
    ) -> None:
        """Take the slots of the intent and the function that returns its spoken answer."""
        self.intent_type = intent_type
        self.description = description
        self._slots = slots
        self._answer = answer
        kind = "action_done" if acts else "query_answer"
        self._kind = intent.IntentResponseType(kind)

    @property
    @override
    def slot_schema(self) -> dict[Any, Any]:
        """Return the slots of the intent."""
        return self._slots

    @override
    async def async_handle(self, intent_obj: intent.Intent) -> intent.IntentResponse:
        """Return the answer, or why there is none."""
        phrases = choose(await async_get_phrasebooks(intent_obj.hass), intent_obj.language)
        slots = self.async_validate_slots(intent_obj.slots)
        question = Question(
            hass=intent_obj.hass,
            language=phrases.language,
            context=intent_obj.context,
            values={key: slot["value"] for key, slot in slots.items()},
        )
        response = intent_obj.create_response()
        try:
            response.async_set_speech(await self._answer(question, phrases))
            response.response_type = self._kind
            return response
        except QueryError as err:
            error = phrases.say(err.key, **err.values)
        except OveitError:
            error = phrases.say("cannot_decide")
        response.async_set_error(intent.IntentResponseErrorCode.FAILED_TO_HANDLE, error)
        return response


HANDLERS: list[OveitIntentHandler] = []


def _answers(
    intent_type: str, description: str, slots: Slots, *, acts: bool = False
) -> Callable[[Answer], Answer]:
    """Return a decorator of the function that returns the answer of an intent."""

    def _add(answer: Answer) -> Answer:
        HANDLERS.append(OveitIntentHandler(intent_type, description, slots, answer, acts=acts))
        return answer

    return _add


@_answers(
    "OveitAttendance",
    "Tells how many tickets of the events are checked in at Oveit",
    {vol.Optional("event"): TEXT},
)
async def _async_attendance(question: Question, phrases: Phrasebook) -> str:
    """Say how many people are checked in."""
    states = async_attendance(question)
    said = [
        phrases.say(
            "attendance",
            event=state.event.name,
            checked_in=state.attendance.checked_in,
            tickets=state.attendance.tickets,
        )
        for state, _ in states
    ]
    if not all(coordinator.connected for _, coordinator in states):
        said.append(phrases.say("not_connected"))
    return " ".join(said)


@_answers(
    "OveitTicket", "Tells whether a ticket of Oveit has been checked in, by its code", CODE_SLOT
)
async def _async_ticket(question: Question, phrases: Phrasebook) -> str:
    """Say whether a ticket has been checked in."""
    decision = await async_look_up(question)
    ticket = decision.ticket
    if ticket is None or decision.event is None:
        return _sentence(phrases.why(decision))
    key = _by_what_is_known("ticket_used", ticket) if ticket.checked_in else "ticket_unused"
    return phrases.say(
        key,
        end=" ".join(code_end(ticket.code)),
        type=_type(decision, phrases),
        **_first_entry(ticket),
    )


@_answers("OveitCheckIn", "Checks a ticket in at Oveit, by its code", CODE_SLOT, acts=True)
async def _async_check_in(question: Question, phrases: Phrasebook) -> str:
    """Check a ticket in, and say how it went."""
    decision = await async_check_in(question)
    if decision.admitted:
        said = [phrases.say("admitted", type=_type(decision, phrases))]
        return " ".join(said + [phrases.say("without_oveit")] * (decision.source is Source.LEDGER))
    said, ticket = [phrases.say("refused", why=phrases.why(decision))], decision.ticket
    if ticket and ticket.checked_in and ticket.first_entry and ticket.first_entry.at:
        said.append(phrases.say(_by_what_is_known("used", ticket), **_first_entry(ticket)))
    return " ".join(said)


@_answers(
    "OveitOverride",
    "Admits the guest with a ticket of Oveit, though the ticket is refused",
    CODE_SLOT,
    acts=True,
)
async def _async_override(question: Question, phrases: Phrasebook) -> str:
    """Admit a guest as an administrator, and say whom."""
    decision = await async_override(question, BY_VOICE)
    if decision.reason is not Reason.OVERRIDE:
        return phrases.say("refused", why=phrases.why(decision))
    return phrases.say("overridden", type=_type(decision, phrases))


@_answers("OveitGate", "Tells in which mode a gate of Oveit is", GATE_SLOT)
async def _async_gate(question: Question, phrases: Phrasebook) -> str:
    """Say the mode of a gate."""
    gate = async_find_gate(question.hass, question.values["gate"])
    mode = async_gate_mode(question.hass, gate) or "unavailable"
    return phrases.say(f"gate_{mode}", gate=gate.name)


@_answers(
    "OveitSetGateMode",
    "Sets the mode of a gate of Oveit",
    GATE_SLOT | {vol.Required("mode"): vol.In(GATE_MODES)},
    acts=True,
)
async def _async_set_gate_mode(question: Question, phrases: Phrasebook) -> str:
    """Set the mode of a gate, and say it."""
    gate = await async_set_gate_mode(question)
    return phrases.say(f"gate_{question.values['mode']}", gate=gate.name)


async def async_setup_intents(hass: HomeAssistant) -> None:
    """Register the intents."""
    for handler in HANDLERS:
        intent.async_register(hass, handler)


def _type(decision: Decision, phrases: Phrasebook) -> str:
    """Return the ticket type of a decision, as it is said."""
    kind = decision.ticket.ticket_type if decision.ticket else None
    return kind or phrases.say("unknown_type")


def _by_what_is_known(key: str, ticket: Ticket) -> str:
    """Return the key of an answer that also says when and where a ticket was used, if known."""
    first = ticket.first_entry
    if first is None or first.at is None:
        return key
    return f"{key}_at_gate" if first.gate else f"{key}_at"


def _first_entry(ticket: Ticket) -> dict[str, str | None]:
    """Return the time and gate of a ticket's first entry."""
    first = ticket.first_entry
    return {
        "time": _clock(first.at) if first and first.at else None,
        "gate": first.gate if first else None,
    }


def _clock(at: datetime) -> str:
    """Return a local time of day, with its date unless that is today."""
    local = dt_util.as_local(at)
    return f"{local:%H:%M}" if local.date() == dt_util.now().date() else f"{local:%H:%M, %Y-%m-%d}"


def _sentence(text: str) -> str:
    """Return words with a capital letter and a full stop."""
    end = "。" if not text.isascii() and text[-1] > "\u3000" else "."
    return f"{text[0].upper()}{text[1:]}{end}"

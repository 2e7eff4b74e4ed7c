"""Intents of Assist: what can be asked and done, and the spoken answers."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, override

from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv, intent
from homeassistant.util import dt as dt_util
import voluptuous as vol

from .assist.phrases import Phrasebook, Phrasebooks, async_get_phrasebooks, choose
from .assist.queries import (
    GATE_MODES,
    QueryError,
    async_attendance,
    async_check_in,
    async_find_gate,
    async_gate_mode,
    async_look_up,
    async_override,
    async_set_gate_mode,
)
from .core.exceptions import OveitError
from .core.models import Decision, Reason, Source, Ticket

INTENT_ATTENDANCE = "OveitAttendance"
INTENT_TICKET = "OveitTicket"
INTENT_CHECK_IN = "OveitCheckIn"
INTENT_OVERRIDE = "OveitOverride"
INTENT_GATE = "OveitGate"
INTENT_SET_GATE_MODE = "OveitSetGateMode"

SLOT_CODE = "code"
SLOT_EVENT = "event"
SLOT_GATE = "gate"
SLOT_MODE = "mode"

BY_VOICE = "By voice"

TEXT = vol.All(cv.string, vol.Length(min=1, max=256))
CODE_SLOT: dict[vol.Marker, Any] = {vol.Required(SLOT_CODE): TEXT}
GATE_SLOT: dict[vol.Marker, Any] = {vol.Required(SLOT_GATE): TEXT}


@dataclass(frozen=True, kw_only=True, slots=True)
class OveitIntent:
    """An intent: its slots and the function that returns its spoken answer."""

    intent_type: str
    description: str
    slots: dict[vol.Marker, Any]
    answer: Callable[[intent.Intent, Phrasebook, dict[str, str]], Awaitable[str]]
    acts: bool = False


class OveitIntentHandler(intent.IntentHandler):
    """Answers an intent in the language of the question; errors are spoken, too."""

    def __init__(self, described: OveitIntent, phrasebooks: Phrasebooks) -> None:
        """Take an intent and the texts of all languages."""
        self.intent_type = described.intent_type
        self.description = described.description
        self._described = described
        self._phrasebooks = phrasebooks

    @property
    @override
    def slot_schema(self) -> dict[Any, Any]:
        """Return the slots of the intent."""
        return self._described.slots

    @override
    async def async_handle(self, intent_obj: intent.Intent) -> intent.IntentResponse:
        """Return the answer, or why there is none."""
        phrases = choose(self._phrasebooks, intent_obj.language)
        slots = self.async_validate_slots(intent_obj.slots)
        said = {key: slot["value"] for key, slot in slots.items()}
        response = intent_obj.create_response()
        try:
            speech = await self._described.answer(intent_obj, phrases, said)
        except QueryError as err:
            error = phrases.say(err.key, **err.values)
        except OveitError:
            error = phrases.say("cannot_decide")
        else:
            if self._described.acts:
                response.response_type = intent.IntentResponseType.ACTION_DONE
            else:
                response.response_type = intent.IntentResponseType.QUERY_ANSWER
            response.async_set_speech(speech)
            return response
        response.async_set_error(intent.IntentResponseErrorCode.FAILED_TO_HANDLE, error)
        return response


async def _async_answer_attendance(
    intent_obj: intent.Intent, phrases: Phrasebook, slots: dict[str, str]
) -> str:
    """Say how many people are checked in."""
    states = async_attendance(intent_obj.hass, slots.get(SLOT_EVENT))
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


async def _async_answer_ticket(
    intent_obj: intent.Intent, phrases: Phrasebook, slots: dict[str, str]
) -> str:
    """Say whether a ticket has been checked in."""
    _, decision = await async_look_up(intent_obj.hass, slots[SLOT_CODE], phrases.language)
    ticket = decision.ticket
    if ticket is None or decision.event is None:
        return _sentence(phrases.reasons[decision.reason])
    key = _by_what_is_known("ticket_used", ticket) if ticket.checked_in else "ticket_unused"
    return phrases.say(
        key, end=" ".join(ticket.code[-3:]), type=_type(decision, phrases), **_first_entry(ticket)
    )


async def _async_answer_check_in(
    intent_obj: intent.Intent, phrases: Phrasebook, slots: dict[str, str]
) -> str:
    """Check a ticket in, and say how it went."""
    decision = await async_check_in(
        intent_obj.hass, slots[SLOT_CODE], phrases.language, intent_obj.context
    )
    return " ".join(_describe(decision, phrases))


async def _async_answer_override(
    intent_obj: intent.Intent, phrases: Phrasebook, slots: dict[str, str]
) -> str:
    """Admit a guest as an administrator, and say whom."""
    decision = await async_override(
        intent_obj.hass, slots[SLOT_CODE], phrases.language, intent_obj.context, BY_VOICE
    )
    if decision.reason is not Reason.OVERRIDE:
        return phrases.say("refused", why=phrases.reasons[decision.reason])
    return phrases.say("overridden", type=_type(decision, phrases))


async def _async_answer_gate(
    intent_obj: intent.Intent, phrases: Phrasebook, slots: dict[str, str]
) -> str:
    """Say the mode of a gate."""
    gate = async_find_gate(intent_obj.hass, slots[SLOT_GATE])
    mode = async_gate_mode(intent_obj.hass, gate) or "unavailable"
    return phrases.say(f"gate_{mode}", gate=gate.name)


async def _async_answer_set_gate_mode(
    intent_obj: intent.Intent, phrases: Phrasebook, slots: dict[str, str]
) -> str:
    """Set the mode of a gate, and say it."""
    mode = slots[SLOT_MODE]
    gate = await async_set_gate_mode(intent_obj.hass, slots[SLOT_GATE], mode, intent_obj.context)
    return phrases.say(f"gate_{mode}", gate=gate.name)


INTENTS = (
    OveitIntent(
        intent_type=INTENT_ATTENDANCE,
        description="Tells how many tickets of the events are checked in at Oveit",
        slots={vol.Optional(SLOT_EVENT): TEXT},
        answer=_async_answer_attendance,
    ),
    OveitIntent(
        intent_type=INTENT_TICKET,
        description="Tells whether a ticket of Oveit has been checked in, by its code",
        slots=CODE_SLOT,
        answer=_async_answer_ticket,
    ),
    OveitIntent(
        intent_type=INTENT_CHECK_IN,
        description="Checks a ticket in at Oveit, by its code",
        slots=CODE_SLOT,
        answer=_async_answer_check_in,
        acts=True,
    ),
    OveitIntent(
        intent_type=INTENT_OVERRIDE,
        description="Admits the guest with a ticket of Oveit, though the ticket is refused",
        slots=CODE_SLOT,
        answer=_async_answer_override,
        acts=True,
    ),
    OveitIntent(
        intent_type=INTENT_GATE,
        description="Tells in which mode a gate of Oveit is",
        slots=GATE_SLOT,
        answer=_async_answer_gate,
    ),
    OveitIntent(
        intent_type=INTENT_SET_GATE_MODE,
        description="Sets the mode of a gate of Oveit",
        slots=GATE_SLOT | {vol.Required(SLOT_MODE): vol.In(GATE_MODES)},
        answer=_async_answer_set_gate_mode,
        acts=True,
    ),
)


async def async_setup_intents(hass: HomeAssistant) -> None:
    """Register the intents."""
    phrasebooks = await async_get_phrasebooks(hass)
    for described in INTENTS:
        intent.async_register(hass, OveitIntentHandler(described, phrasebooks))


def _type(decision: Decision, phrases: Phrasebook) -> str:
    """Return the ticket type of a decision, as it is said."""
    kind = decision.ticket.ticket_type if decision.ticket else None
    return kind or phrases.say("unknown_type")


def _describe(decision: Decision, phrases: Phrasebook) -> list[str]:
    """Return the sentences about a check-in."""
    if decision.admitted:
        said = [phrases.say("admitted", type=_type(decision, phrases))]
        return said + [phrases.say("without_oveit")] * (decision.source is Source.LEDGER)
    ticket = decision.ticket
    said = [phrases.say("refused", why=phrases.reasons[decision.reason])]
    if ticket and ticket.checked_in and ticket.first_entry and ticket.first_entry.at:
        said.append(phrases.say(_by_what_is_known("used", ticket), **_first_entry(ticket)))
    return said


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

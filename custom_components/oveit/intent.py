"""Intents: what Assist is asked, and what it answers."""

from abc import abstractmethod
from datetime import datetime
from typing import Any, ClassVar, override

from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv, intent
from homeassistant.util import dt as dt_util
import voluptuous as vol

from .core.exceptions import OveitError
from .core.models import Decision, Reason, Source, Ticket
from .inquiry import (
    GATE_MODES,
    InquiryError,
    async_attendance,
    async_check_in,
    async_find_gate,
    async_gate_mode,
    async_look_up,
    async_override,
    async_set_gate_mode,
)
from .phrases import Phrasebook, Phrasebooks, async_get_phrasebooks, choose

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


async def async_setup_intents(hass: HomeAssistant) -> None:
    """Register the intents."""
    phrasebooks = await async_get_phrasebooks(hass)
    for handler in (
        OveitAttendance,
        OveitTicket,
        OveitCheckIn,
        OveitOverride,
        OveitGate,
        OveitSetGateMode,
    ):
        intent.async_register(hass, handler(phrasebooks))


class OveitIntentHandler(intent.IntentHandler):
    """Answers in the language of who asks; what goes wrong is said as well."""

    response_type = intent.IntentResponseType.QUERY_ANSWER
    slots: ClassVar[dict[vol.Marker, Any]] = {}

    def __init__(self, phrasebooks: Phrasebooks) -> None:
        """Take what can be said."""
        self._phrasebooks = phrasebooks

    @property
    @override
    def slot_schema(self) -> dict[Any, Any]:
        """Return what may be asked with."""
        return self.slots

    @override
    async def async_handle(self, intent_obj: intent.Intent) -> intent.IntentResponse:
        """Answer, or say why there is no answer."""
        phrases = choose(self._phrasebooks, intent_obj.language)
        slots = self.async_validate_slots(intent_obj.slots)
        response = intent_obj.create_response()
        try:
            said = await self._async_answer(
                intent_obj, phrases, **{key: slot["value"] for key, slot in slots.items()}
            )
        except InquiryError as err:
            said = phrases.say(err.key, **err.values)
        except OveitError:
            said = phrases.say("cannot_decide")
        else:
            response.response_type = self.response_type
            response.async_set_speech(said)
            return response
        response.async_set_error(intent.IntentResponseErrorCode.FAILED_TO_HANDLE, said)
        return response

    @abstractmethod
    async def _async_answer(
        self, intent_obj: intent.Intent, phrases: Phrasebook, **slots: Any
    ) -> str:
        """Return what to say."""


class OveitAttendance(OveitIntentHandler):
    """Tells how many people are checked in."""

    intent_type = INTENT_ATTENDANCE
    description = "Tells how many tickets of the events are checked in at Oveit"
    slots: ClassVar = {vol.Optional(SLOT_EVENT): TEXT}

    @override
    async def _async_answer(
        self, intent_obj: intent.Intent, phrases: Phrasebook, **slots: Any
    ) -> str:
        """Count."""
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


class OveitTicket(OveitIntentHandler):
    """Tells whether a ticket has been checked in."""

    intent_type = INTENT_TICKET
    description = "Tells whether a ticket of Oveit has been checked in, by its code"
    slots: ClassVar = {vol.Required(SLOT_CODE): TEXT}

    @override
    async def _async_answer(
        self, intent_obj: intent.Intent, phrases: Phrasebook, **slots: Any
    ) -> str:
        """Look the ticket up."""
        _, decision = await async_look_up(intent_obj.hass, slots[SLOT_CODE], phrases.language)
        ticket = decision.ticket
        if ticket is None or decision.event is None:
            return _sentence(phrases.reasons[decision.reason])
        key = _by_what_is_known("ticket_used", ticket) if ticket.checked_in else "ticket_unused"
        return phrases.say(
            key,
            end=" ".join(ticket.code[-3:]),
            type=ticket.ticket_type or phrases.say("unknown_type"),
            **_first_entry(ticket),
        )


class OveitCheckIn(OveitIntentHandler):
    """Checks a ticket in."""

    intent_type = INTENT_CHECK_IN
    description = "Checks a ticket in at Oveit, by its code"
    slots: ClassVar = {vol.Required(SLOT_CODE): TEXT}
    response_type = intent.IntentResponseType.ACTION_DONE

    @override
    async def _async_answer(
        self, intent_obj: intent.Intent, phrases: Phrasebook, **slots: Any
    ) -> str:
        """Check in, and tell how it went."""
        decision = await async_check_in(
            intent_obj.hass, slots[SLOT_CODE], phrases.language, intent_obj.context
        )
        return " ".join(_tell(decision, phrases))


class OveitOverride(OveitIntentHandler):
    """Admits a guest whatever is known, by an administrator's word."""

    intent_type = INTENT_OVERRIDE
    description = "Admits the guest with a ticket of Oveit, though the ticket is refused"
    slots: ClassVar = {vol.Required(SLOT_CODE): TEXT}
    response_type = intent.IntentResponseType.ACTION_DONE

    @override
    async def _async_answer(
        self, intent_obj: intent.Intent, phrases: Phrasebook, **slots: Any
    ) -> str:
        """Admit, and tell whom."""
        decision = await async_override(
            intent_obj.hass, slots[SLOT_CODE], phrases.language, intent_obj.context, BY_VOICE
        )
        if decision.reason is not Reason.OVERRIDE:
            return phrases.say("refused", why=phrases.reasons[decision.reason])
        kind = decision.ticket.ticket_type if decision.ticket else None
        return phrases.say("overridden", type=kind or phrases.say("unknown_type"))


class OveitGate(OveitIntentHandler):
    """Tells whether a gate is open."""

    intent_type = INTENT_GATE
    description = "Tells in which mode a gate of Oveit is"
    slots: ClassVar = {vol.Required(SLOT_GATE): TEXT}

    @override
    async def _async_answer(
        self, intent_obj: intent.Intent, phrases: Phrasebook, **slots: Any
    ) -> str:
        """Tell the mode."""
        gate = async_find_gate(intent_obj.hass, slots[SLOT_GATE])
        mode = async_gate_mode(intent_obj.hass, gate) or "unavailable"
        return phrases.say(f"gate_{mode}", gate=gate.name)


class OveitSetGateMode(OveitIntentHandler):
    """Opens a gate for tickets, has it only scan, or closes it."""

    intent_type = INTENT_SET_GATE_MODE
    description = "Sets the mode of a gate of Oveit"
    slots: ClassVar = {vol.Required(SLOT_GATE): TEXT, vol.Required(SLOT_MODE): vol.In(GATE_MODES)}
    response_type = intent.IntentResponseType.ACTION_DONE

    @override
    async def _async_answer(
        self, intent_obj: intent.Intent, phrases: Phrasebook, **slots: Any
    ) -> str:
        """Change the mode."""
        mode = slots[SLOT_MODE]
        gate = await async_set_gate_mode(
            intent_obj.hass, slots[SLOT_GATE], mode, intent_obj.context
        )
        return phrases.say(f"gate_{mode}", gate=gate.name)


def _tell(decision: Decision, phrases: Phrasebook) -> list[str]:
    """Return the sentences that tell how a check-in went."""
    ticket = decision.ticket
    if decision.admitted:
        kind = ticket.ticket_type if ticket else None
        said = [phrases.say("admitted", type=kind or phrases.say("unknown_type"))]
        return said + [phrases.say("without_oveit")] * (decision.source is Source.LEDGER)
    said = [phrases.say("refused", why=phrases.reasons[decision.reason])]
    if ticket and ticket.checked_in and ticket.first_entry and ticket.first_entry.at:
        said.append(phrases.say(_by_what_is_known("used", ticket), **_first_entry(ticket)))
    return said


def _by_what_is_known(key: str, ticket: Ticket) -> str:
    """Return the key of the answer that tells when and where a ticket was used."""
    first = ticket.first_entry
    if first is None or first.at is None:
        return key
    return f"{key}_at_gate" if first.gate else f"{key}_at"


def _first_entry(ticket: Ticket) -> dict[str, str | None]:
    """Return when and where a ticket was used."""
    first = ticket.first_entry
    return {
        "time": _clock(first.at) if first and first.at else None,
        "gate": first.gate if first else None,
    }


def _clock(at: datetime) -> str:
    """Return a time of day where the venue is, with its date unless that is today."""
    local = dt_util.as_local(at)
    return f"{local:%H:%M}" if local.date() == dt_util.now().date() else f"{local:%H:%M, %Y-%m-%d}"


def _sentence(text: str) -> str:
    """Return some words as a sentence."""
    end = "。" if not text.isascii() and text[-1] > "\u3000" else "."
    return f"{text[0].upper()}{text[1:]}{end}"

"""The event entity of a gate."""

import re
from typing import Any, override

from homeassistant.components.event import EventEntity, EventEntityDescription

from ..const import (
    ATTR_ADDON,
    ATTR_ADDON_LEFT,
    ATTR_CODE_END,
    ATTR_DIRECTION,
    ATTR_EVENT,
    ATTR_FIRST_CHECKIN_AT,
    ATTR_FIRST_CHECKIN_GATE,
    ATTR_GATE,
    ATTR_HINT,
    ATTR_LATENCY,
    ATTR_MESSAGE,
    ATTR_MODE,
    ATTR_OTHERS,
    ATTR_OVERRULED,
    ATTR_PASSBACK,
    ATTR_REASON,
    ATTR_REHEARSAL,
    ATTR_SOURCE,
    ATTR_TICKET_TYPE,
    EVENT_ADMITTED,
    EVENT_REFUSED,
)
from ..core.codes import is_phone
from ..core.gate_settings import GateMode, GateSettings
from ..core.models import Decision, Reason
from ..entity import OveitGateEntity

GATE = EventEntityDescription(
    key="gate", translation_key="gate", name=None, event_types=[EVENT_ADMITTED, EVENT_REFUSED]
)


class OveitGateEvent(OveitGateEntity, EventEntity):
    """The last decision of a gate."""

    _unrecorded_attributes = frozenset(
        {ATTR_CODE_END, ATTR_MESSAGE, ATTR_FIRST_CHECKIN_AT, ATTR_OTHERS}
    )

    @override
    async def async_added_to_hass(self) -> None:
        """Show every decision that the gate announces."""
        await super().async_added_to_hass()
        self.async_on_remove(self.gate.on_decision.add(self._handle_decision))

    def _handle_decision(self, decision: Decision, mode: GateMode) -> None:
        """Show a decision."""
        event_type = EVENT_ADMITTED if decision.admitted else EVENT_REFUSED
        self._trigger_event(event_type, _describe(decision, mode, self.gate.settings))
        self.async_write_ha_state()


def _describe(decision: Decision, mode: GateMode, settings: GateSettings) -> dict[str, Any]:
    """Return the attributes of a decision: no names, no whole codes."""
    ticket, addon = decision.ticket, decision.addon
    first = ticket.first_entry if ticket else None
    return {
        ATTR_REASON: decision.reason.value,
        ATTR_SOURCE: decision.source.value,
        ATTR_TICKET_TYPE: ticket and ticket.ticket_type,
        ATTR_EVENT: decision.event and decision.event.name,
        ATTR_ADDON: addon and addon.name,
        ATTR_ADDON_LEFT: addon and addon.left,
        ATTR_CODE_END: ticket and ticket.code[-3:],
        ATTR_MESSAGE: _message(decision),
        ATTR_FIRST_CHECKIN_AT: first and first.at and first.at.isoformat(),
        ATTR_FIRST_CHECKIN_GATE: first and first.gate,
        ATTR_GATE: decision.request.gate,
        ATTR_PASSBACK: decision.passback,
        ATTR_LATENCY: round(decision.latency * 1000, 1),
        ATTR_DIRECTION: decision.request.direction.value,
        ATTR_MODE: mode.value,
        ATTR_REHEARSAL: decision.request.rehearsal,
        ATTR_OVERRULED: decision.overruled and decision.overruled.value,
        ATTR_HINT: _hint(decision, settings),
        ATTR_OTHERS: [
            {
                ATTR_REASON: other.reason.value,
                ATTR_TICKET_TYPE: other.ticket and other.ticket.ticket_type,
                ATTR_CODE_END: other.ticket and other.ticket.code[-3:],
            }
            for other in decision.others
        ],
    }


def _message(decision: Decision) -> str | None:
    """Return Oveit's sentence, of whose codes only the end is shown (decisions.md I8)."""
    request, message = decision.request, decision.message
    ticket = decision.ticket.code if decision.ticket else None
    for code in filter(None, (ticket, request.ticket_code, request.rfid_code)):
        end = code[-3:].replace("\\", r"\\")
        message = message and re.sub(re.escape(code), f"…{end}", message, flags=re.IGNORECASE)
    return message


def _lacks_entry(decision: Decision) -> bool:
    """Return whether an add-on was refused since the ticket has not entered (decisions.md A10)."""
    is_refused = Reason.ADDON_UNAVAILABLE in (decision.reason, decision.overruled)
    knows_left = decision.addon is not None and decision.addon.left is not None
    entered = decision.ticket is not None and decision.ticket.checked_in
    return is_refused and decision.request.require_main_entry and knows_left and not entered


def _hint(decision: Decision, settings: GateSettings) -> str | None:
    """Return the key of a hint for stewards, if there is one (decisions.md A10, R8, X2)."""
    ticket = decision.ticket
    if Reason.UNKNOWN_TAG in (decision.reason, decision.overruled) and is_phone(
        decision.request.rfid_code or "", settings.tag_format
    ):
        return "phone"
    if _lacks_entry(decision):
        return "main_entry_first"
    if decision.reason is Reason.LEFT and (ticket is None or not ticket.checked_in):
        return "never_entered"
    return None

"""Event entities: the check-ins and conflicts of an event, and the reads of a gate."""

import re
from typing import Any, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import EVENT_ADMITTED, EVENT_REFUSED
from .coordinator import OveitConfigEntry
from .core.codes import code_end, is_phone, trim
from .core.counts import RemoteCheckIn
from .core.gate_settings import GateMode, GateSettings
from .core.models import Decision, Event, Reason, Row, Source
from .entity import (
    OF_A_GUEST,
    OveitEventEntity,
    OveitGateEntity,
    async_add_event_entities,
    async_add_gate_entities,
)

PARALLEL_UPDATES = 0

EVENT_REJECTED = "rejected"
OF_THE_READ = frozenset({"first_checkin_at", "first_checkin_gate", "message", "others"})
CHECK_IN = EventEntityDescription(key="check_in", event_types=[EVENT_ADMITTED, EVENT_REFUSED])
CONFLICT = EventEntityDescription(
    key="conflict", entity_category=EntityCategory.DIAGNOSTIC, event_types=[EVENT_REJECTED]
)
GATE = EventEntityDescription(key="gate", name=None, event_types=[EVENT_ADMITTED, EVENT_REFUSED])


async def async_setup_entry(
    hass: HomeAssistant,
    entry: OveitConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the event entities of each event and gate."""
    of_event = ((OveitCheckIn, CHECK_IN), (OveitConflict, CONFLICT))
    async_add_event_entities(entry, async_add_entities, lambda _: of_event)
    async_add_gate_entities(entry, async_add_entities, lambda _: [(OveitGateEvent, GATE)])


class OveitCheckIn(OveitEventEntity, EventEntity):
    """The newest check-in of an event."""

    _unrecorded_attributes = OF_A_GUEST

    @override
    async def async_added_to_hass(self) -> None:
        """Subscribe to check-ins."""
        await super().async_added_to_hass()
        self.async_on_remove(self.coordinator.on_check_in.add(self._async_handle_check_in))

    @callback
    def _async_handle_check_in(self, check_in: Decision | RemoteCheckIn) -> None:
        """Show a check-in if it is one of this event."""
        if isinstance(check_in, RemoteCheckIn):
            if check_in.event_id != self._event_id:
                return
            attributes = _describe_seen(check_in, self.state_of_event.event)
            self._trigger_event(EVENT_ADMITTED, attributes)
        elif self._concerns(check_in):
            self._trigger_event(_event_type(check_in), _describe_decision(check_in))
        else:
            return
        self.async_write_ha_state()

    def _concerns(self, decision: Decision) -> bool:
        """Tell whether a decision is about this event, or about none and this is the only one."""
        if decision.event is not None and decision.event.id in self.coordinator.data:
            return decision.event.id == self._event_id
        return self.coordinator.active_events == [self._event_id]


class OveitConflict(OveitEventEntity, EventEntity):
    """The newest check-in that Oveit rejected after the guest had been admitted."""

    _unrecorded_attributes = OF_A_GUEST

    @override
    async def async_added_to_hass(self) -> None:
        """Subscribe to conflicts."""
        await super().async_added_to_hass()
        self.async_on_remove(self.coordinator.on_conflict.add(self._async_handle_conflict))

    @callback
    def _async_handle_conflict(self, row: Row) -> None:
        """Show a conflict if it is one of this event."""
        if row.event_id == self._event_id:
            self._trigger_event(EVENT_REJECTED, _describe_row(row, self.state_of_event.event))
            self.async_write_ha_state()


class OveitGateEvent(OveitGateEntity, EventEntity):
    """The last decision of a gate."""

    _unrecorded_attributes = OF_A_GUEST | OF_THE_READ

    @override
    async def async_added_to_hass(self) -> None:
        """Show every decision that the gate announces."""
        await super().async_added_to_hass()
        self.async_on_remove(self.gate.on_decision.add(self._handle_decision))

    def _handle_decision(self, decision: Decision, mode: GateMode) -> None:
        """Show a decision."""
        shown = _describe_at_gate(decision, mode, self.gate.settings)
        self._trigger_event(_event_type(decision), shown)
        self.async_write_ha_state()


def _event_type(decision: Decision) -> str:
    """Return the type of the event that a decision is."""
    return EVENT_ADMITTED if decision.admitted else EVENT_REFUSED


def _describe_row(row: Row, event: Event) -> dict[str, Any]:
    """Return the attributes of a conflict, without names and whole codes."""
    kind = event.ticket_type(row.ticket_type_id)
    return {
        "reason": row.cause and row.cause.value,
        "ticket_type": kind and kind.name,
        "gate": row.gate,
        "code_end": code_end(row.code),
        "at": row.at.isoformat(),
    }


def _describe_seen(seen: RemoteCheckIn, event: Event) -> dict[str, Any]:
    """Return the attributes of a check-in made elsewhere."""
    kind = event.ticket_type(seen.ticket_type_id)
    addons = {addon.id: addon.name for kind in event.ticket_types for addon in kind.addons}
    return {
        "reason": Reason.CHECKED_IN.value,
        "source": Source.OVEIT.value,
        "ticket_type": kind and kind.name,
        "addon": seen.addon_id and addons.get(seen.addon_id),
        "gate": None,
        "code_end": seen.code_end,
    }


def _describe_decision(decision: Decision) -> dict[str, Any]:
    """Return the attributes of a decision, without names and whole codes."""
    return {
        "reason": decision.reason.value,
        "source": decision.source.value,
        "ticket_type": decision.ticket and decision.ticket.ticket_type,
        "addon": decision.addon and decision.addon.name,
        "gate": decision.request.gate,
        "code_end": decision.ticket and code_end(decision.ticket.code),
    }


def _describe_at_gate(decision: Decision, mode: GateMode, settings: GateSettings) -> dict[str, Any]:
    """Return the attributes of a decision at a gate: no names, no whole codes."""
    first = decision.ticket.first_entry if decision.ticket else None
    others = [_describe_decision(other) for other in decision.others]
    return _describe_decision(decision) | {
        "event": decision.event and decision.event.name,
        "addon_left": decision.addon and decision.addon.left,
        "message": _message(decision),
        "first_checkin_at": first and first.at and first.at.isoformat(),
        "first_checkin_gate": first and first.gate,
        "passback": decision.passback,
        "certain": decision.certain,
        "list_age": decision.list_age and round(decision.list_age.total_seconds()),
        "latency_ms": round(decision.latency * 1000, 1),
        "direction": decision.request.direction.value,
        "mode": mode.value,
        "rehearsal": decision.request.rehearsal,
        "overruled": decision.overruled and decision.overruled.value,
        "hint": _hint(decision, settings),
        "others": [
            {key: other[key] for key in ("reason", "ticket_type", "code_end")} for other in others
        ],
    }


def _message(decision: Decision) -> str | None:
    """Return Oveit's sentence, of whose codes only the end is shown (decisions.md I8)."""
    request, message = decision.request, decision.message
    ticket = decision.ticket.code if decision.ticket else None
    codes = (trim(code or "") for code in (ticket, request.ticket_code, request.rfid_code))
    for code in filter(None, codes):
        end = code_end(code).replace("\\", r"\\")
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
    ticket, tag = decision.ticket, decision.request.rfid_code or ""
    is_unknown = Reason.UNKNOWN_TAG in (decision.reason, decision.overruled)
    if is_unknown and is_phone(tag, settings.tag_format):
        return "phone"
    if _lacks_entry(decision):
        return "main_entry_first"
    if decision.reason is Reason.LEFT and (ticket is None or not ticket.checked_in):
        return "never_entered"
    return None

"""Event entities: the check-ins and conflicts of an event, and the reads of a gate."""

from typing import Any, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import (
    ATTR_ADDON,
    ATTR_AT,
    ATTR_CODE_END,
    ATTR_GATE,
    ATTR_REASON,
    ATTR_SOURCE,
    ATTR_TICKET_TYPE,
    EVENT_ADMITTED,
    EVENT_REFUSED,
    EVENT_REJECTED,
)
from .coordinator import OveitConfigEntry
from .core.counts import RemoteCheckIn
from .core.models import Decision, Event, Reason, Row, Source
from .entity import OveitEventEntity, async_add_event_entities, async_add_gate_entities
from .gate.event import GATE, OveitGateEvent

PARALLEL_UPDATES = 0

CHECK_IN = EventEntityDescription(
    key="check_in",
    translation_key="check_in",
    event_types=[EVENT_ADMITTED, EVENT_REFUSED],
)


CONFLICT = EventEntityDescription(
    key="conflict",
    translation_key="conflict",
    entity_category=EntityCategory.DIAGNOSTIC,
    event_types=[EVENT_REJECTED],
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: OveitConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the event entities of each event and gate."""
    coordinator = entry.runtime_data
    async_add_event_entities(
        entry,
        async_add_entities,
        lambda state: [
            OveitCheckIn(coordinator, state.event.id, CHECK_IN),
            OveitConflict(coordinator, state.event.id, CONFLICT),
        ],
    )
    async_add_gate_entities(
        hass, entry, async_add_entities, lambda device: [OveitGateEvent(device, GATE)]
    )


class OveitCheckIn(OveitEventEntity, EventEntity):
    """The newest check-in of an event."""

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
            event_type, attributes = EVENT_ADMITTED, _describe_seen(check_in, self._event)
        else:
            if not self._concerns(check_in):
                return
            event_type = EVENT_ADMITTED if check_in.admitted else EVENT_REFUSED
            attributes = _describe_decision(check_in)
        self._trigger_event(event_type, attributes)
        self.async_write_ha_state()

    @property
    def _event(self) -> Event:
        """Return the event."""
        return self.state_of_event.event

    def _concerns(self, decision: Decision) -> bool:
        """Tell whether a decision is about this event, or about none and this is the only one."""
        states = self.coordinator.data
        if decision.event is not None and decision.event.id in states:
            return decision.event.id == self._event_id
        return [key for key, state in states.items() if state.event.active] == [self._event_id]


class OveitConflict(OveitEventEntity, EventEntity):
    """The newest check-in that Oveit rejected after the guest had been admitted."""

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


def _describe_row(row: Row, event: Event) -> dict[str, Any]:
    """Return the attributes of a conflict, without names and whole codes."""
    kind = event.ticket_type(row.ticket_type_id)
    return {
        ATTR_REASON: row.note,
        ATTR_TICKET_TYPE: kind.name if kind else None,
        ATTR_GATE: row.gate,
        ATTR_CODE_END: row.code[-3:],
        ATTR_AT: row.at.isoformat(),
    }


def _describe_decision(decision: Decision) -> dict[str, Any]:
    """Return the attributes of a decision, without names and whole codes."""
    return {
        ATTR_REASON: decision.reason.value,
        ATTR_SOURCE: decision.source.value,
        ATTR_TICKET_TYPE: decision.ticket and decision.ticket.ticket_type,
        ATTR_ADDON: decision.addon and decision.addon.name,
        ATTR_GATE: decision.request.gate,
        ATTR_CODE_END: decision.ticket and decision.ticket.code[-3:],
    }


def _describe_seen(seen: RemoteCheckIn, event: Event) -> dict[str, Any]:
    """Return the attributes of a check-in made elsewhere."""
    kind = event.ticket_type(seen.ticket_type_id)
    addons = {addon.id: addon.name for kind in event.ticket_types for addon in kind.addons}
    return {
        ATTR_REASON: Reason.CHECKED_IN.value,
        ATTR_SOURCE: Source.OVEIT.value,
        ATTR_TICKET_TYPE: kind.name if kind else None,
        ATTR_ADDON: seen.addon_id and addons.get(seen.addon_id),
        ATTR_GATE: None,
        ATTR_CODE_END: seen.code_end,
    }

"""Triggers: a ticket was admitted or refused at a gate."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar, override

from homeassistant.components.event import ATTR_EVENT_TYPE, DOMAIN as EVENT_DOMAIN
from homeassistant.const import CONF_OPTIONS
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import config_validation as cv, entity_registry as er
from homeassistant.helpers.automation import DomainSpec
from homeassistant.helpers.trigger import (
    ENTITY_STATE_TRIGGER_SCHEMA,
    NotTriggeredReasonReporter,
    StatelessEntityTriggerBase,
    Trigger,
    TriggerConfig,
)
import voluptuous as vol

from .const import DOMAIN, EVENT_ADMITTED, EVENT_REFUSED
from .core.gate_settings import GateMode
from .core.models import Reason


def _schema(*, admits: bool) -> vol.Schema:
    """Return the schema of a trigger, with the reasons that it can fire for."""
    reasons = [reason.value for reason in Reason if reason.admits is admits]
    return ENTITY_STATE_TRIGGER_SCHEMA.extend(
        {
            vol.Required(CONF_OPTIONS, default=dict): {
                vol.Optional("reason"): vol.All(cv.ensure_list, [vol.In(reasons)]),
                vol.Optional("ticket_type"): vol.All(cv.ensure_list, [cv.string]),
                vol.Optional("rehearsal", default=False): cv.boolean,
            },
        }
    )


class TicketTrigger(StatelessEntityTriggerBase):
    """Fires when the event entity of a gate shows a matching decision."""

    _domain_specs = MappingProxyType({EVENT_DOMAIN: DomainSpec()})
    _event_type: ClassVar[str]

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """Read the reasons and ticket types to fire for; none means all."""
        super().__init__(hass, config)
        self._reasons = frozenset(self._options.get("reason", ()))
        self._with_rehearsals: bool = self._options.get("rehearsal", False)
        self._ticket_types = {
            name.strip().casefold() for name in self._options.get("ticket_type", ())
        }

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        """Return the event entities of gates; an event's own also shows check-ins elsewhere."""
        registry = er.async_get(self._hass)
        return {
            entity_id
            for entity_id in super().entity_filter(entities)
            if (entity := registry.async_get(entity_id))
            and entity.platform == DOMAIN
            and entity.config_subentry_id is not None
        }

    @override
    def is_valid_state(
        self, state: State, report_not_triggered: NotTriggeredReasonReporter
    ) -> bool:
        """Tell whether a state matches; in the mode scan only nobody is admitted."""
        shown = state.attributes
        if shown.get(ATTR_EVENT_TYPE) != self._event_type:
            return False
        if shown.get("rehearsal") and not self._with_rehearsals:
            return False
        if self._event_type == EVENT_ADMITTED and shown.get("mode") == GateMode.SCAN_ONLY:
            return False
        if self._reasons and shown.get("reason") not in self._reasons:
            return False
        return not self._ticket_types or not self._ticket_types.isdisjoint(_ticket_types_of(shown))


def _ticket_types_of(shown: Mapping[str, Any]) -> set[str]:
    """Return the ticket types of a decision and of others on the tag with the same outcome."""
    admits = shown.get(ATTR_EVENT_TYPE) == EVENT_ADMITTED
    others = shown.get("others") or ()  # a guest shown before an update has none
    alike = (each for each in others if Reason(each["reason"]).admits == admits)
    return {str(each.get("ticket_type") or "").casefold() for each in (shown, *alike)}


class TicketAdmittedTrigger(TicketTrigger):
    """Fires when a guest may come in, or goes out at an exit."""

    _schema = _schema(admits=True)
    _event_type = EVENT_ADMITTED


class TicketRefusedTrigger(TicketTrigger):
    """Fires when a guest may not come in."""

    _schema = _schema(admits=False)
    _event_type = EVENT_REFUSED


TRIGGERS: dict[str, type[Trigger]] = {
    "ticket_admitted": TicketAdmittedTrigger,
    "ticket_refused": TicketRefusedTrigger,
}


async def async_get_triggers(hass: HomeAssistant) -> dict[str, type[Trigger]]:
    """Return the triggers."""
    return TRIGGERS

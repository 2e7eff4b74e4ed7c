"""Gates that ask for what Oveit has no more, and how a person solves that."""

from collections.abc import Iterable, Mapping
from typing import Any

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
import voluptuous as vol

from .const import CONF_ADDON_ID, CONF_EVENTS, CONF_TICKET_TYPES, DOMAIN
from .coordinator import OveitConfigEntry
from .core.models import Event
from .gate_form import Offer, offer_fields
from .gate_settings import GateSettings
from .gate_watch import async_end_floods
from .gates import async_get_gates

ISSUE_STALE_GATE = "stale_gate"


@callback
def async_watch_gates(hass: HomeAssistant, entry: OveitConfigEntry) -> None:
    """Raise and take back the issues of an account's gates, now and after every refresh."""

    @callback
    def _check() -> None:
        async_end_floods(hass)
        events = entry.runtime_data.ticket_sync.followed
        for gate in async_get_gates(hass, entry):
            _update_issue(hass, entry, gate.id, gate.settings, events)

    _check()
    entry.async_on_unload(entry.runtime_data.async_add_listener(_check))


def _update_issue(
    hass: HomeAssistant,
    entry: OveitConfigEntry,
    gate_id: str,
    settings: GateSettings,
    events: Mapping[int, Event],
) -> None:
    """Raise or take back the issue of one gate."""
    issue_id = f"{ISSUE_STALE_GATE}_{gate_id}"
    gone = find_gone(settings, events)
    if not gone:
        ir.async_delete_issue(hass, DOMAIN, issue_id)
        return
    names = _names(events)
    told = [names.get((field, key), f"{key}") for field, keys in gone.items() for key in keys]
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id,
        data={"entry_id": entry.entry_id, "subentry_id": gate_id},
        is_fixable=True,
        severity=ir.IssueSeverity.ERROR,
        translation_key=ISSUE_STALE_GATE,
        translation_placeholders={"gate": settings.name, "gone": ", ".join(told)},
    )


def find_gone(settings: GateSettings, events: Mapping[int, Event]) -> dict[str, list[int]]:
    """Return what a gate is set to and no active event has.

    Types and events of the past are no trouble as long as the gate still admits someone.
    """
    offer = Offer(events.values())
    addons = {settings.addon_id} if settings.addon_id else set()
    gone = {
        CONF_EVENTS: _gone(settings.event_ids, offer.events, events),
        CONF_TICKET_TYPES: _gone(
            settings.ticket_type_ids, offer.types, Offer(events.values(), ended=True).types
        ),
        CONF_ADDON_ID: _gone(addons, offer.addons, offer.addons),
    }
    return {field: keys for field, keys in gone.items() if keys}


def _gone(chosen: Iterable[int], offered: Iterable[int], known: Iterable[int]) -> list[int]:
    """Return what vanished: all when nothing that was chosen is left, else what nobody knows."""
    chosen = set(chosen)
    left = chosen.intersection(offered)
    return sorted(chosen.difference(known)) if left else sorted(chosen)


def _names(events: Mapping[int, Event]) -> dict[tuple[str, int], str]:
    """Return the names of everything that was ever offered."""
    offer = Offer(events.values(), ended=True)
    fields = {
        CONF_EVENTS: offer.events,
        CONF_TICKET_TYPES: offer.types,
        CONF_ADDON_ID: offer.addons,
    }
    return {(field, key): name for field, names in fields.items() for key, name in names.items()}


class StaleGateFlow(RepairsFlow):
    """Lets a person choose anew what a gate is for."""

    def __init__(self, entry_id: str, gate_id: str) -> None:
        """Take the gate."""
        self._entry_id = entry_id
        self._gate_id = gate_id

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Choose among what Oveit offers now."""
        entry: OveitConfigEntry | None = self.hass.config_entries.async_get_entry(self._entry_id)
        if entry is None or entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_loaded")
        subentry = entry.subentries.get(self._gate_id)
        if subentry is None:
            return self.async_create_entry(data={})
        events = entry.runtime_data.ticket_sync.followed
        gone = find_gone(GateSettings.read(subentry), events)
        if user_input is not None:
            data = {**subentry.data, **read_choice(gone, user_input)}
            self.hass.config_entries.async_update_subentry(entry, subentry, data=data)
            return self.async_create_entry(data={})
        kept = {
            field: [str(key) for key in subentry.data[field] if key not in keys]
            for field, keys in gone.items()
            if field != CONF_ADDON_ID
        }
        schema = vol.Schema(offer_fields(Offer(events.values()), gone))
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(schema, kept),
            description_placeholders=self._placeholders(),
        )

    def _placeholders(self) -> Mapping[str, str] | None:
        """Return what the issue names."""
        issue = ir.async_get(self.hass).async_get_issue(DOMAIN, self.issue_id)
        return issue.translation_placeholders if issue else None


def read_choice(gone: Iterable[str], user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was chosen in the place of what is gone."""
    choice: dict[str, Any] = {}
    for field in gone:
        chosen = user_input.get(field)
        if field == CONF_ADDON_ID:
            choice[field] = int(chosen) if chosen else None
        else:
            choice[field] = [int(key) for key in chosen or ()]
    return choice

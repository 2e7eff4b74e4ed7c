"""Gates that are set to what Oveit does not offer any more, and how a person repairs that."""

from collections.abc import Collection, Mapping
from typing import Any

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
import voluptuous as vol

from ..const import DOMAIN
from ..coordinator import OveitConfigEntry
from ..core.gate_settings import SETTINGS, GateSettings, OfferedOne, OfferedSeveral, Setting
from ..core.models import Event
from ..issues import async_create_issue, async_delete_issue
from .form import find_offer, offer_fields
from .registry import async_get_gates

OFFERED: tuple[Setting, ...] = tuple(
    setting for setting in SETTINGS if isinstance(setting, OfferedOne | OfferedSeveral)
)


@callback
def async_watch_gates(hass: HomeAssistant, entry: OveitConfigEntry) -> None:
    """Raise and delete the issues of an account's gates, now and after every refresh."""

    @callback
    def _check() -> None:
        events = entry.runtime_data.ticket_sync.followed.values()
        for device in async_get_gates(hass, entry):
            device.issues.async_end_flood()
            _update_issue(hass, entry, device.id, device.gate.settings, events)

    _check()
    entry.async_on_unload(entry.runtime_data.async_add_listener(_check))


def _update_issue(
    hass: HomeAssistant,
    entry: OveitConfigEntry,
    gate_id: str,
    settings: GateSettings,
    events: Collection[Event],
) -> None:
    """Raise or delete the issue of one gate."""
    gone = find_gone(settings, events)
    if not gone:
        async_delete_issue(hass, "stale_gate", gate_id)
        return
    known = find_offer(events, ended=True)
    names = [known[key].get(each, f"{each}") for key, ids in gone.items() for each in ids]
    async_create_issue(
        hass,
        translation_key="stale_gate",
        about=gate_id,
        data={"entry_id": entry.entry_id, "subentry_id": gate_id},
        translation_placeholders={"gate": settings.name, "gone": ", ".join(names)},
    )


def find_gone(settings: GateSettings, events: Collection[Event]) -> dict[str, list[int]]:
    """Return what a gate is set to and no active event has, by the key of the setting.

    Types and events of the past are no trouble as long as the gate still admits someone.
    """
    offer, known = find_offer(events), find_offer(events, ended=True)
    gone: dict[str, list[int]] = {}
    for setting in OFFERED:
        value, key = getattr(settings, setting.name), setting.key
        chosen = set(value) if isinstance(setting, OfferedSeveral) else {value} - {None}
        is_left = chosen.intersection(offer[key])
        if ids := sorted(chosen.difference(known[key]) if is_left else chosen):
            gone[key] = ids
    return gone


class StaleGateFlow(RepairsFlow):
    """Asks for events, ticket types or an add-on in the place of those that are gone."""

    def __init__(self, entry_id: str, gate_id: str) -> None:
        """Remember the gate."""
        self._entry_id = entry_id
        self._gate_id = gate_id

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Ask for a choice among what Oveit offers now."""
        entry: OveitConfigEntry | None = self.hass.config_entries.async_get_entry(self._entry_id)
        if entry is None or entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_loaded")
        subentry = entry.subentries.get(self._gate_id)
        if subentry is None:
            return self.async_create_entry(data={})
        events = entry.runtime_data.ticket_sync.followed.values()
        gone = find_gone(GateSettings.load(subentry.title, subentry.data), events)
        settings = [setting for setting in OFFERED if setting.key in gone]
        if user_input is not None:
            chosen = {each.key: each.store(user_input.get(each.key)) for each in settings}
            data = {**subentry.data, **chosen}
            self.hass.config_entries.async_update_subentry(entry, subentry, data=data)
            return self.async_create_entry(data={})
        kept = {
            each.key: [str(key) for key in subentry.data[each.key] if key not in gone[each.key]]
            for each in settings
            if isinstance(each, OfferedSeveral)
        }
        schema = vol.Schema(offer_fields(find_offer(events), settings))
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(schema, kept),
            description_placeholders=self._placeholders(),
        )

    def _placeholders(self) -> Mapping[str, str] | None:
        """Return what the issue names."""
        issue = ir.async_get(self.hass).async_get_issue(DOMAIN, self.issue_id)
        return issue.translation_placeholders if issue else None

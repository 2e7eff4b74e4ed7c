"""The gates of this Home Assistant: made, started, stopped and found."""

from collections.abc import Mapping
from typing import Any

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.helpers.service import async_get_config_entry
from homeassistant.helpers.target import TargetSelection, async_extract_referenced_entity_ids
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN, EVENT_TAG_SCANNED, SUBENTRY_GATE
from .coordinator import OveitConfigEntry
from .gate import Gate
from .gate_watch import ISSUE_UNASSIGNED_READER, async_note_unassigned

GATES: HassKey[dict[str, Gate]] = HassKey("oveit_gates")


@callback
def async_create_gates(hass: HomeAssistant, entry: OveitConfigEntry) -> None:
    """Make the gates of an account; they hear nothing yet."""
    gates = hass.data.setdefault(GATES, {})
    for subentry in entry.get_subentries_of_type(SUBENTRY_GATE):
        gates[subentry.subentry_id] = Gate(entry.runtime_data, subentry)


@callback
def async_start_gates(hass: HomeAssistant, entry: OveitConfigEntry) -> None:
    """Let the gates hear their readers."""
    for gate in async_get_gates(hass, entry):
        gate.async_start()
    _forget_settled_issues(hass)

    @callback
    def _hear_stray(event: Event[Mapping[str, Any]]) -> None:
        device_id = event.data.get(ATTR_DEVICE_ID)
        assigned = {
            reader for gate in hass.data[GATES].values() for reader in gate.settings.readers
        }
        if device_id and assigned and device_id not in assigned:
            async_note_unassigned(hass, device_id)

    entry.async_on_unload(hass.bus.async_listen(EVENT_TAG_SCANNED, _hear_stray))


async def async_stop_gates(hass: HomeAssistant, entry: OveitConfigEntry) -> None:
    """Let the guests who are at the gates have their answers, then forget the gates."""
    for gate in async_get_gates(hass, entry):
        await gate.async_stop()
        if gate.id not in entry.subentries:
            _forget_issues(hass, gate)
        hass.data[GATES].pop(gate.id, None)


@callback
def async_get_gates(hass: HomeAssistant, entry: OveitConfigEntry) -> list[Gate]:
    """Return the gates of an account."""
    return [
        gate for gate in hass.data.get(GATES, {}).values() if gate.coordinator.config_entry is entry
    ]


@callback
def async_find_gate(hass: HomeAssistant, data: Mapping[str, Any]) -> Gate | None:
    """Return the gate that an action targets, None when it has no target.

    Raises ServiceValidationError also while the gate's account is being set up.
    """
    target = TargetSelection(dict(data))
    if not target.has_any_target:
        return None
    selected = async_extract_referenced_entity_ids(hass, target)
    registry = er.async_get(hass)
    entities = map(registry.async_get, selected.referenced | selected.indirectly_referenced)
    meant = {
        (entity.config_subentry_id, entity.config_entry_id)
        for entity in entities
        if entity and entity.platform == DOMAIN and entity.config_subentry_id
    }
    if len(meant) != 1:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="one_gate")
    ((gate_id, entry_id),) = meant
    async_get_config_entry(hass, DOMAIN, entry_id)
    return hass.data[GATES][gate_id]


@callback
def _forget_issues(hass: HomeAssistant, gate: Gate) -> None:
    """Take back the issues of a gate that was removed."""
    for domain, issue_id in list(ir.async_get(hass).issues):
        if domain == DOMAIN and issue_id.endswith(gate.id):
            ir.async_delete_issue(hass, DOMAIN, issue_id)


@callback
def _forget_settled_issues(hass: HomeAssistant) -> None:
    """Take back the issues of readers that belong to a gate now, and of gates set up anew."""
    for gate in hass.data[GATES].values():
        for reader in gate.settings.readers:
            ir.async_delete_issue(hass, DOMAIN, f"{ISSUE_UNASSIGNED_READER}_{reader}")

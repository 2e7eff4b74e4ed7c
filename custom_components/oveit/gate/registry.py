"""The registry of the gates of this Home Assistant."""

from collections.abc import Mapping
from typing import Any

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import (
    device_registry as dr,
    entity_registry as er,
    issue_registry as ir,
)
from homeassistant.helpers.service import async_get_config_entry
from homeassistant.helpers.target import TargetSelection, async_extract_referenced_entity_ids
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN, EVENT_TAG_SCANNED, SUBENTRY_GATE
from ..coordinator import OveitConfigEntry
from ..issues import async_delete_issue
from .device import GateDevice
from .issues import async_forget_gate, async_note_unassigned

GATES: HassKey[dict[str, GateDevice]] = HassKey("oveit_gates")


@callback
def async_create_gates(hass: HomeAssistant, entry: OveitConfigEntry) -> None:
    """Create the gates of an account, which do not listen yet."""
    gates = hass.data.setdefault(GATES, {})
    for subentry in entry.get_subentries_of_type(SUBENTRY_GATE):
        gates[subentry.subentry_id] = GateDevice(entry.runtime_data, subentry)


@callback
def async_start_gates(hass: HomeAssistant, entry: OveitConfigEntry) -> None:
    """Have the gates of an account listen to their readers."""
    for gate in async_get_gates(hass, entry):
        gate.async_start()
    async_forget_readers(hass)

    @callback
    def _handle_tag(event: Event[Mapping[str, Any]]) -> None:
        device_id, assigned = event.data.get(ATTR_DEVICE_ID), _assigned_readers(hass)
        if device_id and assigned and device_id not in assigned:
            async_note_unassigned(hass, device_id)

    @callback
    def _handle_device(event: Event[dr.EventDeviceRegistryUpdatedData]) -> None:
        if event.data["action"] == "remove":
            async_forget_readers(hass)

    entry.async_on_unload(hass.bus.async_listen(EVENT_TAG_SCANNED, _handle_tag))
    entry.async_on_unload(hass.bus.async_listen(dr.EVENT_DEVICE_REGISTRY_UPDATED, _handle_device))


async def async_stop_gates(hass: HomeAssistant, entry: OveitConfigEntry) -> None:
    """Stop the gates of an account once the guests who are at them have their answers."""
    for gate in async_get_gates(hass, entry):
        await gate.async_stop()
        is_over = gate.id not in entry.subentries or entry.disabled_by is not None
        async_forget_gate(hass, gate.id, for_good=is_over)
        hass.data[GATES].pop(gate.id, None)
    if entry.disabled_by:
        async_forget_readers(hass)


@callback
def async_get_gates(hass: HomeAssistant, entry: OveitConfigEntry) -> list[GateDevice]:
    """Return the gates of an account."""
    return [
        gate for gate in hass.data.get(GATES, {}).values() if gate.coordinator.config_entry is entry
    ]


@callback
def async_find_gate(hass: HomeAssistant, data: Mapping[str, Any]) -> GateDevice | None:
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
def async_forget_readers(hass: HomeAssistant) -> None:
    """Delete the issues of readers that have a gate now, are gone, or could have no gate."""
    assigned, devices = _assigned_readers(hass), dr.async_get(hass)
    for _, issue_id in list(ir.async_get(hass).issues):
        reader = issue_id.removeprefix("unassigned_reader_")
        if reader == issue_id:
            continue
        if not assigned or reader in assigned or devices.async_get(reader) is None:
            async_delete_issue(hass, "unassigned_reader", reader)


def _assigned_readers(hass: HomeAssistant) -> set[str]:
    """Return the readers that belong to gates."""
    devices = hass.data.get(GATES, {}).values()
    return {reader for device in devices for reader in device.gate.settings.readers}

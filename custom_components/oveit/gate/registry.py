"""The gates of this Home Assistant: their readers bring the reads that their policy decides on."""

import asyncio
from collections.abc import Coroutine, Mapping
from contextlib import ExitStack, suppress
from typing import Any

from homeassistant.config_entries import ConfigSubentry
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
from ..coordinator import CHECK_INS_AT_ONCE, OveitConfigEntry, OveitCoordinator
from ..core.exceptions import LedgerError
from ..core.gate import Gate, digest_of
from ..core.gate_settings import GateMode, GateSettings
from ..core.models import Decision
from ..core.pace import Turns
from ..issues import async_delete_issue
from .issues import GateIssues, async_forget_gate, async_get_bindings, async_note_unassigned
from .readers import Read, Readers, async_is_learning, async_listen

GATES: HassKey[dict[str, GateDevice]] = HassKey("oveit_gates")
LAST_READS_TAKE = 5.0


class GateDevice:
    """A gate with its device and its readers."""

    def __init__(self, coordinator: OveitCoordinator, subentry: ConfigSubentry) -> None:
        """Create the gate's policy from its settings and its mode."""
        self.coordinator = coordinator
        self.id = subentry.subentry_id
        self.gate = Gate(
            GateSettings.load(subentry.title, subentry.data, subentry.subentry_id),
            coordinator.desk,
            coordinator.ledger,
            lambda: coordinator.ticket_sync.followed,
            mode=GateMode(coordinator.gate_modes.get(self.id, GateMode.OPEN_FOR_TICKETS)),
        )
        self.turns = Turns(CHECK_INS_AT_ONCE)
        self.issues = GateIssues(coordinator.hass, self.id, self.gate)
        self._hass = coordinator.hass
        self._readers = Readers(coordinator.hass, coordinator.last_reads)
        self._tasks: set[asyncio.Task[None]] = set()
        self._listening = ExitStack()

    @callback
    def async_start(self) -> None:
        """Listen to the gate's readers and door."""
        settings = self.gate.settings

        @callback
        def _handle(read: Read) -> None:
            if async_is_learning(self._hass, read):
                return
            is_echo = self._readers.is_echo(read)
            self._in_background(self._async_read(read, is_echo or read.stale))
            if not is_echo:
                self._in_background(self._async_keep(read))

        self._listening.callback(self._readers.async_start(settings.readers))
        self._listening.callback(async_listen(self._hass, settings, _handle))
        self._listening.callback(self._hass.bus.async_listen("oveit_door", self._async_handle_door))

    @callback
    def async_change(self, subentry: ConfigSubentry) -> None:
        """Go on with the settings of a subentry, without missing a read."""
        settings = GateSettings.load(subentry.title, subentry.data, subentry.subentry_id)
        if settings == self.gate.settings:
            return
        self.gate.change(settings)
        self.issues.async_begin_anew()
        self._listening.close()
        self.async_start()
        devices = dr.async_get(self._hass)
        identifier = (DOMAIN, f"{self.coordinator.config_entry.entry_id}_{self.id}")
        if device := devices.async_get_device(identifiers={identifier}):
            devices.async_update_device(device.id, name=settings.name)

    async def async_stop(self) -> None:
        """Stop listening, and let the guests who are at the gate have their answers."""
        self._listening.close()
        if self._tasks:
            timeout = self.gate.settings.deadline + LAST_READS_TAKE
            await asyncio.wait(self._tasks, timeout=timeout)

    async def async_ask(
        self, *, look: bool = False, deadline: float | None = None, **codes: str | None
    ) -> Decision:
        """Decide on a code by the gate's policy, for an action; with `look`, nothing is marked.

        Raises HomeAssistantError when nothing could be decided.
        """
        if not look:
            code = codes.get("ticket_code") or codes.get("rfid_code") or ""
            async_get_bindings(self._hass).note_action(code, self.id)
        with self.coordinator.translated_errors():
            return await self.gate.ask(look=look, deadline=deadline, **codes)

    @callback
    def _async_handle_door(self, event: Event) -> None:
        """Let a guest try again who did not get through this gate's door (D1, G1, G2)."""
        entity = er.async_get(self._hass).async_get(str(event.data.get("gate")))
        if entity is None or entity.config_subentry_id != self.id:
            return
        if event.data.get("result") in ("not_passed", "door_failed"):
            self.gate.announcements.announce_again()

    async def _async_read(self, read: Read, stale: bool) -> None:
        """Decide on a reader's read."""
        async_get_bindings(self._hass).note_gate(self.id, read.code)
        decision = await self.gate.read(read.code, stale=stale)
        self.issues.async_note_read(read, decision)

    async def _async_keep(self, read: Read) -> None:
        """Keep a reader's last read through a restart, if the ledger can."""
        with suppress(LedgerError):
            await self.coordinator.ledger.keep_last_read(read.source, digest_of(read.code))

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        """Decide on one guest beside all others."""
        task = self._hass.async_create_task(work, f"oveit gate {self.id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


@callback
def async_create_gates(hass: HomeAssistant, entry: OveitConfigEntry) -> list[GateDevice]:
    """Create the gates of an account that are new, which do not listen yet, and return them."""
    gates = hass.data.setdefault(GATES, {})
    new = [
        GateDevice(entry.runtime_data, subentry)
        for subentry in entry.get_subentries_of_type(SUBENTRY_GATE)
        if subentry.subentry_id not in gates
    ]
    gates.update({gate.id: gate for gate in new})
    return new


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


async def async_update_gates(hass: HomeAssistant, entry: OveitConfigEntry) -> None:
    """Add, change and remove gates as their subentries are; all other gates go on."""
    coordinator = entry.runtime_data
    for gate in async_get_gates(hass, entry):
        if subentry := entry.subentries.get(gate.id):
            gate.async_change(subentry)
        else:
            hass.async_create_task(_async_remove(hass, gate), f"oveit remove gate {gate.id}")
    for gate in async_create_gates(hass, entry):
        gate.async_start()
    async_forget_readers(hass)
    coordinator.async_update_listeners()
    try:
        await coordinator.async_name_gates()
    except LedgerError as err:
        coordinator.async_note_ledger_failure(err)


async def _async_remove(hass: HomeAssistant, gate: GateDevice) -> None:
    """Stop a gate for good once the guests who are at it have their answers."""
    del hass.data[GATES][gate.id]
    await gate.async_stop()
    async_forget_gate(hass, gate.id, for_good=True)


async def async_stop_gates(hass: HomeAssistant, entry: OveitConfigEntry) -> None:
    """Stop the gates of an account once the guests who are at them have their answers."""
    for gate in async_get_gates(hass, entry):
        await gate.async_stop()
        is_over = gate.id not in entry.subentries or entry.disabled_by is not None
        async_forget_gate(hass, gate.id, for_good=is_over)
    async_drop_gates(hass, entry)
    if entry.disabled_by:
        async_forget_readers(hass)


@callback
def async_drop_gates(hass: HomeAssistant, entry: OveitConfigEntry) -> None:
    """Forget the gates of an account, also where its set-up failed half-way."""
    for gate in async_get_gates(hass, entry):
        del hass.data[GATES][gate.id]


@callback
def async_get_gates(hass: HomeAssistant, entry: OveitConfigEntry) -> list[GateDevice]:
    """Return the gates of an account."""
    return [
        gate for gate in hass.data.get(GATES, {}).values() if gate.coordinator.config_entry is entry
    ]


@callback
def async_find_gate(
    hass: HomeAssistant, data: Mapping[str, Any], *, by_name: bool = False
) -> GateDevice | None:
    """Return the gate of an action: its target, or the entity or the name in the field `gate`.

    None is returned without one; a name is just a word for the journal, unless `by_name`.
    Raises ServiceValidationError also while the gate's account is being set up.
    """
    target, named = TargetSelection(dict(data)), data.get("gate")
    registry = er.async_get(hass)
    if not target.has_any_target:
        if named is None:
            return None
        entity = registry.async_get(named)
        if entity is None:
            return _find_named(hass, named) if by_name else None
        entities = [entity]
    elif named is not None:
        raise _invalid("gate_decides", field="gate")
    else:
        selected = async_extract_referenced_entity_ids(hass, target)
        found = map(registry.async_get, selected.referenced | selected.indirectly_referenced)
        entities = [entity for entity in found if entity]
    meant = {
        (entity.config_subentry_id, entity.config_entry_id)
        for entity in entities
        if entity.platform == DOMAIN and entity.config_subentry_id
    }
    if len(meant) != 1:
        raise _invalid("one_gate")
    ((gate_id, entry_id),) = meant
    async_get_config_entry(hass, DOMAIN, entry_id)
    return hass.data[GATES][gate_id]


@callback
def _find_named(hass: HomeAssistant, name: str) -> GateDevice | None:
    """Return the gate with a name, None where there is none; several are an error."""
    wanted = name.strip().casefold()
    found = [
        device
        for device in hass.data.get(GATES, {}).values()
        if device.gate.settings.name.strip().casefold() == wanted
    ]
    if len(found) > 1:
        raise _invalid("one_gate")
    return found[0] if found else None


def _invalid(key: str, **placeholders: str) -> ServiceValidationError:
    """Return a translated error about a target."""
    return ServiceValidationError(
        translation_domain=DOMAIN, translation_key=key, translation_placeholders=placeholders
    )


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

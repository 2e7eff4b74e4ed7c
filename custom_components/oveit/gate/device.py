"""A gate as a device of Home Assistant: its readers bring the reads that its policy decides on."""

import asyncio
from collections.abc import Coroutine
from contextlib import ExitStack
from typing import Any

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import Event, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.device_registry import DeviceInfo

from ..const import ATTR_GATE, ATTR_RESULT, DOMAIN, DOOR_FAILED, EVENT_DOOR, NOT_PASSED
from ..coordinator import OveitCoordinator
from ..core.gate import Gate
from ..core.gate_settings import GateMode, GateSettings
from ..core.models import Decision
from .issues import GateIssues, async_get_bindings
from .readers import Read, Readers, async_is_learning, async_listen

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
        self.issues = GateIssues(coordinator.hass, self.id, self.gate)
        self._hass = coordinator.hass
        self._tasks: set[asyncio.Task[None]] = set()
        self._listening = ExitStack()

    @property
    def device_info(self) -> DeviceInfo:
        """Return the gate's device."""
        entry_id = self.coordinator.config_entry.entry_id
        return DeviceInfo(
            identifiers={(DOMAIN, f"{entry_id}_{self.id}")},
            manufacturer="Oveit",
            model="Gate",
            name=self.gate.settings.name,
        )

    @callback
    def async_start(self) -> None:
        """Listen to the gate's readers and door."""
        settings = self.gate.settings
        readers = Readers(self._hass, settings.readers)

        @callback
        def _handle(read: Read) -> None:
            if not async_is_learning(self._hass, read):
                self._in_background(self._async_read(read, readers.is_echo(read) or read.stale))

        self._listening.callback(readers.async_start())
        self._listening.callback(async_listen(self._hass, settings, _handle))
        self._listening.callback(self._hass.bus.async_listen(EVENT_DOOR, self._async_handle_door))

    async def async_stop(self) -> None:
        """Stop listening, and let the guests who are at the gate have their answers."""
        self._listening.close()
        if self._tasks:
            timeout = self.gate.settings.deadline + LAST_READS_TAKE
            await asyncio.wait(self._tasks, timeout=timeout)

    async def async_ask(self, *, look: bool = False, **codes: str | None) -> Decision:
        """Decide on a code by the gate's policy, for an action; with `look`, nothing is marked.

        Raises HomeAssistantError when nothing could be decided.
        """
        if not look:
            code = codes.get("ticket_code") or codes.get("rfid_code") or ""
            async_get_bindings(self._hass).note_action(code, self.id)
        with self.coordinator.translated_errors():
            return await self.gate.ask(look=look, **codes)

    @callback
    def _async_handle_door(self, event: Event) -> None:
        """Let a guest try again who did not get through this gate's door (D1, G1, G2)."""
        entity = er.async_get(self._hass).async_get(str(event.data.get(ATTR_GATE)))
        if entity is None or entity.config_subentry_id != self.id:
            return
        if event.data.get(ATTR_RESULT) in (NOT_PASSED, DOOR_FAILED):
            self.gate.announcements.announce_again()

    async def _async_read(self, read: Read, stale: bool) -> None:
        """Decide on a reader's read."""
        async_get_bindings(self._hass).note_gate(self.id, read.code)
        if decision := await self.gate.read(read.code, stale=stale):
            self.issues.async_note_read(read, decision)

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        """Decide on one guest beside all others."""
        task = self._hass.async_create_task(work, f"oveit gate {self.id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

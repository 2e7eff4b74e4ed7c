"""Gates: a reader's read becomes a decision, and those who show it are told."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from datetime import UTC, datetime
from time import monotonic
from typing import Any
from uuid import uuid4

from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.target import TargetSelection, async_extract_referenced_entity_ids
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN, EVENT_TAG_SCANNED, LOGGER, SUBENTRY_GATE
from .coordinator import OveitConfigEntry, OveitCoordinator
from .core.models import MAX_CODE_LENGTH, Decision, Direction, Reason, Request, Source as By
from .core.rules import clean_code
from .core.tags import spell
from .gate_reads import Read, Readers, Source, async_is_learning, async_listen
from .gate_settings import Credential, GateMode, GateSettings
from .gate_watch import (
    ISSUE_UNASSIGNED_READER,
    UnknownTags,
    async_get_bindings,
    async_note_unassigned,
)

SAME_READ = 5.0
LAST_READS_TAKE = 5.0

type GateListener = Callable[[Decision, GateMode], None]

GATES: HassKey[dict[str, Gate]] = HassKey("oveit_gates")


class Gate:
    """A door of the venue with its policy; guests never wait for each other."""

    def __init__(self, coordinator: OveitCoordinator, subentry: ConfigSubentry) -> None:
        """Take the gate's settings."""
        self.coordinator = coordinator
        self.id = subentry.subentry_id
        self.settings = GateSettings.read(subentry)
        self.mode = GateMode.OPEN_FOR_TICKETS
        self._hass = coordinator.hass
        self._unknown = UnknownTags(self._hass, self.id, self.settings.name)
        self._listeners: list[GateListener] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._told: dict[str, tuple[float, Reason]] = {}

    @property
    def device_info(self) -> DeviceInfo:
        """Return the gate's device."""
        entry_id = self.coordinator.config_entry.entry_id
        return DeviceInfo(
            identifiers={(DOMAIN, f"{entry_id}_{self.id}")},
            manufacturer="Oveit",
            model="Gate",
            name=self.settings.name,
        )

    @callback
    def async_start(self) -> CALLBACK_TYPE:
        """Listen to the gate's readers."""
        settings = self.settings
        readers = Readers(self._hass, settings.readers)
        source = Source(
            readers=settings.readers,
            event_type=settings.event_type,
            code_field=settings.code_field,
        )

        @callback
        def _hear(read: Read) -> None:
            if not async_is_learning(self._hass, read):
                self._keep(self._async_hear(read, stale=readers.is_echo(read) or read.stale))

        stops = [readers.async_start(), async_listen(self._hass, source, _hear)]

        @callback
        def _stop() -> None:
            for stop in stops:
                stop()

        return _stop

    async def async_finish(self) -> None:
        """Let the guests who are at the gate have their answers."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=self.settings.deadline + LAST_READS_TAKE)

    @callback
    def async_add_listener(self, listener: GateListener) -> CALLBACK_TYPE:
        """Tell a listener of every decision at this gate, once for each guest."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def async_ask(
        self,
        *,
        ticket_code: str | None = None,
        rfid_code: str | None = None,
        scan_id: str | None = None,
        look: bool = False,
    ) -> Decision:
        """Decide on a code by the gate's policy, for an action; with `look`, nothing is marked.

        Raises HomeAssistantError when nothing could be decided.
        """
        if ticket_code is not None:
            request = self.settings.request(ticket_code=ticket_code, scan_id=scan_id)
        else:
            codes = spell(rfid_code or "", self.settings.tag_format)
            request = await self._request_tag(codes, scan_id=scan_id)
            async_get_bindings(self._hass).async_note_action(rfid_code or "")
        if look:
            with self.coordinator.translated_errors():
                return await self.coordinator.desk.scan(request)
        return await self._async_decide(request, read=None)

    async def _async_hear(self, read: Read, *, stale: bool) -> None:
        """Decide on a reader's read."""
        bindings = async_get_bindings(self._hass)
        bindings.async_note_gate(self.id, self.settings.name, read.code)
        request: Request | None = None
        try:
            request = await self._request(read.code, ask=not stale)
            if request is None:
                LOGGER.debug("A read that is no code was ignored")
            elif stale:
                self._tell(_refuse(request, Reason.STALE_READ), self.mode)
            else:
                await self._async_decide(request, read=read)
        except HomeAssistantError as err:
            LOGGER.warning("A guest at a gate could not be decided on: %s", err)
            if request is not None:
                self._tell(_refuse(request, Reason.OFFLINE_REFUSED), self.mode)

    async def _request(self, read: str, *, ask: bool) -> Request | None:
        """Return what is asked about a read, None when it is no code (decisions.md B16)."""
        credential = self.settings.credential
        code = clean_code(read)
        if not code or len(code) > MAX_CODE_LENGTH or not code.isprintable():
            return None
        if credential is Credential.AUTO:
            with self.coordinator.translated_errors():
                listed = await self.coordinator.ledger.find(code)
            credential = Credential.TICKET if listed else Credential.RFID
        if credential is Credential.TICKET:
            return self.settings.request(ticket_code=code)
        return await self._request_tag(spell(read, self.settings.tag_format), ask=ask)

    async def _request_tag(
        self, codes: tuple[str, ...], *, ask: bool = True, scan_id: str | None = None
    ) -> Request:
        """Return what is asked about a tag: of several spellings, the one that is known."""
        first = self.settings.request(rfid_code=codes[0], scan_id=scan_id)
        if len(codes) == 1:
            return first
        for code in codes:
            if await self._is_known(code):
                return self.settings.request(rfid_code=code, scan_id=scan_id)
        if not ask or self._unknown.flooded or self._is_closed:
            return first
        for code in codes:
            request = self.settings.request(rfid_code=code, scan_id=scan_id)
            with self.coordinator.translated_errors():
                decision = await self.coordinator.desk.scan(request)
            if decision.reason is not Reason.UNKNOWN_TAG:
                return request
        return first

    async def _async_decide(self, request: Request, *, read: Read | None) -> Decision:
        """Decide as the gate's mode has it, and tell."""
        mode, desk = self.mode, self.coordinator.desk
        if self._is_closed:
            decision = _refuse(request, Reason.GATE_CLOSED)
        elif not await self._may_ask(request):
            self._unknown.async_note(request.rfid_code or "", read)
            return _refuse(request, Reason.UNKNOWN_TAG)
        else:
            with self.coordinator.translated_errors():
                ask = desk.scan if mode is GateMode.SCAN_ONLY else desk.check_in
                decision = await ask(request)
        if decision.reason is Reason.UNKNOWN_TAG:
            self._unknown.async_note(request.rfid_code or "", read)
        self._tell(decision, mode)
        return decision

    async def _may_ask(self, request: Request) -> bool:
        """Tell whether Oveit may be asked: in a flood of unknown tags, only about known ones."""
        tag = request.rfid_code
        if tag is None or request.direction is Direction.EXIT or not self._unknown.flooded:
            return True
        return await self._is_known(tag) or self._unknown.may_ask(tag)

    async def _is_known(self, tag: str) -> bool:
        """Tell whether the ledger knows what a tag carries."""
        with self.coordinator.translated_errors():
            return bool(await self.coordinator.ledger.on_tag(tag))

    @property
    def _is_closed(self) -> bool:
        """Tell whether nobody gets in; those who leave always may (decisions.md I7)."""
        return self.mode is GateMode.CLOSED and self.settings.direction is Direction.ENTRY

    @callback
    def _tell(self, decision: Decision, mode: GateMode) -> None:
        """Tell the listeners, once of the same thing within a few seconds (D1, D2)."""
        now = monotonic()
        self._told = {key: told for key, told in self._told.items() if now - told[0] <= SAME_READ}
        request = decision.request
        key = request.ticket_code or request.rfid_code or ""
        told = self._told.get(key)
        if told and decision.reason in (told[1], Reason.REPEAT):
            return
        self._told[key] = (now, decision.reason)
        for listener in list(self._listeners):
            listener(decision, mode)

    def _keep(self, work: Coroutine[Any, Any, None]) -> None:
        """Decide on one guest beside all others."""
        task = self._hass.async_create_task(work, f"oveit gate {self.id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


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
        entry.async_on_unload(gate.async_start())
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
        await gate.async_finish()
        hass.data[GATES].pop(gate.id, None)


@callback
def async_get_gates(hass: HomeAssistant, entry: OveitConfigEntry) -> list[Gate]:
    """Return the gates of an account."""
    return [
        gate for gate in hass.data.get(GATES, {}).values() if gate.coordinator.config_entry is entry
    ]


@callback
def async_find_gate(hass: HomeAssistant, data: Mapping[str, Any]) -> Gate | None:
    """Return the gate that an action targets, None when it has no target."""
    target = TargetSelection(dict(data))
    if not target.has_any_target:
        return None
    selected = async_extract_referenced_entity_ids(hass, target)
    registry = er.async_get(hass)
    entities = map(registry.async_get, selected.referenced | selected.indirectly_referenced)
    gates = hass.data.get(GATES, {})
    meant = {entity.config_subentry_id for entity in entities if entity} & set(gates)
    if len(meant) != 1:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="one_gate")
    return gates[meant.pop() or ""]


@callback
def _forget_settled_issues(hass: HomeAssistant) -> None:
    """Take back the issues of readers that belong to a gate now, and of gates set up anew."""
    for gate in hass.data[GATES].values():
        for reader in gate.settings.readers:
            ir.async_delete_issue(hass, DOMAIN, f"{ISSUE_UNASSIGNED_READER}_{reader}")


def _refuse(request: Request, reason: Reason) -> Decision:
    """Return a refusal for which nobody was asked."""
    return Decision(
        reason=reason,
        source=By.LEDGER,
        request=request,
        at=datetime.now(UTC),
        latency=0.0,
        scan_id=request.scan_id or uuid4().hex,
    )

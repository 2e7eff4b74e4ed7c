"""Gates: a reader's read becomes a decision, and those who show it are told."""

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import CALLBACK_TYPE, Event, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.device_registry import DeviceInfo

from .const import ATTR_GATE, ATTR_RESULT, DOMAIN, DOOR_FAILED, EVENT_DOOR, LOGGER, NOT_PASSED
from .coordinator import OveitCoordinator
from .core.codes import clean_code, spell
from .core.exceptions import OveitError
from .core.models import MAX_CODE_LENGTH, Decision, Direction, Reason, Request
from .core.polling import is_open
from .gate_free_flow import ask_freely, decide_here, decide_undecided
from .gate_reads import (
    Read,
    Readers,
    Source,
    TakenForTags,
    async_is_learning,
    async_listen,
)
from .gate_rehearsal import Rehearsal
from .gate_settings import Credential, GateMode, GateSettings
from .gate_telling import Telling
from .gate_watch import Turnstile, UnknownTags, async_get_bindings

LAST_READS_TAKE = 5.0


class Gate:
    """A door of the venue with its policy; guests never wait for each other."""

    def __init__(self, coordinator: OveitCoordinator, subentry: ConfigSubentry) -> None:
        """Take the gate's settings."""
        self.coordinator = coordinator
        self.id = subentry.subentry_id
        self.settings = GateSettings.read(subentry)
        self.mode = GateMode(coordinator.gate_modes.get(self.id, GateMode.OPEN_FOR_TICKETS))
        self.rehearsal = Rehearsal()
        self._hass = coordinator.hass
        self._unknown = UnknownTags(
            self._hass, self.id, self.settings.name, self.settings.tag_format
        )
        self._turnstile = Turnstile(self._hass, self.id, self.settings.name)
        self.telling = Telling()
        self._tags = TakenForTags()
        self._tasks: set[asyncio.Task[None]] = set()
        self._stop: list[CALLBACK_TYPE] = []

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
    def async_start(self) -> None:
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

        self._stop = [
            readers.async_start(),
            async_listen(self._hass, source, _hear),
            self._hass.bus.async_listen(EVENT_DOOR, self._async_hear_door),
        ]

    async def async_stop(self) -> None:
        """Hear nothing more, and let the guests who are at the gate have their answers."""
        while self._stop:
            self._stop.pop()()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=self.settings.deadline + LAST_READS_TAKE)

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
            request = self._ask(ticket_code=ticket_code, scan_id=scan_id)
        else:
            codes = spell(rfid_code or "", self.settings.tag_format)
            try:
                request = await self._request_tag(codes, scan_id=scan_id)
            except HomeAssistantError:
                if not self._refuses_nobody:
                    raise
                request = self._ask(rfid_code=codes[0], scan_id=scan_id)
        if look and self._is_closed:
            return decide_here(request, Reason.GATE_CLOSED)
        if look:
            asked = ask_freely(request) if self._is_free else request
            with self.coordinator.translated_errors():
                return await self.coordinator.desk.scan(asked)
        bindings = async_get_bindings(self._hass)
        bindings.async_note_action(ticket_code or rfid_code or "", self.id)
        return await self._async_decide(request, read=None)

    @callback
    def _async_hear_door(self, event: Event) -> None:
        """Let a guest try again who did not get through this gate's door (D1, G1, G2)."""
        entity = er.async_get(self._hass).async_get(str(event.data.get(ATTR_GATE)))
        if entity is None or entity.config_subentry_id != self.id:
            return
        if event.data.get(ATTR_RESULT) in (NOT_PASSED, DOOR_FAILED):
            self.telling.tell_again()

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
                self.telling.tell(decide_here(request, Reason.STALE_READ), self.mode_now)
            else:
                await self._async_decide(request, read=read)
        except HomeAssistantError as err:
            LOGGER.warning("A guest at a gate could not be decided on: %s", err)
            if request is None:
                request = self._ask(rfid_code=read.code)
            self.telling.tell(decide_undecided(request, self.mode_now), self.mode_now)

    def _ask(self, **code: str | None) -> Request:
        """Return what is asked of the desk about a code, as the gate is at the moment."""
        return replace(self.settings.request(**code), rehearsal=self.rehearsal.is_on)

    async def _request(self, read: str, *, ask: bool) -> Request | None:
        """Return what is asked about a read, None when it is no code (decisions.md B16)."""
        credential = self.settings.credential
        code = clean_code(read)
        if not code or len(code) > MAX_CODE_LENGTH or not code.isprintable():
            return None
        if credential is Credential.AUTO and not self._tags.has(code):
            with self.coordinator.translated_errors():
                if await self.coordinator.ledger.find(code):
                    return self._ask(ticket_code=code)
            self._tags.add(code)
        if credential is Credential.TICKET:
            return self._ask(ticket_code=code)
        request = await self._request_tag(spell(read, self.settings.tag_format), ask=ask)
        return replace(request, or_ticket=code if credential is Credential.AUTO else None)

    async def _request_tag(
        self, codes: tuple[str, ...], *, ask: bool = True, scan_id: str | None = None
    ) -> Request:
        """Return what is asked about a tag: of several spellings, the one that is known."""
        first = self._ask(rfid_code=codes[0], scan_id=scan_id)
        if len(codes) == 1:
            return first
        for code in codes:
            if await self._is_known(code):
                return self._ask(rfid_code=code, scan_id=scan_id)
        if not ask or self._unknown.flooded or self._is_closed:
            return first
        share = self.settings.deadline / 2
        asked = [
            replace(self._ask(rfid_code=code, scan_id=scan_id), deadline=share) for code in codes
        ]
        with self.coordinator.translated_errors():
            found = await asyncio.gather(*map(self.coordinator.desk.scan, asked))
        known = (each.request for each in found if each.reason is not Reason.UNKNOWN_TAG)
        return next(known, asked[0])

    async def _async_decide(self, request: Request, *, read: Read | None) -> Decision:
        """Decide as the gate's mode has it, and tell."""
        mode = self.mode_now
        if self._refuses_nobody:
            decision = await self._async_let_through(request, mode)
        elif self._is_closed:
            decision = self.telling.tell(decide_here(request, Reason.GATE_CLOSED), mode)
        elif not await self._may_ask(request):
            self._unknown.async_note(request.rfid_code or "", read)
            return decide_here(request, Reason.UNKNOWN_TAG)
        else:
            with self.coordinator.translated_errors():
                if mode is GateMode.SCAN_ONLY:
                    decision = self.telling.tell(await self.coordinator.desk.look(request), mode)
                else:
                    decision = await self._async_check_in(request, mode)
        if Reason.UNKNOWN_TAG in (decision.reason, decision.overruled):
            self._unknown.async_note(request.rfid_code or "", read)
        if self.settings.turnstile and not request.rehearsal:
            self._turnstile.async_note(decision)
        return decision

    async def _async_check_in(self, request: Request, mode: GateMode) -> Decision:
        """Have the desk decide; of what is new the door hears in the same step."""
        heard: list[Decision] = []

        def door(decision: Decision) -> None:
            heard.append(self.telling.tell(decision, mode))

        decision = await self.coordinator.desk.check_in(request, door)
        return decision if heard else self.telling.tell(decision, mode)

    async def _async_let_through(self, request: Request, mode: GateMode) -> Decision:
        """Let a guest through whatever fails: at a way out, and in free flow (I7, X9)."""
        try:
            if self._is_free:
                request = ask_freely(request, ask_oveit=await self._may_ask(request))
            return await self._async_check_in(request, mode)
        except (OveitError, HomeAssistantError) as err:
            LOGGER.warning("A guest who may pass could not be decided on: %s", err)
            return self.telling.tell(decide_undecided(request, mode), mode)

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
    def is_exit(self) -> bool:
        """Tell whether people leave here."""
        return self.settings.direction is Direction.EXIT

    @property
    def mode_now(self) -> GateMode:
        """Return the mode that counts: modes are for those who come in (decisions.md I7)."""
        return GateMode.OPEN_FOR_TICKETS if self.is_exit else self.mode

    @property
    def _is_free(self) -> bool:
        """Tell whether nobody is refused (decisions.md X9)."""
        return self.mode_now is GateMode.FREE_FLOW

    @property
    def _refuses_nobody(self) -> bool:
        """Tell whether everybody passes, whatever is known (decisions.md I7, X9)."""
        return self.is_exit or self._is_free

    @property
    def _is_closed(self) -> bool:
        """Tell whether nobody gets in, by the mode or by the time of every event (B12, B13)."""
        if self.mode_now is GateMode.CLOSED:
            return True
        if not self.settings.within_window or self._refuses_nobody:
            return False
        now = datetime.now(UTC)
        chosen = self.settings.event_ids
        return not any(
            event.active and is_open(event, now)
            for key, event in self.coordinator.ticket_sync.followed.items()
            if not chosen or key in chosen
        )

    def _keep(self, work: Coroutine[Any, Any, None]) -> None:
        """Decide on one guest beside all others."""
        task = self._hass.async_create_task(work, f"oveit gate {self.id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

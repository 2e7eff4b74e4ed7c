"""The policy of a gate: how a read is asked about, who may pass, and what is announced."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
import logging
from math import inf
from time import monotonic

from .callbacks import Callbacks
from .codes import TagFormat, clean_tag, is_code, printable, spell
from .desk.desk import Desk
from .exceptions import OveitError
from .gate_settings import Credential, GateMode, GateSettings
from .ledger import Ledger
from .models import (
    Decision,
    Direction,
    Event,
    OfflinePolicy,
    Reason,
    Request,
    Source,
    new_ref,
)
from .polling import is_open
from .recent import Clock, Recent, seconds

_LOGGER = logging.getLogger(__name__)

REHEARSAL_LASTS = timedelta(hours=1)
MINUTE = 60.0
HOUR = 3600.0
FLOOD = 20
ASK_EVERY = 2.0
JUST_BACK = 5.0
JUST_STARTED = 300.0
TURNSTILE_REFUSALS = 3
DOUBLE_AFTER = 5
KEPT_SCANS = 1000
NOT_CERTAIN = (Reason.UNKNOWN_TAG, Reason.TOO_MANY_UNKNOWN, Reason.OFFLINE_REFUSED)


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


class Rehearsal:
    """The rehearsal of a gate, which decides and shows everything as usual and marks nothing."""

    def __init__(self, now: Callable[[], datetime] = utc_now) -> None:
        """Begin without a rehearsal."""
        self._now = now
        self.until: datetime | None = None

    @property
    def is_on(self) -> bool:
        """Return whether nothing is to be marked."""
        return self.until is not None and self._now() < self.until

    def start(self, until: datetime | None = None) -> None:
        """Rehearse for an hour, or until a time before that."""
        latest = self._now() + REHEARSAL_LASTS
        self.until = min(until or latest, latest)

    def stop(self) -> None:
        """End the rehearsal."""
        self.until = None


class UnknownTags:
    """Has Oveit asked about few of the tags that nobody knows while they are many (R4, R20).

    In a flood this is one in two seconds of those that are new, and one of those that come
    again, which no misread does.
    """

    def __init__(self, clock: Clock = seconds) -> None:
        """Begin without a read."""
        limits = {"within": MINUTE, "at_most": MINUTE, "most": 10 * FLOOD}
        self._last_minute = Recent[object, bool](clock, **limits)
        self._not_asked = Recent[str, bool](clock, **limits)
        self._questions = Recent[bool, bool](clock, within=ASK_EVERY, at_most=ASK_EVERY)
        self._lying = Recent[str, bool](clock)

    @property
    def count(self) -> int:
        """Return how many unknown tags were read in the last minute."""
        return len(self._last_minute)

    @property
    def unasked(self) -> int:
        """Return about how many of them Oveit could not be asked (R19)."""
        return sum(not self._last_minute.get(read) for read in self._last_minute)

    @property
    def flooded(self) -> bool:
        """Return whether too many unknown tags were read in the last minute."""
        return self.count >= FLOOD

    def may_ask(self, tag: str) -> bool:
        """Return whether Oveit is to be asked about a tag that is not known here."""
        comes_again = bool(self._not_asked.pop(tag))
        if not self.flooded:
            return True
        if self._questions.get(comes_again):
            self._not_asked.put(tag, True)
            return False
        self._questions.put(comes_again, True)
        return True

    def note(self, tag: str, *, asked: bool = True) -> bool:
        """Count an unknown tag, and return whether it is not the same read again."""
        is_new = not self._lying.see(tag)
        if is_new:
            self._lying.put(tag, True)
            self._last_minute.put(object(), asked)
        return is_new


type _Shown = tuple[GateMode, bool, str | None]


def _shown(decision: Decision, mode: GateMode) -> _Shown:
    """Return what makes two decisions of a gate look the same, but for their reason."""
    request = decision.request
    return mode, request.rehearsal, request.ticket_code or request.rfid_code


class Announcements:
    """Decides which decisions to announce: each guest once, however often the tag is read."""

    def __init__(self, clock: Clock = seconds) -> None:
        """Begin without a decision."""
        self._announced = Recent[_Shown, Decision](clock)
        self._scans = Recent[tuple[str, bool, _Shown], frozenset[str]](
            clock, within=inf, at_most=inf, most=KEPT_SCANS
        )

    def is_new(self, decision: Decision, mode: GateMode) -> bool:
        """Return whether a decision is no repeat (decisions.md D1, D2, D9, R10)."""
        request, key = decision.request, _shown(decision, mode)
        announced = self._announced.get(key)
        if announced and decision.reason in (announced.reason, Reason.REPEAT):
            self._announced.see(key)
            return False
        if request.scan_id:
            scan = (request.scan_id, decision.admitted, key)
            if self._scans.get(scan) is not None:
                return False
            self._scans.put(scan, decision.codes)
        self._announced.put(key, decision)
        return True

    def announce_again(self) -> None:
        """Have the next read of the guest who was admitted last announced (D1, G1, G2)."""
        for key in self._announced:
            if (last := self._announced.get(key)) and last.admitted:
                self._announced.pop(key)
                return

    def forget(self, codes: Collection[str]) -> None:
        """Have the next read with one of these codes announced, whatever was before (S4)."""
        for key in list(self._announced):
            if (last := self._announced.get(key)) and not last.codes.isdisjoint(codes):
                self._announced.pop(key)
        for scan in list(self._scans):
            if not (self._scans.get(scan) or frozenset()).isdisjoint(codes):
                self._scans.pop(scan)


class LastReads:
    """Remembers the last read of each reader: many send it again when they come back (R11).

    What is remembered is a digest of the code.
    """

    def __init__(self, clock: Clock = seconds) -> None:
        """Begin without a read."""
        self._last: dict[str, str] = {}
        self._back = Recent[str, str](clock, within=JUST_BACK)
        self._restored = Recent[str, str](clock, within=JUST_STARTED, at_most=JUST_STARTED)

    def restore(self, known: Mapping[str, str]) -> None:
        """Take over last reads from before a restart; each may be sent once more (C30)."""
        for reader, digest in known.items():
            if reader not in self._last:
                self._last[reader] = digest
                self._restored.put(reader, digest)

    def note_back(self, reader: str) -> None:
        """Note that a reader has just come back."""
        self._back.put(reader, self._last.get(reader, ""))

    def is_echo(self, reader: str, code: str) -> bool:
        """Return whether a reader that has just come back sends its last read again.

        After a restart, its first read within five minutes may be one.
        """
        digest = digest_of(code)
        if self._restored.pop(reader) == digest:
            self._back.put(reader, digest)
        if self._back.get(reader) == digest:
            return True
        self._back.pop(reader)
        self._last[reader] = digest
        return False


def digest_of(code: str) -> str:
    """Return what is kept of a reader's last read."""
    return sha256(code.encode(errors="replace")).hexdigest()


class DoubleBindings:
    """Notices a reader that a gate and an automation both act upon (decisions.md D8)."""

    def __init__(self, on_found: Callable[[str], None], clock: Clock = seconds) -> None:
        """Set the callback, which gets the id of a gate with such a reader."""
        self._on_found = on_found
        self._clock = clock
        self._by_action = Recent[str, str](clock)
        self._by_gate = Recent[str, str](clock)
        self._hits: dict[str, Recent[object, bool]] = {}

    def note_gate(self, gate_id: str, code: str) -> None:
        """Note a read at a gate."""
        self._note(code, gate_id, self._by_gate, self._by_action)

    def note_action(self, code: str, gate_id: str = "") -> None:
        """Note a code that an action was called with, for one gate or for none."""
        self._note(code, gate_id, self._by_action, self._by_gate)

    def forget(self, gate_id: str) -> None:
        """Forget what was noted of a gate."""
        self._hits.pop(gate_id, None)

    def _note(
        self, code: str, gate_id: str, own: Recent[str, str], other: Recent[str, str]
    ) -> None:
        """Note a code, or count it for an hour when it came the other way, too."""
        key = spell(code, TagFormat.HEX)[0]
        if not is_code(key):
            return
        found = other.get(key)
        if found is None or (found and gate_id and found != gate_id):
            own.put(key, gate_id)
            return
        other.pop(key)
        gate_id = found or gate_id
        if gate_id not in self._hits:
            self._hits[gate_id] = Recent(self._clock, within=HOUR, at_most=HOUR, most=DOUBLE_AFTER)
        self._hits[gate_id].put(object(), True)
        if len(self._hits[gate_id]) == DOUBLE_AFTER:
            self._on_found(gate_id)


class Gate:
    """A door with its policy; guests never wait for each other.

    `on_decision` is called once for each guest, `on_unknown_tag` with the code of an unknown tag,
    `on_turnstile` with whether Oveit's turnstile admits nobody (X5).
    """

    def __init__(
        self,
        settings: GateSettings,
        desk: Desk,
        ledger: Ledger,
        followed: Callable[[], Mapping[int, Event]],
        *,
        mode: GateMode = GateMode.OPEN_FOR_TICKETS,
        clock: Clock = seconds,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        """Set the desk and the ledger, and how to get the followed events."""
        self.settings = settings
        self.mode = mode
        self.rehearsal = Rehearsal(now)
        self.unknown_tags = UnknownTags(clock)
        self.announcements = Announcements(clock)
        self.on_decision = Callbacks[Decision, GateMode]()
        self.on_unknown_tag = Callbacks[str]()
        self.on_turnstile = Callbacks[bool]()
        self._desk = desk
        self._ledger = ledger
        self._followed = followed
        self._now = now
        self._taken_for_tags = Recent[str, bool](clock)
        self._turnstile_refusals = 0

    def change(self, settings: GateSettings) -> None:
        """Go on with other settings, from the next read on."""
        self.settings = settings
        self._turnstile_refusals = 0

    @property
    def is_exit(self) -> bool:
        """Return whether people leave here."""
        return self.settings.direction is Direction.EXIT

    @property
    def mode_now(self) -> GateMode:
        """Return the mode that counts: modes are for those who come in (decisions.md I7)."""
        return GateMode.OPEN_FOR_TICKETS if self.is_exit else self.mode

    @property
    def refuses_nobody(self) -> bool:
        """Return whether everybody passes, whatever is known (decisions.md I7, X9)."""
        return self.is_exit or self._is_free

    @property
    def is_closed(self) -> bool:
        """Return whether nobody gets in, by the mode or by the time of every event (B12, B13)."""
        if self.mode_now is GateMode.CLOSED:
            return True
        if not self.settings.within_window or self.refuses_nobody:
            return False
        now = self._now()
        return not any(event.active and is_open(event, now) for event in self._events())

    @property
    def undated(self) -> list[Event]:
        """Return the events that this gate opens around, and whose start is unknown (B21)."""
        if not self.settings.within_window or self.is_exit:
            return []
        return [event for event in self._events() if event.active and event.start_unknown]

    def _events(self) -> list[Event]:
        """Return the events of this gate."""
        chosen = self.settings.event_ids
        return [event for key, event in self._followed().items() if not chosen or key in chosen]

    async def read(self, read: str, *, stale: bool = False) -> Decision:
        """Decide on what a reader read, even if the desk fails, and if it is no code (B16).

        A stale read is not of somebody who stands at the door.
        """
        request, began = self._request(rfid_code=read), monotonic()
        try:
            request = await self._identify(read, ask=not stale)
            request = replace(request, deadline=request.deadline - (monotonic() - began))
            if stale:
                return self._announce(decide_here(request, Reason.STALE_READ), self.mode_now)
            return await self._decide(request)
        except OveitError as err:
            _LOGGER.warning("A guest at a gate could not be decided on: %s", err)
            return self._announce(decide_undecided(request, self.mode_now), self.mode_now)

    async def ask(
        self,
        *,
        ticket_code: str | None = None,
        rfid_code: str | None = None,
        scan_id: str | None = None,
        look: bool = False,
        deadline: float | None = None,
    ) -> Decision:
        """Decide on a code that somebody names; with `look`, nothing is marked.

        A `deadline` is what is left of the gate's own. Raises OveitError when nothing could
        be decided.
        """
        if ticket_code is not None:
            request = self._request(ticket_code=ticket_code, scan_id=scan_id)
        else:
            tags = spell(rfid_code or "", self.settings.tag_format)
            try:
                request = await self._identify_tag(tags, scan_id=scan_id)
            except OveitError:
                if not self.refuses_nobody:
                    raise
                request = self._request(rfid_code=tags[0], scan_id=scan_id)
        if deadline is not None:
            request = replace(request, deadline=deadline)
        if not look:
            return await self._decide(request)
        if self.is_closed:
            return decide_here(request, Reason.GATE_CLOSED)
        return await self._desk.scan(ask_freely(request) if self._is_free else request)

    async def override(
        self,
        *,
        note: str,
        user_id: str | None,
        event_ids: frozenset[int] = frozenset(),
        ticket_code: str | None = None,
        rfid_code: str | None = None,
    ) -> Decision:
        """Let somebody in by a steward's decision, whatever is known, as by a read (S1).

        `event_ids` has the event that a code counts for which nobody knows. Whoever leaves
        needs no steward. Raises OveitError when it could not be written down.
        """
        if self.is_exit:
            return await self.ask(ticket_code=ticket_code, rfid_code=rfid_code)
        request = await self._named(ticket_code, rfid_code)
        if event_ids:
            request = replace(request, event_ids=event_ids)
        if request.rehearsal:
            decision = decide_here(request, Reason.OVERRIDE)
            self._announce_anew(decision)
            return decision
        return await self._desk.override(
            request, note=note, user_id=user_id, door=self._announce_anew
        )

    async def undo(
        self,
        *,
        user_id: str | None,
        ticket_code: str | None = None,
        rfid_code: str | None = None,
        scan_id: str | None = None,
    ) -> Decision | None:
        """Take back the newest admission by a scan or a code; None where there is none (S4).

        Of a ticket's uses, it is one of what this gate is for. Raises OveitError when it could
        not be written down.
        """
        request = await self._named(ticket_code, rfid_code, scan_id)
        is_any = scan_id is not None
        return await self._desk.undo(
            request, user_id=user_id, any_use=is_any, door=self._announce_anew
        )

    async def _named(
        self, ticket_code: str | None, rfid_code: str | None, scan_id: str | None = None
    ) -> Request:
        """Return what the desk is asked about a code that a steward names, without Oveit."""
        if rfid_code is None:
            return self._request(ticket_code=ticket_code, scan_id=scan_id)
        tags = spell(rfid_code, self.settings.tag_format)
        return await self._identify_tag(tags, ask=False, scan_id=scan_id)

    @property
    def _is_free(self) -> bool:
        """Return whether the gate is in free flow (decisions.md X9)."""
        return self.mode_now is GateMode.FREE_FLOW

    def _request(self, **read: str | None) -> Request:
        """Return what the desk is asked about a code, as the gate is at the moment."""
        return self.settings.request(**read, rehearsal=self.rehearsal.is_on)

    @property
    def _in_time(self) -> Ledger:
        """Return the ledger for no longer than a guest can wait here (decisions.md T17)."""
        return self._ledger.within(monotonic() + self.settings.deadline)

    async def _identify(self, read: str, *, ask: bool) -> Request:
        """Return what the desk is asked about a read: a ticket that is listed, or a tag."""
        credential, tag, code = self.settings.credential, clean_tag(read), ""
        if credential is not Credential.RFID:
            code = await self._desk.read_code(read, self.settings.deadline)
        if credential is Credential.TICKET and is_code(code):
            return self._request(ticket_code=code)
        if credential is Credential.AUTO and is_code(code) and not self._taken_for_tags.see(code):
            if await self._in_time.find(code):
                return self._request(ticket_code=code)
            self._taken_for_tags.put(code, True)
        if credential is Credential.TICKET or not is_code(tag):
            refused = self._request(rfid_code=printable(read))
            return replace(refused, refusal=Reason.UNREADABLE)
        request = await self._identify_tag(spell(tag, self.settings.tag_format), ask=ask)
        return replace(request, or_ticket=code if is_code(code) else None)

    async def _identify_tag(
        self, tags: Iterable[str], *, ask: bool = True, scan_id: str | None = None
    ) -> Request:
        """Return what the desk is asked about a tag: of several spellings, the known one.

        In a flood of unknown tags, it may be too many to ask about (decisions.md R20).
        """
        requests = {tag: self._request(rfid_code=tag, scan_id=scan_id) for tag in tags}
        first, *others = requests.values()
        if not others and not self.unknown_tags.flooded:
            return first
        for tag, request in requests.items():
            if await self._in_time.on_tag(tag):
                return request
        if not ask or self.is_closed:
            return first
        if not self.unknown_tags.may_ask(first.rfid_code or ""):
            return replace(first, refusal=Reason.TOO_MANY_UNKNOWN)
        if not others:
            return first
        share = self.settings.deadline / 2
        asked = [replace(request, deadline=share) for request in requests.values()]
        found = await asyncio.gather(*map(self._desk.scan, asked))
        known = (each.request for each in found if each.reason is not Reason.UNKNOWN_TAG)
        return next(known, asked[0])

    async def _decide(self, request: Request) -> Decision:
        """Decide by the gate's mode, and announce the decision; an empty read is of nobody."""
        mode = self.mode_now
        if self.refuses_nobody and (request.ticket_code or request.rfid_code):
            decision = await self._let_through(request, mode)
        elif request.refusal is not None:
            decision = self._announce(decide_here(request, request.refusal), mode)
        elif self.is_closed:
            decision = self._announce(decide_here(request, Reason.GATE_CLOSED), mode)
        elif mode is GateMode.SCAN_ONLY:
            decision = self._announce(await self._desk.look(request), mode)
        else:
            decision = await self._check_in(request, mode)
        tag = request.rfid_code or ""
        if is_unknown(decision) and self.unknown_tags.note(tag, asked=decision.certain):
            self.on_unknown_tag.call(tag)
        self._watch_turnstile(decision)
        return decision

    async def _check_in(self, request: Request, mode: GateMode) -> Decision:
        """Have the desk decide; a new decision is announced before anything else happens."""
        announced: list[Decision] = []

        def door(decision: Decision) -> None:
            announced.append(self._announce(decision, mode))

        decision = await self._desk.check_in(request, door)
        return decision if announced else self._announce(decision, mode)

    async def _let_through(self, request: Request, mode: GateMode) -> Decision:
        """Let a guest through whatever fails: at a way out, and in free flow (I7, X9)."""
        try:
            if self._is_free:
                request = ask_freely(request)
            return await self._check_in(request, mode)
        except OveitError as err:
            _LOGGER.warning("A guest who may pass could not be decided on: %s", err)
            return self._announce(decide_undecided(request, mode), mode)

    def _announce(self, decision: Decision, mode: GateMode) -> Decision:
        """Announce a decision that is no repeat, and return it."""
        if self.announcements.is_new(decision, mode):
            self.on_decision.call(decision, mode)
        return decision

    def _announce_anew(self, decision: Decision) -> None:
        """Announce what a steward decided, though the same was announced just now.

        The door opens for a steward also where reads are only looked at.
        """
        mode = self.mode_now
        self.announcements.forget(decision.codes)
        is_let_in = decision.admitted and mode is GateMode.SCAN_ONLY
        self.on_decision.call(decision, GateMode.OPEN_FOR_TICKETS if is_let_in else mode)

    def _watch_turnstile(self, decision: Decision) -> None:
        """Count what Oveit's turnstile refuses: that there is none, Oveit says only in words."""
        if not self.settings.turnstile or decision.request.rehearsal or self.is_exit:
            return
        if decision.source is Source.OVEIT and decision.admitted:
            self._turnstile_refusals = 0
            self.on_turnstile.call(False)
        elif decision.source is Source.OVEIT and decision.reason is Reason.REFUSED:
            self._turnstile_refusals += 1
            if self._turnstile_refusals == TURNSTILE_REFUSALS:
                self.on_turnstile.call(True)


def is_unknown(decision: Decision) -> bool:
    """Return whether nobody knows the tag of a guest, or there were too many to ask."""
    reasons = {decision.reason, decision.overruled}
    return not reasons.isdisjoint((Reason.UNKNOWN_TAG, Reason.TOO_MANY_UNKNOWN))


def ask_freely(request: Request) -> Request:
    """Return a request of a gate in free flow, which waits for no connection and no list."""
    return replace(
        request,
        free_flow=True,
        offline=OfflinePolicy.ADMIT_KNOWN,
        max_list_age=timedelta.max,
        rehearsal=False,
    )


def decide_undecided(request: Request, mode: GateMode) -> Decision:
    """Return the decision on a guest about whom the desk failed (decisions.md I7, X9)."""
    if request.direction is Direction.EXIT:
        return decide_here(request, Reason.LEFT)
    if mode is GateMode.FREE_FLOW:
        decision = decide_here(ask_freely(request), Reason.OVERRIDE)
        return replace(decision, overruled=Reason.OFFLINE_REFUSED)
    return decide_here(request, Reason.OFFLINE_REFUSED)


def decide_here(request: Request, reason: Reason) -> Decision:
    """Return a decision for which the desk was not asked."""
    return Decision(
        reason=reason,
        source=Source.LEDGER,
        request=request,
        at=utc_now(),
        latency=0.0,
        scan_id=request.scan_id or new_ref(),
        certain=reason not in NOT_CERTAIN,
    )

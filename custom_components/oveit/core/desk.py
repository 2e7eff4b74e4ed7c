"""The desk: decides a read with Oveit and the ledger, and remembers what it decided."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
import logging
from time import monotonic
from uuid import uuid4
from weakref import WeakValueDictionary

from .api import OveitClient
from .exceptions import (
    OveitAuthenticationError,
    OveitConnectionError,
    OveitError,
    OveitResponseError,
)
from .ledger import Ledger
from .mirror import Glance, Mirror
from .models import AddonUse, Answer, Decision, Reason, Request, Row, Source, Ticket
from .rules import Known, Verdict, accept, clean_code, decide

_LOGGER = logging.getLogger(__name__)


@dataclass(kw_only=True)
class _Case:
    """A read that is being decided."""

    request: Request
    at: datetime
    started: float
    scan_id: str
    tickets: tuple[Ticket, ...] = ()
    answer: Answer | None = None

    @asynccontextmanager
    async def deadline(self, share: float = 1) -> AsyncIterator[None]:
        """Give up what is awaited inside when a share of the guest's time has passed."""
        left = (self.started + self.request.deadline - monotonic()) * share
        if left <= 0:
            raise OveitConnectionError("There is no time left to ask Oveit", sent=False)
        try:
            async with asyncio.timeout(left):
                yield
        except TimeoutError as err:
            raise OveitConnectionError("Oveit did not answer in time") from err


class Desk:
    """Where tickets are checked in and looked up.

    `check_in` and `scan` raise OveitError when nothing could be decided; a refusal is
    a Decision.
    """

    def __init__(
        self,
        client: OveitClient,
        ledger: Ledger,
        mirror: Mirror,
        *,
        on_decision: Callable[[Decision], None],
    ) -> None:
        """Take who hears of every decision on a check-in."""
        self._client = client
        self._ledger = ledger
        self._mirror = mirror
        self._on_decision = on_decision
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def check_in(self, request: Request) -> Decision:
        """Check a ticket in: the rules first, then Oveit, then the journal."""
        case = _open(request)
        await self._identify(case)
        async with self._alone(case):
            case.tickets = await self._ledger.renew(case.tickets)
            verdict = decide(self._known(case), case.request)
            if verdict.reason.admits and verdict.ticket:
                verdict = await self._mark(case, verdict, verdict.ticket)
        decision = self._decision(case, verdict)
        self._on_decision(decision)
        return decision

    async def scan(self, request: Request) -> Decision:
        """Tell whether a ticket would be admitted; nothing is marked anywhere."""
        case = _open(request)
        await self._identify(case, ask=True)
        verdict = decide(self._known(case), case.request)
        if verdict.reason.admits and case.answer and not case.answer.ok:
            verdict = replace(verdict, reason=Reason.REFUSED)
        return self._decision(case, verdict)

    async def sync(self) -> None:
        """Refresh the events and every ticket list."""
        await self._mirror.refresh(everything=True)

    async def _identify(self, case: _Case, *, ask: bool = False) -> None:
        """Find the tickets that were read, in the ledger or by asking Oveit."""
        if case.request.rfid_code is not None:
            await self._identify_tag(case, case.request.rfid_code)
        else:
            await self._identify_code(case, case.request.ticket_code or "", ask=ask)
        if any(self._is_of_unknown_type(ticket) for ticket in case.tickets):
            await self._glance(case, self._mirror.look_for_types)

    async def _identify_code(self, case: _Case, code: str, *, ask: bool) -> None:
        """Find a ticket by its code; one that is not in the list may be new (decisions.md B5)."""
        case.tickets = await self._ledger.find(code)
        if case.tickets and not ask:
            return
        case.answer = await self._look_up(case, ticket_code=code)
        if ticket := await self._learn(case.answer):
            case.tickets = await self._ledger.find(ticket.code) or (ticket,)
        elif not case.tickets:
            await self._glance(case, self._mirror.look_again)
            case.tickets = await self._ledger.find(code)

    async def _identify_tag(self, case: _Case, tag: str) -> None:
        """Find the tickets on a tag, which may have been paired anew (decisions.md R3, R5)."""
        case.answer = await self._look_up(case, rfid_code=tag)
        ticket = await self._learn(case.answer, tag)
        for other in await self._ledger.on_tag(tag):
            if ticket is None or other.code != ticket.code:
                about = await self._look_up(case, ticket_code=other.code)
                if await self._learn(about) is None and ticket and not other.checked_in:
                    await self._ledger.unpair(tag, other.code)
        case.tickets = await self._ledger.on_tag(tag)
        if ticket and ticket.event_id not in self._mirror.followed:
            case.tickets += (ticket,)

    async def _mark(self, case: _Case, verdict: Verdict, ticket: Ticket) -> Verdict:
        """Have Oveit mark a ticket; the row is on disk before Oveit hears of it."""
        request = case.request
        row = Row(
            ticket=ticket,
            rfid_code=request.rfid_code,
            addon_id=request.addon_id,
            gate=request.gate,
            at=case.at,
            scan_id=case.scan_id,
        )
        seq = await self._ledger.begin(row)
        answer = case.answer = await self._check_in_at_oveit(case, ticket, seq)
        reason = accept(answer, verdict, self._known(case), request)
        fresh = await self._ledger.settle(
            seq, admitted=reason.admits, ticket=ticket, answer=self._ours(answer, ticket)
        )
        if reason is Reason.REFUSED:
            return await self._explain(case, verdict, fresh)
        return replace(verdict, reason=reason, ticket=fresh, addon=_count(verdict.addon, fresh))

    async def _check_in_at_oveit(self, case: _Case, ticket: Ticket, seq: int) -> Answer:
        """Send a check-in; the row goes when Oveit surely did not take it."""
        types = case.request.ticket_type_ids
        try:
            async with case.deadline():
                answer = await self._client.check_in(
                    ticket.code,
                    ticket_type_id=next(iter(types)) if len(types) == 1 else None,
                    addon_id=case.request.addon_id,
                )
        except OveitError as err:
            if isinstance(err, OveitAuthenticationError) or not getattr(err, "sent", True):
                await self._ledger.discard(seq)
            raise
        _check_same(answer, ticket.code)
        return answer

    async def _explain(self, case: _Case, verdict: Verdict, ticket: Ticket) -> Verdict:
        """Find out why Oveit refused, since it says so only in words."""
        refusal = case.answer
        if refusal and refusal.ticket is None:
            try:
                await self._learn(await self._look_up(case, ticket_code=ticket.code))
            except OveitError as err:
                _LOGGER.debug("A refusal could not be explained: %s", err)
            (ticket,) = await self._ledger.renew((ticket,))
        known = Known(events=self._mirror.followed, tickets=(ticket,))
        explained = decide(known, case.request)
        if explained.reason.admits:
            return replace(verdict, reason=Reason.REFUSED)
        return explained

    async def _look_up(
        self, case: _Case, *, ticket_code: str | None = None, rfid_code: str | None = None
    ) -> Answer:
        """Ask Oveit about a ticket without marking it."""
        async with case.deadline():
            answer = await self._client.scan(ticket_code=ticket_code, rfid_code=rfid_code)
        if ticket_code is not None:
            _check_same(answer, ticket_code)
        return answer

    async def _glance(self, case: _Case, glance: Glance) -> None:
        """Have the mirror look at Oveit; what follows has half of the time left for itself."""
        try:
            async with case.deadline(share=0.5):
                await glance()
        except OveitError as err:
            _LOGGER.debug("The ticket list could not be refreshed: %s", err)

    async def _learn(self, answer: Answer, tag: str | None = None) -> Ticket | None:
        """Keep what an answer tells of a ticket of ours, and return that ticket."""
        if answer.ticket is None:
            return None
        listed = await self._ledger.find(answer.ticket.code)
        ticket = self._ours(answer, listed[0] if len(listed) == 1 else answer.ticket).ticket
        if ticket:
            await self._ledger.learn(ticket, answer.rfid_codes, tag)
        return ticket or answer.ticket

    def _ours(self, answer: Answer, ticket: Ticket) -> Answer:
        """Return an answer without a ticket of an event that is not followed.

        An answer that names no event is about the event that the ledger has the ticket in,
        and the ledger's way to write the code stays.
        """
        if answer.ticket is None:
            return answer
        event_id = answer.ticket.event_id or ticket.event_id
        if event_id not in self._mirror.followed:
            return replace(answer, ticket=None)
        return replace(answer, ticket=replace(answer.ticket, event_id=event_id, code=ticket.code))

    @asynccontextmanager
    async def _alone(self, case: _Case) -> AsyncIterator[None]:
        """Decide one read of a ticket after the other, by whichever code it comes."""
        async with AsyncExitStack() as stack:
            for key in sorted({ticket.code for ticket in case.tickets}):
                lock = self._locks.setdefault(key, asyncio.Lock())
                if lock.locked():
                    async with case.deadline():
                        await stack.enter_async_context(lock)
                else:
                    await stack.enter_async_context(lock)
            yield

    def _known(self, case: _Case) -> Known:
        """Return what is known for a case."""
        return Known(events=self._mirror.followed, tickets=case.tickets)

    def _is_of_unknown_type(self, ticket: Ticket) -> bool:
        """Tell whether a ticket of ours has a type that its event did not list yet."""
        event = self._mirror.followed.get(ticket.event_id or 0)
        return event is not None and event.ticket_type(ticket.ticket_type_id) is None

    def _decision(self, case: _Case, verdict: Verdict) -> Decision:
        """Put a decision together."""
        event, ticket, answer = verdict.event, verdict.ticket, case.answer
        if event is None and answer and answer.event and ticket:
            event = answer.event
        if ticket and event and (kind := event.ticket_type(ticket.ticket_type_id)):
            ticket = replace(ticket, ticket_type=kind.name)
        decision = Decision(
            reason=verdict.reason,
            source=Source.OVEIT if answer else Source.LEDGER,
            request=case.request,
            at=case.at,
            latency=monotonic() - case.started,
            message=answer.message if answer else None,
            ticket=ticket,
            event=event,
            addon=verdict.addon,
            attendee=answer.attendee if answer else None,
            scan_id=case.scan_id,
        )
        _LOGGER.debug("Decided %s by %s", decision.reason, decision.source)
        return decision


def _open(request: Request) -> _Case:
    """Start the clock for a read."""
    if request.ticket_code is not None:
        request = replace(request, ticket_code=clean_code(request.ticket_code))
    return _Case(
        request=request,
        at=datetime.now(UTC),
        started=monotonic(),
        scan_id=request.scan_id or uuid4().hex,
    )


def _check_same(answer: Answer, code: str) -> None:
    """Raise OveitResponseError when an answer is about another ticket."""
    if answer.ticket and answer.ticket.code.lower() != code.lower():
        raise OveitResponseError("Oveit answered about another ticket")


def _count(addon: AddonUse | None, ticket: Ticket) -> AddonUse | None:
    """Return an add-on with its uses counted anew."""
    return addon and replace(addon, used=ticket.uses_of(addon.id))

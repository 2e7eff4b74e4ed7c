"""The desk: decides a read with Oveit and the ledger, and remembers what it decided."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
import logging
from time import monotonic

from ..client.api import OveitClient
from ..codes import clean_code
from ..counts import Settled
from ..decision import Verdict, decide
from ..exceptions import OveitError
from ..ledger import Ledger
from ..models import Answer, Decision, Direction, Reason, Request, Row, RowState, Source, Ticket
from ..preparation import Preparing
from ..settling.evidence import DOUBT_GRACE, ReadBack
from ..settling.settling import Settling
from ..ticket_sync import TicketSync
from .case import Case
from .claiming import Claiming
from .exit import Leaving
from .free_flow import FreeFlow, overrule, overruled_of
from .lookup import Lookup
from .marking import Marking
from .pairing import Pairing
from .reads import Reads
from .turns import Turns

_LOGGER = logging.getLogger(__name__)

type Tell = Callable[[Decision], None]

PASSBACK_WITHIN = timedelta(minutes=5)


class Desk:
    """Where tickets are checked in and looked up, with Oveit or without.

    `check_in` and `scan` raise OveitError when nothing could be decided; a refusal is
    a Decision. `check_in` answers within the request's deadline (decisions.md I9).
    """

    def __init__(
        self,
        client: OveitClient,
        ledger: Ledger,
        ticket_sync: TicketSync,
        *,
        on_decision: Tell,
        on_failure: Callable[[OveitError], None] = lambda _: None,
        on_conflict: Callable[[Row], None] = lambda _: None,
        on_progress: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = monotonic,
        doubt_grace: float = DOUBT_GRACE,
    ) -> None:
        """Take who hears of every decision, of a failing Oveit, and of conflicts."""
        self._client = client
        self._ledger = ledger
        self._ticket_sync = ticket_sync
        self._on_decision = on_decision
        self._on_failure = on_failure
        self._turns = Turns()
        self._reads = Reads(clock)
        self._looks = Reads(clock)
        self._lookup = Lookup(client, ledger, ticket_sync)
        read_back = ReadBack(client, ledger, ticket_sync, doubt_grace)
        self._settling = Settling(
            client,
            ledger,
            ticket_sync,
            read_back,
            doors_first=self._reads.wait,
            on_conflict=on_conflict,
            on_progress=on_progress,
        )
        self._marking = Marking(client, ledger, self._lookup, self._settling)
        self._claiming = Claiming(ledger, self._lookup, read_back)
        self._leaving = Leaving(client, ledger)
        self._free_flow = FreeFlow(ledger, ticket_sync)
        self._pairing = Pairing(client, ledger, self._lookup)
        self.preparing = Preparing(
            client,
            ledger,
            ticket_sync,
            self._lookup,
            doors_first=self._reads.wait,
            on_progress=on_progress,
        )

    async def close(self) -> None:
        """Let every guest be decided, and stop what can wait."""
        await self.preparing.close()
        await self._settling.close()
        await self._reads.wait()
        await self._looks.wait()
        await self._marking.close()

    async def check_in(self, request: Request, door: Tell | None = None) -> Decision:
        """Check a ticket in: the rules first, then Oveit or the ledger, then the journal.

        A door hears of a new decision before everyone else. In a rehearsal the answer is the
        same, and nothing is marked anywhere.
        """
        if request.rehearsal:
            return await self.look(request)
        return await self._reads.once(_clean(request), partial(self._check_in, door=door))

    async def scan(self, request: Request) -> Decision:
        """Tell whether a ticket would be admitted; nothing is marked anywhere."""
        case = self._open(_clean(request))
        await self._lookup.identify(case, ask=True)
        verdict = decide(self._lookup.known(case), case.request)
        if verdict.reason.admits and case.answer and not case.answer.ok:
            verdict = replace(verdict, reason=Reason.REFUSED)
        if request.free_flow and not verdict.reason.admits:
            verdict = overrule(verdict)
        return self._decision(case, verdict)

    async def look(self, request: Request) -> Decision:
        """Tell what `scan` tells, once for a read that comes again and again (D1 to D3)."""
        return await self._looks.once(request, self.scan)

    async def pair(self, ticket_code: str, rfid_code: str) -> Answer:
        """Put a ticket on a tag, whose next read is a new one; a refusal is Oveit's answer."""
        answer = await self._pairing.pair(clean_code(ticket_code), rfid_code)
        if answer.ok:
            self._reads.forget(rfid_code)
            self._looks.forget(rfid_code)
        return answer

    async def override(self, request: Request, *, note: str, user_id: str | None) -> Decision:
        """Admit a guest by a steward's decision, whatever is known (decisions.md B6)."""
        if decision := await self._decided_before(request):
            return decision
        case = Case.open(_clean(request), online=False)
        await self._lookup.identify(case)
        async with self._turns.alone(case):
            verdict = await self._marking.override(case, note=note, user_id=user_id)
        return self._tell(self._decision(case, verdict))

    async def sync(self) -> Settled:
        """Refresh the events and every ticket list, then settle the rows that wait."""
        await self._ticket_sync.refresh(everything=True)
        return await self._settling.run(now=True)

    async def settle(self) -> Settled:
        """Settle the rows that wait for Oveit; what fails stays waiting."""
        return await self._settling.run()

    async def _check_in(self, request: Request, door: Tell | None) -> Decision:
        """Decide a read that is no repeat, and tell; in free flow whatever fails."""
        try:
            if decision := await self._decided_before(request):
                return decision
            decision = await self._decide(request)
        except OveitError as err:
            if not request.free_flow:
                raise
            _LOGGER.debug("A guest in free flow could not be decided on: %s", err)
            decision = await self._let_through_undecided(request)
        return self._tell(decision, door)

    async def _decide(self, request: Request) -> Decision:
        """Decide a read by its ticket."""
        case = self._open(request)
        if request.direction is Direction.EXIT:
            verdict = await self._leave(case)
        else:
            verdict = await self._enter_at_once(case) or await self._enter(case)
        return self._decision(case, verdict)

    async def _let_through_undecided(self, request: Request) -> Decision:
        """Admit in free flow whom nothing can be told of."""
        case = Case.open(request, online=False)
        refusal = Verdict(reason=Reason.OFFLINE_REFUSED)
        return self._decision(case, await self._free_flow.let_through(case, refusal))

    async def _leave(self, case: Case) -> Verdict:
        """Let a guest out."""
        await self._lookup.identify(case)
        async with self._turns.alone(case):
            case.tickets = await self._ledger.renew(case.tickets)
            return await self._leaving.leave(case, self._lookup.known(case))

    async def _enter_at_once(self, case: Case) -> Verdict | None:
        """Decide on coming in by one ticket, where enough is known of it."""
        told = None
        if case.request.rfid_code is not None:
            told = await self._lookup.ask_tag(case)
            if told is None or self._turns.is_taken(case):
                return None
        async with self._turns.alone(case):
            verdict = await self._marking.enter(case, told)
            return verdict and await self._let_through(case, verdict)

    async def _enter(self, case: Case) -> Verdict:
        """Find out what was read, and decide on coming in."""
        await self._lookup.identify(case)
        async with self._turns.alone(case):
            verdict = await self._marking.enter(case) or await self._claiming.claim(case)
            if verdict is None:
                verdict = await self._marking.enter(case, anyway=True)
            assert verdict is not None
            return await self._let_through(case, verdict)

    async def _let_through(self, case: Case, verdict: Verdict) -> Verdict:
        """Admit in free flow who would be refused."""
        if not case.request.free_flow or verdict.reason.admits:
            return verdict
        return await self._free_flow.let_through(case, verdict)

    async def _decided_before(self, request: Request) -> Decision | None:
        """Return the decision on the same scan before a restart (decisions.md D9)."""
        row = await self._ledger.find_scan(request) if request.scan_id else None
        if row is None:
            return None
        case = replace(
            Case.open(replace(request, gate=row.gate), online=False), at=row.at, scan_id=row.scan_id
        )
        tickets = (*await self._ledger.find(row.code), *_ticket_of(row))
        ticket = next((each for each in tickets if each.event_id == row.event_id), None)
        event = self._ticket_sync.followed.get(row.event_id)
        verdict = Verdict(
            reason=row.reason, ticket=ticket, event=event, overruled=overruled_of(row)
        )
        source = Source.OVEIT if row.state is RowState.CONFIRMED else Source.LEDGER
        return replace(self._decision(case, verdict), source=source)

    def _open(self, request: Request) -> Case:
        """Start the clock for a read."""
        return Case.open(request, online=request.ask_oveit and self._client.breaker.is_online)

    def _tell(self, decision: Decision, door: Tell | None = None) -> Decision:
        """Let everyone hear of a decision, its door first; a listener's failure is its own."""
        for hear in filter(None, (door, self._on_decision)):
            try:
                hear(decision)
            except Exception:
                _LOGGER.exception("A listener failed at a decision")
        return decision

    def _decision(self, case: Case, verdict: Verdict) -> Decision:
        """Put a decision together."""
        event, ticket, answer = verdict.event, verdict.ticket, case.answer
        if event is None and answer and answer.event and ticket:
            event = answer.event
        if ticket and event and (kind := event.ticket_type(ticket.ticket_type_id)):
            ticket = replace(ticket, ticket_type=kind.name)
        if case.failure:
            self._on_failure(case.failure)
        decision = Decision(
            reason=verdict.reason,
            source=case.source,
            request=case.request,
            at=case.at,
            latency=monotonic() - case.started,
            message=answer.message if answer else None,
            ticket=ticket,
            event=event,
            addon=verdict.addon,
            attendee=answer.attendee if answer else None,
            scan_id=case.scan_id,
            passback=_is_passback(case, verdict),
            overruled=verdict.overruled,
            others=tuple(self._decision(case, other) for other in verdict.others),
        )
        _LOGGER.debug("Decided %s by %s", decision.reason, decision.source)
        return decision


def _ticket_of(row: Row) -> tuple[Ticket, ...]:
    """Return the ticket of a row as far as the row tells, which outlives a ticket's list."""
    if row.reason is not Reason.CHECKED_IN:
        return ()
    return (Ticket(code=row.code, event_id=row.event_id, ticket_type_id=row.ticket_type_id),)


def _clean(request: Request) -> Request:
    """Return a request with the code that is in what was read."""
    if request.ticket_code is None:
        return request
    return replace(request, ticket_code=clean_code(request.ticket_code))


def _is_passback(case: Case, verdict: Verdict) -> bool:
    """Tell whether a ticket was used at another gate moments ago (decisions.md D4)."""
    reason = verdict.overruled or verdict.reason
    if reason is not Reason.ALREADY_CHECKED_IN or verdict.ticket is None:
        return False
    return any(
        use.gate is not None
        and use.gate != case.request.gate
        and use.at is not None
        and abs(case.at - use.at) <= PASSBACK_WITHIN
        for use in verdict.ticket.checkins
    )

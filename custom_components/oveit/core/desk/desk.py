"""The desk: decides a read with Oveit and the ledger, and remembers what it decided."""

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import timedelta
from functools import partial
import logging
from time import monotonic

from ..client.api import OveitClient
from ..client.replies import check_same
from ..codes import is_code, parts
from ..counts import Settled
from ..decision import Verdict, decide
from ..exceptions import LedgerError, OveitConnectionError, OveitError
from ..ledger import Ledger
from ..models import (
    Answer,
    Decision,
    Direction,
    Reason,
    Request,
    Row,
    RowState,
    Source,
    Ticket,
    new_ref,
)
from ..preparation import Preparations
from ..settling.evidence import DOUBT_GRACE, Evidence
from ..settling.settling import Settling
from ..ticket_sync import TicketSync
from .case import Case, Writer
from .entry import Entry, overrule
from .exit import Exit
from .lookup import Lookup
from .reads import Reads

_LOGGER = logging.getLogger(__name__)

type Tell = Callable[[Decision], None]

FOR_A_CODE = 3.0
PASSBACK_WITHIN = timedelta(minutes=5)


class Desk:
    """Where tickets are checked in and looked up, with Oveit or without.

    Several desks may share one ledger. `check_in` and `scan` raise OveitError when nothing
    could be decided; a refusal is a Decision. `check_in` answers within the request's
    deadline and half a second (decisions.md I9).
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
        box: str | None = None,
    ) -> None:
        """Use a client and a ledger; `box` names this Home Assistant in the rows it writes.

        The callbacks are for every decision, a failing Oveit, conflicts, and progress of
        what goes on in the background.
        """
        self._client = client
        self._ledger = ledger
        self._ticket_sync = ticket_sync
        self._on_decision = on_decision
        self._on_failure = on_failure
        self._writer = Writer(holder=new_ref(), box=box)
        self._reads = Reads(clock)
        self._looks = Reads(clock)
        self._lookup = Lookup(client, ticket_sync)
        evidence = Evidence(client, ledger, ticket_sync, doubt_grace)
        self._settling = Settling(
            client,
            ledger,
            ticket_sync,
            evidence,
            holder=self._writer.holder,
            doors_first=self._reads.wait,
            on_conflict=on_conflict,
            on_progress=on_progress,
        )
        self._entry = Entry(client, self._lookup, self._settling, evidence, self._writer)
        self._exit = Exit(client, self._writer)
        self.preparing = Preparations(
            client,
            ledger,
            ticket_sync,
            self._lookup,
            doors_first=self._reads.wait,
            on_progress=on_progress,
        )

    async def close(self) -> None:
        """Let every guest be decided, stop what can wait, and give back every lease."""
        await self.preparing.close()
        await self._settling.close()
        await self._reads.wait()
        await self._looks.wait()
        await self._entry.close()
        try:
            await self._ledger.let_go(self._writer.holder)
        except LedgerError as err:
            _LOGGER.debug("Leases are left to expire: %s", err)

    async def check_in(self, request: Request, door: Tell | None = None) -> Decision:
        """Check a ticket in: the rules first, then Oveit or the ledger, then the journal.

        `door` is called with a new decision before everyone else. In a rehearsal the answer
        is the same, and nothing is marked anywhere.
        """
        if request.rehearsal:
            return await self.look(request)
        return await self._reads.once(await self._read(request), partial(self._check_in, door=door))

    async def scan(self, request: Request) -> Decision:
        """Return whether a ticket would be admitted; nothing is marked anywhere."""
        case = self._open(request := await self._read(request))
        if request.refusal is None:
            await self._lookup.identify(case, ask=True)
        known = replace(self._lookup.known(case), may_wait=False)
        verdict = _refusal(request) or decide(known, request)
        if verdict.reason.admits and case.answer and not case.answer.ok:
            verdict = await self._look_again(case, verdict)
        if request.free_flow and not verdict.reason.admits:
            verdict = overrule(verdict)
        return self._decision(case, verdict)

    async def _look_again(self, case: Case, verdict: Verdict) -> Verdict:
        """Return the verdict on a good ticket that Oveit refuses, perhaps by mistake (B17)."""
        is_silent = case.answer is not None and case.answer.ticket is None
        if not (is_silent and await self._lookup.is_failing(case)):
            return replace(verdict, reason=Reason.REFUSED)
        case.online, case.answer = case.failure is None, None
        return decide(replace(self._lookup.known(case), may_wait=False), case.request)

    async def look(self, request: Request) -> Decision:
        """Return what `scan` returns, once for a read that comes again and again (D1 to D3)."""
        return await self._looks.once(request, self.scan)

    async def read_code(self, text: str, deadline: float = FOR_A_CODE) -> str:
        """Return the ticket code in a text that was read (decisions.md B15, B18, B19)."""
        codes = parts(text)
        if len(codes) == 1:
            return codes[0]
        return await self._ledger.within(monotonic() + deadline).pick(codes)

    async def _read(self, request: Request) -> Request:
        """Return a request with the code that was read; what is no code is refused (B16)."""
        if request.ticket_code is not None:
            began = monotonic()
            code = await self.read_code(request.ticket_code, request.deadline)
            left = request.deadline - (monotonic() - began)
            request = replace(request, ticket_code=code, deadline=left)
        read = request.rfid_code if request.ticket_code is None else request.ticket_code
        if request.refusal or is_code(read or ""):
            return request
        return replace(request, refusal=Reason.UNREADABLE)

    async def pair(self, ticket_code: str, rfid_code: str) -> Answer:
        """Put a ticket on a tag, whose next read is a new one; a refusal is Oveit's answer.

        Raises OveitConnectionError without asking while Oveit is offline (decisions.md R14).
        """
        if not self._client.breaker.is_online:
            raise OveitConnectionError("A tag cannot be paired while offline", sent=False)
        ticket_code = await self.read_code(ticket_code)
        answer = await self._client.pair(ticket_code, rfid_code)
        if answer.ok:
            await self._learn_pair(ticket_code, rfid_code)
            self._forget({rfid_code})
        return answer

    async def _learn_pair(self, ticket_code: str, rfid_code: str) -> None:
        """Keep a new pair, and what Oveit tells of the ticket now."""
        for ticket in await self._ledger.find(ticket_code):
            await self._ledger.learn(ticket, None, rfid_code)
        try:
            answer = await self._client.scan(ticket_code=ticket_code)
            check_same(answer, ticket_code)
        except OveitError:
            return
        await self._ledger.learn_answer(answer, self._lookup.of_followed(), rfid_code)

    async def override(
        self, request: Request, *, note: str, user_id: str | None, door: Tell | None = None
    ) -> Decision:
        """Admit a guest by a steward's decision, whatever is known (decisions.md B6, S1)."""
        case = Case.open(await self._read(request), self._ledger, online=False)
        if decision := await self._decided_before(case):
            return decision
        await self._lookup.identify(case)
        verdict = await self._entry.override(case, note=note, user_id=user_id)
        decision = self._decision(case, verdict)
        self._forget(decision.codes)
        return self._tell(decision, door)

    async def undo(
        self,
        request: Request,
        *,
        user_id: str | None,
        any_use: bool = False,
        door: Tell | None = None,
    ) -> Decision | None:
        """Take back the newest admission by a scan or a code (decisions.md S4).

        It is one of what the request is for, the entry or an add-on, unless of `any_use`.
        None is returned where there is none, or somebody else has taken it back.
        """
        case = Case.open(await self._read(request), self._ledger, online=False)
        await self._lookup.identify(case)
        read = {case.request.ticket_code, case.request.rfid_code} - {None}
        rows = await case.ledger.admissions(
            scan_id=None if read else request.scan_id,
            codes={*(code for code in read if code), *(each.code for each in case.tickets)},
            addon_id=request.addon_id,
            any_use=any_use,
        )
        taken = [await case.ledger.undo(row, user_id) for row in rows]
        undone = [row for row in taken if row is not None]
        if not undone:
            return None
        tickets = [Ticket(code=row.code, event_id=row.event_id) for row in undone]
        fresh = await case.ledger.renew(tuple(tickets))
        verdicts = [
            Verdict(
                reason=Reason.UNDONE,
                ticket=ticket,
                event=self._ticket_sync.followed.get(ticket.event_id or 0),
            )
            for ticket in fresh
        ]
        case = replace(case, scan_id=undone[0].scan_id)
        decision = self._decision(case, replace(verdicts[0], others=tuple(verdicts[1:])))
        self._forget({*decision.codes, *(row.rfid_code for row in undone if row.rfid_code)})
        return self._tell(decision, door)

    def _forget(self, codes: Collection[str]) -> None:
        """Decide anew on tags and tickets with these codes."""
        self._reads.forget(codes)
        self._looks.forget(codes)

    async def sync(self) -> Settled:
        """Refresh the events and every ticket list, then settle the rows that wait."""
        await self._ticket_sync.refresh(everything=True)
        return await self._settling.run(for_person=True)

    async def settle(self) -> Settled:
        """Settle the rows that wait for Oveit; what fails stays waiting."""
        return await self._settling.run()

    async def _check_in(self, request: Request, door: Tell | None) -> Decision:
        """Decide a read that is no repeat, and announce it; in free flow whatever fails."""
        case = self._open(request)
        try:
            if decision := await self._decided_before(case):
                return decision
            verdict = await self._decide(case)
        except OveitError as err:
            if not request.free_flow:
                raise
            _LOGGER.debug("A guest in free flow could not be decided on: %s", err)
            case = replace(case, online=False, tickets=(), answer=None, learned=None, failure=None)
            refusal = Verdict(reason=Reason.OFFLINE_REFUSED)
            verdict = await self._entry.let_through(case, refusal)
        return self._tell(self._decision(case, verdict), door)

    async def _decide(self, case: Case) -> Verdict:
        """Decide a read by its ticket; in free flow a refusal is overruled."""
        refusal = _refusal(case.request)
        if case.request.direction is Direction.EXIT:
            if refusal is None:
                await self._lookup.identify(case)
            case.tickets = await case.ledger.renew(case.tickets)
            return await self._exit.leave(case, self._lookup.known(case))
        verdict = refusal or await self._entry.enter(case)
        if case.request.free_flow and not verdict.reason.admits:
            return await self._entry.let_through(case, verdict)
        return verdict

    async def _decided_before(self, case: Case) -> Decision | None:
        """Return the decision on the same scan before a restart (decisions.md D9)."""
        row = await case.ledger.find_scan(case.request) if case.request.scan_id else None
        if row is None:
            return None
        tickets = (*await case.ledger.find(row.code), *_ticket_of(row))
        ticket = next((each for each in tickets if each.event_id == row.event_id), None)
        event = self._ticket_sync.followed.get(row.event_id)
        verdict = Verdict(reason=row.reason, ticket=ticket, event=event, overruled=row.overruled)
        known = replace(
            case,
            request=replace(case.request, gate=row.gate, gate_id=row.gate_id),
            at=row.at,
            scan_id=row.scan_id,
        )
        source = Source.OVEIT if row.state is RowState.CONFIRMED else Source.LEDGER
        certain = source is Source.OVEIT or row.reason is not Reason.CHECKED_IN
        return replace(self._decision(known, verdict), source=source, certain=certain)

    def _open(self, request: Request) -> Case:
        """Start the clock for a read."""
        online = request.ask_oveit and self._client.breaker.is_online
        return Case.open(request, self._ledger, online=online, logins=self._client.logins)

    def _tell(self, decision: Decision, door: Tell | None = None) -> Decision:
        """Announce a decision, to its door first; a callback that fails stops no other."""
        for hear in filter(None, (door, self._on_decision)):
            try:
                hear(decision)
            except Exception:
                _LOGGER.exception("A callback failed at a decision")
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
            certain=_is_certain(case, verdict),
            list_age=None if case.online else self._lookup.list_age(case, event),
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


def _refusal(request: Request) -> Verdict | None:
    """Return the refusal of a guest who is not looked up."""
    return Verdict(reason=request.refusal) if request.refusal else None


def _is_certain(case: Case, verdict: Verdict) -> bool:
    """Tell whether Oveit decided, or would not decide otherwise.

    Online, only another read of the same ticket may leave it open (see `Verdict.awaits`).
    """
    in_use = verdict.reason in (Reason.ALREADY_CHECKED_IN, Reason.ADDON_USED_UP)
    return verdict.certain or (case.online and not in_use)


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

"""Guests who come in: decided, reserved in the ledger, marked at Oveit, admitted."""

import asyncio
from dataclasses import replace
from functools import partial
import logging
from typing import Any

from ..client.api import OveitClient
from ..client.replies import check_same
from ..decision import Known, Undecided, Verdict, accept, decide, explain_addon
from ..exceptions import LedgerError, OveitConnectionError, OveitError, may_have_reached_oveit
from ..ledger import Lease, Ledger, Told
from ..ledger.admission import Outcome
from ..ledger.journal import IN_FLIGHT_GRACE
from ..models import AddonUse, Answer, Event, Reason, Request, Row, RowState, Ticket
from ..settling.evidence import Evidence, Found
from ..settling.settling import Settling
from .case import KEPT_BY_WRITER, LEDGER_GRACE, Case, Writer
from .lookup import Lookup, has_unknown_type

_LOGGER = logging.getLogger(__name__)

LOOK_AGAIN_AFTER = 0.05
MOST_TRIES = 8
_OF_A_READ = ("gate", "gate_id", "at", "scan_id", "reason", "overruled")


class Entry:
    """Has a ticket counted once, and never admits before that is on the disk (I1, I2).

    The use is reserved in the ledger before Oveit is asked. A check-in whose answer does not
    come in time is decided by the ledger; the late answer still counts (decisions.md T2).
    Its methods raise LedgerError, and OveitConnectionError when there is no time left.
    """

    def __init__(
        self,
        client: OveitClient,
        lookup: Lookup,
        settling: Settling,
        evidence: Evidence,
        writer: Writer,
    ) -> None:
        """Ask a client, and write rows as `writer`."""
        self._client = client
        self._lookup = lookup
        self._settling = settling
        self._evidence = evidence
        self._writer = writer
        self._late: set[asyncio.Task[None]] = set()
        self._writing: set[asyncio.Task[None]] = set()
        self._ended = asyncio.Event()

    async def close(self) -> None:
        """Stop waiting for late answers; their rows stay in doubt."""
        for task in self._late:
            task.cancel()
        if waiting := self._late | self._writing:
            await asyncio.wait(waiting)

    async def enter(self, case: Case) -> Verdict:
        """Decide on coming in, and admit."""
        outcome = await self._enter_at_once(case)
        for _ in range(MOST_TRIES):
            if not isinstance(outcome, Undecided):
                return outcome
            outcome = await self._find_out(case, outcome) or await self._try(case)
        raise OveitConnectionError("Others are faster with this ticket again and again")

    async def _find_out(self, case: Case, undecided: Undecided) -> Verdict | None:
        """Do what an undecided read needs; a verdict where that has decided it already."""
        if undecided is Undecided.UNCLAIMED:
            return await self._claim(case)
        if undecided is Undecided.IN_FLIGHT:
            await self._wait_for_outcome(case)
        else:
            await self._lookup.identify(case)
            case.is_identified = True
        return None

    async def _enter_at_once(self, case: Case) -> Outcome:
        """Decide on one ticket, where enough is known of it."""
        if case.request.rfid_code is None:
            return await self._try(case)
        told = await self._lookup.ask_tag(case)
        if told is None and not case.is_identified:
            return Undecided.UNKNOWN
        return await self._try(case, told)

    async def _try(self, case: Case, told: Told | None = None) -> Outcome:
        """Decide on the tickets as they are, reserve what is admitted, and have Oveit mark it."""
        sought = told or case.tickets or case.request.ticket_code or ()
        entered = await case.ledger.enter(
            sought,
            partial(self._judge, case, self._lookup.known(case)),
            lease=self._lease(case),
            durable=not case.online,
        )
        case.tickets, case.learned = entered.tickets, entered.learned or case.learned
        if isinstance(entered.outcome, Undecided) or not entered.rows:
            return entered.outcome
        verdicts = (replace(entered.outcome, others=()), *entered.outcome.others)
        marked = [
            await self._mark(case, *each)
            for each in zip(verdicts, entered.rows, entered.fresh, strict=True)
        ]
        marked.sort(key=lambda each: not each.reason.admits)
        return replace(marked[0], others=tuple(marked[1:]))

    def _lease(self, case: Case) -> Lease:
        """Return the lease of a row that is written for a guest."""
        if not case.online:
            return self._writer.kept
        in_flight = case.request.deadline + IN_FLIGHT_GRACE
        awaited = self._writer.awaited
        return replace(awaited, seconds=in_flight + KEPT_BY_WRITER, in_flight=in_flight)

    def _judge(
        self, case: Case, known: Known, tickets: tuple[Ticket, ...]
    ) -> tuple[Outcome, tuple[Row, ...]]:
        """Decide on tickets as they are now, in the ledger's thread, and say what to write."""
        addon_id = case.request.addon_id
        is_unclaimed = any(addon_id in ticket.unclaimed for ticket in tickets)
        is_unknown = case.online and (not tickets or has_unknown_type(tickets, known.events))
        if not case.is_identified and (is_unknown or is_unclaimed):
            return Undecided.UNKNOWN, ()
        if is_unclaimed and self._claimable(case, known, tickets):
            return Undecided.UNCLAIMED, ()
        verdict = decide(replace(known, tickets=tickets), case.request)
        if verdict.awaits:
            return Undecided.IN_FLIGHT, ()
        if not verdict.reason.admits:
            return verdict, ()
        return verdict, tuple(
            self._row(case, each, each.ticket) for each in (verdict, *verdict.others) if each.ticket
        )

    def _claimable(self, case: Case, known: Known, tickets: tuple[Ticket, ...]) -> bool:
        """Tell whether a ticket that Oveit may have counted would be admitted if it had not."""
        return any(
            decide(
                replace(known, tickets=(_as_unused(ticket, case.request.addon_id),)), case.request
            ).reason.admits
            for ticket in tickets
            if case.request.addon_id in ticket.unclaimed
        )

    def _row(self, case: Case, verdict: Verdict, ticket: Ticket) -> Row:
        """Return the row of a guest who comes in, or whom Oveit is about to be asked for."""
        row = self._writer.row(case, ticket, slot=verdict.slot)
        if not case.online:
            return replace(row, state=RowState.PENDING, admitted=True)
        now = self._client.now()
        asked_at = now if self._client.knows_time else None
        return replace(row, state=RowState.ASKING, asked_at=asked_at, asked_last=now, attempts=1)

    async def _wait_for_outcome(self, case: Case) -> None:
        """Wait until another read of the same ticket has its answer, or this one's time is over."""
        while case.left > 0:
            self._ended.clear()
            try:
                async with asyncio.timeout(min(LOOK_AGAIN_AFTER, case.left)):
                    await self._ended.wait()
            except TimeoutError:
                pass
            case.tickets = await case.ledger.renew(case.tickets)
            if not any(case.request.addon_id in each.in_flight for each in case.tickets):
                return
        case.may_wait = False

    async def _mark(self, case: Case, verdict: Verdict, row: Row, fresh: Ticket) -> Verdict:
        """Have Oveit mark a ticket whose use is reserved, unless that is all there is to do."""
        if row.admitted:
            return _admitted(verdict, fresh)
        try:
            if not case.online:
                return await self._fall_back(case, fresh, row, sent=False, is_awaited=False)
            return await self._mark_at_oveit(case, verdict, fresh, row)
        finally:
            self._ended.set()

    async def _mark_at_oveit(
        self, case: Case, verdict: Verdict, ticket: Ticket, row: Row
    ) -> Verdict:
        """Have Oveit mark a ticket."""
        sending: asyncio.Task[Answer] | None = None
        try:
            async with case.deadline():
                sending = asyncio.create_task(self._send(case, row), eager_start=True)
                answer = await asyncio.shield(sending)
            answer = await self._evidence.compare_clocks(
                row, answer, case.ledger, within=case.deadline
            )
        except LedgerError:
            raise
        except OveitError as err:
            case.give_up_on_oveit(err)
            if sending and sending.done() and sending.exception() is err:
                sending = None
            try:
                return await self._fall_back(
                    case,
                    ticket,
                    row,
                    sent=may_have_reached_oveit(err),
                    is_awaited=sending is not None,
                )
            finally:
                self._follow(sending, row)
        case.answer = answer
        return await self._take_answer(case, verdict, ticket, row)

    async def _send(self, case: Case, row: Row) -> Answer:
        """Send a check-in, as the door asks for it."""
        types = case.request.ticket_type_ids
        if row.turnstile:
            return await self._client.enter_turnstile(row.code, late_after=case.request.deadline)
        answer = await self._client.check_in(
            row.code,
            ticket_type_id=next(iter(types)) if len(types) == 1 else None,
            addon_id=row.addon_id,
            late_after=case.request.deadline,
        )
        check_same(answer, row.code)
        return answer

    async def _fall_back(
        self, case: Case, ticket: Ticket, row: Row, *, sent: bool, is_awaited: bool
    ) -> Verdict:
        """Decide by what is known here, since Oveit's answer did not come.

        While a late answer `is_awaited`, nobody else reads the row back.
        """
        verdict = self._lookup.decide_here(case, ticket)
        admitted = verdict.reason.admits
        lease = self._writer.awaited if is_awaited else self._writer.kept
        if sent:
            state, values = RowState.IN_DOUBT, dict[str, Any](admitted=admitted)
        elif admitted:
            state = RowState.PENDING
            values = {"admitted": True, "asked_at": None, "asked_last": None, "attempts": 0}
        else:
            state, values = RowState.VOID, {}
        moved = await case.ledger.move(row, state, only=(RowState.ASKING,), lease=lease, **values)
        if moved is None:
            return _lost(verdict)
        if not admitted:
            return verdict
        (fresh,) = await case.ledger.renew((ticket,))
        return _admitted(verdict, fresh)

    def _follow(self, sending: asyncio.Task[Answer] | None, row: Row) -> None:
        """Wait on for an answer that comes too late for the guest, if one still can come."""
        if sending is None:
            return
        task = asyncio.create_task(self._take_late_answer(sending, row))
        self._late.add(task)
        task.add_done_callback(self._late.discard)

    async def _take_late_answer(self, sending: asyncio.Task[Answer], row: Row) -> None:
        """End a row by a late answer; without one it stays in doubt."""
        try:
            await self._settling.take_answer(row, await sending, self._writer.awaited.holder)
        except asyncio.CancelledError:
            sending.cancel()
            raise
        except OveitError as err:
            _LOGGER.debug("A late answer did not help: %s", err)
            await self._settling.let_go(row, self._writer.awaited.holder)

    async def _take_answer(self, case: Case, verdict: Verdict, ticket: Ticket, row: Row) -> Verdict:
        """Return what an answer means at this door."""
        answer = case.answer
        assert answer is not None
        reason = accept(answer, verdict, self._lookup.known(case), case.request)
        fresh = await case.ledger.settle(
            row, admitted=reason.admits, ticket=ticket, answer=self._lookup.ours(answer, ticket)
        )
        if fresh is None:
            return _lost(verdict)
        if reason is Reason.REFUSED:
            return await self._explain(case, verdict, fresh)
        return replace(_admitted(verdict, fresh), reason=reason)

    async def _explain(self, case: Case, verdict: Verdict, ticket: Ticket) -> Verdict:
        """Find out why Oveit refused, since it says so only in words."""
        refusal = case.answer
        is_silent = refusal is not None and refusal.ticket is None
        if is_silent:
            if about := await self._lookup.ask(case, ticket_code=ticket.code):
                await self._lookup.learn(case, about)
                is_silent = about.ticket is None
            case.online = True
            (ticket,) = await case.ledger.renew((ticket,))
        known = replace(self._lookup.known(case), tickets=(ticket,), may_wait=False)
        explained = decide(known, case.request)
        if not explained.reason.admits:
            return explained
        refused = replace(verdict, reason=Reason.REFUSED)
        return await self._try_anew(case, refused, ticket) if is_silent else refused

    async def _try_anew(self, case: Case, refused: Verdict, ticket: Ticket) -> Verdict:
        """Return the verdict on a good ticket that Oveit refuses in words alone (B17).

        If Oveit fails, the ledger decides; if a login has cured that, Oveit is asked again.
        """
        if case.is_anew or not await self._lookup.is_failing(case):
            return refused
        anew = replace(
            case,
            tickets=(ticket,),
            answer=None,
            online=case.failure is None,
            is_identified=True,
            is_anew=True,
        )
        outcome = await self._try(anew)
        case.online, case.answer, case.failure = anew.online, anew.answer, anew.failure
        return refused if isinstance(outcome, Undecided) else outcome

    async def _claim(self, case: Case) -> Verdict | None:
        """Admit a guest whom Oveit counted before, though no answer came (decisions.md T4).

        None is returned where the row is no longer in the way, and the read decided anew.
        """
        request = case.request
        for ticket in case.tickets:
            if request.addon_id not in ticket.unclaimed:
                continue
            row = await case.ledger.unclaimed(ticket, request.addon_id)
            unused = _as_unused(ticket, request.addon_id)
            known = replace(self._lookup.known(case), tickets=(unused,))
            verdict = decide(known, request)
            if row is None or not verdict.reason.admits:
                continue
            if claimed := await self._claim_row(case, verdict, ticket, row):
                return claimed
        case.tickets = await case.ledger.renew(case.tickets)
        return None

    async def _claim_row(
        self, case: Case, verdict: Verdict, ticket: Ticket, row: Row
    ) -> Verdict | None:
        """Admit by a row that was sent for this ticket, or end it where Oveit knows of none."""
        found = await self._look_at_oveit(case, row)
        if found in (Found.NOTHING, Found.OTHERS):
            await case.ledger.release_unclaimed(row)
            return None
        state = RowState.CONFIRMED
        if found is not Found.OURS:
            case.online = False
            verdict = self._lookup.decide_here(case, _as_unused(ticket, row.addon_id))
            if not verdict.reason.admits:
                return verdict
            state = RowState.CONFIRMED if row.state is RowState.CONFIRMED else RowState.IN_DOUBT
        is_repeat = found is Found.OURS and row.undone_at is None
        reason = Reason.REPEAT if is_repeat else Reason.CHECKED_IN
        values = {} if is_repeat else _as_read(case, Reason.CHECKED_IN)
        if await case.ledger.claim(row, state, **values) is None:
            return None
        (fresh,) = await case.ledger.renew((ticket,))
        certain = verdict.certain or found is Found.OURS
        return replace(_admitted(verdict, fresh), reason=reason, certain=certain)

    async def _look_at_oveit(self, case: Case, row: Row) -> Found:
        """Find out what became of a row, within the guest's time."""
        if row.state is RowState.CONFIRMED:
            return Found.OURS
        try:
            if case.online:
                async with case.deadline():
                    found, _ = await self._evidence.ask(row, case.ledger)
                return found
        except LedgerError:
            raise
        except OveitError as err:
            case.give_up_on_oveit(err)
        return await self._evidence.look(row, case.ledger)

    async def override(self, case: Case, *, note: str, user_id: str | None) -> Verdict:
        """Write a steward's decision; it is uploaded where it may be news to Oveit (B6)."""
        known = self._lookup.known(case)
        ours = [each for each in case.tickets if each.event_id in known.events]
        ours.sort(key=lambda each: (not _is_for(case.request, each), each.checked_in))
        ticket = ours[0] if ours else None
        may_be_code = ticket is not None or case.request.ticket_code is not None
        row = self._writer.override(case, ticket, is_news=may_be_code, note=note, user_id=user_id)
        if ticket and _is_used(row, ticket, known.events.get(row.event_id)):
            row = replace(row, state=RowState.LOCAL)
        if not await self._claim_for_override(case, row):
            await case.ledger.override(row, self._writer.kept)
        fresh = (await case.ledger.renew((ticket,)))[0] if ticket else None
        return Verdict(reason=Reason.OVERRIDE, ticket=fresh, event=known.events.get(row.event_id))

    async def _claim_for_override(self, case: Case, row: Row) -> bool:
        """Let somebody in by a row that Oveit may have counted already, if there is one."""
        if row.state is not RowState.PENDING:
            return False
        ticket = Ticket(code=row.code, event_id=row.event_id)
        sent = await case.ledger.unclaimed(ticket, row.addon_id)
        if sent is None or sent.state is RowState.ASKING:
            return False
        values = _as_read(case, Reason.OVERRIDE) | {"note": row.note, "user_id": row.user_id}
        return await case.ledger.claim(sent, sent.state, **values) is not None

    async def let_through(self, case: Case, refusal: Verdict) -> Verdict:
        """Admit in free flow who would be refused, even where the ledger fails (X9).

        A ticket of this event counts as used from then on. One of another event, or of one
        that is not now, stays as it is: the guest may come with it again.
        """
        row = self._row_in_free_flow(case, refusal)
        case.online = False
        writing = asyncio.create_task(self._write_free_flow(case.books, row, refusal))
        self._writing.add(writing)
        writing.add_done_callback(self._writing.discard)
        await asyncio.wait([writing], timeout=max(case.left + LEDGER_GRACE, 0))
        if not writing.done():
            _LOGGER.warning("A guest was let through who is still to be written down")
        return overrule(refusal)

    async def _write_free_flow(self, ledger: Ledger, row: Row, refusal: Verdict) -> None:
        """Write the row of a guest who is in already, however long that takes."""
        try:
            sent = await self._sent_before(ledger, row, refusal)
            if sent is None:
                await ledger.override(row, self._writer.kept)
                return
            values = {name: getattr(row, name) for name in _OF_A_READ}
            is_known = sent.state is RowState.CONFIRMED
            state = RowState.CONFIRMED if is_known else RowState.IN_DOUBT
            await ledger.claim(sent, state, **values)
        except LedgerError as err:
            _LOGGER.warning("A guest was let through who is not written down: %s", err)

    async def _sent_before(self, ledger: Ledger, row: Row, refusal: Verdict) -> Row | None:
        """Return the row by which Oveit was asked for this guest, whose answer is not known."""
        asked_in_vain = (Reason.NO_TICKET_LIST, Reason.ADDON_UNAVAILABLE)
        if refusal.ticket is None or refusal.reason not in asked_in_vain:
            return None
        return await ledger.unclaimed(refusal.ticket, row.addon_id)

    def _row_in_free_flow(self, case: Case, refusal: Verdict) -> Row:
        """Return the row of a guest who would have been refused."""
        is_elsewhere = refusal.reason in (Reason.WRONG_EVENT, Reason.GATE_CLOSED)
        ticket = None if is_elsewhere else refusal.ticket
        is_news = _is_news(case, refusal, ticket)
        row = self._writer.override(case, ticket, is_news=is_news, overruled=refusal.reason)
        if ticket is None:
            row = replace(row, event_id=self._lookup.only_event(case) or 0)
        return replace(row, code=case.scan_id) if is_elsewhere or not row.code else row


def overrule(refusal: Verdict) -> Verdict:
    """Turn a refusal into an admission by the house."""
    return replace(refusal, reason=Reason.OVERRIDE, overruled=refusal.reason)


def _admitted(verdict: Verdict, ticket: Ticket) -> Verdict:
    """Return an admission with its ticket as it is now."""
    return replace(verdict, ticket=ticket, addon=count_uses(verdict.addon, ticket))


def count_uses(addon: AddonUse | None, ticket: Ticket) -> AddonUse | None:
    """Return an add-on with its uses counted anew."""
    return addon and replace(addon, used=ticket.uses_of(addon.id))


def _lost(verdict: Verdict) -> Verdict:
    """Return what to say where somebody else was admitted by this guest's row meanwhile."""
    return replace(verdict, reason=Reason.ALREADY_CHECKED_IN, certain=False, slot=None)


def _as_unused(ticket: Ticket, addon_id: int | None) -> Ticket:
    """Return a ticket as if one thing, its entry or an add-on, had not been used."""
    if addon_id is None:
        return replace(ticket, checked_in=False, checkins=())
    others = tuple(use for use in ticket.checkins if use.addon_id != addon_id)
    return replace(ticket, checkins=others)


def _as_read(case: Case, reason: Reason) -> dict[str, Any]:
    """Return what the row of an earlier read takes over from this one, which claims it."""
    request = case.request
    return {
        "gate": request.gate,
        "gate_id": request.gate_id,
        "at": case.at,
        "scan_id": case.scan_id,
        "reason": reason,
        "overruled": None,
        "note": None,
        "user_id": None,
    }


def _is_for(request: Request, ticket: Ticket) -> bool:
    """Return whether a ticket is of an event and a type that a gate is for."""
    is_event = not request.event_ids or ticket.event_id in request.event_ids
    is_type = not request.ticket_type_ids or ticket.ticket_type_id in request.ticket_type_ids
    return is_event and is_type


def _is_used(row: Row, ticket: Ticket, event: Event | None) -> bool:
    """Return whether a ticket's use that a row is for would be one too many."""
    if row.addon_id is None:
        return ticket.checked_in
    return explain_addon(event, row, ticket.checkins) is not None


def _is_news(case: Case, refusal: Verdict, ticket: Ticket | None) -> bool:
    """Tell whether Oveit is to know of a guest: of a ticket that it may have as unused."""
    if refusal.reason is Reason.UNKNOWN_TICKET:
        return case.answer is None
    if refusal.reason is Reason.NO_TICKET_LIST and ticket is None:
        return case.request.ticket_code is not None
    is_unused = ticket is not None and not ticket.checked_in
    return is_unused and refusal.reason in (Reason.WRONG_TICKET_TYPE, Reason.NO_TICKET_LIST)

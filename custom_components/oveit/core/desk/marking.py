"""Marking a ticket as used: at Oveit where it can be asked, in the journal always."""

import asyncio
from dataclasses import replace
from functools import partial
import logging
from typing import Any

from ..client.api import OveitClient
from ..decision import Known, Verdict, accept, decide
from ..exceptions import LedgerError, OveitError, may_have_heard
from ..ledger import Ledger, Told
from ..models import Answer, Reason, Row, RowState, Ticket
from ..settling.settling import Settling
from .admission import admitted, count_uses
from .case import Case
from .lookup import Lookup, check_same, has_unknown_type

_LOGGER = logging.getLogger(__name__)


class Marking:
    """Has an admission counted once, and never given before it is on disk (I1, I2).

    A check-in whose answer does not come in time is decided by the ledger; the late answer
    is still taken in (decisions.md T2). Its methods raise LedgerError only.
    """

    def __init__(
        self,
        client: OveitClient,
        ledger: Ledger,
        lookup: Lookup,
        settling: Settling,
    ) -> None:
        """Take what is asked, and who settles what stays in doubt."""
        self._client = client
        self._ledger = ledger
        self._lookup = lookup
        self._settling = settling
        self._late: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """Stop waiting for late answers; their rows stay in doubt."""
        for task in self._late:
            task.cancel()
        if self._late:
            await asyncio.wait(self._late)

    async def enter(
        self, case: Case, told: Told | None = None, *, anyway: bool = False
    ) -> Verdict | None:
        """Decide on coming in, write it down, and have Oveit mark what is admitted.

        Without `anyway` None is returned, and no row written, where more must be found out
        first: the ticket is not known, nor is its type, or Oveit may have counted this guest,
        or the tag that Oveit told of carries other tickets, too.
        """
        judge = partial(self._judge, case, self._lookup.known(case), anyway=anyway)
        sought = told or case.tickets or case.request.ticket_code or ()
        entered = await self._ledger.enter(sought, judge, durable=not case.online)
        case.tickets, case.learned = entered.tickets, entered.learned
        if entered.verdict is None or not entered.rows:
            return entered.verdict
        verdicts = (replace(entered.verdict, others=()), *entered.verdict.others)
        marked = [
            await self._mark(case, *each)
            for each in zip(verdicts, entered.rows, entered.fresh, strict=True)
        ]
        marked.sort(key=lambda each: not each.reason.admits)
        return replace(marked[0], others=tuple(marked[1:]))

    def _judge(
        self, case: Case, known: Known, tickets: tuple[Ticket, ...], *, anyway: bool
    ) -> tuple[Verdict | None, tuple[Row, ...]]:
        """Decide on tickets as they are now, in the ledger's thread, and say what to write."""
        if not anyway and _is_open(case, known, tickets):
            return None, ()
        verdict = decide(replace(known, tickets=tickets), case.request)
        if not verdict.reason.admits:
            return verdict, ()
        return verdict, tuple(
            self._row(case, each.ticket) for each in (verdict, *verdict.others) if each.ticket
        )

    def _row(self, case: Case, ticket: Ticket) -> Row:
        """Return the row of a guest who comes in, or whom Oveit is about to be asked for."""
        if not case.online:
            return _row(case, ticket, state=RowState.PENDING, admitted=True)
        now = self._client.now()
        asked_at = now if self._client.knows_time else None
        return _row(case, ticket, asked_at=asked_at, asked_last=now, attempts=1)

    async def _mark(self, case: Case, verdict: Verdict, row: Row, fresh: Ticket) -> Verdict:
        """Have Oveit mark a ticket whose row is written, unless that is all there is to do."""
        if row.admitted:
            return replace(verdict, ticket=fresh, addon=count_uses(verdict.addon, fresh))
        if not case.online:
            return await self._fall_back(case, fresh, row, sent=False)
        with self._settling.holding(row):
            return await self._mark_at_oveit(case, verdict, fresh, row)

    async def override(self, case: Case, *, note: str, user_id: str | None) -> Verdict:
        """Write down a steward's decision; Oveit hears of it where it may be news (B6)."""
        request = case.request
        known = self._lookup.known(case)
        ticket = next((each for each in case.tickets if each.event_id in known.events), None)
        event_id = ticket.event_id if ticket else next(iter(request.event_ids), None)
        code = ticket.code if ticket else request.ticket_code
        is_news = code is not None and not (ticket and ticket.checked_in)
        row = Row(
            code=code or request.rfid_code or "",
            event_id=event_id or 0,
            rfid_code=request.rfid_code,
            ticket_type_id=ticket.ticket_type_id if ticket else None,
            gate=request.gate,
            at=case.at,
            scan_id=case.scan_id,
            state=RowState.PENDING if is_news else RowState.LOCAL,
            admitted=True,
            reason=Reason.OVERRIDE,
            note=note,
            user_id=user_id,
        )
        if is_news and await self._ledger.was_admitted(row):
            row = replace(row, state=RowState.LOCAL)
        await self._ledger.begin(row)
        fresh = (await self._ledger.renew((ticket,)))[0] if ticket else None
        return Verdict(reason=Reason.OVERRIDE, ticket=fresh, event=known.events.get(event_id or 0))

    async def _mark_at_oveit(
        self, case: Case, verdict: Verdict, ticket: Ticket, row: Row
    ) -> Verdict:
        """Have Oveit mark a ticket whose row was written before Oveit hears of it."""
        sending: asyncio.Task[Answer] | None = None
        try:
            async with case.deadline():
                sending = asyncio.create_task(self._send(case, row), eager_start=True)
                answer = await asyncio.shield(sending)
        except OveitError as err:
            case.give_up_on_oveit(err)
            if sending and sending.done() and sending.exception() is err:
                sending = None
            try:
                verdict = await self._fall_back(case, ticket, row, sent=may_have_heard(err))
            except LedgerError:
                self._follow(sending, row, admitted=False)
                raise
            self._follow(sending, row, admitted=verdict.reason.admits)
            return verdict
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

    async def _fall_back(self, case: Case, ticket: Ticket, row: Row, *, sent: bool) -> Verdict:
        """Decide by what is known here, since Oveit's answer did not come."""
        verdict = self._lookup.decide_here(case, ticket)
        if not verdict.reason.admits:
            if not sent:
                await self._ledger.discard(row.seq)
            return verdict
        unsent = {"state": RowState.PENDING, "asked_at": None, "asked_last": None, "attempts": 0}
        await self._ledger.change(row.seq, admitted=True, **({} if sent else unsent))
        return await admitted(self._ledger, verdict, ticket, verdict.reason)

    def _follow(self, sending: asyncio.Task[Answer] | None, row: Row, *, admitted: bool) -> None:
        """Wait on for an answer that comes too late for the guest, if one still can come."""
        if sending is None:
            return
        late = replace(row, admitted=admitted)
        task = asyncio.create_task(self._take_late_answer(sending, late))
        self._late.add(task)
        task.add_done_callback(self._late.discard)

    async def _take_late_answer(self, sending: asyncio.Task[Answer], row: Row) -> None:
        """Take a late answer in; without one the row stays in doubt."""
        try:
            with self._settling.holding(row):
                await self._settling.take_answer(row, await sending)
        except asyncio.CancelledError:
            sending.cancel()
            raise
        except OveitError as err:
            _LOGGER.debug("A late answer did not help: %s", err)

    async def _take_answer(self, case: Case, verdict: Verdict, ticket: Ticket, row: Row) -> Verdict:
        """Make of an answer what it means at this door."""
        answer = case.answer
        assert answer is not None
        known = self._lookup.known(case)
        reason = accept(answer, verdict, known, case.request)
        fresh = await self._ledger.settle(
            row.seq, admitted=reason.admits, ticket=ticket, answer=self._lookup.ours(answer, ticket)
        )
        if reason is Reason.REFUSED:
            return await self._explain(case, verdict, fresh)
        return replace(verdict, reason=reason, ticket=fresh, addon=count_uses(verdict.addon, fresh))

    async def _explain(self, case: Case, verdict: Verdict, ticket: Ticket) -> Verdict:
        """Find out why Oveit refused, since it says so only in words."""
        refusal = case.answer
        if refusal and refusal.ticket is None:
            if about := await self._lookup.ask(case, ticket_code=ticket.code):
                await self._lookup.learn(about)
            case.online = True
            (ticket,) = await self._ledger.renew((ticket,))
        known = replace(self._lookup.known(case), tickets=(ticket,))
        explained = decide(known, case.request)
        if explained.reason.admits:
            return replace(verdict, reason=Reason.REFUSED)
        return explained


def _is_open(case: Case, known: Known, tickets: tuple[Ticket, ...]) -> bool:
    """Tell whether more must be found out before these tickets can be decided on."""
    if any(case.request.addon_id in ticket.unclaimed for ticket in tickets):
        return True
    return case.online and (not tickets or has_unknown_type(tickets, known.events))


def _row(case: Case, ticket: Ticket, **more: Any) -> Row:
    """Return the row of a guest who is about to come in."""
    request = case.request
    return Row(
        code=ticket.code,
        event_id=ticket.event_id or 0,
        rfid_code=request.rfid_code,
        ticket_type_id=ticket.ticket_type_id,
        addon_id=request.addon_id,
        re_entry=request.re_entry,
        turnstile=request.turnstile and request.addon_id is None,
        gate=request.gate,
        at=case.at,
        scan_id=case.scan_id,
        **more,
    )

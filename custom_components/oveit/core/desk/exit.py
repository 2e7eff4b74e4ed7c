"""Guests who leave: counted here, and at Oveit where the account has turnstiles."""

from dataclasses import replace

from ..client.api import OveitClient
from ..decision import Known, Verdict
from ..exceptions import OveitError, may_have_reached_oveit
from ..models import Cause, Direction, Reason, Row, RowState, Several, Ticket
from .case import Case, Writer


class Exit:
    """Lets everyone out, whatever is known (decisions.md I7, X1, X2)."""

    def __init__(self, client: OveitClient, writer: Writer) -> None:
        """Ask a client, and write rows as `writer`."""
        self._client = client
        self._writer = writer

    async def leave(self, case: Case, known: Known) -> Verdict:
        """Let a guest out, with one ticket or with all on the tag, as the request has it."""
        tickets = await self._who_leaves(case, known)
        first, *others = [await self._leave(case, known, ticket) for ticket in tickets]
        return replace(first, others=tuple(others))

    async def _who_leaves(self, case: Case, known: Known) -> list[Ticket | None]:
        """Return the tickets that leave, of several rather those that are inside."""
        chosen = case.request.event_ids
        ours = tuple(ticket for ticket in case.tickets if ticket.event_id in known.events)
        here = tuple(ticket for ticket in ours if not chosen or ticket.event_id in chosen)
        inside = await case.ledger.inside(here or ours)
        if case.request.several is not Several.ALL:
            inside = inside[:1]
        return list(inside or (here or ours)[:1]) or [None]

    async def _leave(self, case: Case, known: Known, ticket: Ticket | None) -> Verdict:
        """Write an exit, and have Oveit count it where a turnstile is meant.

        One that is sent is in doubt before, so that no crash has it sent a second time.
        """
        is_counted = bool(case.request.turnstile and ticket and ticket.checked_in)
        is_sent = is_counted and case.online
        state = RowState.PENDING if is_counted else RowState.LOCAL
        row = self._writer.row(
            case,
            ticket,
            direction=Direction.EXIT,
            addon_id=None,
            re_entry=False,
            turnstile=case.request.turnstile,
            state=RowState.IN_DOUBT if is_sent else state,
            admitted=True,
            reason=Reason.LEFT,
        )
        await case.ledger.begin(row, self._writer.awaited if is_sent else self._writer.kept)
        if is_sent:
            await self._send(case, row)
        event = known.events.get(row.event_id)
        return Verdict(reason=Reason.LEFT, ticket=ticket, event=event)

    async def _send(self, case: Case, row: Row) -> None:
        """Have Oveit count an exit; one that it cannot take is counted here alone."""
        try:
            async with case.deadline():
                case.answer = await self._client.leave_turnstile(
                    row.code, late_after=case.request.deadline
                )
        except OveitError as err:
            case.give_up_on_oveit(err)
            if may_have_reached_oveit(err):
                await case.ledger.move(row, RowState.LOCAL, cause=Cause.UNDECIDABLE)
            else:
                await case.ledger.move(row, RowState.PENDING, lease=self._writer.kept)
            return
        state = RowState.CONFIRMED if case.answer.ok else RowState.LOCAL
        await case.ledger.move(row, state, message=case.answer.message)

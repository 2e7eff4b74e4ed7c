"""Guests who leave: counted here, and at Oveit where the account has turnstiles."""

from dataclasses import replace

from ..client.api import OveitClient
from ..decision import Known, Verdict
from ..exceptions import OveitError, may_have_heard
from ..ledger import Ledger
from ..models import Direction, Reason, Row, RowState, Several, Ticket
from .case import Case


class Leaving:
    """Lets everyone out, whatever is known (decisions.md I7, X1, X2)."""

    def __init__(self, client: OveitClient, ledger: Ledger) -> None:
        """Take what is asked."""
        self._client = client
        self._ledger = ledger

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
        inside = await self._ledger.inside(here or ours)
        if case.request.several is not Several.ALL:
            inside = inside[:1]
        return list(inside or (here or ours)[:1]) or [None]

    async def _leave(self, case: Case, known: Known, ticket: Ticket | None) -> Verdict:
        """Write an exit down, and have Oveit count it where a turnstile is meant."""
        is_told = bool(case.request.turnstile and ticket and ticket.checked_in)
        row = _row(case, ticket, RowState.PENDING if is_told else RowState.LOCAL)
        seq = await self._ledger.begin(row)
        if is_told and case.online:
            await self._tell(case, row.code, seq)
        event = known.events.get(row.event_id)
        return Verdict(reason=Reason.LEFT, ticket=ticket, event=event)

    async def _tell(self, case: Case, code: str, seq: int) -> None:
        """Tell Oveit of an exit; one that Oveit cannot take is counted here alone."""
        try:
            async with case.deadline():
                case.answer = await self._client.leave_turnstile(
                    code, late_after=case.request.deadline
                )
        except OveitError as err:
            case.give_up_on_oveit(err)
            if not may_have_heard(err):
                return
            await self._ledger.change(seq, state=RowState.LOCAL, note="undecidable")
            return
        state = RowState.CONFIRMED if case.answer.ok else RowState.LOCAL
        await self._ledger.change(seq, state=state, message=case.answer.message)


def _row(case: Case, ticket: Ticket | None, state: RowState) -> Row:
    """Return the row of an exit."""
    request = case.request
    return Row(
        code=ticket.code if ticket else request.ticket_code or request.rfid_code or "",
        event_id=(ticket.event_id if ticket else next(iter(request.event_ids), None)) or 0,
        rfid_code=request.rfid_code,
        ticket_type_id=ticket.ticket_type_id if ticket else None,
        direction=Direction.EXIT,
        turnstile=request.turnstile,
        gate=request.gate,
        at=case.at,
        scan_id=case.scan_id,
        state=state,
        admitted=True,
        reason=Reason.LEFT,
    )

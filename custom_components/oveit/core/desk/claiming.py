"""Guests whom Oveit may have counted before, though no answer came for them."""

from dataclasses import replace

from ..decision import Verdict, decide
from ..exceptions import LedgerError, OveitError
from ..ledger import Ledger
from ..models import Reason, Row, RowState, Ticket
from ..settling.evidence import Found, ReadBack
from .admission import admitted
from .case import Case
from .lookup import Lookup


class Claiming:
    """Finds out what became of a row that was sent for a guest who was not let in then.

    Its methods raise LedgerError only.
    """

    def __init__(self, ledger: Ledger, lookup: Lookup, read_back: ReadBack) -> None:
        """Take what is asked."""
        self._ledger = ledger
        self._lookup = lookup
        self._read_back = read_back

    async def claim(self, case: Case) -> Verdict | None:
        """Admit a guest whom Oveit counted before, though no answer came (decisions.md T4)."""
        request = case.request
        for ticket in case.tickets:
            if request.addon_id not in ticket.unclaimed:
                continue
            row = await self._ledger.unclaimed(ticket, request.addon_id)
            fresh = replace(ticket, checked_in=False, checkins=())
            verdict = decide(replace(self._lookup.known(case), tickets=(fresh,)), request)
            if row is None or not verdict.reason.admits:
                continue
            if claimed := await self._claim_row(case, verdict, ticket, row):
                return claimed
            case.tickets = await self._ledger.renew(case.tickets)
        return None

    async def _claim_row(
        self, case: Case, verdict: Verdict, ticket: Ticket, row: Row
    ) -> Verdict | None:
        """Admit by a row that was sent for this ticket, or drop it where Oveit knows of none."""
        found = Found.OURS if row.state is RowState.CONFIRMED else Found.UNCLEAR
        if row.state is RowState.IN_DOUBT and case.online:
            found = await self._ask_back(case, row)
        if row.state is RowState.IN_DOUBT and not case.online:
            found = await self._read_back.look(row)
        if found is Found.OURS:
            await self._ledger.change(row.seq, state=RowState.CONFIRMED, admitted=True)
            return await admitted(self._ledger, verdict, ticket, Reason.REPEAT)
        if found in (Found.NOTHING, Found.OTHERS):
            await self._ledger.discard(row.seq)
            return None
        case.online = False
        verdict = self._lookup.decide_here(case, replace(ticket, checked_in=False, checkins=()))
        if not verdict.reason.admits:
            return verdict
        await self._ledger.change(
            row.seq, admitted=True, gate=case.request.gate, at=case.at, scan_id=case.scan_id
        )
        return await admitted(self._ledger, verdict, ticket, Reason.CHECKED_IN)

    async def _ask_back(self, case: Case, row: Row) -> Found:
        """Read a row back at Oveit, within the guest's time."""
        try:
            async with case.deadline():
                found, _ = await self._read_back.ask(row)
        except LedgerError:
            raise
        except OveitError as err:
            case.give_up_on_oveit(err)
            return Found.UNCLEAR
        return found

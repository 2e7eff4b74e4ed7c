"""Free flow: nobody is refused, and what would have been is written down (decisions.md X9)."""

from dataclasses import replace
import logging

from ..decision import Verdict
from ..exceptions import LedgerError
from ..ledger import Ledger
from ..models import Reason, Row, RowState, Ticket
from ..ticket_sync import TicketSync
from .case import Case

_LOGGER = logging.getLogger(__name__)

_NOTE = "free_flow: "
_OF_ANOTHER_DOOR = frozenset({Reason.WRONG_EVENT, Reason.GATE_CLOSED})
_ASKED_IN_VAIN = frozenset({Reason.NO_TICKET_LIST, Reason.ADDON_UNAVAILABLE})


def overrule(refusal: Verdict) -> Verdict:
    """Make an admission by the house of a refusal."""
    return replace(refusal, reason=Reason.OVERRIDE, overruled=refusal.reason)


def overruled_of(row: Row) -> Reason | None:
    """Return the refusal that a row tells to have been overruled."""
    refusal = (row.note or "").removeprefix(_NOTE)
    return Reason(refusal) if refusal != (row.note or "") and refusal in Reason else None


class FreeFlow:
    """Lets guests through who would be refused, and counts them; nothing here raises OveitError.

    A ticket of this event counts as used from then on. One of another event, or of one that
    is not now, stays as it is: the guest may come with it again.
    """

    def __init__(self, ledger: Ledger, ticket_sync: TicketSync) -> None:
        """Take where it is written down."""
        self._ledger = ledger
        self._ticket_sync = ticket_sync

    async def let_through(self, case: Case, refusal: Verdict) -> Verdict:
        """Admit a guest; the door opens even where the ledger fails."""
        row = self._row(case, refusal)
        case.online = False
        try:
            sent = await self._sent_before(row, refusal)
            if sent is None:
                if row.state is RowState.PENDING and await self._ledger.was_admitted(row):
                    row = replace(row, state=RowState.LOCAL)
                await self._ledger.begin(row)
            else:
                values = {"gate": row.gate, "at": row.at, "scan_id": row.scan_id, "note": row.note}
                await self._ledger.change(sent.seq, admitted=True, reason=row.reason, **values)
        except LedgerError as err:
            _LOGGER.warning("A guest was let through who is not written down: %s", err)
        return overrule(refusal)

    async def _sent_before(self, row: Row, refusal: Verdict) -> Row | None:
        """Return the row by which Oveit was asked for this guest, whose answer is not known."""
        if refusal.ticket is None or refusal.reason not in _ASKED_IN_VAIN:
            return None
        return await self._ledger.unclaimed(refusal.ticket, row.addon_id)

    def _row(self, case: Case, refusal: Verdict) -> Row:
        """Return the row of a guest who would have been refused."""
        request = case.request
        ticket = None if refusal.reason in _OF_ANOTHER_DOOR else refusal.ticket
        code = ticket.code if ticket else None
        if ticket is None and refusal.reason not in _OF_ANOTHER_DOOR:
            code = request.ticket_code or request.rfid_code
        return Row(
            code=code or case.scan_id,
            event_id=(ticket.event_id if ticket else self._event_of(case)) or 0,
            rfid_code=request.rfid_code,
            ticket_type_id=ticket.ticket_type_id if ticket else None,
            addon_id=request.addon_id,
            gate=request.gate,
            at=case.at,
            scan_id=case.scan_id,
            state=RowState.PENDING if _is_news(case, refusal, ticket) else RowState.LOCAL,
            admitted=True,
            reason=Reason.OVERRIDE,
            note=f"{_NOTE}{refusal.reason.value}",
        )

    def _event_of(self, case: Case) -> int | None:
        """Return the event that a guest without a ticket of ours counts for, if only one can be."""
        chosen = case.request.event_ids
        active = [
            key
            for key, event in self._ticket_sync.followed.items()
            if event.active and (not chosen or key in chosen)
        ]
        return active[0] if len(active) == 1 else None


def _is_news(case: Case, refusal: Verdict, ticket: Ticket | None) -> bool:
    """Tell whether Oveit is to hear of a guest: of a ticket that it may know as unused."""
    if refusal.reason is Reason.UNKNOWN_TICKET:
        return case.answer is None
    if refusal.reason is Reason.NO_TICKET_LIST and ticket is None:
        return case.request.ticket_code is not None
    is_unused = ticket is not None and not ticket.checked_in
    return is_unused and refusal.reason in (Reason.WRONG_TICKET_TYPE, Reason.NO_TICKET_LIST)

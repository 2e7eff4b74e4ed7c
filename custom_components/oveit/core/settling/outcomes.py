"""What becomes of the rows that wait for Oveit: written down, counted, and told."""

from collections.abc import Callable
from dataclasses import replace

from ..counts import Settled
from ..ledger import Ledger
from ..models import Reason, Row, RowState

NOTE_UNDECIDABLE = "undecidable"
NOTE_USED_ELSEWHERE = "used_elsewhere"
NOTE_UNKNOWN = Reason.UNKNOWN_TICKET.value
NOTE_SET_ASIDE = "set_aside"
NOTE_UNREADABLE = "unreadable"


class Outcomes:
    """Writes down how rows end; `settled` counts them. Its methods raise LedgerError."""

    def __init__(
        self,
        ledger: Ledger,
        *,
        on_conflict: Callable[[Row], None],
        on_progress: Callable[[], None],
    ) -> None:
        """Take who hears of conflicts and progress."""
        self.settled = Settled()
        self._ledger = ledger
        self._on_conflict = on_conflict
        self._on_progress = on_progress

    async def begin(self) -> list[Row]:
        """Count from nothing, and return the rows that wait, oldest first."""
        self.settled = Settled()
        return await self._ledger.waiting()

    async def end(self) -> None:
        """Count what still waits."""
        self.settled = replace(self.settled, waiting=len(await self._ledger.waiting()))

    async def confirm(self, row: Row, *, uploaded: bool = False, note: str | None = None) -> None:
        """Note that Oveit has a row."""
        await self._ledger.change(
            row.seq, state=RowState.CONFIRMED, asked_at=row.asked_last, note=note or row.note
        )
        self._count(uploaded=int(uploaded), confirmed=int(not uploaded))

    async def reject(self, row: Row, note: str, message: str | None) -> None:
        """Note that Oveit refuses what was decided here: a person has to know."""
        rejected = replace(row, state=RowState.REJECTED, note=note, message=message)
        await self._ledger.change(
            row.seq, state=RowState.REJECTED, note=note, message=message, attempts=row.attempts
        )
        self._count(rejected=1)
        self._on_conflict(rejected)

    async def end_exit(self, row: Row, *, confirmed: bool, message: str | None) -> None:
        """Note how Oveit took an exit; one that it did not take is counted here alone."""
        state = RowState.CONFIRMED if confirmed else RowState.LOCAL
        await self._ledger.change(row.seq, state=state, note=None, message=message)
        self._count(uploaded=1)

    async def doubt_exit(self, row: Row) -> None:
        """Note that an exit is not told again, since that could count another guest out."""
        await self._ledger.change(row.seq, state=RowState.LOCAL, note=NOTE_UNDECIDABLE)

    async def keep(self, row: Row) -> None:
        """Write down how far a row has come."""
        await self._ledger.change(
            row.seq,
            state=row.state,
            asked_at=row.asked_at,
            asked_last=row.asked_last,
            attempts=row.attempts,
            message=row.message,
        )

    def _count(self, *, uploaded: int = 0, confirmed: int = 0, rejected: int = 0) -> None:
        """Count what became of a row."""
        settled = self.settled
        self.settled = replace(
            settled,
            uploaded=settled.uploaded + uploaded,
            confirmed=settled.confirmed + confirmed,
            rejected=settled.rejected + rejected,
        )
        self._on_progress()

"""Settling: Oveit hears of what was decided here, and each row finds its end."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
import logging

from ..client.api import OveitClient
from ..counts import Settled
from ..decision import entered_before
from ..desk.lookup import check_same
from ..exceptions import (
    LedgerError,
    OveitAuthenticationError,
    OveitConnectionError,
    OveitError,
    may_have_heard,
)
from ..ledger import Ledger
from ..models import Answer, Direction, Row, RowState
from ..single_flight import SingleFlight
from ..ticket_sync import TicketSync
from .evidence import Found, ReadBack, judge, uses_of
from .judging import NOTES, Judging
from .outcomes import NOTE_SET_ASIDE, NOTE_UNDECIDABLE, NOTE_USED_ELSEWHERE, Outcomes
from .pauses import Pauses

_LOGGER = logging.getLogger(__name__)

AT_ONCE = 2
_LET_DOORS_GO_FIRST = 0.5


class Settling:
    """Settles the rows that wait for Oveit (decisions.md T3 to T5, C9 to C16).

    Of one ticket the rows go in their order, across tickets the oldest first, two at a
    time, and door traffic goes before. A row in doubt is read back before it is sent again.
    """

    def __init__(
        self,
        client: OveitClient,
        ledger: Ledger,
        ticket_sync: TicketSync,
        read_back: ReadBack,
        *,
        doors_first: Callable[[float], Awaitable[None]],
        on_conflict: Callable[[Row], None],
        on_progress: Callable[[], None],
    ) -> None:
        """Take what waits for guests at the doors, and who hears of conflicts and progress."""
        self._client = client
        self._ledger = ledger
        self._ticket_sync = ticket_sync
        self._doors_first = doors_first
        self._outcomes = Outcomes(ledger, on_conflict=on_conflict, on_progress=on_progress)
        self._read_back = read_back
        self._held: set[int] = set()
        self._pauses = Pauses()
        self._judging = Judging(client, ledger, ticket_sync, read_back, self._pauses)
        self._pass = SingleFlight(self._settle_all)

    async def close(self) -> None:
        """Stop; what is being sent stays in doubt."""
        await self._pass.close()

    async def run(self, *, now: bool = False) -> Settled:
        """Settle all that waits, once for all who ask; a failing Oveit ends it early.

        With `now`, a person asks: rows that have failed for long have their turn too.
        """
        if now:
            self._pauses.shorten()
        await self._pass.join()
        return self._outcomes.settled

    @contextmanager
    def holding(self, row: Row) -> Iterator[None]:
        """Keep a row for oneself while its answer may still come."""
        self._held.add(row.seq)
        try:
            yield
        finally:
            self._held.discard(row.seq)

    async def take_answer(self, row: Row, answer: Answer) -> None:
        """Settle a row by Oveit's answer to it."""
        if answer.ok and not _was_used_before(row, answer):
            await self._outcomes.confirm(row, uploaded=True)
        elif answer.ok:
            await self._outcomes.reject(row, NOTE_USED_ELSEWHERE, answer.message)
        elif row.admitted:
            await self._refused(row, answer)
        else:
            await self._ledger.discard(row.seq)

    async def _settle_all(self) -> None:
        """Go through the rows that wait."""
        waiting = await self._outcomes.begin()
        self._pauses.keep_only({row.seq for row in waiting})
        rows = [row for row in waiting if self._is_due(row)]
        try:
            if rows and self._client.breaker.is_online:
                await self._ticket_sync.refresh_old(self._read_back.needed(rows))
                await self._settle_groups(rows)
        except LedgerError:
            raise
        except OveitError as err:
            _LOGGER.debug("Settling stopped: %s", err)
        finally:
            await self._outcomes.end()

    def _is_due(self, row: Row) -> bool:
        """Tell whether there is something to be done about a row now."""
        if row.seq in self._held or self._pauses.is_on(row.seq):
            return False
        return row.state is not RowState.IN_DOUBT or not self._read_back.is_early(row)

    async def _settle_groups(self, rows: list[Row]) -> None:
        """Settle the rows of each ticket one after the other, several tickets at a time."""
        groups: dict[tuple[int, str], list[Row]] = {}
        for row in rows:
            groups.setdefault((row.event_id, row.code), []).append(row)
        queue = iter(groups.values())
        failures: list[OveitError] = []

        async def work() -> None:
            while not failures and (group := next(queue, None)):
                try:
                    await self._settle_in_order(group)
                except OveitError as err:
                    failures.append(err)

        await asyncio.gather(*(work() for _ in range(AT_ONCE)))
        if failures:
            raise failures[0]

    async def _settle_in_order(self, group: list[Row]) -> None:
        """Settle the rows of one ticket, up to one that must wait.

        What is wrong with one row alone holds up no other ticket (decisions.md C13).
        """
        for row in group:
            await self._doors_first(_LET_DOORS_GO_FIRST)
            try:
                if not await self._settle(row):
                    return
            except OveitError as err:
                if (
                    isinstance(err, LedgerError)
                    or not may_have_heard(err)
                    or not self._client.breaker.is_online
                ):
                    raise
                self._postpone(row)
                return

    async def _settle(self, row: Row) -> bool:
        """Settle one row; without success the later rows of its ticket wait with it."""
        if row.state is RowState.IN_DOUBT:
            return await self._settle_doubt(row)
        if row.direction is Direction.EXIT:
            return await self._send_exit(row)
        if await self._judging.is_used_elsewhere(row):
            await self._outcomes.reject(row, NOTE_USED_ELSEWHERE, None)
            return True
        return await self._send(row)

    async def _settle_doubt(self, row: Row) -> bool:
        """Find out whether Oveit took a row, and only then send it again (T3)."""
        found, answer = await self._judging.look(row)
        if found is Found.TOO_EARLY:
            return False
        if found is Found.OURS:
            await self._outcomes.confirm(row)
        elif found is Found.UNCLEAR:
            await self._outcomes.confirm(row, note=NOTE_UNDECIDABLE)
        elif not row.admitted:
            await self._ledger.discard(row.seq)
        elif found is Found.NOTHING:
            return await self._send(row)
        else:
            await self._outcomes.reject(row, NOTES[found], answer.message or row.message)
        return True

    async def _send(self, row: Row) -> bool:
        """Send a row, on disk as in doubt before."""
        if self._judging.is_to_be_set_aside(row):
            await self._outcomes.reject(row, NOTE_SET_ASIDE, row.message)
            return True
        now = self._client.now()
        sent = replace(
            row,
            state=RowState.IN_DOUBT,
            asked_at=row.asked_at or now,
            asked_last=now,
            attempts=row.attempts + 1,
        )
        await self._outcomes.keep(sent)
        try:
            answer = await self._ask(sent)
        except OveitError as err:
            if not may_have_heard(err):
                await self._outcomes.keep(row)
            raise
        await self.take_answer(sent, answer)
        return True

    async def _ask(self, row: Row) -> Answer:
        """Have Oveit mark a row: the add-on is the one of the time at the door (A12)."""
        if row.turnstile and row.addon_id is None:
            return await self._client.enter_turnstile(row.code)
        answer = await self._client.check_in(row.code, addon_id=row.addon_id)
        check_same(answer, row.code)
        return answer

    async def _send_exit(self, row: Row) -> bool:
        """Have Oveit count an exit; one that it cannot take stays counted here alone."""
        await self._outcomes.doubt_exit(row)
        try:
            answer = await self._client.leave_turnstile(row.code)
        except (OveitConnectionError, OveitAuthenticationError) as err:
            if self._judging.may_give_up(row, err):
                return True
            await self._outcomes.keep(row)
            raise
        await self._outcomes.end_exit(row, confirmed=answer.ok, message=answer.message)
        return True

    async def _refused(self, row: Row, answer: Answer) -> None:
        """Make of a refusal a confirmation, a conflict, or another attempt (C10 to C13)."""
        found, about = await self._judging.weigh(row, answer)
        if found in (Found.OURS, Found.UNCLEAR) and row.attempts > 1:
            note = NOTE_UNDECIDABLE if found is Found.UNCLEAR else None
            await self._outcomes.confirm(row, note=note)
        elif note := await self._judging.why_refused(row, found, about):
            await self._outcomes.reject(row, note, answer.message)
        else:
            await self._outcomes.keep(replace(row, state=RowState.PENDING, message=answer.message))
            self._postpone(row)

    def _postpone(self, row: Row) -> None:
        """Leave a row alone for a while, ever longer where it is never set aside."""
        self._pauses.add(row.seq, growing=not self._judging.may_set_aside(row))


def _was_used_before(row: Row, answer: Answer) -> bool:
    """Tell whether Oveit's yes is to a second entry with a ticket."""
    if row.addon_id is not None or row.re_entry or not entered_before(answer):
        return False
    return row.attempts < 2 or judge(row, uses_of(answer, row), ()) is not Found.OURS

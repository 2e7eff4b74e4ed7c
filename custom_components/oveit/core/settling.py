"""Settling: Oveit hears of what was decided here, and each row finds its end."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
import logging
from time import monotonic

from .api import OveitClient
from .exceptions import (
    LedgerError,
    OveitAuthenticationError,
    OveitConnectionError,
    OveitError,
    may_have_heard,
)
from .ledger import Ledger
from .lookup import check_same
from .mirror import Mirror
from .models import Answer, Direction, Row, RowState, Settled
from .readback import Found, ReadBack, judge, uses_of
from .rules import entered_before
from .shared import Shared

_LOGGER = logging.getLogger(__name__)

RETRY_AFTER = 300.0
MOST_ATTEMPTS = 3
AT_ONCE = 2
_LET_DOORS_GO_FIRST = 0.5

NOTE_UNDECIDABLE = "undecidable"
NOTE_USED_ELSEWHERE = "used_elsewhere"
NOTE_UNKNOWN = "unknown_ticket"
NOTE_SET_ASIDE = "set_aside"


class Settling:
    """Settles the rows that wait for Oveit (decisions.md T3 to T5, C9 to C16).

    Of one ticket the rows go in their order, across tickets the oldest first, two at a
    time, and door traffic goes before. A row in doubt is read back before it is sent again.
    """

    def __init__(
        self,
        client: OveitClient,
        ledger: Ledger,
        mirror: Mirror,
        read_back: ReadBack,
        *,
        doors_first: Callable[[float], Awaitable[None]],
        on_conflict: Callable[[Row], None],
        on_progress: Callable[[], None],
    ) -> None:
        """Take what waits for guests at the doors, and who hears of conflicts and progress."""
        self._client = client
        self._ledger = ledger
        self._mirror = mirror
        self._doors_first = doors_first
        self._on_conflict = on_conflict
        self._on_progress = on_progress
        self._read_back = read_back
        self._held: set[int] = set()
        self._not_before: dict[int, float] = {}
        self._pass = Shared(self._settle_all)
        self._settled = Settled()

    async def close(self) -> None:
        """Stop; what is being sent stays in doubt."""
        await self._pass.close()

    async def run(self) -> Settled:
        """Settle all that waits, once for all who ask; a failing Oveit ends it early."""
        await self._pass.join()
        return self._settled

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
            await self._confirm(row, uploaded=True)
        elif answer.ok:
            await self._reject(row, NOTE_USED_ELSEWHERE, answer.message)
        elif row.admitted:
            await self._refused(row, answer)
        else:
            await self._ledger.discard(row.seq)

    async def _settle_all(self) -> None:
        """Go through the rows that wait."""
        self._settled = Settled()
        rows = [row for row in await self._ledger.waiting() if self._is_due(row)]
        try:
            if rows and self._client.line.is_up:
                await self._mirror.refresh_old()
                await self._settle_groups(rows)
        except LedgerError:
            raise
        except OveitError as err:
            _LOGGER.debug("Settling stopped: %s", err)
        finally:
            self._settled = replace(self._settled, waiting=len(await self._ledger.waiting()))

    def _is_due(self, row: Row) -> bool:
        """Tell whether there is something to be done about a row now."""
        if row.seq in self._held or self._not_before.get(row.seq, 0) > monotonic():
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
                    or not self._client.line.is_up
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
        if await self._is_used_elsewhere(row):
            await self._reject(row, NOTE_USED_ELSEWHERE, None)
            return True
        return await self._send(row)

    async def _settle_doubt(self, row: Row) -> bool:
        """Find out whether Oveit took a row, and only then send it again (T3)."""
        found, answer = await self._read_back.ask(row)
        if found is Found.TOO_EARLY:
            return False
        if found is Found.OURS:
            await self._confirm(row)
        elif found is Found.UNCLEAR:
            await self._confirm(row, note=NOTE_UNDECIDABLE)
        elif not row.admitted:
            await self._ledger.discard(row.seq)
        elif found is Found.NOTHING:
            return await self._send(row)
        else:
            note = NOTE_UNKNOWN if found is Found.UNKNOWN else NOTE_USED_ELSEWHERE
            await self._reject(row, note, answer.message)
        return True

    async def _send(self, row: Row) -> bool:
        """Send a row, on disk as in doubt before."""
        if row.attempts >= MOST_ATTEMPTS and self._is_active(row):
            await self._reject(row, NOTE_SET_ASIDE, row.message)
            return True
        now = self._client.now()
        sent = replace(
            row,
            state=RowState.IN_DOUBT,
            asked_at=row.asked_at or now,
            asked_last=now,
            attempts=row.attempts + 1,
        )
        await self._keep(sent)
        try:
            answer = await self._ask(sent)
        except OveitError as err:
            if not may_have_heard(err):
                await self._keep(row)
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
        await self._ledger.change(row.seq, state=RowState.LOCAL, note=NOTE_UNDECIDABLE)
        try:
            answer = await self._client.leave_turnstile(row.code)
        except OveitConnectionError, OveitAuthenticationError:
            await self._keep(row)
            raise
        state = RowState.CONFIRMED if answer.ok else RowState.LOCAL
        await self._ledger.change(row.seq, state=state, note=None, message=answer.message)
        self._count(uploaded=1)
        return True

    async def _refused(self, row: Row, answer: Answer) -> None:
        """Make of a refusal a confirmation, a conflict, or another attempt (C10 to C13)."""
        if answer.ticket is None:
            found, _ = await self._read_back.ask(row)
        else:
            _, _, others = await self._ledger.evidence(row)
            found = judge(row, uses_of(answer, row), others)
        was_sent_before = row.attempts > 1
        if found is Found.OURS and was_sent_before:
            await self._confirm(row)
        elif found is Found.UNKNOWN:
            await self._reject(row, NOTE_UNKNOWN, answer.message)
        elif found in (Found.OURS, Found.OTHERS):
            await self._reject(row, NOTE_USED_ELSEWHERE, answer.message)
        elif row.attempts >= MOST_ATTEMPTS and self._is_active(row):
            await self._reject(row, NOTE_SET_ASIDE, answer.message)
        else:
            await self._keep(replace(row, state=RowState.PENDING, message=answer.message))
            self._postpone(row)

    async def _is_used_elsewhere(self, row: Row) -> bool:
        """Tell whether the list shows an entry that is not ours: sending would add a second."""
        if row.addon_id is not None or row.re_entry or row.attempts:
            return False
        _, uses, others = await self._ledger.evidence(row)
        return judge(row, uses, others) is Found.OTHERS

    def _is_active(self, row: Row) -> bool:
        """Tell whether a row's event is still on; the rows of one that is not are kept (C17)."""
        event = self._mirror.events.get(row.event_id)
        return event is None or event.active

    async def _confirm(self, row: Row, *, uploaded: bool = False, note: str | None = None) -> None:
        """Note that Oveit has a row."""
        await self._ledger.change(
            row.seq, state=RowState.CONFIRMED, asked_at=row.asked_last, note=note or row.note
        )
        self._count(uploaded=int(uploaded), confirmed=int(not uploaded))

    async def _reject(self, row: Row, note: str, message: str | None) -> None:
        """Note that Oveit refuses what was decided here: a person has to know."""
        rejected = replace(row, state=RowState.REJECTED, note=note, message=message)
        await self._ledger.change(
            row.seq, state=RowState.REJECTED, note=note, message=message, attempts=row.attempts
        )
        self._count(rejected=1)
        self._on_conflict(rejected)

    async def _keep(self, row: Row) -> None:
        """Write down how far a row has come."""
        await self._ledger.change(
            row.seq,
            state=row.state,
            asked_at=row.asked_at,
            asked_last=row.asked_last,
            attempts=row.attempts,
            message=row.message,
        )

    def _postpone(self, row: Row) -> None:
        """Leave a row alone for a while."""
        self._not_before[row.seq] = monotonic() + RETRY_AFTER

    def _count(self, *, uploaded: int = 0, confirmed: int = 0, rejected: int = 0) -> None:
        """Count what became of a row."""
        settled = self._settled
        self._settled = replace(
            settled,
            uploaded=settled.uploaded + uploaded,
            confirmed=settled.confirmed + confirmed,
            rejected=settled.rejected + rejected,
        )
        self._on_progress()


def _was_used_before(row: Row, answer: Answer) -> bool:
    """Tell whether Oveit's yes is to a second entry with a ticket."""
    if row.addon_id is not None or row.re_entry or not entered_before(answer):
        return False
    return row.attempts < 2 or judge(row, uses_of(answer, row), ()) is not Found.OURS

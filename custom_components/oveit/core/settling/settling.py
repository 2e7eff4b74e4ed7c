"""Settling: pending check-ins are uploaded, those in doubt read back, and each row ends."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
import logging
from typing import Any

from ..client.api import OveitClient
from ..client.replies import check_same
from ..counts import Settled
from ..decision import entered_before
from ..exceptions import (
    LedgerError,
    OveitAuthenticationError,
    OveitConnectionError,
    OveitError,
    may_have_reached_oveit,
)
from ..ledger import Lease, Ledger
from ..ledger.journal import MOST_RETRY, RETRY_AFTER, WAITING
from ..models import Answer, Cause, Direction, Reason, Row, RowState
from ..single_flight import SingleFlight
from ..ticket_sync import TicketSync
from .evidence import CAUSES, Evidence, Found, judge, uses_of

_LOGGER = logging.getLogger(__name__)

AT_ONCE = 2
_LET_DOORS_GO_FIRST = 0.5


class Settling:
    """Settles the rows that wait for Oveit (decisions.md T3 to T5, C9 to C16).

    Of one ticket the rows go in their order, across tickets the oldest first, two at a
    time, and door traffic goes before. Each row is leased while it is settled, so that
    several may settle one ledger. A row in doubt is read back before it is sent again.
    """

    def __init__(
        self,
        client: OveitClient,
        ledger: Ledger,
        ticket_sync: TicketSync,
        evidence: Evidence,
        *,
        holder: str,
        doors_first: Callable[[float], Awaitable[None]],
        on_conflict: Callable[[Row], None],
        on_progress: Callable[[], None],
    ) -> None:
        """Settle a ledger's rows under leases of `holder`.

        `doors_first` waits for guests at the doors; the callbacks are for each conflict, and
        for each row that has ended.
        """
        self._client = client
        self._ledger = ledger
        self._ticket_sync = ticket_sync
        self._evidence = evidence
        self._lease = Lease(holder=holder)
        self._doors_first = doors_first
        self._on_conflict = on_conflict
        self._on_progress = on_progress
        self._settled = Settled()
        self._for_person = False
        self._believes = False
        self._pass = SingleFlight(self._settle_all)

    async def close(self) -> None:
        """Stop; what is being sent stays in doubt."""
        await self._pass.close()

    async def run(self, *, for_person: bool = False) -> Settled:
        """Settle all that waits, once for all who ask; a failing Oveit ends it early.

        For a person who asks, all is tried at once, also rows that wait for their next try, and
        a refusal is believed (decisions.md C29).
        """
        if for_person and self._pass.is_running:
            await self._pass.join()
        self._for_person |= for_person
        await self._pass.join()
        return self._settled

    async def take_answer(self, row: Row, answer: Answer, holder: str) -> None:
        """End a row by Oveit's answer to what the holder of its lease sent."""
        now = await self._ledger.row(row.ref)
        if now is None or now.state not in WAITING:
            return
        answer = await self._evidence.compare_clocks(now, answer)
        is_ours = answer.ok and not _was_used_before(now, answer)
        if is_ours:
            await self._confirm(replace(now, asked_last=answer.asked_at), uploaded=True)
        elif not now.admitted:
            await self._ledger.release_unclaimed(now)
        elif answer.ok:
            await self._reject(now, Cause.USED_ELSEWHERE, answer.message)
        else:
            await self._refused(now, answer, holder)

    async def let_go(self, row: Row, holder: str) -> None:
        """Leave a row in doubt to whoever settles next, unless it is another's already."""
        await self._ledger.move(row, RowState.IN_DOUBT, only=(RowState.IN_DOUBT,), held_by=holder)

    async def _settle_all(self) -> None:
        """Go through the rows that wait."""
        self._settled = Settled()
        self._believes, self._for_person = self._for_person, False
        due = await self._ledger.due(self._lease.holder, for_person=self._believes)
        rows = [
            row for row in due if row.state is RowState.PENDING or not self._evidence.is_early(row)
        ]
        try:
            if rows and self._client.breaker.is_online:
                await self._ticket_sync.refresh_old(self._evidence.needed(rows))
                await self._settle_groups(rows)
        except LedgerError:
            raise
        except OveitError as err:
            _LOGGER.debug("Settling stopped: %s", err)
        finally:
            waiting = len(await self._ledger.waiting())
            self._settled = replace(self._settled, waiting=waiting)

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
        """Settle the rows of one ticket, up to one that must wait or that others settle.

        What is wrong with one row alone holds up no other ticket (decisions.md C13).
        """
        for each in group:
            await self._doors_first(_LET_DOORS_GO_FIRST)
            row = await self._ledger.lease(each, self._lease)
            if row is None:
                return
            try:
                if not await self._settle(row):
                    return
            except OveitError as err:
                is_general = isinstance(err, LedgerError) or not may_have_reached_oveit(err)
                if is_general or not self._client.breaker.is_online:
                    raise
                await self._postpone(row, self._lease.holder)
                return

    async def _settle(self, row: Row) -> bool:
        """Settle one row; without success the later rows of its ticket wait with it."""
        if row.direction is Direction.EXIT:
            return await self._settle_exit(row)
        if row.state is RowState.IN_DOUBT:
            return await self._settle_doubt(row)
        if row.reason is Reason.OVERRIDE and row.addon_id is None and not row.attempts:
            _, _, others = await self._ledger.evidence(row)
            if any(other.admitted for other in others):
                return await self._end(row, RowState.LOCAL)
            if any(other.state is RowState.ASKING for other in others):
                return False
        if await self._evidence.is_used_elsewhere(row):
            await self._reject(row, Cause.USED_ELSEWHERE, None)
            return True
        return await self._send(row)

    async def _settle_doubt(self, row: Row) -> bool:
        """Find out whether Oveit took a row, and only then send it again (T3)."""
        found, answer = await self._evidence.find_out(row)
        if found is Found.TOO_EARLY:
            await self.let_go(row, self._lease.holder)
            return False
        if found is Found.OURS:
            await self._confirm(row)
        elif found is Found.UNCLEAR:
            await self._confirm(row, cause=Cause.UNDECIDABLE)
        elif not row.admitted:
            await self._ledger.release_unclaimed(row)
        elif found is Found.NOTHING:
            return await self._send(row)
        else:
            await self._reject(row, CAUSES[found], answer.message or row.message)
        return True

    async def _send(self, row: Row) -> bool:
        """Send a row, which is on disk as in doubt before."""
        if self._evidence.is_to_be_set_aside(row):
            await self._reject(row, Cause.SET_ASIDE, row.message)
            return True
        now = self._client.now()
        sent = await self._ledger.move(
            row,
            RowState.IN_DOUBT,
            only=(row.state,),
            held_by=self._lease.holder,
            lease=self._lease,
            asked_at=row.asked_at or now,
            asked_last=now,
            attempts=row.attempts + 1,
        )
        if sent is None:
            return False
        try:
            answer = await self._ask(sent)
        except OveitError as err:
            if not may_have_reached_oveit(err):
                names = ("asked_at", "asked_last", "attempts")
                before = {name: getattr(row, name) for name in names}
                await self._ledger.move(sent, row.state, held_by=self._lease.holder, **before)
            raise
        await self.take_answer(sent, answer, self._lease.holder)
        return True

    async def _ask(self, row: Row) -> Answer:
        """Have Oveit mark a row: the add-on is the one of the time at the door (A12)."""
        if row.turnstile and row.addon_id is None:
            return await self._client.enter_turnstile(row.code)
        answer = await self._client.check_in(row.code, addon_id=row.addon_id)
        check_same(answer, row.code)
        return answer

    async def _settle_exit(self, row: Row) -> bool:
        """Have Oveit count an exit; one that it cannot take stays counted here alone.

        One whose answer never came is not sent again: that could count another guest out.
        """
        if row.state is RowState.IN_DOUBT:
            return await self._end(row, RowState.LOCAL, cause=Cause.UNDECIDABLE)
        sent = await self._ledger.move(row, RowState.IN_DOUBT, lease=self._lease)
        if sent is None:
            return False
        try:
            answer = await self._client.leave_turnstile(row.code)
        except (OveitConnectionError, OveitAuthenticationError) as err:
            if self._evidence.may_give_up(row, err):
                return await self._end(sent, RowState.LOCAL, cause=Cause.UNDECIDABLE)
            await self._ledger.move(sent, RowState.PENDING, lease=self._lease)
            raise
        except OveitError:
            await self._end(sent, RowState.LOCAL, cause=Cause.UNDECIDABLE)
            raise
        state = RowState.CONFIRMED if answer.ok else RowState.LOCAL
        return await self._end(sent, state, message=answer.message, uploaded=1)

    async def _refused(self, row: Row, answer: Answer, holder: str) -> None:
        """Make of a refusal a confirmation, a conflict, or another attempt (C10 to C13)."""
        found, about = await self._evidence.weigh(row, answer)
        if found in (Found.OURS, Found.UNCLEAR) and row.attempts > 1:
            cause = Cause.UNDECIDABLE if found is Found.UNCLEAR else None
            await self._confirm(row, cause=cause)
        elif cause := await self._evidence.why_refused(
            row, found, about, at_once=self._believes and holder == self._lease.holder
        ):
            await self._reject(row, cause, answer.message)
        else:
            await self._postpone(row, holder, state=RowState.PENDING, message=answer.message)

    async def _postpone(
        self, row: Row, holder: str, *, state: RowState | None = None, **values: Any
    ) -> None:
        """Leave a row alone for a while, ever longer where it is never set aside."""
        now = await self._ledger.row(row.ref)
        if now is None or now.state not in WAITING:
            return
        seconds = RETRY_AFTER
        if not self._evidence.may_set_aside(now):
            seconds = min(RETRY_AFTER * 2 ** min(now.failures, 20), MOST_RETRY)
        values |= {"held_by": holder, "retry_after": seconds, "failures": now.failures + 1}
        await self._ledger.move(now, state or now.state, **values)

    async def _confirm(
        self, row: Row, *, uploaded: bool = False, cause: Cause | None = None
    ) -> None:
        """Write that Oveit has a row."""
        asked = {"asked_at": row.asked_last}
        counted = {"uploaded" if uploaded else "confirmed": 1}
        await self._end(row, RowState.CONFIRMED, cause=cause or row.cause, **asked, **counted)

    async def _reject(self, row: Row, cause: Cause, message: str | None) -> None:
        """Write that Oveit refuses what was decided here: a person has to know."""
        await self._end(
            row,
            RowState.REJECTED,
            cause=cause,
            message=message,
            attempts=row.attempts,
            rejected=1,
        )

    async def _end(self, row: Row, state: RowState, **values: Any) -> bool:
        """Write how a row ends, unless somebody else did, and count it."""
        names = ("uploaded", "confirmed", "rejected")
        counted = {name: values.pop(name) for name in names if name in values}
        ended = await self._ledger.move(row, state, **values)
        if ended is None:
            return True
        for name, number in counted.items():
            total = getattr(self._settled, name) + number
            self._settled = replace(self._settled, **{name: total})
        if state is RowState.REJECTED:
            self._on_conflict(ended)
        self._on_progress()
        return True


def _was_used_before(row: Row, answer: Answer) -> bool:
    """Return whether Oveit's yes is to a second entry with a ticket."""
    if row.addon_id is not None or row.re_entry or not entered_before(answer):
        return False
    return row.attempts < 2 or judge(row, uses_of(answer, row), ()) is not Found.OURS

"""What Oveit's record of a ticket and its list tell of a check-in of ours."""

from collections.abc import Callable, Collection, Iterable
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import replace
from datetime import datetime, timedelta
from enum import Enum, auto

from ..client.api import OveitClient
from ..client.replies import check_same
from ..decision import EARLIER, SAME_USE, explain_addon
from ..exceptions import OveitConnectionError, OveitError, may_concern_one_ticket
from ..ledger import Ledger
from ..models import Answer, Cause, CheckIn, Direction, Row, RowState
from ..ticket_sync import TicketSync

DOUBT_GRACE = 15.0
DATES_ARE_WHOLE = timedelta(seconds=1)  # Oveit tells its clock in whole seconds
ANSWERED_WITHIN = timedelta(seconds=150)
JUST_NOW = timedelta(seconds=10)
MOST_ATTEMPTS = 3
MOST_APART = timedelta(hours=1)
WRONG_ZONES = tuple(timedelta(minutes=minutes) for minutes in (-60, -30, 30, 60))
_NO_SHIFT = (timedelta(),)


class Found(Enum):
    """What was found at Oveit about a check-in of ours."""

    OURS = auto()
    OTHERS = auto()
    NOTHING = auto()
    TOO_EARLY = auto()
    UNCLEAR = auto()
    UNKNOWN = auto()
    UNREADABLE = auto()


CAUSES = {
    Found.OURS: Cause.USED_ELSEWHERE,
    Found.OTHERS: Cause.USED_ELSEWHERE,
    Found.UNKNOWN: Cause.UNKNOWN_TICKET,
    Found.UNREADABLE: Cause.UNREADABLE,
}


class Evidence:
    """Finds out whether Oveit took a check-in, without marking anything (decisions.md T3).

    Nothing found means nothing before `grace` seconds have passed, since Oveit may still
    be at work on what it was asked; a list from before then tells nothing either. Methods
    raise OveitError when Oveit cannot be asked, or the ledger not be read.
    """

    def __init__(
        self, client: OveitClient, ledger: Ledger, ticket_sync: TicketSync, grace: float
    ) -> None:
        """Ask a client, and compare with the ledger and its lists."""
        self._client = client
        self._ledger = ledger
        self._ticket_sync = ticket_sync
        self._grace = timedelta(seconds=grace)

    async def ask(
        self, row: Row, ledger: Ledger | None = None, *, was_answered: bool = False
    ) -> tuple[Found, Answer]:
        """Ask Oveit what it records of a row, and a guest's ledger if a guest waits.

        Of a row that Oveit answered, a list from just before tells as well.
        """
        ledger = ledger or self._ledger
        _, _, known = await ledger.evidence(row)
        answer = await self._client.scan(ticket_code=row.code)
        check_same(answer, row.code)
        listed, uses, others = await ledger.evidence(row)
        if answer.ticket is None and not (was_answered or self._is_shown(row)):
            return Found.TOO_EARLY, answer
        if answer.ticket is None and not listed:
            return Found.UNKNOWN, answer
        if answer.ticket:
            uses = uses_of(answer, row)
            shown = [each for each in known if each.state is RowState.CONFIRMED]
        else:
            shown = self._listed(others)
        found = self._judge(row, uses, shown, earlier=row.attempts - was_answered)
        if found is Found.NOTHING and self.is_early(row):
            found = Found.TOO_EARLY
        return found, answer

    async def look(self, row: Row, ledger: Ledger | None = None) -> Found:
        """Judge a row by the list alone, which may not show its use yet."""
        _, uses, others = await (ledger or self._ledger).evidence(row)
        found = self._judge(row, uses, self._listed(others), earlier=row.attempts)
        return Found.UNCLEAR if found is Found.NOTHING else found

    async def find_out(self, row: Row, *, was_answered: bool = False) -> tuple[Found, Answer]:
        """Ask about a row; one of which Oveit tells nothing is at last judged by its list alone.

        That is a row whose answers cannot be read though Oveit answers, at its third turn.
        """
        try:
            return await self.ask(row, was_answered=was_answered)
        except OveitError as err:
            if not self.may_give_up(row, err):
                raise
        found = await self.look(row)
        is_told = found in (Found.OURS, Found.OTHERS)
        return found if is_told else Found.UNREADABLE, Answer(ok=False, asked_at=self._client.now())

    async def weigh(self, row: Row, refusal: Answer) -> tuple[Found, Answer]:
        """Return what a refusal shows of a row; one that shows nothing makes us look."""
        if refusal.ticket is None:
            return await self.find_out(row, was_answered=True)
        _, _, others = await self._ledger.evidence(row)
        uses = uses_of(refusal, row)
        return self._judge(row, uses, others, earlier=row.attempts - 1), refusal

    async def compare_clocks(
        self,
        row: Row,
        answer: Answer,
        ledger: Ledger | None = None,
        *,
        within: Callable[[], AbstractAsyncContextManager[None]] = nullcontext,
    ) -> Answer:
        """Return a yes with its time by the clock of the dates in it (decisions.md T18).

        The only use that it shows of a ticket that nobody was known to have used may be the
        one just made, by another clock, or an older one. Oveit's record tells, since it has
        the new one in any case; it is asked for `within` the time that there is. While no
        date was ever seen here, Oveit's yes stands without it; later, OveitConnectionError is
        raised, since the answer cannot be told from a refusal.
        """
        uses = uses_of(answer, row)
        at = uses[0].at if answer.ok and len(uses) == 1 and uses[0].zoned else None
        if at is None:
            return answer
        away = at - answer.asked_at
        if abs(away) <= JUST_NOW:
            self._client.learn_date(at)
        if -EARLIER <= away <= ANSWERED_WITHIN:
            return answer
        if all(abs(away - shift) > MOST_APART + EARLIER for shift in self._client.date_shifts):
            return answer
        _, listed, others = await (ledger or self._ledger).evidence(row)
        if listed or others:
            return answer
        recorded = await self._recorded(row, within)
        uses = uses_of(recorded, row) if recorded else ()
        if recorded and len(uses) > 1:
            return replace(answer, ticket=recorded.ticket)
        if uses:
            self._client.learn_date(at)
        elif self._client.dates_ahead is not None:
            raise OveitConnectionError("It was not found out which entry Oveit's yes shows")
        return replace(answer, asked_at=at)

    async def _recorded(
        self, row: Row, within: Callable[[], AbstractAsyncContextManager[None]]
    ) -> Answer | None:
        """Return what Oveit records of a row's ticket, None where it cannot be asked."""
        try:
            async with within():
                about = await self._client.scan(ticket_code=row.code)
            check_same(about, row.code)
        except OveitError:
            return None
        return about

    async def why_refused(
        self, row: Row, found: Found, about: Answer, *, at_once: bool = False
    ) -> Cause | None:
        """Return why a refused row is a conflict, None while it may still be none (C10 to C13).

        Why Oveit refuses it says in words only, so at once it is told what its record and
        its list show; of the rest, the third refusal is believed, or this one `at_once`.
        """
        if row.addon_id is not None:
            event = self._ticket_sync.events.get(row.event_id)
            _, listed, _ = await self._ledger.evidence(row)
            uses = uses_of(about, row) if about.ticket else listed
            if reason := explain_addon(event, row, uses):
                return Cause(reason.value)
            found = Found.NOTHING if found is Found.OTHERS else found
        if found in CAUSES:
            return CAUSES[found]
        is_believed = self.may_set_aside(row) if at_once else self.is_to_be_set_aside(row)
        return Cause.SET_ASIDE if is_believed else None

    async def is_used_elsewhere(self, row: Row) -> bool:
        """Return whether the list shows an entry that is not ours: sending would add a second."""
        if row.addon_id is not None or row.re_entry or row.attempts:
            return False
        _, uses, others = await self._ledger.evidence(row)
        return judge(row, uses, others) is Found.OTHERS

    def _judge(
        self, row: Row, uses: Iterable[CheckIn], others: Collection[Row], *, earlier: int
    ) -> Found:
        """Judge the uses of a row's ticket by all that is known of Oveit's clocks.

        Of what may be used often, others' uses tell nothing. While it is not known how far
        apart the clocks are, a use that a wrong time zone would explain is nobody's for
        certain, if Oveit was asked `earlier`.
        """
        uses = tuple(uses)
        found = judge(row, uses, others, self._client.date_shifts)
        if found is Found.OTHERS and earlier > 0 and self._client.dates_ahead is None:
            is_explained = judge(row, uses, others, WRONG_ZONES) is Found.OURS
            found = Found.UNCLEAR if is_explained else found
        if found is Found.OTHERS and (row.addon_id is not None or row.re_entry):
            return Found.NOTHING
        return found

    def may_give_up(self, row: Row, err: OveitError) -> bool:
        """Return whether what failed again is set aside, for what is wrong with it alone."""
        had_its_turns = row.failures >= MOST_ATTEMPTS - 1
        may = self.may_set_aside(row) or row.direction is Direction.EXIT
        may = may and may_concern_one_ticket(err)
        return had_its_turns and may and self._client.breaker.is_online

    def is_to_be_set_aside(self, row: Row) -> bool:
        """Return whether Oveit was asked often enough about a row."""
        return row.attempts >= MOST_ATTEMPTS and self.may_set_aside(row)

    def may_set_aside(self, row: Row) -> bool:
        """Return whether a person is to settle a row that Oveit does not take.

        The rows of an event that is over are kept (C17), and so are those of guests who were
        not let in, whom nobody has to look for.
        """
        event = self._ticket_sync.events.get(row.event_id)
        return row.admitted and (event is None or event.active)

    def is_early(self, row: Row) -> bool:
        """Return whether Oveit may still be at work on a row."""
        if row.asked_last is None:
            return False
        return abs(self._client.now() - row.asked_last) < self._grace

    def needed(self, rows: Iterable[Row]) -> dict[int, datetime]:
        """Return of which moment each event's list must tell, to judge rows by it."""
        needed: dict[int, datetime] = {}
        for row in rows:
            if row.state is not RowState.PENDING and row.asked_last:
                at = row.asked_last + self._grace - DATES_ARE_WHOLE
                needed[row.event_id] = max(at, needed.get(row.event_id, at))
        return needed

    def _listed(self, others: Iterable[Row]) -> list[Row]:
        """Return the rows that Oveit had taken before the list was asked for.

        No other accounts for a use that the list shows: its own is not there yet.
        """
        return [
            each
            for each in others
            if each.state is RowState.CONFIRMED
            and each.asked_at
            and self._ticket_sync.covers(each.event_id, each.asked_at + DATES_ARE_WHOLE)
        ]

    def _is_shown(self, row: Row) -> bool:
        """Return whether the list is recent enough to show what became of a row."""
        at = self.needed([row]).get(row.event_id)
        return at is None or self._ticket_sync.covers(row.event_id, at)


def uses_of(answer: Answer, row: Row) -> tuple[CheckIn, ...]:
    """Return the uses of a row's kind that an answer tells of."""
    uses = answer.ticket.checkins if answer.ticket else ()
    return tuple(use for use in uses if use.addon_id == row.addon_id)


def judge(
    row: Row,
    uses: Iterable[CheckIn],
    others: Iterable[Row],
    shifts: Collection[timedelta] = _NO_SHIFT,
) -> Found:
    """Judge the uses that Oveit records of a row's ticket and add-on (decisions.md T3 to T5).

    A use is ours when it is dated, by Oveit's clock, between just before Oveit was asked
    first and the end of the last answer's time, and no other row of ours accounts for it;
    its clock may have been another by one of some `shifts`.
    Of a row that was sent before Oveit's clock was known, that cannot be told.
    """
    left = _unaccounted(list(uses), others, shifts)
    if any(_is_ours(row, use, shifts) for use in left):
        return Found.OURS
    was_undated = row.asked_at is None and row.attempts > 0
    if any(was_undated or not use.zoned or use.at is None for use in left):
        return Found.UNCLEAR
    return Found.OTHERS if left else Found.NOTHING


def _unaccounted(
    uses: list[CheckIn], others: Iterable[Row], shifts: Collection[timedelta]
) -> list[CheckIn]:
    """Return the uses that no other row of ours accounts for."""
    for other in others:
        at = other.asked_at
        twins = (
            use
            for use in uses
            if use.at and at and any(abs(use.at - at - shift) <= SAME_USE for shift in shifts)
        )
        if twin := next(twins, None):
            uses.remove(twin)
    return uses


def _is_ours(row: Row, use: CheckIn, shifts: Collection[timedelta]) -> bool:
    """Return whether a use falls into the time in which Oveit was asked for a row."""
    if row.asked_at is None or use.at is None or not use.zoned:
        return False
    until = (row.asked_last or row.asked_at) + ANSWERED_WITHIN
    return any(row.asked_at - EARLIER <= use.at - shift <= until for shift in shifts)

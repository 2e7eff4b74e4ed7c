"""What Oveit's record of a ticket and its list tell of a check-in of ours."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import Enum, auto

from ..client.api import OveitClient
from ..client.replies import check_same
from ..decision import EARLIER, SAME_USE, explain_addon
from ..exceptions import OveitError, may_concern_one_ticket
from ..ledger import Ledger
from ..models import Answer, Cause, CheckIn, Direction, Row, RowState
from ..ticket_sync import TicketSync

DOUBT_GRACE = 15.0
DATES_ARE_WHOLE = timedelta(seconds=1)  # Oveit tells its clock in whole seconds
ANSWERED_WITHIN = timedelta(seconds=150)
MOST_ATTEMPTS = 3


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
            uses, shown = uses_of(answer, row), [each for each in known if _is_confirmed(each)]
        else:
            shown = self._listed(others)
        found = _judge_kind(row, uses, shown)
        if found is Found.NOTHING and self.is_early(row):
            found = Found.TOO_EARLY
        return found, answer

    async def look(self, row: Row, ledger: Ledger | None = None) -> Found:
        """Judge a row by the list alone, which may not show its use yet."""
        _, uses, others = await (ledger or self._ledger).evidence(row)
        found = _judge_kind(row, uses, self._listed(others))
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
        return judge(row, uses_of(refusal, row), others), refusal

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
            if _is_confirmed(each)
            and each.asked_at
            and self._ticket_sync.covers(each.event_id, each.asked_at + DATES_ARE_WHOLE)
        ]

    def _is_shown(self, row: Row) -> bool:
        """Return whether the list is recent enough to show what became of a row."""
        at = self.needed([row]).get(row.event_id)
        return at is None or self._ticket_sync.covers(row.event_id, at)


def _is_confirmed(row: Row) -> bool:
    """Return whether Oveit has a row for certain."""
    return row.state is RowState.CONFIRMED


def uses_of(answer: Answer, row: Row) -> tuple[CheckIn, ...]:
    """Return the uses of a row's kind that an answer tells of."""
    uses = answer.ticket.checkins if answer.ticket else ()
    return tuple(use for use in uses if use.addon_id == row.addon_id)


def judge(row: Row, uses: Iterable[CheckIn], others: Iterable[Row]) -> Found:
    """Judge the uses that Oveit records of a row's ticket and add-on (decisions.md T3 to T5).

    A use is ours when it is dated, by Oveit's clock, between just before Oveit was asked
    first and the end of the last answer's time, and no other row of ours accounts for it.
    Of a row that was sent before Oveit's clock was known, that cannot be told.
    """
    left = _unaccounted(list(uses), others)
    if any(_is_ours(row, use) for use in left):
        return Found.OURS
    was_undated = row.asked_at is None and row.attempts > 0
    if any(was_undated or not use.zoned or use.at is None for use in left):
        return Found.UNCLEAR
    return Found.OTHERS if left else Found.NOTHING


def _judge_kind(row: Row, uses: Iterable[CheckIn], others: Iterable[Row]) -> Found:
    """Judge the uses of a row's ticket; of what may be used often, others' uses tell nothing."""
    found = judge(row, uses, others)
    if found is Found.OTHERS and (row.addon_id is not None or row.re_entry):
        return Found.NOTHING
    return found


def _unaccounted(uses: list[CheckIn], others: Iterable[Row]) -> list[CheckIn]:
    """Return the uses that no other row of ours accounts for."""
    for other in others:
        at = other.asked_at
        twin = next((use for use in uses if use.at and at and abs(use.at - at) <= SAME_USE), None)
        if twin:
            uses.remove(twin)
    return uses


def _is_ours(row: Row, use: CheckIn) -> bool:
    """Return whether a use falls into the time in which Oveit was asked for a row."""
    if row.asked_at is None or use.at is None or not use.zoned:
        return False
    until = (row.asked_last or row.asked_at) + ANSWERED_WITHIN
    return row.asked_at - EARLIER <= use.at <= until

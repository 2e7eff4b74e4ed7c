"""What Oveit's record of a ticket tells of a check-in whose answer never came."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import Enum, auto

from ..client.api import OveitClient
from ..decision import EARLIER, SAME_USE
from ..desk.lookup import check_same
from ..ledger import Ledger
from ..models import Answer, CheckIn, Row, RowState
from ..ticket_sync import TicketSync

DOUBT_GRACE = 15.0
DATES_ARE_WHOLE = timedelta(seconds=1)  # Oveit tells its clock in whole seconds
ANSWERED_WITHIN = timedelta(seconds=150)


class Found(Enum):
    """What was found at Oveit about a check-in of ours."""

    OURS = auto()
    OTHERS = auto()
    NOTHING = auto()
    TOO_EARLY = auto()
    UNCLEAR = auto()
    UNKNOWN = auto()
    UNREADABLE = auto()


class ReadBack:
    """Finds out whether Oveit took a check-in, without marking anything (decisions.md T3).

    Nothing found means nothing before `grace` seconds have passed, since Oveit may still
    be at work on what it was asked; a list from before then tells nothing either.
    """

    def __init__(
        self, client: OveitClient, ledger: Ledger, ticket_sync: TicketSync, grace: float
    ) -> None:
        """Take whom to ask."""
        self._client = client
        self._ledger = ledger
        self._ticket_sync = ticket_sync
        self._grace = timedelta(seconds=grace)

    async def ask(self, row: Row, *, was_answered: bool = False) -> tuple[Found, Answer]:
        """Ask Oveit what it records of a row; raises OveitError when it cannot be asked.

        Of a row that Oveit answered, a list from just before tells as well.
        """
        _, _, known = await self._ledger.evidence(row)
        answer = await self._client.scan(ticket_code=row.code)
        check_same(answer, row.code)
        listed, uses, others = await self._ledger.evidence(row)
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

    async def look(self, row: Row) -> Found:
        """Judge a row by the list alone, which may not show its use yet."""
        _, uses, others = await self._ledger.evidence(row)
        found = _judge_kind(row, uses, self._listed(others))
        return Found.UNCLEAR if found is Found.NOTHING else found

    def is_early(self, row: Row) -> bool:
        """Tell whether Oveit may still be at work on a row."""
        if row.asked_last is None:
            return False
        return abs(self._client.now() - row.asked_last) < self._grace

    def needed(self, rows: Iterable[Row]) -> dict[int, datetime]:
        """Return of which moment each event's list must tell, to judge rows by it."""
        needed: dict[int, datetime] = {}
        for row in rows:
            if row.state is RowState.IN_DOUBT and row.asked_last:
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
            and self._ticket_sync.tells_of(each.event_id, each.asked_at + DATES_ARE_WHOLE)
        ]

    def _is_shown(self, row: Row) -> bool:
        """Tell whether the list is recent enough to show what became of a row."""
        at = self.needed([row]).get(row.event_id)
        return at is None or self._ticket_sync.tells_of(row.event_id, at)


def _is_confirmed(row: Row) -> bool:
    """Tell whether Oveit has a row for certain."""
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
    """Tell whether a use falls into the time in which Oveit was asked for a row."""
    if row.asked_at is None or use.at is None or not use.zoned:
        return False
    until = (row.asked_last or row.asked_at) + ANSWERED_WITHIN
    return row.asked_at - EARLIER <= use.at <= until

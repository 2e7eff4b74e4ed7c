"""What Oveit's record of a ticket tells of a check-in whose answer never came."""

from collections.abc import Iterable
from datetime import timedelta
from enum import Enum, auto

from .api import OveitClient
from .ledger import Ledger
from .lookup import check_same
from .models import Answer, CheckIn, Row
from .rules import EARLIER, SAME_USE

DOUBT_GRACE = 15.0
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
    be at work on what it was asked.
    """

    def __init__(self, client: OveitClient, ledger: Ledger, grace: float) -> None:
        """Take whom to ask."""
        self._client = client
        self._ledger = ledger
        self._grace = grace

    async def ask(self, row: Row) -> tuple[Found, Answer]:
        """Ask Oveit what it records of a row; raises OveitError when it cannot be asked."""
        answer = await self._client.scan(ticket_code=row.code)
        check_same(answer, row.code)
        listed, uses, others = await self._ledger.evidence(row)
        if answer.ticket is None and not listed:
            return Found.UNKNOWN, answer
        found = _judge_kind(row, uses_of(answer, row) if answer.ticket else uses, others)
        if found is Found.NOTHING and self.is_early(row):
            found = Found.TOO_EARLY
        return found, answer

    async def look(self, row: Row) -> Found:
        """Judge a row by the list alone, which may not show its use yet."""
        _, uses, others = await self._ledger.evidence(row)
        found = _judge_kind(row, uses, others)
        return Found.UNCLEAR if found is Found.NOTHING else found

    def is_early(self, row: Row) -> bool:
        """Tell whether Oveit may still be at work on a row."""
        if row.asked_last is None:
            return False
        passed = (self._client.now() - row.asked_last).total_seconds()
        return abs(passed) < self._grace


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

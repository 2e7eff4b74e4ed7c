"""What Oveit's record of a ticket tells of a check-in whose answer never came: pure."""

from collections.abc import Iterable
from datetime import timedelta
from enum import Enum, auto

from .models import CheckIn, Row
from .rules import EARLIER, SAME_USE

ANSWERED_WITHIN = timedelta(seconds=150)


class Found(Enum):
    """What was found at Oveit about a check-in of ours."""

    OURS = auto()
    OTHERS = auto()
    NOTHING = auto()
    TOO_EARLY = auto()
    UNCLEAR = auto()
    UNKNOWN = auto()


def read_back(row: Row, uses: Iterable[CheckIn], others: Iterable[Row]) -> Found:
    """Judge the uses that Oveit records of a row's ticket and add-on (decisions.md T3 to T5).

    A use is ours when it is dated, by Oveit's clock, between just before Oveit was asked
    first and the end of the last answer's time, and no other row of ours accounts for it.
    """
    left = _unaccounted(list(uses), others)
    if any(_is_ours(row, use) for use in left):
        return Found.OURS
    if any(not use.zoned or use.at is None for use in left):
        return Found.UNCLEAR
    return Found.OTHERS if left else Found.NOTHING


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

"""Reading back: what Oveit's record tells of a check-in whose answer never came."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.oveit.core.models import CheckIn, Row
from custom_components.oveit.core.settling.evidence import Found, judge

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    """Return a moment, seconds after noon."""
    return NOON + timedelta(seconds=seconds)


def use(seconds: float | None = 0, **known: Any) -> CheckIn:
    """Return a use that Oveit records."""
    return CheckIn(at=None if seconds is None else at(seconds), **known)


def row(asked: float | None = 0, last: float | None = None) -> Row:
    """Return a row that Oveit was asked about at a time, and last at another."""
    return Row(
        code="abc",
        event_id=100,
        at=NOON,
        scan_id="s",
        asked_at=None if asked is None else at(asked),
        asked_last=None if last is None else at(last),
    )


@pytest.mark.parametrize(
    ("asked", "uses", "others", "found"),
    [
        (row(), [], [], Found.NOTHING),
        (row(), [use()], [], Found.OURS),
        (row(), [use(-60)], [], Found.OURS),
        (row(), [use(-61)], [], Found.OTHERS),
        (row(), [use(150)], [], Found.OURS),
        (row(), [use(151)], [], Found.OTHERS),
        (row(0, 600), [use(700)], [], Found.OURS),
        (row(0, 600), [use(751)], [], Found.OTHERS),
        (row(), [use(-600), use(1)], [], Found.OURS),
        (row(), [use(1), use(900)], [], Found.OURS),
        (row(), [use(None)], [], Found.UNCLEAR),
        (row(), [use(0, zoned=False)], [], Found.UNCLEAR),
        (row(), [use(-600), use(None)], [], Found.UNCLEAR),
        (row(), [use(None), use(1)], [], Found.OURS),
        (row(None), [use()], [], Found.OTHERS),
        (row(None), [], [], Found.NOTHING),
        (row(), [use(1)], [row(0)], Found.NOTHING),
        (row(), [use(1), use(2)], [row(0)], Found.OURS),
        (row(), [use(1)], [row(121.5)], Found.OURS),
        (row(), [use(1)], [row(None)], Found.OURS),
        (row(), [use(1), use(2)], [row(0), row(0)], Found.NOTHING),
        (row(), [use(None)], [row(0)], Found.UNCLEAR),
        (row(), [use(-600), use(1)], [row(-600)], Found.OURS),
    ],
)
def test_a_record_is_judged(
    asked: Row, uses: list[CheckIn], others: list[Row], found: Found
) -> None:
    """Ours by Oveit's own time, unless another row of ours accounts for it."""
    assert judge(asked, uses, others) is found


USES = st.lists(st.builds(use, st.none() | st.integers(-900, 900), zoned=st.booleans()), max_size=4)
ROWS = st.lists(st.builds(row, st.none() | st.integers(-900, 900)), max_size=4)


@given(uses=USES, others=ROWS)
def test_a_record_without_a_use_in_time_is_never_ours(
    uses: Iterable[CheckIn], others: list[Row]
) -> None:
    """Whatever else there is, only a dated use near our own question is ours."""
    before = [replace(each) for each in uses]

    found = judge(row(), uses, others)

    near = [each for each in before if each.at and each.zoned and at(-60) <= each.at <= at(150)]
    assert found is not Found.OURS or near
    assert found is not Found.NOTHING or len(before) <= len(others)
    assert uses == before

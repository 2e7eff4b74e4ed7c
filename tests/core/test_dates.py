"""Dates: whatever form they have, Python and the SQL of the ticket list read the same."""

from datetime import UTC, datetime, timedelta, timezone
from itertools import product
import json
from typing import Any

from hypothesis import example, given, settings, strategies as st
import pytest

from custom_components.oveit.core.dates import read_date
from custom_components.oveit.core.ledger import Ledger
from custom_components.oveit.core.models import CheckIn, Event
from tests.core.fuzz.replies import ODD

START = datetime(2000, 1, 2, tzinfo=UTC)
EVENT = Event(id=100, name="Lantern Night")
MORNING = datetime(2026, 12, 29, 11, 15, tzinfo=UTC)

ZONED = (
    "2026-12-29T11:15:00+00:00",
    "2026-12-29T14:15:00+03:00",
    "2026-12-29T14:15:00+0300",
    "2026-12-29T14:15:00+03",
    "2026-12-29T06:15:00-05:00",
    "2026-12-29T11:15:00Z",
    "2026-12-29t11:15:00z",
    "2026-12-29T11:15:00.9Z",
    "2026-12-29T11:15:00.123456789+00:00",
    "2026-12-29 13:15:00 +0200",
    "2026-12-29 11:15:00 UTC",
)
UNZONED = (
    "2026-12-29 11:15:00",
    "2026-12-29T11:15:00",
    "2026-12-29T11:15:00.25",
    " 2026-12-29 11:15 ",
)
OTHERS = (
    ("29/12/2026 11:15", MORNING, False),
    ("29.12.2026 11:15:00", MORNING, False),
    (" 29-12-2026 11:15 ", MORNING, False),
    ("9/1/2026 9:05", datetime(2026, 1, 9, 9, 5, tzinfo=UTC), False),
    ("29/12/2026", datetime(2026, 12, 29, tzinfo=UTC), False),
    ("Tue, 29 Dec 2026 11:15:00 GMT", MORNING, True),
    ("Tue, 29 Dec 2026 13:15:00 +0200", MORNING, True),
    ("1798542900", MORNING, True),
    ("1798542900.5", MORNING, True),
    ("1798542900000", MORNING, True),
    (1798542900, MORNING, True),
    (1798542900.5, MORNING, True),
)
UNREADABLE: tuple[Any, ...] = (
    "0000-00-00 00:00:00",
    "2026-02-30T11:15:00+00:00",
    "2026-12-31T25:00:00+00:00",
    "2026-12-28T24:30:00+00:00",
    "2026-12-29T11:15:00+25:00",
    "12/29/2026 11:15",
    "9999-12-31T23:59:59-14:00",
    "0001-01-01T00:00:00+14:00",
    "1970-01-01T00:00:00+00:00",
    "Tue, 29 Dec 99999 11:15:00 GMT",
    "Tue, 29 Dec 2026 11:15:00 +99999999",
    "tomorrow",
    "",
    "٢٠٢٦-12-29T11:15:00Z",
    "2026-12-29T11:15:00Z" + " " * 5000,
    0,
    -1,
    10**400,
    True,
    None,
    [],
    {},
)
TABLE = [
    *((text, MORNING, True) for text in ZONED),
    *((text, MORNING, False) for text in UNZONED),
    *((text, None, True) for text in UNREADABLE),
    ("2026-12-29", datetime(2026, 12, 29, tzinfo=UTC), False),
    ("2028-02-29T11:15:00+00:00", datetime(2028, 2, 29, 11, 15, tzinfo=UTC), True),
]


async def listed(ledger: Ledger, *dates: object) -> list[CheckIn]:
    """Return the uses of one ticket that a list dates so."""
    row = {"code": "abc", "ticket_type_id": 1, "checked_in": True}
    uses = [{"addon_id": None, "date": date} for date in dates]
    reply = json.dumps({"tickets": [row | {"checkins": uses}]}).encode()
    await ledger.take_list(EVENT, reply, datetime.now(UTC))
    (ticket,) = await ledger.find("abc")
    return list(ticket.checkins)


@pytest.mark.parametrize(("value", "at", "zoned"), TABLE, ids=lambda value: repr(value)[:40])
async def test_b21_a_date_is_read_the_same_from_an_answer_and_from_a_list(
    ledger: Ledger, value: object, at: datetime | None, zoned: bool
) -> None:
    """In UTC, and with whether it named its zone; what cannot be read is none."""
    found, names_zone = read_date(value)

    assert (found and found.replace(microsecond=0), names_zone) == (at, zoned)
    assert await listed(ledger, value) == [CheckIn(at=at, zoned=zoned)]


@pytest.mark.parametrize(
    ("value", "at", "zoned"), [*TABLE, *OTHERS], ids=lambda value: repr(value)[:40]
)
def test_b21_the_start_of_an_event_may_have_more_forms(
    value: object, at: datetime | None, zoned: bool
) -> None:
    """Seconds, an e-mail's form, and the day before the month; of a use these prove nothing."""
    found, names_zone = read_date(value, any_form=True)

    assert (found and found.replace(microsecond=0), names_zone) == (at, zoned)


@pytest.mark.parametrize("value", [value for value, _, _ in OTHERS], ids=repr)
async def test_b21_a_use_has_a_date_in_iso_form_or_none(ledger: Ledger, value: object) -> None:
    """Python and the SQL agree on that, too."""
    assert read_date(value) == (None, True)
    assert await listed(ledger, value) == [CheckIn()]


@settings(max_examples=200)
@given(
    at=st.integers(0, 99 * 365 * 86_400).map(lambda seconds: START + timedelta(seconds=seconds)),
    zone=st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)
@example(at=START, zone=timezone(timedelta(hours=14)))
def test_every_moment_of_this_century_is_read_by_both(at: datetime, zone: timezone) -> None:
    """Whatever its zone, and to the second."""
    date = at.astimezone(zone)

    assert read_date(date.isoformat()) == (date.astimezone(UTC), True)
    assert read_date(date.strftime("%Y-%m-%dT%H:%M:%S%z")) == (date.astimezone(UTC), True)


async def test_every_day_and_zone_is_the_same_in_python_and_in_sql(ledger: Ledger) -> None:
    """Days that a month does not have, hours that a day does not have, and zones of all kinds."""
    dates = [
        f"20{year:02}-{month:02}-{day:02}T{hour:02}:59:5{hour % 10}{zone}"
        for year, month, day, hour, zone in product(
            (0, 26, 99), (0, 2, 12, 13), (0, 1, 28, 29, 31), (0, 23, 24), ("+03:00", "-09:30", "Z")
        )
    ]

    found = {use.at for use in await listed(ledger, *dates)}

    assert found == {read_date(date)[0] for date in dates}


@given(value=ODD | st.text(max_size=70) | st.floats() | st.integers())
@example(value=float("nan"))
@example(value="Mon, 0 Jan 0 00:00:00 +999999999999999999999999")
def test_whatever_stands_where_a_date_belongs_raises_nothing(value: object) -> None:
    """It is a date of this century in UTC, or none."""
    at, zoned = read_date(value, any_form=True)

    assert at is None or (at.tzinfo is UTC and 1999 <= at.year <= 2100)
    assert zoned or at is not None

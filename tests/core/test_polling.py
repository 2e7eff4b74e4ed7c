"""When Oveit is asked, as tables: pure rules about time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from custom_components.oveit.core.client.replies import read_event
from custom_components.oveit.core.counts import Attendance, LastEntry, ListState
from custom_components.oveit.core.models import Event
from custom_components.oveit.core.polling import drift, is_list_due, is_live, is_open, poll_interval

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
LATELY = NOW - 2 * MINUTE


def event(**known: Any) -> Event:
    """Return an event."""
    return replace(Event(id=100, name="Concert"), **known)


def entered(ago: timedelta) -> Attendance:
    """Return an attendance whose last entry was so long ago."""
    last = LastEntry(at=NOW - ago, ticket_type_id=1, gate=None, code_end="abc")
    return Attendance(last_entry=last)


@pytest.mark.parametrize(
    ("known", "attendance", "live"),
    [
        (event(), Attendance(), True),
        (event(active=False), Attendance(), False),
        (event(starts_at=NOW), Attendance(), True),
        (event(starts_at=NOW + 6 * HOUR), Attendance(), True),
        (event(starts_at=NOW + 6 * HOUR + SECOND), Attendance(), False),
        (event(starts_at=NOW - 18 * HOUR), Attendance(), True),
        (event(starts_at=NOW - 18 * HOUR - SECOND), Attendance(), False),
        (event(starts_at=NOW, active=False), Attendance(), False),
        (event(starts_at=NOW - 99 * HOUR), entered(29 * MINUTE), True),
        (event(starts_at=NOW - 99 * HOUR), entered(30 * MINUTE), False),
        (event(active=False), entered(MINUTE), True),
        (event(active=False), entered(31 * MINUTE), False),
        (event(active=False), entered(-SECOND), False),
    ],
)
def test_an_event_is_live_while_guests_may_come(
    known: Event, attendance: Attendance, live: bool
) -> None:
    """From six hours before until eighteen after the start, always without one, and while busy."""
    assert is_live(known, attendance, NOW) is live


def test_c8_opening_hours_keep_their_length_when_the_clocks_go_back() -> None:
    """Clocks that go back at four in the morning make the event end at one, not at two."""
    found = read_event({"id": 100, "starts_at": "2026-10-24T20:00:00+03:00"})
    end = datetime.fromisoformat("2026-10-25T13:00:00+02:00")
    assert found
    assert is_open(found, end)
    assert not is_open(found, end + SECOND)


@pytest.mark.parametrize(
    ("live", "interval"),
    [
        ([], 5 * MINUTE),
        ([False, False], 5 * MINUTE),
        ([False, True], 30 * SECOND),
    ],
)
def test_one_live_event_is_enough_to_ask_often(live: list[bool], interval: timedelta) -> None:
    """Every 30 s while any followed event is live, else every 5 minutes."""
    assert poll_interval(live) == interval


@pytest.mark.parametrize(
    ("state", "live", "due"),
    [
        (ListState(), True, True),
        (ListState(), False, True),
        (ListState(fetched_at=NOW, drift_tickets=0, drift_checked_in=0), True, False),
        (ListState(fetched_at=NOW, drift_tickets=0, drift_checked_in=0, doubted=True), True, True),
        (ListState(fetched_at=LATELY, drift_tickets=1, drift_checked_in=0), True, True),
        (ListState(fetched_at=LATELY, drift_tickets=0, drift_checked_in=-1), True, True),
        (ListState(fetched_at=LATELY), True, True),
        (ListState(fetched_at=LATELY + SECOND), True, False),
        (ListState(fetched_at=NOW + SECOND, drift_tickets=0, drift_checked_in=0), True, True),
        *[
            (ListState(fetched_at=NOW - age, drift_tickets=0, drift_checked_in=0), live, due)
            for age, live, due in (
                (5 * MINUTE - SECOND, True, False),
                (5 * MINUTE, True, True),
                (5 * MINUTE, False, False),
                (HOUR - SECOND, False, False),
                (HOUR, False, True),
            )
        ],
    ],
)
def test_a_list_is_due_when_old_or_doubted_or_behind(
    state: ListState, live: bool, due: bool
) -> None:
    """Every 5 minutes live, every hour otherwise, and whenever a count moved by itself."""
    counted = Attendance(tickets=50, checked_in=7)

    assert is_list_due(event(tickets=50, checked_in=7), state, counted, NOW, live=live) is due


@pytest.mark.parametrize(
    ("took", "age", "due"),
    [
        (SECOND, 2 * MINUTE - SECOND, False),
        (SECOND, 2 * MINUTE, True),
        (9 * SECOND, 3 * MINUTE - SECOND, False),
        (9 * SECOND, 3 * MINUTE, True),
        (30 * SECOND, 5 * MINUTE - SECOND, False),
        (30 * SECOND, 5 * MINUTE, True),
    ],
)
def test_t21_a_list_that_takes_long_is_downloaded_the_less_often(
    took: timedelta, age: timedelta, due: bool
) -> None:
    """Every two minutes or twenty times its duration, but every five minutes at a live event."""
    state = ListState(fetched_at=NOW - age)

    assert is_list_due(event(tickets=1), state, Attendance(), NOW, live=True, took=took) is due


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (event(tickets=50, checked_in=7), (2, -1)),
        (event(tickets=None, checked_in=7), (None, -1)),
        (event(tickets=50), (2, None)),
        (event(), (None, None)),
    ],
)
def test_drift_is_how_far_oveits_counts_are_from_ours(
    known: Event, expected: tuple[int | None, int | None]
) -> None:
    """What Oveit does not count drifts nowhere."""
    assert drift(known, Attendance(tickets=48, checked_in=8)) == expected

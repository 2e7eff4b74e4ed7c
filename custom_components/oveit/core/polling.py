"""Rules for when Oveit is polled and when data are purged: pure functions of time and counts."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from .counts import Attendance, ListState
from .models import Event

OPENS_BEFORE = timedelta(hours=6)
CLOSES_AFTER = timedelta(hours=18)
LIVE_AFTER_ENTRY = timedelta(minutes=30)
PURGE_AFTER = timedelta(days=7)

LIVE_INTERVAL = timedelta(seconds=30)
IDLE_INTERVAL = timedelta(minutes=5)
LIVE_LIST_INTERVAL = timedelta(minutes=5)
IDLE_LIST_INTERVAL = timedelta(hours=1)
LEAST_LIST_INTERVAL = timedelta(minutes=2)
DOWNLOADS_PAUSE = 20
ON_DEMAND_LIST_AGE = timedelta(seconds=30)
ON_DEMAND_INTERVAL = timedelta(seconds=10)


def is_live(event: Event, attendance: Attendance, now: datetime) -> bool:
    """Return whether guests of an event may be at the doors."""
    last = attendance.last_entry
    if last and is_within(last.at, now, LIVE_AFTER_ENTRY):
        return True
    return event.active and is_open(event, now)


def is_open(event: Event, now: datetime) -> bool:
    """Return whether an event is within its opening hours; one without a start always is (B11)."""
    if event.starts_at is None:
        return True
    return event.starts_at - OPENS_BEFORE <= now <= event.starts_at + CLOSES_AFTER


def is_purge_due(event: Event, now: datetime) -> bool:
    """Return whether an event ended so long ago that its data are deleted."""
    ends = (event.ended_at, event.starts_at and event.starts_at + CLOSES_AFTER)
    known = [end for end in ends if end]
    return not event.active and bool(known) and now - max(known) >= PURGE_AFTER


def poll_interval(live: Iterable[bool]) -> timedelta:
    """Return the time between two requests for the events; `live` is one value for each event."""
    return LIVE_INTERVAL if any(live) else IDLE_INTERVAL


def is_within(at: datetime | None, now: datetime, limit: timedelta) -> bool:
    """Return whether a time is less than a limit ago; one in the future is as good as unknown."""
    return at is not None and timedelta() <= now - at < limit


def is_list_due(
    event: Event,
    state: ListState,
    attendance: Attendance,
    now: datetime,
    *,
    live: bool,
    took: timedelta = timedelta(),
    hinted: bool = False,
) -> bool:
    """Return whether a ticket list is too old, doubted (decisions.md T11), or a count moved.

    While a count moves all the time, it is not more often than every two minutes, or twenty
    times as long as the last download `took` (T21); Oveit's own hint need not wait two minutes.
    """
    interval = LIVE_LIST_INTERVAL if live else IDLE_LIST_INTERVAL
    if state.doubted or not is_within(state.fetched_at, now, interval):
        return True
    least = timedelta() if hinted else LEAST_LIST_INTERVAL
    if is_within(state.fetched_at, now, max(least, DOWNLOADS_PAUSE * took)):
        return False
    return drift(event, attendance) != (state.drift_tickets, state.drift_checked_in)


def drift(event: Event, attendance: Attendance) -> tuple[int | None, int | None]:
    """Return Oveit's counts of tickets and check-ins minus ours; None where Oveit has no count."""
    return (
        None if event.tickets is None else event.tickets - attendance.tickets,
        None if event.checked_in is None else event.checked_in - attendance.checked_in,
    )

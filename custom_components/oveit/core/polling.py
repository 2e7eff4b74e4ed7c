"""When to ask Oveit: pure rules about time."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from .counts import Attendance, ListState
from .models import Event

OPENS_BEFORE = timedelta(hours=6)
CLOSES_AFTER = timedelta(hours=18)
BUSY_FOR = timedelta(minutes=30)
KEPT_FOR = timedelta(days=7)

LIVE_INTERVAL = timedelta(seconds=30)
IDLE_INTERVAL = timedelta(minutes=5)
LIVE_LIST_INTERVAL = timedelta(minutes=5)
IDLE_LIST_INTERVAL = timedelta(hours=1)
LOOK_AGAIN_AGE = timedelta(seconds=30)
LOOK_AGAIN_INTERVAL = timedelta(seconds=10)


def is_live(event: Event, attendance: Attendance, now: datetime) -> bool:
    """Tell whether guests of an event may be at the doors."""
    if attendance.last_entry and now - attendance.last_entry.at < BUSY_FOR:
        return True
    return event.active and is_open(event, now)


def is_open(event: Event, now: datetime) -> bool:
    """Tell whether guests of an event may come in: always where it has no start."""
    if event.starts_at is None:
        return True
    return event.starts_at - OPENS_BEFORE <= now <= event.starts_at + CLOSES_AFTER


def is_purge_due(event: Event, now: datetime) -> bool:
    """Tell whether an event ended so long ago that its data go."""
    if event.active:
        return False
    ends = [event.ended_at, event.starts_at and event.starts_at + CLOSES_AFTER]
    known = [end for end in ends if end]
    return bool(known) and now - max(known) >= KEPT_FOR


def poll_interval(live: Iterable[bool]) -> timedelta:
    """Return how long to wait before the events are asked for again."""
    return LIVE_INTERVAL if any(live) else IDLE_INTERVAL


def is_list_due(
    event: Event, state: ListState, attendance: Attendance, now: datetime, *, live: bool
) -> bool:
    """Tell whether a ticket list is too old, in doubt, or behind Oveit's own counts."""
    if state.fetched_at is None or state.doubted:
        return True
    if now - state.fetched_at >= (LIVE_LIST_INTERVAL if live else IDLE_LIST_INTERVAL):
        return True
    return drift(event, attendance) != (state.drift_tickets, state.drift_checked_in)


def drift(event: Event, attendance: Attendance) -> tuple[int | None, int | None]:
    """Return how far Oveit's counts of tickets and check-ins are from ours."""
    return (
        None if event.tickets is None else event.tickets - attendance.tickets,
        None if event.checked_in is None else event.checked_in - attendance.checked_in,
    )

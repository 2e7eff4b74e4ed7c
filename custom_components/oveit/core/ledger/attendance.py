"""Counting: Oveit's list and our journal together, each ticket once."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, case, func, or_, select

from ..counts import Attendance, LastEntry
from ..models import Direction, RowState
from .journal import WAITING
from .schema import journal, tickets

ARRIVALS_OVER = timedelta(minutes=10)


def count(connection: Connection, event_id: int, now: datetime) -> Attendance:
    """Count an event's tickets."""
    tickets_by_type, by_type = _count_by_type(connection, event_id)
    states = _count_states(connection, event_id)
    since = (now - ARRIVALS_OVER).timestamp()
    return Attendance(
        tickets=sum(tickets_by_type.values()),
        tickets_by_type=tickets_by_type,
        checked_in=sum(by_type.values()),
        checked_in_by_type=by_type,
        last_entry=_last_entry(connection, event_id),
        arrivals=_entries_since(connection, event_id, since) / (ARRIVALS_OVER.total_seconds() / 60),
        inside=sum(by_type.values()) - _count_left(connection, event_id),
        exits_counted=_has_exits(connection, event_id),
        waiting=sum(states.get(state, 0) for state in WAITING),
        conflicts=states.get(RowState.REJECTED, 0),
    )


def _count_states(connection: Connection, event_id: int) -> dict[str, int]:
    """Count the journal's rows by their state."""
    statement = (
        select(journal.c.state, func.count())
        .where(journal.c.event_id == event_id)
        .group_by(journal.c.state)
    )
    return dict(connection.execute(statement).tuples().all())


def count_tickets(connection: Connection, event_id: int) -> int:
    """Count the tickets of the mirror."""
    statement = select(func.count()).where(tickets.c.event_id == event_id)
    return connection.execute(statement).scalar_one()


def _is_entry() -> ColumnElement[bool]:
    """Select rows of guests who came in."""
    return and_(
        journal.c.addon_id.is_(None), journal.c.direction == Direction.ENTRY, journal.c.admitted
    )


def _count_left(connection: Connection, event_id: int) -> int:
    """Count guests who came in, went out, and did not come back."""
    later = journal.alias()
    came_back = select(later.c.seq).where(
        later.c.event_id == event_id,
        later.c.code == journal.c.code,
        later.c.addon_id.is_(None),
        later.c.direction == Direction.ENTRY,
        later.c.admitted,
        later.c.seq > journal.c.seq,
    )
    entry = journal.alias()
    came_in = select(entry.c.seq).where(
        entry.c.event_id == event_id,
        entry.c.code == journal.c.code,
        entry.c.addon_id.is_(None),
        entry.c.direction == Direction.ENTRY,
        entry.c.admitted,
    )
    listed = select(tickets.c.code).where(
        tickets.c.event_id == event_id, tickets.c.code == journal.c.code, tickets.c.checked_in
    )
    statement = select(func.count(journal.c.code.distinct())).where(
        journal.c.event_id == event_id,
        journal.c.direction == Direction.EXIT,
        or_(came_in.exists(), listed.exists()),
        ~came_back.exists(),
    )
    return connection.execute(statement).scalar_one()


def _has_exits(connection: Connection, event_id: int) -> bool:
    """Tell whether anybody was seen leaving."""
    statement = select(journal.c.seq).where(
        journal.c.event_id == event_id, journal.c.direction == Direction.EXIT
    )
    return connection.execute(statement.limit(1)).one_or_none() is not None


def _unlisted_entries(event_id: int) -> Select[Any]:
    """Select our own entries that the mirror does not show yet."""
    return (
        select(func.max(func.coalesce(tickets.c.ticket_type_id, journal.c.ticket_type_id)))
        .select_from(journal)
        .outerjoin(
            tickets,
            (tickets.c.event_id == event_id) & (tickets.c.code == journal.c.code),
        )
        .where(
            journal.c.event_id == event_id,
            _is_entry(),
            func.coalesce(tickets.c.checked_in, False).is_(False),
        )
    )


def _count_by_type(connection: Connection, event_id: int) -> tuple[dict[int, int], dict[int, int]]:
    """Count tickets, and entered ones, by their type; unknown types as 0."""
    listed = connection.execute(
        select(
            tickets.c.ticket_type_id,
            func.count(),
            func.count(case((tickets.c.checked_in, 1))),
        )
        .where(tickets.c.event_id == event_id)
        .group_by(tickets.c.ticket_type_id)
    ).tuples()
    totals, counts = dict[int, int](), dict[int, int]()
    for type_id, total, entered in listed:
        totals[type_id or 0] = totals.get(type_id or 0, 0) + total
        counts[type_id or 0] = counts.get(type_id or 0, 0) + entered
    for (type_id,) in connection.execute(_unlisted_entries(event_id).group_by(journal.c.code)):
        counts[type_id or 0] = counts.get(type_id or 0, 0) + 1
    return totals, counts


def _entries_since(connection: Connection, event_id: int, since: float) -> int:
    """Count tickets that entered after a moment."""
    listed = select(func.count()).where(
        tickets.c.event_id == event_id, tickets.c.entered_at > since
    )
    ours = (
        _unlisted_entries(event_id).where(journal.c.at > since).group_by(journal.c.code).subquery()
    )
    return (
        connection.execute(listed).scalar_one()
        + connection.execute(select(func.count()).select_from(ours)).scalar_one()
    )


def _last_entry(connection: Connection, event_id: int) -> LastEntry | None:
    """Return the newest entry, ours where the list shows the same."""
    listed = connection.execute(_newest_listed(event_id)).one_or_none()
    ours = connection.execute(_newest_of_ours(event_id)).one_or_none()
    if ours and (not listed or listed.code == ours.code or listed.entered_at <= ours.at):
        at, record, gate = ours.at, ours, ours.gate
    elif listed:
        at, record, gate = listed.entered_at, listed, None
    else:
        return None
    return LastEntry(
        at=datetime.fromtimestamp(at, UTC),
        ticket_type_id=record.ticket_type_id,
        gate=gate,
        code_end=record.code[-3:],
    )


def _newest_listed(event_id: int) -> Select[Any]:
    """Select the newest entry that the list shows."""
    return (
        select(tickets)
        .where(tickets.c.event_id == event_id, tickets.c.entered_at.is_not(None))
        .order_by(tickets.c.entered_at.desc())
        .limit(1)
    )


def _newest_of_ours(event_id: int) -> Select[Any]:
    """Select the newest entry that we admitted."""
    return (
        select(journal)
        .where(journal.c.event_id == event_id, _is_entry())
        .order_by(journal.c.seq.desc())
        .limit(1)
    )

"""Counting: Oveit's list and our journal together, each ticket once."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, case, exists, func, null, select

from ..codes import code_end
from ..counts import Attendance, LastEntry
from ..models import Direction, Reason, RowState
from . import tickets as ticket_rows
from .journal import WAITING
from .schema import journal, tickets

ARRIVALS_OVER = timedelta(minutes=10)


def count(connection: Connection, event_id: int, now: datetime) -> Attendance:
    """Count an event's tickets."""
    undone = ticket_rows.undone(connection, event_id)
    tickets_by_type, by_type = _count_by_type(connection, event_id)
    for ticket in undone.values():
        by_type[ticket.ticket_type_id or 0] -= 1
    of_event = select(journal.c.state, func.count()).where(journal.c.event_id == event_id)
    states = dict(connection.execute(of_event.group_by(journal.c.state)).tuples().all())
    since = (now - ARRIVALS_OVER).timestamp()
    shared = _count_shared(connection, event_id)
    exits, left = _count_exits(connection, event_id, {*undone, *shared})
    return Attendance(
        tickets=sum(tickets_by_type.values()),
        tickets_by_type=tickets_by_type,
        checked_in=sum(by_type.values()),
        checked_in_by_type=by_type,
        last_entry=_last_entry(connection, event_id, undone),
        arrivals=_entries_since(connection, event_id, since, undone)
        / (ARRIVALS_OVER.total_seconds() / 60),
        inside=sum(by_type.values()) - left + sum(shared.values()) - len(shared),
        exits_counted=exits > 0,
        waiting=sum(states.get(state, 0) for state in WAITING),
        conflicts=states.get(RowState.REJECTED, 0),
    )


def count_tickets(connection: Connection, event_id: int) -> int:
    """Count the tickets of an event's list."""
    statement = select(func.count()).where(tickets.c.event_id == event_id)
    return connection.execute(statement).scalar_one()


def _is_entry(event_id: int, rows: Any = journal) -> ColumnElement[bool]:
    """Select the rows of guests who came in to an event."""
    return and_(
        rows.c.event_id == event_id,
        rows.c.addon_id.is_(None),
        rows.c.direction == Direction.ENTRY,
        rows.c.admitted,
    )


def _count_shared(connection: Connection, event_id: int) -> dict[str, int]:
    """Count who is inside by each ticket with which a steward let somebody else in (S1).

    Whoever comes by it when nobody has left is one more, except by a second read of the ticket.
    """
    let_in = (
        select(journal.c.code)
        .where(
            _is_entry(event_id),
            journal.c.state == RowState.LOCAL,
            journal.c.reason == Reason.OVERRIDE,
            journal.c.overruled.is_(None),
        )
        .distinct()
    )
    statement = (
        select(journal.c.code, journal.c.direction, journal.c.state, tickets.c.checked_in)
        .outerjoin(
            tickets,
            (tickets.c.event_id == journal.c.event_id) & (tickets.c.code == journal.c.code),
        )
        .where(
            journal.c.event_id == event_id,
            journal.c.code.in_(let_in),
            journal.c.addon_id.is_(None),
            journal.c.admitted,
        )
        .order_by(journal.c.code, journal.c.seq)
    )
    records = connection.execute(statement).all()
    return {
        code: _count_inside(list(rows)) for code, rows in groupby(records, lambda row: row.code)
    }


def _count_inside(rows: Sequence[Any]) -> int:
    """Count who is inside by one ticket, given its rows in their order."""
    inside, outside = int(rows[0].state == RowState.LOCAL and bool(rows[0].checked_in)), 0
    for row in rows:
        if row.direction == Direction.EXIT:
            gone = min(inside, 1)
            inside, outside = inside - gone, outside + gone
        elif outside:
            inside, outside = inside + 1, outside - 1
        elif row.state == RowState.LOCAL or not inside:
            inside += 1
    return inside


def _count_exits(connection: Connection, event_id: int, but: Collection[str]) -> tuple[int, int]:
    """Count the exits, and the guests who came in, went out, and did not come back.

    Of guests with the codes in `but`, only the exits are counted.
    """
    entry = journal.alias()
    came_in = exists().where(_is_entry(event_id, entry), entry.c.code == journal.c.code)
    came_back = came_in.where(entry.c.seq > journal.c.seq)
    listed = exists().where(
        tickets.c.event_id == event_id, tickets.c.code == journal.c.code, tickets.c.checked_in
    )
    is_counted = (came_in | listed) & ~came_back & journal.c.code.not_in(but)
    left = case((is_counted, journal.c.code))
    exits, gone = connection.execute(
        select(func.count(), func.count(left.distinct())).where(
            journal.c.event_id == event_id, journal.c.direction == Direction.EXIT
        )
    ).one()
    return exits, gone


def _unlisted_entries(event_id: int) -> Select[Any]:
    """Select our own entries that the list does not show yet, one record for each ticket."""
    same_ticket = (tickets.c.event_id == event_id) & (tickets.c.code == journal.c.code)
    return (
        select(func.max(func.coalesce(tickets.c.ticket_type_id, journal.c.ticket_type_id)))
        .select_from(journal)
        .outerjoin(tickets, same_ticket)
        .where(_is_entry(event_id), func.coalesce(tickets.c.checked_in, False).is_(False))
        .group_by(journal.c.code)
    )


def _count_by_type(connection: Connection, event_id: int) -> tuple[dict[int, int], dict[int, int]]:
    """Count tickets, and entered ones, by their type; unknown types as 0."""
    listed = connection.execute(
        select(tickets.c.ticket_type_id, func.count(), func.count(case((tickets.c.checked_in, 1))))
        .where(tickets.c.event_id == event_id)
        .group_by(tickets.c.ticket_type_id)
    ).tuples()
    totals, counts = dict[int, int](), dict[int, int]()
    for type_id, total, entered in listed:
        totals[type_id or 0] = totals.get(type_id or 0, 0) + total
        counts[type_id or 0] = counts.get(type_id or 0, 0) + entered
    for (type_id,) in connection.execute(_unlisted_entries(event_id)):
        counts[type_id or 0] = counts.get(type_id or 0, 0) + 1
    return totals, counts


def _entries_since(
    connection: Connection, event_id: int, since: float, but: Collection[str]
) -> int:
    """Count tickets that entered after a moment, but those with some codes."""
    is_recent = tickets.c.entered_at > since
    listed = select(func.count()).where(
        tickets.c.event_id == event_id, is_recent, tickets.c.code.not_in(but)
    )
    ours = select(func.count()).select_from(
        _unlisted_entries(event_id).where(journal.c.at > since).subquery()
    )
    return sum(connection.execute(each).scalar_one() for each in (listed, ours))


def _last_entry(connection: Connection, event_id: int, but: Collection[str]) -> LastEntry | None:
    """Return the newest entry but those with some codes, ours where the list shows the same."""
    of_list = select(tickets, tickets.c.entered_at.label("at"), null().label("gate")).where(
        tickets.c.event_id == event_id,
        tickets.c.entered_at.is_not(None),
        tickets.c.code.not_in(but),
    )
    of_ours = select(journal).where(_is_entry(event_id)).order_by(journal.c.seq.desc())
    listed = connection.execute(of_list.order_by(tickets.c.entered_at.desc()).limit(1)).first()
    newest = connection.execute(of_ours.limit(1)).first()
    if listed and (not newest or (listed.code != newest.code and listed.at > newest.at)):
        newest = listed
    if newest is None:
        return None
    return LastEntry(
        at=datetime.fromtimestamp(newest.at, UTC),
        ticket_type_id=newest.ticket_type_id,
        gate=newest.gate,
        code_end=code_end(newest.code),
    )

"""The journal: what happened at this venue's doors."""

from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Row as Record,
    bindparam,
    delete,
    func,
    insert,
    select,
    true,
    update,
)

from ..models import NO_EVENT, Answer, Direction, Reason, Request, Row, RowState, Ticket
from . import tickets
from .schema import from_epoch, journal, to_epoch
from .sqlite.engine import Statement

_WAITING = (RowState.PENDING, RowState.IN_DOUBT)
_TIMES = ("at", "asked_at", "asked_last")
_FIELDS = tuple(field.name for field in fields(Row))
_WRITTEN = tuple(name for name in _FIELDS if name not in ("seq", *_TIMES))

_BEGIN = Statement(insert(journal).returning(journal.c.seq), columns=(*_WRITTEN, *_TIMES))
_CHANGE = update(journal).where(journal.c.seq == bindparam("row"))
_CONFIRM = Statement(
    _CHANGE.values(
        state=RowState.CONFIRMED,
        admitted=True,
        asked_at=bindparam("asked_at"),
        message=bindparam("message"),
    )
)
_DISCARD = Statement(
    delete(journal).where(journal.c.seq == bindparam("row"), journal.c.admitted.is_(False))
)
_UNCLAIMED = (
    select(journal)
    .where(
        journal.c.event_id == bindparam("event_id"),
        journal.c.code == bindparam("code"),
        journal.c.addon_id.is_not_distinct_from(bindparam("addon_id")),
        journal.c.direction == Direction.ENTRY,
        journal.c.admitted.is_(False),
        journal.c.state.in_((RowState.IN_DOUBT, RowState.CONFIRMED)),
    )
    .order_by(journal.c.seq)
    .limit(1)
)


def begin(connection: Connection, row: Row) -> int:
    """Write a row and return its number."""
    values = {name: getattr(row, name) for name in _WRITTEN}
    values |= {name: to_epoch(getattr(row, name)) for name in _TIMES}
    ((seq,),) = _BEGIN.run(connection, **values)
    return int(seq)


def change(connection: Connection, seq: int, values: dict[str, Any]) -> None:
    """Write what has become of a row."""
    stored = values | {name: to_epoch(values[name]) for name in _TIMES if name in values}
    connection.execute(_CHANGE, stored | {"row": seq})


def settle(
    connection: Connection, seq: int, admitted: bool, ticket: Ticket, answer: Answer
) -> Ticket:
    """Keep the row of an admission or drop that of a refusal, with what the answer told."""
    if admitted:
        asked_at = to_epoch(answer.asked_at)
        _CONFIRM.run(connection, row=seq, asked_at=asked_at, message=answer.message)
    else:
        discard(connection, seq)
    if answer.ticket:
        tickets.learn(connection, answer.ticket, answer.rfid_codes, None)
    return tickets.renew(connection, (ticket,))[0]


def discard(connection: Connection, seq: int) -> None:
    """Delete a row, unless somebody came in by it meanwhile (decisions.md I3)."""
    _DISCARD.run(connection, row=seq)


def unclaimed(connection: Connection, ticket: Ticket, addon_id: int | None) -> Row | None:
    """Return a row that Oveit may have counted for a guest who was not let in."""
    key = {"event_id": ticket.event_id or 0, "code": ticket.code, "addon_id": addon_id}
    record = connection.execute(_UNCLAIMED, key).one_or_none()
    return _read(record) if record else None


def waiting(connection: Connection) -> list[Row]:
    """Return the rows that Oveit must still hear of, oldest first."""
    statement = select(journal).where(journal.c.state.in_(_WAITING)).order_by(journal.c.seq)
    return [_read(record) for record in connection.execute(statement)]


def conflicts(connection: Connection, event_id: int | None) -> list[Row]:
    """Return the rows that Oveit refused afterwards, newest first."""
    statement = select(journal).where(journal.c.state == RowState.REJECTED)
    if event_id is not None:
        statement = statement.where(journal.c.event_id == event_id)
    return [
        _read(record) for record in connection.execute(statement.order_by(journal.c.seq.desc()))
    ]


def find_scan(connection: Connection, request: Request) -> Row | None:
    """Return the row of an admission by its scan, if it is the same read (decisions.md D9)."""
    if request.rfid_code is not None:
        is_same = journal.c.rfid_code == request.rfid_code
    else:
        is_same = func.lower(journal.c.code) == func.lower(request.ticket_code)
    statement = select(journal).where(
        journal.c.scan_id == request.scan_id,
        journal.c.admitted,
        journal.c.addon_id.is_not_distinct_from(request.addon_id),
        journal.c.direction == request.direction,
        is_same,
    )
    record = connection.execute(statement.order_by(journal.c.seq).limit(1)).one_or_none()
    return _read(record) if record else None


def was_admitted(connection: Connection, row: Row) -> bool:
    """Tell whether somebody came in with a row's code before."""
    statement = select(journal.c.seq).where(
        func.lower(journal.c.code) == func.lower(row.code),
        journal.c.addon_id.is_not_distinct_from(row.addon_id),
        journal.c.direction == row.direction,
        journal.c.admitted,
    )
    return connection.execute(statement.limit(1)).one_or_none() is not None


def inside(connection: Connection, known: tuple[Ticket, ...]) -> tuple[Ticket, ...]:
    """Return those tickets whose guests came in and did not leave since."""
    newest = (
        select(journal.c.direction)
        .where(
            journal.c.event_id == bindparam("event_id"),
            journal.c.code == bindparam("code"),
            journal.c.addon_id.is_(None),
            journal.c.admitted,
        )
        .order_by(journal.c.seq.desc())
        .limit(1)
    )
    return tuple(
        ticket
        for ticket in known
        if ticket.checked_in
        and connection.execute(newest, {"event_id": ticket.event_id, "code": ticket.code}).scalar()
        != Direction.EXIT
    )


def others_of(connection: Connection, row: Row) -> list[Row]:
    """Return the other rows of a row's ticket and add-on that count as used."""
    same_event = journal.c.event_id.in_((row.event_id, NO_EVENT))
    statement = select(journal).where(
        same_event if row.event_id else true(),
        journal.c.code == row.code,
        journal.c.addon_id.is_not_distinct_from(row.addon_id),
        journal.c.direction == row.direction,
        journal.c.seq != row.seq,
        journal.c.state.in_((RowState.CONFIRMED, RowState.IN_DOUBT)),
    )
    return [_read(record) for record in connection.execute(statement)]


def count_waiting(connection: Connection, event_id: int) -> int:
    """Count an event's rows that Oveit must still hear of."""
    statement = select(func.count()).where(
        journal.c.event_id == event_id, journal.c.state.in_(_WAITING)
    )
    return connection.execute(statement).scalar_one()


def _read(record: Record[Any]) -> Row:
    """Return a row as it was written."""
    values = {name: getattr(record, name) for name in _FIELDS}
    return Row(
        **values
        | {
            "at": from_epoch(record.at) or datetime.fromtimestamp(0, UTC),
            "asked_at": from_epoch(record.asked_at),
            "asked_last": from_epoch(record.asked_last),
            "direction": Direction(record.direction),
            "state": RowState(record.state),
            "reason": Reason(record.reason),
        }
    )

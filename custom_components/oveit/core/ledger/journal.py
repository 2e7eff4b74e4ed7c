"""The journal: one row for each intended use of a ticket, and the only place that writes rows.

A row changes its state by one compare-and-set that tells its caller whether it happened;
`NEXT` is the table of what may follow what (design: the ledger is the authority).
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields, replace as _replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    bindparam,
    case,
    exists,
    false,
    func,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects.sqlite import insert

from ..models import NO_EVENT, Cause, Direction, Reason, Request, Row, RowState, Ticket
from . import properties
from .schema import NOW, from_epoch, journal, to_epoch
from .statements import Statement

S = RowState
NEXT: Mapping[RowState, frozenset[RowState]] = {
    S.ASKING: frozenset({S.CONFIRMED, S.PENDING, S.IN_DOUBT, S.VOID}),
    S.PENDING: frozenset({S.PENDING, S.CONFIRMED, S.IN_DOUBT, S.REJECTED, S.LOCAL, S.VOID}),
    S.IN_DOUBT: frozenset({S.CONFIRMED, S.PENDING, S.IN_DOUBT, S.REJECTED, S.LOCAL, S.VOID}),
    S.CONFIRMED: frozenset(),
    S.REJECTED: frozenset({S.VOID}),
    S.LOCAL: frozenset({S.VOID}),
    S.VOID: frozenset(),
}
WAITING = (S.ASKING, S.PENDING, S.IN_DOUBT)

IN_FLIGHT_GRACE = 1.0
LEASE = 45.0
MOST_IN_FLIGHT = 60.0
RETRY_AFTER = 300.0
MOST_RETRY = 4 * 3600.0

_TIMES = ("at", "asked_at", "asked_last", "undone_at")
_FIELDS = tuple(field.name for field in fields(Row))
_WRITTEN = tuple(name for name in _FIELDS if name not in ("seq", *_TIMES))
_NO_LEASE = {"leased_by": None, "lease": None, "in_flight": None}
_LEASED = {
    "leased_by": bindparam("leased_by"),
    "leased_until": NOW + bindparam("lease"),
    "in_flight_until": NOW + bindparam("in_flight"),
}
_ADD = Statement(
    insert(journal)
    .values({name: bindparam(name) for name in (*_WRITTEN, *_TIMES)} | _LEASED)
    .on_conflict_do_nothing()
    .returning(journal.c.seq)
)
_CONFIRM = Statement(
    update(journal)
    .where(
        journal.c.ref == bindparam("ref"),
        journal.c.admitted.is_(False),
        or_(*(journal.c.state == each for each in NEXT if S.CONFIRMED in NEXT[each])),
    )
    .values(
        state=S.CONFIRMED,
        admitted=True,
        asked_at=bindparam("asked_at"),
        message=bindparam("message"),
        in_flight_until=None,
        leased_by=None,
        leased_until=None,
    )
    .returning(journal.c.ref)
)


class SlotTakenError(Exception):
    """Another row has the use that was to be reserved: decide anew."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Lease:
    """Who alone may change a row for so many seconds.

    `in_flight` is for how many seconds a guest waits for it at a door.
    """

    holder: str
    seconds: float = LEASE
    in_flight: float | None = None

    @property
    def values(self) -> dict[str, Any]:
        """Return the lease as it is written."""
        return {"leased_by": self.holder, "lease": self.seconds, "in_flight": self.in_flight}


def is_running(until: ColumnElement[Any], most: float) -> ColumnElement[bool]:
    """Select times that are still to come, by the ledger's clock.

    One that is further away than any can be was written before the clock was set back or
    the machine was started anew, and is over.
    """
    return and_(until.is_not(None), until > NOW, until <= NOW + most)


IN_FLIGHT = is_running(journal.c.in_flight_until, MOST_IN_FLIGHT) & (journal.c.state == S.ASKING)


def add(connection: Connection, row: Row, lease: Lease | None = None) -> int:
    """Write a row and return its number; raises SlotTakenError when its use is taken."""
    values = {name: getattr(row, name) for name in _WRITTEN}
    values |= {name: to_epoch(getattr(row, name)) for name in _TIMES}
    added = _ADD.run(connection, **values, **(lease.values if lease else _NO_LEASE))
    if not added:
        raise SlotTakenError
    return int(added[0]["seq"])


def add_next(connection: Connection, row: Row, lease: Lease | None = None) -> Row:
    """Write a row with the next free use of its ticket, and return it."""
    slot = None
    if row.direction is Direction.ENTRY and row.state is not S.VOID:
        statement = select(func.max(journal.c.slot)).where(
            journal.c.event_id == row.event_id,
            journal.c.code == row.code,
            journal.c.addon_id.is_not_distinct_from(row.addon_id),
        )
        slot = (connection.execute(statement).scalar_one_or_none() or 0) + 1
    return _replace(row, seq=add(connection, _replace(row, slot=slot), lease), slot=slot)


def add_override(connection: Connection, row: Row, lease: Lease) -> Row:
    """Write the row of somebody who is let in whatever is known, and return it.

    Oveit need not hear again of a code with which somebody came in before.
    """
    before = select(journal.c.seq).where(
        func.lower(journal.c.code) == func.lower(row.code),
        journal.c.addon_id.is_(None),
        journal.c.direction == row.direction,
        journal.c.admitted,
    )
    is_first = row.addon_id is not None or not connection.execute(before.limit(1)).one_or_none()
    if row.state is S.PENDING and not is_first:
        row = _replace(row, state=S.LOCAL)
    return add_next(connection, row, lease)


def move(
    connection: Connection,
    row: Row,
    state: RowState,
    *,
    only: Collection[RowState] = frozenset(RowState),
    held_by: str | None = None,
    lease: Lease | None = None,
    retry_after: float | None = None,
    **values: Any,
) -> Row | None:
    """Bring a row to a state, with values of other fields, and return it as it is now.

    None is returned, and nothing written, when its state allows that no more or is none of
    `only`, or when its lease is no longer that of `held_by`: somebody else was faster. It
    has no lease afterwards but the one that is given, and is left alone for `retry_after`
    seconds.
    """
    sources = [each for each, following in NEXT.items() if state in following and each in only]
    where = _row(row.ref) & journal.c.state.in_(sources)
    if held_by is not None:
        where &= journal.c.leased_by == held_by
    retry_at = None if retry_after is None else NOW + retry_after
    return _write(connection, where, state=state, retry_at=retry_at, **_leased(lease), **values)


def _leased(lease: Lease | None) -> dict[str, Any]:
    """Return what is written of a lease into a row for which nobody waits."""
    until = NOW + lease.seconds if lease else None
    return {"leased_by": lease and lease.holder, "leased_until": until, "in_flight_until": None}


def confirm(connection: Connection, ref: str, asked_at: datetime, message: str | None) -> bool:
    """Admit a guest who waits, since Oveit said yes; tell whether nobody else was meanwhile."""
    values = {"ref": ref, "asked_at": to_epoch(asked_at), "message": message}
    return bool(_CONFIRM.run(connection, **values))


def claim(
    connection: Connection,
    row: Row,
    state: RowState,
    *,
    lease: Lease | None = None,
    **values: Any,
) -> Row | None:
    """Admit a guest by a row that was sent for the same guest before (decisions.md T4).

    None is returned when somebody else was admitted by it meanwhile.
    """
    free = _row(row.ref) & journal.c.admitted.is_(False)
    known = {S.IN_DOUBT: (S.ASKING, S.IN_DOUBT), S.CONFIRMED: (S.ASKING, S.IN_DOUBT, S.CONFIRMED)}
    where = free & journal.c.state.in_(known[state])
    return _write(connection, where, state=state, admitted=True, **_leased(lease), **values)


def release_unclaimed(connection: Connection, row: Row) -> bool:
    """End a row that Oveit does not have and by which nobody was admitted."""
    free = _row(row.ref) & journal.c.admitted.is_(False)
    where = free & journal.c.state.in_((S.ASKING, S.IN_DOUBT))
    return _write(connection, where, state=S.VOID) is not None


def withdraw(connection: Connection, refs: Iterable[str]) -> None:
    """Take admissions back whose guests got no answer, since the disk was too slow (T17).

    What Oveit may have counted stays claimable by the guest's next read. Who leaves is out,
    whatever became of the answer.
    """
    sent = (S.ASKING, S.IN_DOUBT, S.CONFIRMED)
    for ref in refs:
        entry = _row(ref) & (journal.c.direction == Direction.ENTRY)
        _write(connection, entry & (journal.c.state == S.PENDING), state=S.VOID)
        _write(connection, entry & journal.c.state.in_(sent), admitted=False)


def undo(connection: Connection, row: Row, by: str | None) -> Row | None:
    """Take an admission back, and return its row as it is now (decisions.md S4).

    What Oveit has, or may have, can be claimed by the guest's next read; what it has not
    claims nothing any more. None is returned when there is no admission to take back.
    """
    values = {"admitted": False, "undone_at": datetime.now(UTC), "undone_by": by}
    is_admission = _row(row.ref) & journal.c.admitted & (journal.c.direction == Direction.ENTRY)
    unsent = (journal.c.state == S.PENDING) & (journal.c.attempts == 0)
    unknown = is_admission & (journal.c.state.in_((S.LOCAL, S.REJECTED)) | unsent)
    if ended := _write(connection, unknown, state=S.VOID, **values):
        return ended
    sent = is_admission & journal.c.state.in_((S.PENDING, S.IN_DOUBT, S.CONFIRMED))
    state = case((journal.c.state == S.CONFIRMED, S.CONFIRMED), else_=S.IN_DOUBT)
    return _write(connection, sent, state=state, **values)


def lease(connection: Connection, row: Row, wanted: Lease) -> Row | None:
    """Take the lease of a waiting row, and return the row as it is now.

    None is returned when another holds it or another row of the same ticket, when a guest
    still waits for it, or when it has found its end. A row whose asker died is in doubt.
    """
    other = journal.alias()
    held_by_another = is_running(other.c.leased_until, MOST_IN_FLIGHT) & (
        other.c.leased_by != wanted.holder
    )
    is_held = exists().where(
        other.c.event_id == row.event_id,
        other.c.code == row.code,
        other.c.state.in_(WAITING),
        held_by_another,
    )
    where = and_(_row(row.ref), journal.c.state.in_(WAITING), ~IN_FLIGHT, ~is_held)
    state = case((journal.c.state == S.ASKING, S.IN_DOUBT), else_=journal.c.state)
    return _write(connection, where, state=state, **_leased(wanted))


def let_go(connection: Connection, holder: str) -> None:
    """Give back every lease of a holder that stops."""
    connection.execute(
        update(journal)
        .where(journal.c.leased_by.startswith(holder, autoescape=True))
        .values(leased_by=None, leased_until=None)
    )


def doubt_unsent(connection: Connection) -> int:
    """Have every row read back before it is sent, since this may be an older copy (C23).

    Returns how many rows that are. What an older copy calls pending may have been sent, and
    what it calls in doubt sent again: until this moment, for all that is known.
    """
    may_be_sent = journal.c.state.in_((S.PENDING, S.IN_DOUBT))
    changed = connection.execute(
        update(journal)
        .where(may_be_sent, journal.c.direction == Direction.ENTRY)
        .values(
            state=S.IN_DOUBT,
            asked_at=None,
            asked_last=(datetime.now(UTC) + properties.skew(connection)).timestamp(),
            attempts=case((journal.c.attempts == 0, 1), else_=journal.c.attempts),
            leased_until=None,
            in_flight_until=None,
        )
    )
    return changed.rowcount


def row(connection: Connection, ref: str) -> Row | None:
    """Return a row as it is now."""
    return _one(connection, select(journal).where(_row(ref)))


def unclaimed(connection: Connection, ticket: Ticket, addon_id: int | None) -> Row | None:
    """Return the oldest row that Oveit may have counted for a guest who was not let in."""
    return _one(
        connection,
        select(journal)
        .where(
            journal.c.event_id == (ticket.event_id or NO_EVENT),
            journal.c.code == ticket.code,
            journal.c.addon_id.is_not_distinct_from(addon_id),
            journal.c.direction == Direction.ENTRY,
            journal.c.admitted.is_(False),
            journal.c.state.in_((S.ASKING, S.IN_DOUBT, S.CONFIRMED)),
        )
        .order_by(journal.c.seq),
    )


def waiting(connection: Connection) -> list[Row]:
    """Return the rows that are to be uploaded or read back, oldest first."""
    statement = select(journal).where(journal.c.state.in_(WAITING))
    return _all(connection, statement.order_by(journal.c.seq))


def due(connection: Connection, holder: str, *, for_person: bool = False) -> list[Row]:
    """Return the waiting rows whose turn it is for this holder, oldest first.

    For a person who asks, rows that wait for their next try have their turn, too (C29).
    """
    retries = false() if for_person else is_running(journal.c.retry_at, MOST_RETRY)
    leased = is_running(journal.c.leased_until, MOST_IN_FLIGHT) & (journal.c.leased_by != holder)
    statement = select(journal).where(journal.c.state.in_(WAITING), ~IN_FLIGHT, ~retries, ~leased)
    return _all(connection, statement.order_by(journal.c.seq))


def conflicts(connection: Connection, event_id: int | None = None) -> list[Row]:
    """Return the rows that Oveit refused afterwards, newest first."""
    statement = select(journal).where(journal.c.state == S.REJECTED)
    if event_id is not None:
        statement = statement.where(journal.c.event_id == event_id)
    return _all(connection, statement.order_by(journal.c.seq.desc()))


def find_scan(connection: Connection, request: Request) -> Row | None:
    """Return the row of an admission by its scan, if it is the same read (decisions.md D9)."""
    if request.rfid_code is not None:
        is_same = journal.c.rfid_code == request.rfid_code
    else:
        is_same = func.lower(journal.c.code) == func.lower(request.ticket_code)
    return _one(
        connection,
        select(journal)
        .where(
            journal.c.scan_id == request.scan_id,
            journal.c.admitted,
            journal.c.addon_id.is_not_distinct_from(request.addon_id),
            journal.c.direction == request.direction,
            is_same,
        )
        .order_by(journal.c.seq),
    )


def admissions(
    connection: Connection,
    *,
    scan_id: str | None = None,
    codes: Collection[str] = (),
    addon_id: int | None = None,
    any_use: bool = False,
) -> list[Row]:
    """Return the rows of the newest read by which somebody is in, by its id or by codes.

    They are of one kind of use, the entry or an add-on, unless of `any_use`. Oldest first.
    """
    is_meant = journal.c.code.in_(codes) if scan_id is None else journal.c.scan_id == scan_id
    is_use = true() if any_use else journal.c.addon_id.is_not_distinct_from(addon_id)
    where = (is_meant, is_use, journal.c.admitted, journal.c.direction == Direction.ENTRY)
    rows = _all(connection, select(journal).where(*where).order_by(journal.c.seq))
    newest = max(rows, key=lambda row: (row.at, row.seq), default=None)
    return [row for row in rows if newest and (row.scan_id, row.at) == (newest.scan_id, newest.at)]


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
    """Return the other rows of a row's ticket and add-on that Oveit has or may have."""
    same_event = journal.c.event_id.in_((row.event_id, NO_EVENT))
    statement = select(journal).where(
        same_event if row.event_id else true(),
        journal.c.code == row.code,
        journal.c.addon_id.is_not_distinct_from(row.addon_id),
        journal.c.direction == row.direction,
        journal.c.ref != row.ref,
        journal.c.state.in_((S.ASKING, S.CONFIRMED, S.IN_DOUBT)),
    )
    return _all(connection, statement)


def count_waiting(connection: Connection, event_id: int) -> int:
    """Count an event's rows that are to be uploaded or read back."""
    statement = select(func.count()).where(
        journal.c.event_id == event_id, journal.c.state.in_(WAITING)
    )
    return connection.execute(statement).scalar_one()


def count_unreadable(connection: Connection) -> int:
    """Count the rows with words that this release does not know."""
    known = {"state": RowState, "reason": Reason, "direction": Direction}
    is_odd = or_(false(), *(journal.c[name].not_in(list(words)) for name, words in known.items()))
    return connection.execute(select(func.count()).where(is_odd)).scalar_one()


def _all(connection: Connection, statement: Any) -> list[Row]:
    """Return the rows of a query that this release can read; the others are counted elsewhere."""
    records = connection.execute(statement).mappings()
    return [row for record in records if (row := read_row(record)) is not None]


def read_row(record: Mapping[Any, Any]) -> Row | None:
    """Return a row as it was written; None where it has words that this release does not know."""
    values = {name: record[name] for name in _FIELDS}
    try:
        return Row(
            **values
            | {
                "at": from_epoch(record["at"]) or datetime.fromtimestamp(0, UTC),
                "asked_at": from_epoch(record["asked_at"]),
                "asked_last": from_epoch(record["asked_last"]),
                "undone_at": from_epoch(record["undone_at"]),
                "direction": Direction(record["direction"]),
                "state": RowState(record["state"]),
                "reason": Reason(record["reason"]),
                "overruled": _word(Reason, record["overruled"]),
                "cause": _word(Cause, record["cause"]),
                "admitted": bool(record["admitted"]),
                "re_entry": bool(record["re_entry"]),
                "turnstile": bool(record["turnstile"]),
            }
        )
    except ValueError, TypeError:
        return None


def _word[T: Reason | Cause](words: type[T], written: str | None) -> T | None:
    """Return a word of a closed set, None where it is no such word."""
    return words(written) if written is not None and written in words else None


def _row(ref: str) -> ColumnElement[bool]:
    """Select one row."""
    return journal.c.ref == ref


def _write(connection: Connection, where: ColumnElement[bool], **values: Any) -> Row | None:
    """Change the one row that is selected, and return it; a void row gives its use back."""
    stored = values | {name: to_epoch(values[name]) for name in _TIMES if name in values}
    if stored.get("state") is S.VOID:
        stored |= {"slot": None, "admitted": False}
    changed = update(journal).where(where).values(stored).returning(journal)
    record = connection.execute(changed).mappings().one_or_none()
    if record is None:
        return None
    properties.count_change(connection)
    return read_row(record)


def _one(connection: Connection, statement: Any) -> Row | None:
    """Return the first row of a query."""
    record = connection.execute(statement.limit(1)).mappings().one_or_none()
    return read_row(record) if record else None

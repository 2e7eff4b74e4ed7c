"""Which tickets' tags are known, and which events are being prepared for being offline."""

from datetime import UTC, datetime

from sqlalchemy import Connection, delete, func, select
from sqlalchemy.dialects.sqlite import insert as upsert

from ..counts import Coverage
from .attendance import count_tickets
from .schema import asked, preparations, tags, tickets
from .statements import Statement, put

_NOTED = upsert(asked)
_NOTE = Statement(
    _NOTED.on_conflict_do_update(
        set_={"told": _NOTED.excluded.told, "asked_at": _NOTED.excluded.asked_at},
        where=asked.c.told != _NOTED.excluded.told,
    ),
    columns=("event_id", "code", "asked_at", "told"),
)


def coverage(connection: Connection, event_id: int) -> Coverage:
    """Count an event's tickets, and those whose tags are known, be it that there is none."""
    statement = select(func.count()).where(asked.c.event_id == event_id, asked.c.told)
    known = connection.execute(statement).scalar_one()
    return Coverage(tickets=count_tickets(connection, event_id), known=known)


def note(connection: Connection, event_id: int, code: str, *, told: bool) -> None:
    """Write that Oveit was asked about a ticket, and whether it told of its tags."""
    asked_at = datetime.now(UTC).timestamp()
    _NOTE.run(connection, event_id=event_id, code=code, asked_at=asked_at, told=told)


def unasked(connection: Connection, event_id: int, most: int) -> list[str]:
    """Return tickets that nobody asked about yet, those first that have not entered."""
    was_asked = select(asked.c.code).where(
        asked.c.event_id == event_id, asked.c.code == tickets.c.code
    )
    statement = (
        select(tickets.c.code)
        .where(tickets.c.event_id == event_id, ~was_asked.exists())
        .order_by(tickets.c.checked_in, tickets.c.code)
        .limit(most)
    )
    return list(connection.execute(statement).scalars())


def forget_tagless(connection: Connection, event_id: int) -> None:
    """Have the tickets asked about again that had no tag."""
    has_tag = select(tags.c.code).where(tags.c.code == asked.c.code)
    connection.execute(delete(asked).where(asked.c.event_id == event_id, ~has_tag.exists()))


def begin(connection: Connection, event_id: int, per_minute: int) -> None:
    """Write that an event is being prepared, and at what pace."""
    end(connection, event_id)
    put(connection, preparations, {"event_id": event_id}, per_minute=per_minute)


def end(connection: Connection, event_id: int) -> None:
    """Write that an event is no longer being prepared."""
    connection.execute(delete(preparations).where(preparations.c.event_id == event_id))


def under_way(connection: Connection) -> dict[int, int]:
    """Return the events that are being prepared, with the pace of each."""
    statement = select(preparations.c.event_id, preparations.c.per_minute)
    return dict(connection.execute(statement).tuples().all())

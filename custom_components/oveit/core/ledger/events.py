"""The events that Oveit listed."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from itertools import batched
from time import sleep
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, delete, exists, select, tuple_

from ..models import NO_EVENT, Addon, Event, TicketType
from . import properties
from .journal import WAITING
from .schema import (
    CODE_KEY,
    asked,
    code_key,
    counters,
    events,
    journal,
    lists,
    preparations,
    refusals,
    tags,
    tickets,
)
from .sqlite.list_import import ListImport
from .statements import put

MOST = 20_000
AT_ONCE = 200
DOORS_FIRST = 0.0005
_TIMES = ("starts_at", "ended_at")
_OF_EVENT = (tickets, lists, journal, refusals, counters, asked, preparations)


def load(connection: Connection) -> dict[int, Event]:
    """Return every event by its id."""
    records = connection.execute(select(events))
    return {record.id: _read(record.id, record.details) for record in records}


def save(connection: Connection, listed: Iterable[Event]) -> None:
    """Write events, those that are there anew."""
    for event in listed:
        details = asdict(event)
        times = {name: at.isoformat() for name in _TIMES if (at := details[name])}
        put(connection, events, {"id": event.id}, details=details | times)


def remove(backend: ListImport, event_id: int, until: datetime) -> None:
    """Forget an event with its tickets and all that happened, a few at a time.

    Gone as well are tags whose tickets are listed no more, and what happened at no event up to
    a time. The event itself goes last, so that what was interrupted is done again.
    """
    settled = journal.c.state.not_in(WAITING) & (journal.c.at <= until.timestamp())
    of_no_event = {journal: settled, refusals: refusals.c.at <= until.timestamp()}
    gone = [
        *((table, table.c.event_id == event_id) for table in _OF_EVENT),
        *((table, (table.c.event_id == NO_EVENT) & where) for table, where in of_no_event.items()),
        (tags, ~exists().where(code_key(tags.c.code) == CODE_KEY)),
        (events, events.c.id == event_id),
    ]
    with backend.connect() as connection:
        for table, where in gone:
            while _remove_some(backend, connection, table, where):
                pass


def _remove_some(
    backend: ListImport, connection: Connection, table: Table, where: ColumnElement[bool]
) -> bool:
    """Remove rows, a few in each transaction, and return whether there may be more."""
    key = tuple_(*table.primary_key)
    with backend.transaction(connection):
        found = connection.execute(select(*table.primary_key).where(where).limit(MOST)).all()
    for some in batched(map(tuple, found), AT_ONCE, strict=False):
        with backend.writing(connection), properties.keeping_generation(connection):
            connection.execute(delete(table).where(where, key.in_(some)))
        sleep(DOORS_FIRST)
    return len(found) == MOST


def _read(event_id: int, details: dict[str, Any]) -> Event:
    """Return an event as it was kept."""
    kinds = tuple(
        TicketType(**kind | {"addons": tuple(Addon(**addon) for addon in kind["addons"])})
        for kind in details["ticket_types"]
    )
    times = {name: at and datetime.fromisoformat(at) for name in _TIMES for at in [details[name]]}
    changed = times | {"id": event_id, "ticket_types": kinds}
    return Event(**details | changed)

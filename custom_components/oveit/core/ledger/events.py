"""The events that Oveit listed."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select

from ..models import Addon, Event, TicketType
from . import properties
from .schema import asked, counters, events, journal, lists, preparations, refusals, tags, tickets
from .statements import put

_TIMES = ("starts_at", "ended_at")


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


def remove(connection: Connection, event_id: int) -> None:
    """Forget an event with its tickets, their tags and all that happened."""
    codes = select(tickets.c.code).where(tickets.c.event_id == event_id)
    connection.execute(delete(tags).where(tags.c.code.in_(codes)))
    with properties.keeping_generation(connection):
        for table in (tickets, lists, journal, refusals, counters, asked, preparations):
            connection.execute(delete(table).where(table.c.event_id == event_id))
    connection.execute(delete(events).where(events.c.id == event_id))


def _read(event_id: int, details: dict[str, Any]) -> Event:
    """Return an event as it was kept."""
    kinds = tuple(
        TicketType(**kind | {"addons": tuple(Addon(**addon) for addon in kind["addons"])})
        for kind in details["ticket_types"]
    )
    times = {name: at and datetime.fromisoformat(at) for name in _TIMES for at in [details[name]]}
    changed = times | {"id": event_id, "ticket_types": kinds}
    return Event(**details | changed)

"""The events that Oveit listed."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert as upsert

from ..models import Addon, Event, TicketType
from .tables import events


def load(connection: Connection) -> dict[int, Event]:
    """Return every event by its id."""
    records = connection.execute(select(events))
    return {record.id: _read(record.id, record.details) for record in records}


def save(connection: Connection, listed: tuple[Event, ...]) -> None:
    """Write events, those that are there anew."""
    for event in listed:
        details = asdict(event) | {"starts_at": event.starts_at and event.starts_at.isoformat()}
        statement = upsert(events).values(id=event.id, details=details)
        connection.execute(
            statement.on_conflict_do_update(set_={"details": statement.excluded.details})
        )


def _read(event_id: int, details: dict[str, Any]) -> Event:
    """Return an event as it was kept."""
    starts_at = details["starts_at"]
    kinds = tuple(
        TicketType(**kind | {"addons": tuple(Addon(**addon) for addon in kind["addons"])})
        for kind in details["ticket_types"]
    )
    changed = {
        "id": event_id,
        "starts_at": starts_at and datetime.fromisoformat(starts_at),
        "ticket_types": kinds,
    }
    return Event(**details | changed)

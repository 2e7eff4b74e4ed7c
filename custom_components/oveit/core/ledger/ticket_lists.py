"""The import of ticket lists."""

from datetime import datetime
from functools import partial
from time import sleep
from typing import Any

from sqlalchemy import Connection, Row as Record, select
from sqlalchemy.exc import DatabaseError

from ..client import ticket_list as replies
from ..codes import code_end
from ..counts import ListState, RemoteCheckIn
from ..decision import SAME_USE
from ..exceptions import OveitResponseError
from ..models import Event
from ..polling import drift
from .attendance import count, count_tickets
from .schema import from_epoch, lists
from .sqlite import list_import as incoming
from .sqlite.list_import import ListImport
from .statements import put

MOST_SEEN = 20
SHRUNK = 0.8
AT_ONCE = 25
AT_FIRST = 2_000
DOORS_FIRST = 0.0005


def take(backend: ListImport, event: Event, reply: bytes, at: datetime) -> list[RemoteCheckIn]:
    """Take a reply apart first, then apply what differs in short transactions.

    Returns the newest check-ins that neither the list before nor the journal holds.
    """
    key, seen = {"event_id": event.id}, list[RemoteCheckIn]()
    most = replies.most_bytes(event.tickets or 0)
    digest = replies.digest(reply, most)
    kept: dict[str, Any] = {"fetched_at": at.timestamp(), "doubted_count": None}
    with backend.connect() as connection:
        with backend.transaction(connection):
            known = _record(connection, event.id)
            before = known and known.digest
            is_new = before != digest
            arrived, skipped = _take_apart(connection, event.id, reply, most) if is_new else (0, 0)
            doubtful = is_new and _is_doubtful(connection, event.id, known, arrived)
            if is_new and before:
                seen = _find_seen(connection, event.id)
        if doubtful:
            with backend.writing(connection):
                put(connection, lists, key, doubted_count=arrived)
            return []
        if is_new:
            _apply(backend, connection, event.id, AT_ONCE if before else AT_FIRST)
            kept |= {"digest": digest, "skipped": skipped}
        with backend.transaction(connection):
            tickets, checked_in = drift(event, count(connection, event.id, at))
        with backend.writing(connection):
            put(connection, lists, key, **kept, drift_tickets=tickets, drift_checked_in=checked_in)
    return seen


def _apply(backend: ListImport, connection: Connection, event_id: int, most: int) -> None:
    """Apply what differs, a few tickets at a time, so that no door waits for all of them."""
    for changes in incoming.CHANGES:
        after: str | None = ""
        while after is not None:
            with backend.writing(connection):
                after = incoming.apply_some(connection, event_id, changes, after, most)
            backend.flush()
            sleep(DOORS_FIRST)
    with backend.transaction(connection):
        incoming.drop_temporary(connection)


def state(connection: Connection, event_id: int) -> ListState:
    """Return what is known of an event's list."""
    record = _record(connection, event_id)
    if record is None:
        return ListState()
    return ListState(
        fetched_at=from_epoch(record.fetched_at),
        skipped=record.skipped,
        doubted=record.doubted_count is not None,
        drift_tickets=record.drift_tickets,
        drift_checked_in=record.drift_checked_in,
    )


def _record(connection: Connection, event_id: int) -> Record[Any] | None:
    """Return what is kept about an event's list."""
    return connection.execute(select(lists).where(lists.c.event_id == event_id)).one_or_none()


def _take_apart(connection: Connection, event_id: int, reply: bytes, most: int) -> tuple[int, int]:
    """Take a reply apart; return how many tickets it has, and how many rows are none, or again."""
    rows = 0
    incoming.begin_list(connection)
    try:
        for part in replies.slices(reply, partial(incoming.is_array, connection), most):
            kind, length, failed = incoming.describe_reply(connection, part)
            if failed or kind != "array":
                raise OveitResponseError("The reply holds no ticket list")
            incoming.take_apart(connection, part)
            rows += length
    except DatabaseError as err:
        raise OveitResponseError("The ticket list is not JSON") from err
    arrived = incoming.compare(connection, event_id)
    if rows and not arrived:
        raise OveitResponseError("The ticket list holds nothing that is a ticket")
    return arrived, rows - arrived


def _is_doubtful(
    connection: Connection, event_id: int, known: Record[Any] | None, arrived: int
) -> bool:
    """Return whether a list lost too much to be believed the first time."""
    if known is None or known.doubted_count == arrived:
        return False
    return arrived < SHRUNK * count_tickets(connection, event_id)


def _find_seen(connection: Connection, event_id: int) -> list[RemoteCheckIn]:
    """Return the newest check-ins of a list that were not known, oldest first."""
    records = incoming.find_seen(connection, event_id, SAME_USE.total_seconds(), MOST_SEEN)
    return [
        RemoteCheckIn(
            event_id=event_id,
            ticket_type_id=record.ticket_type_id,
            addon_id=record.addon_id,
            at=from_epoch(record.at),
            code_end=code_end(record.code),
        )
        for record in reversed(records)
    ]

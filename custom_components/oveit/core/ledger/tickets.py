"""The mirror of Oveit's tickets, and the tags that carry them."""

from datetime import UTC, datetime
import json
from typing import Any

from sqlalchemy import Connection, Row as Record, Select, case, delete, func, or_, select
from sqlalchemy.dialects.sqlite import insert as upsert

from ..models import CheckIn, Ticket
from ..rules import merge_uses
from .tables import from_epoch, journal, tags, tickets


def find(connection: Connection, code: str) -> tuple[Ticket, ...]:
    """Return the tickets with a code."""
    found = _load_tickets(
        connection, select(tickets).where(func.lower(tickets.c.code) == func.lower(code))
    )
    exact = tuple(ticket for ticket in found if ticket.code == code)
    if exact:
        return exact
    return found if len({ticket.code for ticket in found}) == 1 else ()


def on_tag(connection: Connection, rfid_code: str) -> tuple[Ticket, ...]:
    """Return the tickets on a tag."""
    codes = select(tags.c.code).where(tags.c.rfid_code == rfid_code)
    return _load_tickets(connection, select(tickets).where(tickets.c.code.in_(codes)))


def _load_tickets(connection: Connection, statement: Select[Any]) -> tuple[Ticket, ...]:
    """Return tickets with their uses, Oveit's and ours."""
    records = connection.execute(statement).all()
    ours: dict[str, list[CheckIn]] = {record.code: [] for record in records}
    rows = connection.execute(
        select(journal).where(journal.c.code.in_(ours), journal.c.admitted).order_by(journal.c.seq)
    )
    for row in rows:
        use = CheckIn(addon_id=row.addon_id, at=from_epoch(row.at), gate=row.gate)
        ours[row.code].append(use)
    return tuple(_to_ticket(record, ours[record.code]) for record in records)


def _to_ticket(record: Record[Any], ours: list[CheckIn]) -> Ticket:
    """Return a ticket of the mirror joined with our own rows."""
    listed = [
        CheckIn(addon_id=addon_id, at=from_epoch(at))
        for addon_id, at in json.loads(record.checkins)
    ]
    return Ticket(
        code=record.code,
        event_id=record.event_id,
        ticket_type_id=record.ticket_type_id,
        series=record.series,
        checked_in=record.checked_in or any(use.addon_id is None for use in ours),
        checkins=merge_uses(listed, ours),
    )


def learn(
    connection: Connection, ticket: Ticket, rfid_codes: tuple[str, ...] | None, tag: str | None
) -> None:
    """Write what an answer told."""
    _learn_ticket(connection, ticket)
    mine = tags.c.code == ticket.code
    if rfid_codes is not None:
        connection.execute(delete(tags).where(mine, tags.c.rfid_code.not_in(rfid_codes)))
    learned_at = datetime.now(UTC).timestamp()
    for rfid_code in {*(rfid_codes or ()), *filter(None, [tag])}:
        connection.execute(
            upsert(tags)
            .values(rfid_code=rfid_code, code=ticket.code, learned_at=learned_at)
            .on_conflict_do_update(set_={"learned_at": learned_at})
        )


def _learn_ticket(connection: Connection, ticket: Ticket) -> None:
    """Bring a ticket of the mirror to what an answer told; a use is never unlearned."""
    uses = [[use.addon_id, use.at and int(use.at.timestamp())] for use in ticket.checkins]
    entries = [at for addon_id, at in uses if addon_id is None and at is not None]
    statement = upsert(tickets).values(
        event_id=ticket.event_id,
        code=ticket.code,
        ticket_type_id=ticket.ticket_type_id,
        checked_in=ticket.checked_in,
        entered_at=min(entries, default=None),
        checkins=json.dumps(uses, separators=(",", ":")),
        series=ticket.series,
    )
    new, old = statement.excluded, tickets.c
    connection.execute(
        statement.on_conflict_do_update(
            set_={
                "ticket_type_id": func.coalesce(new.ticket_type_id, old.ticket_type_id),
                "checked_in": or_(new.checked_in, old.checked_in),
                "entered_at": func.coalesce(new.entered_at, old.entered_at),
                "checkins": case((new.checkins == "[]", old.checkins), else_=new.checkins),
                "series": func.coalesce(new.series, old.series),
            }
        )
    )

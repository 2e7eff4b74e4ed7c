"""The journal: what happened at this venue's doors."""

from sqlalchemy import Connection, bindparam, delete, insert, update

from ..models import Answer, Row, RowState, Ticket
from . import tickets
from .tables import journal

_BEGIN = insert(journal).returning(journal.c.seq)
_CONFIRM = (
    update(journal)
    .where(journal.c.seq == bindparam("row"))
    .values(state=RowState.CONFIRMED, admitted=True, at_oveit=bindparam("asked_at"))
)
_DISCARD = delete(journal).where(journal.c.seq == bindparam("row"))


def begin(connection: Connection, row: Row) -> int:
    """Write a row in doubt and return its number."""
    values = {
        "event_id": row.ticket.event_id,
        "code": row.ticket.code,
        "rfid_code": row.rfid_code,
        "ticket_type_id": row.ticket.ticket_type_id,
        "addon_id": row.addon_id,
        "gate": row.gate,
        "at": row.at.timestamp(),
        "scan_id": row.scan_id,
        "state": RowState.IN_DOUBT,
        "admitted": False,
    }
    seq: int = connection.execute(_BEGIN, values).scalar_one()
    return seq


def settle(
    connection: Connection, seq: int, admitted: bool, ticket: Ticket, answer: Answer
) -> Ticket:
    """Keep the row of an admission or drop that of a refusal, with what the answer told."""
    if admitted:
        connection.execute(_CONFIRM, {"row": seq, "asked_at": answer.asked_at.timestamp()})
    else:
        connection.execute(_DISCARD, {"row": seq})
    if answer.ticket:
        tickets.learn(connection, answer.ticket, answer.rfid_codes, None)
    return tickets.renew(connection, (ticket,))[0]


def discard(connection: Connection, seq: int) -> None:
    """Delete a row."""
    connection.execute(_DISCARD, {"row": seq})

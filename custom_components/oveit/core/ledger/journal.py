"""The journal: what happened at this venue's doors."""

from sqlalchemy import Connection, delete, insert, update

from ..models import Row, RowState
from .tables import journal


def begin(connection: Connection, row: Row) -> int:
    """Write a row in doubt."""
    statement = (
        insert(journal)
        .values(
            event_id=row.ticket.event_id,
            code=row.ticket.code,
            rfid_code=row.rfid_code,
            ticket_type_id=row.ticket.ticket_type_id,
            addon_id=row.addon_id,
            gate=row.gate,
            at=row.at.timestamp(),
            scan_id=row.scan_id,
            state=RowState.IN_DOUBT,
            admitted=False,
        )
        .returning(journal.c.seq)
    )
    seq: int = connection.execute(statement).scalar_one()
    return seq


def confirm(connection: Connection, seq: int) -> None:
    """Make a row an admission that Oveit knows of."""
    connection.execute(
        update(journal).where(journal.c.seq == seq).values(state=RowState.CONFIRMED, admitted=True)
    )


def discard(connection: Connection, seq: int) -> None:
    """Delete a row."""
    connection.execute(delete(journal).where(journal.c.seq == seq))

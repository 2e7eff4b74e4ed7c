"""Counting what went through a gate, by the journal."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, case, func, select

from ..counts import GateCounts
from ..models import Direction
from .tables import journal

HOUR = timedelta(hours=1)


def count(connection: Connection, gate: str, now: datetime, direction: Direction) -> GateCounts:
    """Count who passed a gate one way: all that the journal holds, and the last hour's."""
    lately = case((journal.c.at > (now - HOUR).timestamp(), 1))
    statement = select(func.count(), func.count(lately)).where(
        journal.c.gate == gate,
        journal.c.admitted,
        journal.c.direction == direction,
        journal.c.addon_id.is_(None),
    )
    passed, per_hour = connection.execute(statement).one()
    return GateCounts(passed=passed, per_hour=per_hour)

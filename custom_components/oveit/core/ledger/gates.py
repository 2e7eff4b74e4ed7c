"""Gates: what went through them, by the journal, and what they are called and set to."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, case, func, select, update

from ..counts import GateCounts
from ..models import Direction
from . import about
from .schema import journal

HOUR = timedelta(hours=1)
_NAME = "name_"
_MODE = "mode_"


def count(
    connection: Connection, gate: str, now: datetime, direction: Direction, addon_id: int | None
) -> GateCounts:
    """Count who passed a gate one way: all that the journal holds, and the last hour's."""
    lately = case((journal.c.at > (now - HOUR).timestamp(), 1))
    statement = select(func.count(), func.count(lately)).where(
        journal.c.gate == gate,
        journal.c.admitted,
        journal.c.direction == direction,
        journal.c.addon_id.is_not_distinct_from(addon_id),
    )
    passed, per_hour = connection.execute(statement).one()
    return GateCounts(passed=passed, per_hour=per_hour)


def name(connection: Connection, names: dict[str, str]) -> None:
    """Give gates their names, and have the journal of one that had another follow it."""
    before = about.read(connection, _NAME)
    changed = {gate_id: now for gate_id, now in names.items() if before.get(gate_id) != now}
    renamed = {before[gate_id]: now for gate_id, now in changed.items() if gate_id in before}
    if renamed:
        connection.execute(
            update(journal)
            .where(journal.c.gate.in_(renamed))
            .values(gate=case(renamed, value=journal.c.gate))
        )
    for gate_id, now in changed.items():
        about.keep(connection, _NAME + gate_id, now)


def modes(connection: Connection) -> dict[str, str]:
    """Return the mode of each gate whose mode was ever chosen."""
    return about.read(connection, _MODE)


def keep_mode(connection: Connection, gate_id: str, mode: str) -> None:
    """Keep the mode of a gate."""
    about.keep(connection, _MODE + gate_id, mode)

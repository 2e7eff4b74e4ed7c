"""Gates: what went through them, what they are called and set to, and what was read last."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, case, func, or_, select, update

from ..counts import GateCounts
from ..models import Direction
from .schema import gates, journal, readers
from .statements import put

HOUR = timedelta(hours=1)


def count(
    connection: Connection,
    gate: tuple[str | None, str],
    now: datetime,
    direction: Direction = Direction.ENTRY,
    addon_id: int | None = None,
) -> GateCounts:
    """Count who passed a gate, given its id and name, one way: in all, and in the last hour.

    Rows that name a gate without its id are those of actions, which count for that name.
    """
    gate_id, name = gate
    lately = case((journal.c.at > (now - HOUR).timestamp(), 1))
    is_named = and_(journal.c.gate_id.is_(None), journal.c.gate == name)
    statement = select(func.count(), func.count(lately)).where(
        is_named if gate_id is None else or_(journal.c.gate_id == gate_id, is_named),
        journal.c.admitted,
        journal.c.direction == direction,
        journal.c.addon_id.is_not_distinct_from(addon_id),
    )
    passed, per_hour = connection.execute(statement).one()
    return GateCounts(passed=passed, per_hour=per_hour)


def name(connection: Connection, names: dict[str, str]) -> None:
    """Give gates, known by their ids, their names; the journal of a renamed gate follows."""
    known = dict(connection.execute(select(gates.c.id, gates.c.name)).tuples().all())
    changed = {gate_id: now for gate_id, now in names.items() if known.get(gate_id) != now}
    renamed = {before: now for gate_id, now in changed.items() if (before := known.get(gate_id))}
    if renamed:
        connection.execute(
            update(journal)
            .where(journal.c.gate.in_(renamed))
            .values(gate=case(renamed, value=journal.c.gate))
        )
    for gate_id, now in changed.items():
        put(connection, gates, {"id": gate_id}, name=now)


def modes(connection: Connection) -> dict[str, str]:
    """Return the mode of each gate whose mode was ever chosen."""
    statement = select(gates.c.id, gates.c.mode).where(gates.c.mode.is_not(None))
    return {gate_id: mode for gate_id, mode in connection.execute(statement).tuples() if mode}


def keep_mode(connection: Connection, gate_id: str, mode: str) -> None:
    """Write the mode of a gate."""
    put(connection, gates, {"id": gate_id}, mode=mode)


def last_reads(connection: Connection) -> dict[str, str]:
    """Return the digest of the last read of each reader."""
    return dict(connection.execute(select(readers.c.id, readers.c.last_read)).tuples().all())


def keep_last_read(connection: Connection, reader: str, digest: str) -> None:
    """Write the digest of a reader's last read (decisions.md C30)."""
    put(connection, readers, {"id": reader}, last_read=digest)

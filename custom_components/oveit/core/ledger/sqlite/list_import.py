"""Taking a ticket list apart in SQLite's JSON functions: it never becomes Python objects."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, text

from ..schema import INVISIBLE_SQL, PLAIN_SQL
from . import engine

# The date as Oveit documents it, which SQLite reads by itself; Python reads all others.
_IS_PLAIN = (
    "date GLOB '20[0-9][0-9]-[01][0-9]-[0-2][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]"
    "[+-]0[0-9]:[0-5][0-9]' AND substr(date, 9, 2) < '29' AND substr(date, 12, 2) < '24'"
)

# A use is [add-on, seconds], and [add-on, seconds, 0] where the date names no zone.
_USES = f"""
    SELECT json_group_array(
        CASE WHEN zoned THEN json_array(addon_id, at) ELSE json_array(addon_id, at, 0) END
    ) FROM (
        SELECT
            addon_id,
            CASE WHEN {_IS_PLAIN} THEN unixepoch(date) ELSE date_seconds(date) END AS at,
            CASE WHEN {_IS_PLAIN} THEN 1 ELSE date_names_zone(date) END AS zoned
        FROM (
            SELECT
                CASE WHEN json_type(use.value, '$.addon_id') IN ('integer', 'text')
                    THEN CAST(use.value ->> '$.addon_id' AS INTEGER) END AS addon_id,
                CASE WHEN json_type(use.value, '$.date') IN ('integer', 'real', 'text')
                    THEN use.value ->> '$.date' END AS date
            FROM json_each(item.value, '$.checkins') AS use
            WHERE use.type = 'object' AND use.key NOT GLOB '*[^0-9]*'
        )
        ORDER BY at
    )
"""

_REPLACE = """
    DO UPDATE SET ticket_type_id = excluded.ticket_type_id, checked_in = excluded.checked_in,
        entered_at = excluded.entered_at, checkins = excluded.checkins
"""

# LIMIT keeps SQLite from merging the two queries, and reading each ticket's JSON again and again.
_TAKE_APART = f"""
    INSERT INTO temp.incoming (code, ticket_type_id, checked_in, entered_at, checkins)
    SELECT
        code,
        ticket_type_id,
        checked_in OR EXISTS (SELECT 1 FROM json_each(checkins) WHERE value ->> 0 IS NULL),
        (SELECT min(value ->> 1) FROM json_each(checkins) WHERE value ->> 0 IS NULL),
        checkins
    FROM (
        SELECT
            item.value ->> '$.code' AS code,
            CASE WHEN json_type(item.value, '$.ticket_type_id') IN ('integer', 'text')
                THEN CAST(item.value ->> '$.ticket_type_id' AS INTEGER) END AS ticket_type_id,
            lower(coalesce(item.value ->> '$.checked_in', '')) IN ('1', 'true', 'yes')
                AS checked_in,
            CASE WHEN json_extract(item.value, '$.checkins') <> '[]'
                AND json_type(item.value, '$.checkins') IN ('array', 'object')
                THEN ({_USES}) ELSE '[]' END AS checkins
        FROM json_each(:reply, '$.tickets') AS item
        WHERE item.type = 'object' AND item.key NOT GLOB '*[^0-9]*'
            AND coalesce(json_type(item.value, '$.code'), '') IN ('text', 'integer')
        LIMIT -1
    )
    WHERE length(code) BETWEEN 1 AND 256
        AND (code GLOB {PLAIN_SQL} OR trim(code, {INVISIBLE_SQL}) <> '')
    ON CONFLICT (code) {_REPLACE} WHERE excluded.checked_in >= incoming.checked_in
"""

_FIND_CHANGED = """
    INSERT INTO temp.changed
    SELECT incoming.code FROM temp.incoming
    LEFT JOIN tickets ON tickets.event_id = :event_id AND tickets.code = incoming.code
    WHERE tickets.code IS NULL
        OR tickets.ticket_type_id IS NOT incoming.ticket_type_id
        OR tickets.checked_in IS NOT incoming.checked_in
        OR tickets.checkins IS NOT incoming.checkins
"""

_FIND_GONE = """
    INSERT INTO temp.gone
    SELECT code FROM tickets
    WHERE event_id = :event_id AND code NOT IN (SELECT code FROM temp.incoming)
"""

_FIND_SEEN = """
    SELECT
        incoming.ticket_type_id,
        use.value ->> 0 AS addon_id,
        use.value ->> 1 AS at,
        incoming.code
    FROM temp.changed
    JOIN temp.incoming USING (code)
    JOIN json_each(incoming.checkins) AS use
    LEFT JOIN tickets ON tickets.event_id = :event_id AND tickets.code = incoming.code
    WHERE NOT EXISTS (
        SELECT 1 FROM json_each(coalesce(tickets.checkins, '[]')) AS known
        WHERE known.value = use.value
    ) AND NOT EXISTS (
        SELECT 1 FROM journal
        WHERE journal.code = incoming.code AND journal.addon_id IS (use.value ->> 0)
            AND journal.direction = 'entry'
            AND (use.value ->> 2 IS NOT NULL OR coalesce(
                abs(coalesce(journal.asked_at, journal.at) - (use.value ->> 1)), 0
            ) <= :same_use)
    )
    ORDER BY at DESC LIMIT :most
"""

_APPLY = {
    "gone": tuple(
        f"""
        DELETE FROM {table} WHERE event_id = :event_id AND code IN (
            SELECT code FROM temp.gone WHERE code > :after AND code <= :until)
        """
        for table in ("tickets", "asked")
    ),
    "changed": (
        f"""
        INSERT INTO tickets (event_id, code, ticket_type_id, checked_in, entered_at, checkins)
        SELECT :event_id, code, ticket_type_id, checked_in, entered_at, checkins
        FROM temp.changed JOIN temp.incoming USING (code)
        WHERE code > :after AND code <= :until
        ON CONFLICT (event_id, code) {_REPLACE}
        """,
    ),
}
CHANGES = tuple(_APPLY)

_TEMPORARY = {
    "incoming": "code TEXT PRIMARY KEY, ticket_type_id INTEGER, checked_in INTEGER,"
    " entered_at INTEGER, checkins TEXT",
    "changed": "code TEXT PRIMARY KEY",
    "gone": "code TEXT PRIMARY KEY",
}


def is_array(connection: Connection, value: str) -> bool:
    """Tell whether a text is a JSON array."""
    statement = text("SELECT json_valid(:value) AND substr(:value, 1, 1) = '['")
    return bool(connection.execute(statement, {"value": value}).scalar_one())


def describe_reply(connection: Connection, reply: str) -> tuple[str | None, int, bool]:
    """Return the JSON type of `tickets`, their number, and whether there is an error.

    An object whose keys are numbers is an array, as some languages write it.

    Raises sqlalchemy.exc.OperationalError when the reply is not JSON.
    """
    statement = text(
        "SELECT json_type(reply, '$.tickets'), CASE json_type(reply, '$.tickets')"
        " WHEN 'array' THEN json_array_length(reply, '$.tickets') WHEN 'object' THEN"
        " (SELECT count(*) FROM json_each(reply, '$.tickets') WHERE key NOT GLOB '*[^0-9]*') END,"
        " CAST(coalesce(reply ->> '$.error', '') AS TEXT) NOT IN ('', '0')"
        " FROM (SELECT :reply AS reply LIMIT 1)"
    )
    kind, length, error = connection.execute(statement, {"reply": reply}).one()
    return "array" if kind == "object" and length else kind, length or 0, bool(error)


def begin_list(connection: Connection) -> None:
    """Make room for the tickets of a reply."""
    drop_temporary(connection)
    for name, columns in _TEMPORARY.items():
        connection.exec_driver_sql(f"CREATE TEMP TABLE {name} ({columns}) WITHOUT ROWID")


def take_apart(connection: Connection, reply: str) -> None:
    """Put the tickets of a reply, or of a part of one, into a temporary table."""
    connection.execute(text(_TAKE_APART), {"reply": reply})


def compare(connection: Connection, event_id: int) -> int:
    """Find what differs from the list before, and return how many tickets came."""
    for statement in (_FIND_CHANGED, _FIND_GONE):
        connection.execute(text(statement), {"event_id": event_id})
    return int(connection.execute(text("SELECT count(*) FROM temp.incoming")).scalar_one())


def find_seen(connection: Connection, event_id: int, same_use: float, most: int) -> list[Any]:
    """Return the newest check-ins that neither the list before nor the journal holds."""
    parameters = {"event_id": event_id, "same_use": same_use, "most": most}
    return list(connection.execute(text(_FIND_SEEN), parameters))


def apply_some(
    connection: Connection, event_id: int, changes: str, after: str, most: int
) -> str | None:
    """Bring some tickets to what the temporary tables hold; return where to go on."""
    until: str | None = connection.execute(
        text(
            f"SELECT max(code) FROM (SELECT code FROM temp.{changes}"
            " WHERE code > :after ORDER BY code LIMIT :most)"
        ),
        {"after": after, "most": most},
    ).scalar_one()
    if until is not None:
        key = {"event_id": event_id, "after": after, "until": until}
        for statement in _APPLY[changes]:
            connection.execute(text(statement), key)
    return until


def drop_temporary(connection: Connection) -> None:
    """Give back the memory of the temporary tables."""
    for name in _TEMPORARY:
        connection.exec_driver_sql(f"DROP TABLE IF EXISTS temp.{name}")


class ListImport:
    """Connections and transactions for the import of a list, which must make no door wait.

    The disk has what is written before a door writes again, which would wait for all of it.
    """

    def __init__(self, file: Engine, alone: Callable[[], AbstractContextManager[None]]) -> None:
        """Use a file; `alone` keeps doors from writing meanwhile."""
        self._file = file
        self._alone = alone

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """Lend a connection for one list."""
        with self._file.connect() as connection, engine.without_sync(connection):
            yield connection

    def transaction(self, connection: Connection) -> AbstractContextManager[None]:
        """Read what is inside, and write temporary tables."""
        return engine.transaction(connection)

    @contextmanager
    def writing(self, connection: Connection) -> Iterator[None]:
        """Write what is inside in one transaction."""
        with self._alone(), engine.transaction(connection, writing=True):
            yield

    def flush(self) -> None:
        """Bring everything that was written to the disk."""
        engine.sync(self._file)

"""The ledger's tables from one release to the next, a step at a time, each in one transaction."""

from collections.abc import Callable
from pathlib import Path
import sqlite3

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from ..exceptions import LedgerTooNewError
from . import properties, schema
from .sqlite import engine

type Step = Callable[[Connection], None]

FIRST = 1


class ForeignFileError(Exception):
    """The file is a database, but no ledger."""


def version(connection: Connection) -> int | None:
    """Return the version of the tables, None for an empty file; raises ForeignFileError."""
    names = inspect(connection).get_table_names()
    if not names:
        return None
    written = properties.get(connection, properties.SCHEMA) if "about" in names else None
    if written is None or not written.isdecimal():
        raise ForeignFileError
    return int(written)


def check_version(path: Path) -> None:
    """Raise LedgerTooNewError for a ledger of a newer release, whose file stays untouched."""
    reader = engine.open_engine(path, lambda: 0.0, read_only=True)
    try:
        with reader.connect() as connection:
            found = version(connection)
    except SQLAlchemyError, ForeignFileError, sqlite3.Error:
        return  # what is wrong with the file shows when it is opened
    finally:
        reader.dispose()
    if found is not None and found > schema.SCHEMA_VERSION:
        raise LedgerTooNewError(f"The ledger is of schema {found}")


def steps(found: int | None) -> list[Step]:
    """Return what brings tables of a version to today's; of None, what makes them."""
    first = schema.SCHEMA_VERSION if found is None else found
    needed = [STEPS[each] for each in range(first + 1, schema.SCHEMA_VERSION + 1)]
    return [*needed, _complete, properties.count_opening]


def _complete(connection: Connection) -> None:
    """Make the tables that are not there."""
    schema.metadata.create_all(connection)
    properties.keep(connection, properties.SCHEMA, str(schema.SCHEMA_VERSION))


def _to_2(connection: Connection) -> None:
    """Give rows an identity, a use of their own, leases, and columns for what `note` mixed.

    A conflict's cause, an overruled refusal and a steward's words were one text in schema 1.
    """
    for index in ("by_state", "by_gate", "waiting"):
        connection.execute(text(f"DROP INDEX journal_{index}"))
    for column in ("code", "scan_id"):
        connection.execute(text(f"DROP INDEX ix_journal_{column}"))
    connection.execute(text("DROP INDEX tickets_by_code"))
    connection.execute(text("ALTER TABLE journal RENAME TO journal_1"))
    schema.metadata.create_all(connection)
    schema.tickets_by_code.create(connection)
    for statement in (_GATES_TO_2, _JOURNAL_TO_2, _NUMBERS_TO_2, "DROP TABLE journal_1"):
        connection.execute(text(statement))
    for prefix in ("name", "mode"):
        connection.execute(text(f"DELETE FROM about WHERE name LIKE '{prefix}\\_%' ESCAPE '\\'"))
    properties.keep(connection, properties.SCHEMA, "2")


_GATES_TO_2 = r"""
    INSERT INTO gates (id, name, mode)
    SELECT
        substr(about.name, 6),
        max(CASE WHEN about.name LIKE 'name\_%' ESCAPE '\' THEN value END),
        max(CASE WHEN about.name LIKE 'mode\_%' ESCAPE '\' THEN value END)
    FROM about
    WHERE about.name LIKE 'name\_%' ESCAPE '\' OR about.name LIKE 'mode\_%' ESCAPE '\'
    GROUP BY substr(about.name, 6)
"""

_CAUSES = "('undecidable', 'used_elsewhere', 'unknown_ticket', 'set_aside', 'unreadable')"

_JOURNAL_TO_2 = f"""
    INSERT INTO journal (
        seq, ref, event_id, code, rfid_code, ticket_type_id, addon_id, slot, direction,
        re_entry, turnstile, gate, gate_id, at, asked_at, asked_last, scan_id, state,
        admitted, reason, overruled, attempts, failures, cause, message, note, user_id
    )
    SELECT
        seq, lower(hex(randomblob(16))), event_id, code, rfid_code, ticket_type_id, addon_id,
        CASE WHEN direction = 'entry' THEN row_number() OVER (
            PARTITION BY event_id, code, addon_id, direction ORDER BY seq) END,
        direction, re_entry, turnstile, gate,
        (SELECT min(gates.id) FROM gates WHERE gates.name = gate),
        at, asked_at, asked_last, scan_id, state, admitted, reason,
        CASE WHEN note LIKE 'free\\_flow: %' ESCAPE '\\' THEN substr(note, 12) END,
        attempts, 0,
        CASE WHEN is_cause THEN note END,
        message,
        CASE WHEN NOT is_cause AND note NOT LIKE 'free\\_flow: %' ESCAPE '\\' THEN note END,
        user_id
    FROM (
        SELECT *, state = 'rejected' OR (
            note IN {_CAUSES} AND (reason <> 'override' OR state = 'confirmed')) AS is_cause
        FROM journal_1)
"""

# Numbers are never given twice, also after rows were deleted.
_NUMBERS_TO_2 = """
    UPDATE sqlite_sequence
    SET seq = (SELECT max(seq) FROM sqlite_sequence WHERE name IN ('journal', 'journal_1'))
    WHERE name = 'journal'
"""

STEPS: dict[int, Step] = {2: _to_2}

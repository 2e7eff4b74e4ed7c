"""Ledgers that are not in use: set aside, from another release, or of an account that is removed.

Their rows are read one by one, as far as they can be, and adopted into the ledger in use.
"""

from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path
import sqlite3
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from sqlalchemy import Connection, func, select

from ..models import Direction, Row, RowState
from . import journal, properties
from .schema import journal as table
from .sqlite.file import ASIDE, FILE_ENDS, failure, rename

KEPT = ".kept"
_FREE_FLOW = "free_flow: "
_ADOPTED = "adopted "
_DEFAULTS: dict[str, Any] = {field.name: None for field in fields(Row)} | {
    "failures": 0,
    "undone_at": None,
}


def find_ledgers(path: Path) -> list[Path]:
    """Return the ledgers that were set aside, and the one in use, as far as there are any."""
    aside = sorted([*path.parent.glob(f"{path.name}.*{ASIDE}{KEPT}"), *find_set_aside(path)])
    return [ledger for ledger in (*aside, path) if ledger.exists()]


def find_set_aside(path: Path) -> list[Path]:
    """Return the ledgers that were set aside, and that nobody has dealt with yet."""
    return sorted(path.parent.glob(f"{path.name}.*{ASIDE}"))


def keep_set_aside(path: Path) -> None:
    """Note by the name of a ledger that was set aside that a person has dealt with it."""
    rename(path, KEPT)


def delete_ledger(path: Path) -> None:
    """Delete a ledger's file and what belongs to it."""
    for end in FILE_ENDS:
        path.with_name(path.name + end).unlink(missing_ok=True)


def read_waiting(path: Path) -> list[Row]:
    """Return the rows that Oveit must still hear of, also of a ledger of another release.

    Raises LedgerError when not all of the file can be read.
    """
    try:
        with closing(sqlite3.connect(path)) as connection:
            if connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
                raise sqlite3.DatabaseError("The ledger is damaged")
            rows = list(_read(connection, path.name, "ORDER BY seq"))
    except (sqlite3.Error, OSError) as err:
        raise failure(err) from err
    return [row for row in rows if row.state in journal.WAITING]


def read_what_is_left(path: Path) -> list[Row]:
    """Return every row of a damaged file that can still be read, oldest first."""
    found: dict[int, Row] = {}
    for order in ("ORDER BY seq", "ORDER BY seq DESC", "ORDER BY code, seq"):
        with (
            suppress(sqlite3.Error),  # what is left is read from the other end, perhaps
            closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection,
        ):
            for row in _read(connection, path.name, order):
                found.setdefault(row.seq, row)
    return [found[seq] for seq in sorted(found)]


def find_unadopted(connection: Connection, names: list[str]) -> list[str]:
    """Return those of these files whose rows were not adopted yet."""
    return [name for name in names if properties.get(connection, _ADOPTED + name) is None]


def adopt(connection: Connection, name: str, rows: list[Row]) -> int:
    """Write the rows of a file into the ledger, each once, and return how many that were.

    What that file calls pending may have been sent: it is read back before it is sent.
    """
    number = 0
    for row in rows:
        known = select(func.count()).where(table.c.ref == row.ref)
        if row.state is RowState.VOID or connection.execute(known).scalar_one():
            continue
        changed: dict[str, Any] = {"seq": 0}
        if row.state in (RowState.ASKING, RowState.PENDING):
            is_exit = row.direction is Direction.EXIT
            state = RowState.PENDING if is_exit else RowState.IN_DOUBT
            asked_last = row.asked_last or datetime.now(UTC)
            changed |= {"state": state, "attempts": max(row.attempts, 1), "asked_last": asked_last}
        journal.add_next(connection, replace(row, **changed))
        number += 1
    properties.keep(connection, _ADOPTED + name, str(number))
    return number


def _read(connection: sqlite3.Connection, name: str, order: str) -> Iterator[Row]:
    """Yield the rows of a journal of any release that can be read; raises sqlite3.Error."""
    connection.row_factory = sqlite3.Row
    connection.text_factory = lambda value: value.decode(errors="replace")
    for record in connection.execute(f"SELECT * FROM journal {order}"):
        if (row := journal.read_row(_DEFAULTS | _of_today(dict(record), name))) is not None:
            yield row


def _of_today(record: dict[str, Any], name: str) -> dict[str, Any]:
    """Return a record as this release writes it; in schema 1, `note` was three things."""
    if "ref" in record:
        return record
    note: str = record.get("note") or ""
    parts: dict[str, str | None] = {"note": note or None, "cause": None, "overruled": None}
    if note.startswith(_FREE_FLOW):
        parts |= {"note": None, "overruled": note.removeprefix(_FREE_FLOW)}
    elif record.get("state") == RowState.REJECTED or record.get("reason") != "override":
        parts |= {"note": None, "cause": note or None}
    ref = uuid5(NAMESPACE_OID, f"{name}/{record.get('seq')}").hex
    return record | {"ref": ref} | parts

"""A ledger that nobody has open: found, read once more, deleted."""

from pathlib import Path
import sqlite3

from sqlalchemy.exc import SQLAlchemyError

from ..models import Row
from . import journal
from .sqlite import engine as sqlite
from .sqlite.file import failure


def find_ledgers(path: Path) -> list[Path]:
    """Return the ledgers that were set aside, and the one in use, as far as there are any."""
    aside = sorted(path.parent.glob(f"{path.name}.*.aside"))
    return [ledger for ledger in (*aside, path) if ledger.exists()]


def read_waiting(path: Path) -> list[Row]:
    """Return the rows that Oveit must still hear of, also of a ledger of another release.

    Raises LedgerError when not all of the file can be read, which stays where it is.
    """
    engine = sqlite.open_engine(path)
    try:
        with engine.connect() as connection:
            sqlite.check(connection)
            return journal.waiting(connection)
    except (SQLAlchemyError, sqlite3.Error, ValueError) as err:
        raise failure(err) from err
    finally:
        engine.dispose()


def delete_ledger(path: Path) -> None:
    """Delete a ledger's file and what belongs to it."""
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)

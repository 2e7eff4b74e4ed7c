"""SQLite's connections: their settings, transactions, and what reaches the disk when."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from os import fsync
from pathlib import Path
import sqlite3
from threading import Lock, local
from time import monotonic
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DatabaseError, SQLAlchemyError

from ...dates import names_zone, read_seconds

_SETTINGS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA secure_delete=ON",
    "PRAGMA wal_autocheckpoint=0",  # no guest waits for it: see `checkpoint`
)
_PATIENCE = 10.0


def open_engine(path: Path, clock: Callable[[], float], *, read_only: bool = False) -> Engine:
    """Return an engine on a file; its transactions are begun and ended by `transaction`.

    `clock` is the ledger's own clock: it times leases, and is the same for all who have the
    file open. The clock of the machine since its start is best, since it is never set.
    """
    query = {"mode": "ro", "uri": "true"} if read_only else {}
    name = path.absolute().as_uri() if read_only else str(path)
    url = URL.create("sqlite", database=name, query=query)
    engine = create_engine(url, hide_parameters=True, isolation_level="AUTOCOMMIT")

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _: Any) -> None:
        connection.text_factory = _decode
        connection.create_function("ledger_now", 0, clock)
        connection.create_function("date_seconds", 1, read_seconds, deterministic=True)
        connection.create_function("date_names_zone", 1, names_zone, deterministic=True)
        try:
            connection.execute(f"PRAGMA busy_timeout={_PATIENCE * 1000:.0f}")
            for setting in () if read_only else _SETTINGS:
                connection.execute(setting)
        except Exception:
            connection.close()
            raise

    return engine


@contextmanager
def transaction(
    connection: Connection, *, writing: bool = False, until: float | None = None
) -> Iterator[None]:
    """Run what is inside in one transaction; a writer waits for another at its beginning.

    `until` is when to give up, by the monotonic clock: what is not committed by then is
    rolled back, and TimeoutError raised. Raises sqlite3.Error besides.
    """
    raw = _raw(connection)
    if writing:
        left = _PATIENCE if until is None else max(until - monotonic(), 0)
        raw.execute(f"PRAGMA busy_timeout={left * 1000:.0f}")
    raw.execute("BEGIN IMMEDIATE" if writing else "BEGIN")
    try:
        yield
        if writing and until is not None and monotonic() > until:
            raise TimeoutError
        raw.execute("COMMIT")
    except BaseException:
        if raw.in_transaction:
            raw.execute("ROLLBACK")
        raise


def run(
    connection: Connection, statement: str, values: Mapping[str, Any]
) -> list[Mapping[str, Any]]:
    """Run a compiled statement, and return its rows by column name. Raises sqlite3.Error."""
    cursor = _raw(connection).cursor()
    cursor.row_factory = sqlite3.Row
    rows: list[Mapping[str, Any]] = cursor.execute(statement, values).fetchall()
    return rows


def check(connection: Connection) -> None:
    """Raise sqlalchemy.exc.DatabaseError when the file is no database, or damaged."""
    result = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one()
    if result != "ok":
        raise DatabaseError("The ledger is damaged", None, Exception(result))


def is_busy(err: BaseException) -> bool:
    """Tell whether another program has the file locked."""
    origin = getattr(err, "orig", err)
    return isinstance(origin, sqlite3.OperationalError) and "locked" in str(origin)


def checkpoint(engine: Engine) -> None:
    """Bring the log into the file; nobody waits for it."""
    with engine.connect() as connection:
        _raw(connection).execute("PRAGMA wal_checkpoint(PASSIVE)")


def empty_log(path: Path) -> sqlite3.Connection:
    """Bring the whole log into a file, and return the connection, which keeps the file as it is.

    Whoever closes the last connection of a file brings the log into it.
    """
    connection = sqlite3.connect(
        path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False
    )
    try:
        connection.execute("PRAGMA wal_autocheckpoint=0")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


class Eraser:
    """Writes a file anew without what was deleted from it, unless somebody wants to write."""

    def __init__(self, engine: Engine) -> None:
        """Use an engine; nothing is to be erased yet."""
        self._engine = engine
        self._lock = Lock()
        self._at_work: Any = None
        self.is_due = False

    def give_way(self) -> None:
        """Stop, since a guest waits."""
        with self._lock:
            if self._at_work is not None:
                self._at_work.interrupt()

    def erase(self) -> None:
        """Erase what was deleted from the file and its log; what was interrupted stays due."""
        with self._engine.connect() as connection:
            raw = _raw(connection)
            raw.execute("PRAGMA busy_timeout=0")
            try:
                with self._lock:
                    self._at_work = raw
                raw.execute("VACUUM")
                with self._lock:
                    self._at_work = None
                raw.execute("PRAGMA wal_checkpoint(PASSIVE)")  # the long part, beside the doors
                (is_busy, *_) = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                self.is_due = bool(is_busy)
            except sqlite3.OperationalError:
                self.is_due = True
            finally:
                with self._lock:
                    self._at_work = None
                raw.execute(f"PRAGMA busy_timeout={_PATIENCE * 1000:.0f}")


class Connections:
    """Connections that stay open, one for each thread: opening one takes longer than its use."""

    def __init__(self, engine: Engine) -> None:
        """Open connections of an engine when they are needed."""
        self._engine = engine
        self._here = local()
        self._open: list[Connection] = []

    @contextmanager
    def use(self) -> Iterator[Connection]:
        """Lend this thread's connection; after a failure, the next one connects anew."""
        connection: Connection | None = getattr(self._here, "connection", None)
        if connection is None:
            connection = self._engine.connect()
            self._here.connection = connection
            self._open.append(connection)
        try:
            yield connection
        except SQLAlchemyError, sqlite3.Error:
            self._drop(connection)
            raise

    def close(self) -> None:
        """Close them all, when no thread uses one any more."""
        for connection in self._open:
            connection.close()
        self._open.clear()

    def _drop(self, connection: Connection) -> None:
        """Have this thread connect anew."""
        del self._here.connection
        self._open.remove(connection)
        connection.invalidate()
        connection.close()


@contextmanager
def without_sync(connection: Connection) -> Iterator[None]:
    """Leave to the system when commits reach the disk; what a process wrote outlives it."""
    _raw(connection).execute("PRAGMA synchronous=NORMAL")
    try:
        yield
    finally:
        _raw(connection).execute("PRAGMA synchronous=FULL")


def sync(engine: Engine) -> None:
    """Bring what was committed so far to the disk."""
    with Path(f"{engine.url.database}-wal").open("rb+", buffering=0) as log:
        fsync(log)


def _raw(connection: Connection) -> Any:
    """Return SQLite's own connection."""
    return connection.connection.driver_connection


def _decode(value: bytes) -> str:
    """Read a text that came from outside and may not be sound UTF-8."""
    return value.decode(errors="replace")

"""What is SQLite's own about the ledger: its settings, its connections and its files.

How SQLite takes a ticket list apart is in `incoming.py`.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from os import fsync
from pathlib import Path
import sqlite3
from threading import local
from typing import Any, BinaryIO
from weakref import WeakSet

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.dialects.sqlite import dialect
from sqlalchemy.exc import DatabaseError, SQLAlchemyError
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.compiler import SQLCompiler

_SETTINGS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA busy_timeout=10000",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA wal_autocheckpoint=0",  # no guest waits for it: see `tidy`
)

_DIALECT = dialect(paramstyle="named")
_HELD: WeakSet[Engine] = WeakSet()


def open_engine(path: Path) -> Engine:
    """Return an engine on a file; its transactions are begun and ended by `transaction`."""
    url = URL.create("sqlite", database=str(path))
    engine = create_engine(url, hide_parameters=True, isolation_level="AUTOCOMMIT")

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _: Any) -> None:
        connection.text_factory = _decode
        try:
            for setting in _SETTINGS:
                connection.execute(setting)
        except Exception:
            connection.close()
            raise

    return engine


@contextmanager
def transaction(connection: Connection, *, writing: bool = False) -> Iterator[None]:
    """Run what is inside in one transaction; a writer waits for another at its beginning.

    Raises sqlite3.Error besides what is raised inside, and has nothing done then.
    """
    raw = _raw(connection)
    raw.execute("BEGIN IMMEDIATE" if writing else "BEGIN")
    try:
        yield
        raw.execute("COMMIT")
    except BaseException:
        if raw.in_transaction:
            raw.execute("ROLLBACK")
        raise


def check(connection: Connection) -> None:
    """Raise sqlalchemy.exc.DatabaseError when the file is no database, or damaged."""
    result = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one()
    if result != "ok":
        raise DatabaseError("The ledger is damaged", None, Exception(result))


class Statement:
    """A statement that SQLAlchemy writes once, and SQLite's driver runs, since a guest waits.

    Running it raises sqlite3.Error.
    """

    def __init__(self, statement: ClauseElement, columns: Sequence[str] | None = None) -> None:
        """Write the statement; an INSERT is given its columns."""
        compiled = statement.compile(dialect=_DIALECT, column_keys=columns)
        assert isinstance(compiled, SQLCompiler)
        self._text = str(compiled)
        self._constants = {
            name: value
            for name, value in compiled.params.items()
            if not compiled.binds[name].required
        }

    def run(self, connection: Connection, **values: Any) -> list[sqlite3.Row]:
        """Run it with the values of its parameters, and return its rows as SQLite has them."""
        cursor = _raw(connection).cursor()
        cursor.row_factory = sqlite3.Row
        rows: list[sqlite3.Row] = cursor.execute(self._text, self._constants | values).fetchall()
        return rows


def hold(engine: Engine) -> None:
    """Bring the log into the file, and from then on leave the file alone."""
    _HELD.add(engine)
    connection = engine.raw_connection()
    try:
        connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()


def release(engine: Engine) -> None:
    """Let the log be brought into the file again."""
    _HELD.discard(engine)


def tidy(engine: Engine) -> None:
    """Bring the log into the file, unless the file is being copied; nobody waits for it."""
    if engine not in _HELD:
        with engine.connect() as connection:
            _raw(connection).execute("PRAGMA wal_checkpoint(PASSIVE)")


class Connections:
    """Connections that stay open, one for each thread: opening one takes longer than its use."""

    def __init__(self, engine: Engine) -> None:
        """Begin without any."""
        self._engine = engine
        self._here = local()
        self._open: list[Connection] = []

    @contextmanager
    def transaction(self, *, writing: bool, durable: bool) -> Iterator[Connection]:
        """Run what is inside in one transaction; after a failure, the next one connects anew."""
        connection = self._connect()
        try:
            with (
                nullcontext() if durable else _without_sync(connection),
                transaction(connection, writing=writing),
            ):
                yield connection
        except SQLAlchemyError, sqlite3.Error:
            self._drop(connection)
            raise

    def close(self) -> None:
        """Close them all, when no thread uses one any more."""
        for connection in self._open:
            connection.close()
        self._open.clear()

    def _connect(self) -> Connection:
        """Return this thread's connection."""
        connection: Connection | None = getattr(self._here, "connection", None)
        if connection is None:
            connection = self._engine.connect()
            self._here.connection = connection
            self._open.append(connection)
        return connection

    def _drop(self, connection: Connection) -> None:
        """Have this thread connect anew."""
        del self._here.connection
        self._open.remove(connection)
        connection.invalidate()
        connection.close()


@contextmanager
def connect_for_lists(engine: Engine) -> Iterator[Connection]:
    """Connect for what Oveit can send again: its commits do not wait for the disk."""
    with engine.connect() as connection, _without_sync(connection):
        yield connection


@contextmanager
def _without_sync(connection: Connection) -> Iterator[None]:
    """Leave to the system when commits reach the disk; what a process wrote outlives it."""
    _raw(connection).execute("PRAGMA synchronous=NORMAL")
    try:
        yield
    finally:
        _raw(connection).execute("PRAGMA synchronous=FULL")


def sync(engine: Engine) -> None:
    """Bring what was committed so far to the disk."""
    with _log_of(engine).open("rb+", buffering=0) as log:
        fsync(log)


def open_log(connection: Connection) -> BinaryIO:
    """Open the log that commits go to."""
    return _log_of(connection.engine).open("rb+", buffering=0)


def _log_of(engine: Engine) -> Path:
    """Return where the log lies that commits go to."""
    return Path(f"{engine.url.database}-wal")


def _raw(connection: Connection) -> Any:
    """Return SQLite's own connection."""
    return connection.connection.driver_connection


def set_aside(path: Path) -> Path:
    """Rename a file with its write-ahead log, and return its new name."""
    aside = path.with_name(f"{path.name}.{datetime.now(UTC):%Y%m%dT%H%M%S%f}.aside")
    for suffix in ("", "-wal", "-shm"):
        source = path.with_name(path.name + suffix)
        if source.exists():
            source.rename(aside.with_name(aside.name + suffix))
    return aside


def _decode(value: bytes) -> str:
    """Read a text that came from outside and may not be sound UTF-8."""
    return value.decode(errors="replace")

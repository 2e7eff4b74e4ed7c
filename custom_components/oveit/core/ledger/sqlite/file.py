"""The ledger's file: its threads and its transactions.

Work for a door and work on a whole list run on a thread and a connection of their own,
so that a refresh makes no door wait.
"""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from enum import Enum, auto
import os
from pathlib import Path
import sqlite3
import sys
from threading import Lock, get_native_id
from typing import Any, Self

from sqlalchemy import Connection, Engine, insert, inspect, select
from sqlalchemy.exc import DatabaseError, OperationalError, SQLAlchemyError

from ...exceptions import LedgerError
from .. import schema
from . import engine

TIDY_AFTER = 200
_NICE = 10


class How(Enum):
    """What a transaction does: it reads, it writes, or it writes and waits for the disk.

    What was written outlives this process; what was kept outlives a power cut too.
    """

    READ = auto()
    WRITE = auto()
    KEEP = auto()


class LedgerFile:
    """One SQLite file; every method may raise LedgerError."""

    def __init__(self, path: Path) -> None:
        """Take the file's place; `open` comes before everything else."""
        self._path = path
        self._doors = ThreadPoolExecutor(1, "oveit-doors")
        self._lists = ThreadPoolExecutor(1, "oveit-lists", initializer=_let_others_go_first)
        self._engine: Engine
        self._connections: engine.Connections
        self._lock = Lock()
        self._written = 0
        self._tidied_at = 0
        self.set_aside: Path | None = None

    @classmethod
    async def open(cls, path: Path) -> Self:
        """Open the ledger in a file, and make it where there is none.

        A file that is no ledger of this release, or damaged, is set aside under the name
        that `set_aside` tells, and an empty ledger begun (decisions.md C4).
        """
        ledger = cls(path)
        try:
            await ledger._run(ledger._doors, ledger._open)
        except LedgerError:
            await ledger.close()
            raise
        return ledger

    async def close(self) -> None:
        """Let go of the file when the work at hand is done."""
        await asyncio.get_running_loop().run_in_executor(None, self._close)

    async def hold(self) -> None:
        """Keep the file as it is while it is copied: what is new goes to its log."""
        await self._run(self._lists, engine.hold, self._engine)

    async def release(self) -> None:
        """Bring the log into the file again as it grows."""
        await self._run(self._lists, engine.release, self._engine)

    async def _read[T](self, function: Callable[..., T], *arguments: Any) -> T:
        """Read for a door."""
        return await self._run(self._doors, self._transact, How.READ, function, *arguments)

    async def _keep[T](self, function: Callable[..., T], *arguments: Any) -> T:
        """Write for a door, durably."""
        return await self._run(self._doors, self._transact, How.KEEP, function, *arguments)

    async def _write[T](self, function: Callable[..., T], *arguments: Any) -> T:
        """Write for a door what may be lost in a power cut."""
        return await self._run(self._doors, self._transact, How.WRITE, function, *arguments)

    async def _count[T](self, function: Callable[..., T], *arguments: Any) -> T:
        """Read what no door waits for."""
        return await self._run(self._lists, self._transact, How.READ, function, *arguments)

    async def _tidy(self) -> None:
        """Bring the log into the file now and then."""
        if self._written - self._tidied_at >= TIDY_AFTER:
            self._tidied_at = self._written
            await self._run(self._lists, engine.tidy, self._engine)

    def _sync_soon(self) -> None:
        """Bring to the disk what was written, while nobody waits for it."""
        self._doors.submit(engine.sync, self._engine)

    async def _run[T](
        self, executor: ThreadPoolExecutor, function: Callable[..., T], *arguments: Any
    ) -> T:
        """Run database work on a thread of ours."""
        try:
            return await asyncio.get_running_loop().run_in_executor(executor, function, *arguments)
        except (SQLAlchemyError, sqlite3.Error, OSError, RuntimeError, ValueError) as err:
            raise failure(err) from err

    def _now[T](self, function: Callable[..., T], *arguments: Any) -> T:
        """Read at once, in the thread that asks."""
        try:
            return self._transact(How.READ, function, *arguments)
        except (SQLAlchemyError, sqlite3.Error) as err:
            raise failure(err) from err

    def _transact[T](self, how: How, function: Callable[..., T], *arguments: Any) -> T:
        """Run a function in one transaction; one that writes is alone with it."""
        writing = how is not How.READ
        with (
            self._alone() if writing else nullcontext(),
            self._connections.transaction(
                writing=writing, durable=how is not How.WRITE
            ) as connection,
        ):
            return function(connection, *arguments)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Let one thread write at a time, and count what goes to the log."""
        with self._lock:
            self._written += 1
            yield

    def _open(self) -> None:
        """Open the file; what is no sound ledger is set aside, and an empty one begun."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._connect()
        except OperationalError, sqlite3.OperationalError:
            raise
        except DatabaseError, sqlite3.DatabaseError, _ForeignFileError:
            self._disconnect()
            self.set_aside = engine.set_aside(self._path)
            self._connect()

    def _connect(self) -> None:
        """Connect to the file, check it, and make its schema."""
        self._engine = engine.open_engine(self._path)
        self._connections = engine.Connections(self._engine)
        self._transact(How.READ, engine.check)
        self._transact(How.KEEP, _prepare)

    def _disconnect(self) -> None:
        """Let go of the file."""
        self._connections.close()
        self._engine.dispose()

    def _close(self) -> None:
        """Wait for both threads and close the file."""
        for executor in (self._lists, self._doors):
            executor.shutdown()
        if hasattr(self, "_connections"):
            self._disconnect()


class _ForeignFileError(Exception):
    """The file is a database, but no ledger of this release."""


def _let_others_go_first() -> None:
    """Have this thread use what is left of the processor, where threads have a priority."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, get_native_id(), _NICE)


def failure(err: Exception) -> LedgerError:
    """Name a failure without what it was about."""
    return LedgerError(f"The ledger failed: {type(err).__name__}")


def _prepare(connection: Connection) -> None:
    """Make the tables, unless the file is something else."""
    names = set(inspect(connection).get_table_names())
    about = schema.about
    if names:
        if about.name not in names:
            raise _ForeignFileError
        version = connection.execute(select(about.c.value).where(about.c.name == "schema"))
        if version.scalar_one_or_none() != schema.SCHEMA_VERSION:
            raise _ForeignFileError
    schema.metadata.create_all(connection)
    if not names:
        connection.execute(insert(about).values(name="schema", value=schema.SCHEMA_VERSION))

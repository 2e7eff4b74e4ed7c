"""The ledger in one SQLite file: its threads, its transactions and the time that they may take.

Reads, writes for a door and work on whole lists run on threads and connections of their
own: a write that is stuck holds up no look-up, and a list that is imported no door.
"""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from functools import partial
import os
from pathlib import Path
import sqlite3
import sys
from threading import Lock, get_native_id
from time import monotonic
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DatabaseError, OperationalError, SQLAlchemyError

from ...exceptions import LedgerBusyError, LedgerError, LedgerUnusableError
from .. import migrations
from . import engine
from .list_import import ListImport

CHECKPOINT_AFTER = 200
ERASE_AGAIN_AFTER = 60.0
ASIDE = ".aside"
FILE_ENDS = ("", "-wal", "-shm")
_READERS = 2
_NICE = 10
_held: dict[Path, sqlite3.Connection] = {}

type Clock = Callable[[], float]


class SqliteFile:
    """Runs functions of a connection in transactions; every method may raise LedgerError.

    What was written outlives this process; with `durable`, a power cut, too. `until` is the
    monotonic time at which the caller is given up (LedgerBusyError); what is not committed
    by then is not written.
    """

    def __init__(self, path: Path, clock: Clock = monotonic) -> None:
        """Use a file, with the clock that times leases; `open` comes before everything else."""
        self.path = path
        self._clock = clock
        self._readers = ThreadPoolExecutor(_READERS, "oveit-read")
        self._writer = ThreadPoolExecutor(1, "oveit-write")
        self._lists = ThreadPoolExecutor(1, "oveit-lists", initializer=_let_others_go_first)
        self._engine: Engine
        self._connections: engine.Connections
        self._eraser: engine.Eraser
        self._erased_at = 0.0
        self._alone = Lock()
        self._writing = 0
        self._written = 0
        self._checkpointed_at = 0

    async def open(self) -> None:
        """Open the file, and make it where there is none, in the tables of this release.

        A file that is no ledger, or damaged, is set aside beside the new one (decisions.md
        C4). Raises LedgerTooNewError for one of a newer release, which stays untouched, and
        LedgerUnusableError for one that cannot be opened or written.
        """
        try:
            await self._run(self._writer, self._open)
        except LedgerError as err:
            await self.close()
            cause = err.__cause__
            if isinstance(cause, OSError | sqlite3.OperationalError | OperationalError):
                raise LedgerUnusableError(str(err)) from cause
            raise

    async def close(self) -> None:
        """Let go of the file when the work at hand is done."""
        await asyncio.get_running_loop().run_in_executor(None, self._close)

    async def read[T](
        self, function: Callable[..., T], *arguments: Any, until: float | None = None
    ) -> T:
        """Read for a door; takes no write lock."""
        return await self._run(self._readers, self._read, function, *arguments, until=until)

    async def count[T](self, function: Callable[..., T], *arguments: Any) -> T:
        """Read what no door waits for."""
        return await self._run(self._lists, self._read, function, *arguments)

    async def write[T](
        self,
        function: Callable[..., T],
        *arguments: Any,
        durable: bool = True,
        until: float | None = None,
        undo: Callable[[Connection, T], None] | None = None,
    ) -> T:
        """Write for a door; `undo` takes back what was committed after the caller was given up."""
        write = partial(self._write, durable=durable, until=until)
        return await self._run(self._writer, write, function, *arguments, until=until, undo=undo)

    async def read_then_write[T](
        self,
        read: Callable[[Connection], T],
        write: Callable[[Connection, T], T],
        is_done: Callable[[T], bool],
        *,
        durable: bool = True,
        until: float | None = None,
        undo: Callable[[Connection, T], None] | None = None,
    ) -> T:
        """Read, and write what follows from it unless that `is_done`.

        Both are one trip to the writer's thread, unless that is busy: then only what really
        writes waits for it.
        """
        if self._writing:
            seen = await self.read(read, until=until)
            if is_done(seen):
                return seen
            return await self.write(write, seen, durable=durable, until=until, undo=undo)

        def both() -> T:
            seen = self._read(read)
            if is_done(seen):
                return seen
            return self._write(write, seen, durable=durable, until=until)

        return await self._run(self._writer, both, until=until, undo=undo)

    async def import_list[T](self, function: Callable[..., T], *arguments: Any) -> T:
        """Run the import of a ticket list, which writes in short transactions of its own."""
        backend = ListImport(self._engine, self._write_alone)
        return await self._run(self._lists, function, backend, *arguments)

    def read_now[T](self, function: Callable[..., T], *arguments: Any) -> T:
        """Read at once, in the thread that asks, which waits for no writer."""
        try:
            return self._read(function, *arguments)
        except (SQLAlchemyError, sqlite3.Error, RuntimeError, ValueError) as err:
            raise failure(err) from err

    def flush_soon(self) -> None:
        """Bring to the disk what was written, while nobody waits for it."""
        self._count_writing(self._writer.submit(engine.sync, self._engine))

    async def tidy(self) -> None:
        """Bring the log into the file now and then, unless the file is being copied."""
        if self.path in _held:
            return
        if self._eraser.is_due and monotonic() - self._erased_at >= ERASE_AGAIN_AFTER:
            await self.erase()
        if self._written - self._checkpointed_at >= CHECKPOINT_AFTER:
            self._checkpointed_at = self._written
            await self._run(self._lists, engine.checkpoint, self._engine)

    async def erase(self) -> None:
        """Leave no byte of what was deleted, now or when doors and copies leave time for it."""
        self._eraser.is_due = True
        self._erased_at = monotonic()
        if self.path not in _held:
            await self._run(self._lists, self._eraser.erase)

    async def _run[T](
        self,
        executor: ThreadPoolExecutor,
        function: Callable[..., T],
        *arguments: Any,
        until: float | None = None,
        undo: Callable[[Connection, T], None] | None = None,
    ) -> T:
        """Run database work on a thread of ours, no longer than the caller can wait."""
        try:
            future = executor.submit(function, *arguments)
            if executor is self._writer:
                self._count_writing(future)
            try:
                async with asyncio.timeout_at(until):
                    return await asyncio.wrap_future(future)
            except TimeoutError:
                if undo is not None:
                    future.add_done_callback(partial(self._take_back, undo))
                raise
        except (SQLAlchemyError, sqlite3.Error, OSError, RuntimeError, ValueError) as err:
            raise failure(err) from err

    def _count_writing(self, future: Future[Any]) -> None:
        """Count what the writer's thread has to do."""
        self._writing += 1
        loop = asyncio.get_running_loop()

        def done(_: Future[Any]) -> None:
            try:
                loop.call_soon_threadsafe(self._end_writing)
            except RuntimeError:  # the loop is closed, and nobody counts any more
                self._writing = 0

        future.add_done_callback(done)

    def _end_writing(self) -> None:
        """Count one thing less."""
        self._writing -= 1

    def _take_back[T](self, undo: Callable[[Connection, T], None], future: Future[T]) -> None:
        """Undo what a write committed too late, in the writer's thread itself."""
        if not future.cancelled() and future.exception() is None:
            self._write(undo, future.result())

    def _read[T](self, function: Callable[..., T], *arguments: Any) -> T:
        """Run a function in a transaction that sees one state of the file."""
        with self._connections.use() as connection, engine.transaction(connection):
            return function(connection, *arguments)

    def _write[T](
        self,
        function: Callable[..., T],
        *arguments: Any,
        durable: bool = True,
        until: float | None = None,
    ) -> T:
        """Run a function in a transaction that may write."""
        with (
            self._write_alone(until),
            self._connections.use() as connection,
            nullcontext() if durable else engine.without_sync(connection),
            engine.transaction(connection, writing=True, until=until),
        ):
            return function(connection, *arguments)

    @contextmanager
    def _write_alone(self, until: float | None = None) -> Iterator[None]:
        """Let one thread of ours write at a time, and count what goes to the log."""
        self._eraser.give_way()
        left = -1 if until is None else max(until - monotonic(), 0)
        if not self._alone.acquire(timeout=left):
            raise TimeoutError
        try:
            self._written += 1
            yield
        finally:
            self._alone.release()

    def _open(self) -> None:
        """Open the file; what is no sound ledger is set aside, and an empty one made."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if self.path.is_dir():
            set_aside(self.path)
        elif self.path.exists():
            migrations.check_version(self.path)
        try:
            self._connect()
        except OperationalError, sqlite3.OperationalError:
            self._disconnect()
            raise
        except DatabaseError, sqlite3.DatabaseError, migrations.ForeignFileError:
            self._disconnect()
            set_aside(self.path)
            self._connect()

    def _connect(self) -> None:
        """Connect to the file, check it, and bring its tables to this release's."""
        self._engine = engine.open_engine(self.path, self._clock)
        self._eraser = engine.Eraser(self._engine)
        self._connections = engine.Connections(self._engine)
        self._read(engine.check)
        for step in migrations.steps(self._read(migrations.version)):
            self._write(step)

    def _disconnect(self) -> None:
        """Let go of the file."""
        if hasattr(self, "_connections"):
            self._connections.close()
            self._engine.dispose()

    def _close(self) -> None:
        """Wait for all threads and close the file."""
        for executor in (self._lists, self._readers, self._writer):
            executor.shutdown()
        self._disconnect()


def hold(path: Path) -> None:
    """Keep a file as it is while it is copied, whoever opens and closes it: see its log."""
    release(path)
    try:
        _held[path] = engine.empty_log(path)
    except sqlite3.Error as err:
        raise failure(err) from err


def release(path: Path) -> None:
    """Bring the log into a file again as it grows."""
    if held := _held.pop(path, None):
        held.close()


def set_aside(path: Path) -> Path:
    """Rename a file that is no sound ledger, or a folder, and return its new name."""
    return rename(path, f".{datetime.now(UTC):%Y%m%dT%H%M%S%f}{ASIDE}")


def rename(path: Path, suffix: str) -> Path:
    """Add a suffix to the name of a file with its write-ahead log, or of a folder."""
    for end in FILE_ENDS:
        source = path.with_name(path.name + end)
        if source.exists():
            source.rename(path.with_name(path.name + suffix + end))
    return path.with_name(path.name + suffix)


def failure(err: Exception) -> LedgerError:
    """Name a failure without what it was about; LedgerErrors stay what they are."""
    if isinstance(err, LedgerError):
        return err
    kind = LedgerBusyError if isinstance(err, TimeoutError) or engine.is_busy(err) else LedgerError
    return kind(f"The ledger failed: {type(err).__name__}")


def _let_others_go_first() -> None:
    """Have this thread use what is left of the processor, where threads have a priority."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, get_native_id(), _NICE)

"""One life of the core, from a start to a stop or a crash."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from contextvars import ContextVar, copy_context
from pathlib import Path
import shutil
import sqlite3
from typing import Any

import aiohttp

from custom_components.oveit.core.client.api import OveitClient
from custom_components.oveit.core.client.circuit_breaker import CircuitBreaker
from custom_components.oveit.core.desk.desk import Desk
from custom_components.oveit.core.exceptions import OveitError
from custom_components.oveit.core.ledger import Ledger
from custom_components.oveit.core.models import Decision
from custom_components.oveit.core.ticket_sync import TicketSync
from demo.opening import PASSWORD
from demo.oveit_server import OveitServer

FOLLOWED = {100, 101}

_LIFE: ContextVar[int] = ContextVar("life", default=0)


class Home:
    """What one process holds: everything but the file is gone with it."""

    def __init__(self, path: Path, life: int, clock: Callable[[], float]) -> None:
        """Use the file, the number of this life, and the ledger's clock."""
        self.path = path
        self._clock = clock
        self.desk: Desk
        self.client: OveitClient
        self.ticket_sync: TicketSync
        self._ledger: Ledger
        self._session: aiohttp.ClientSession
        self._context = copy_context()
        self._context.run(_LIFE.set, life)
        self._life = life

    async def start(
        self,
        server: OveitServer,
        on_decision: Callable[[Decision], None],
        clock: Callable[[], float],
    ) -> None:
        """Start with what the file tells, and ask Oveit if it can be asked."""
        self._session = aiohttp.ClientSession()
        self.client = OveitClient(
            self._session,
            server.url,
            email="staff@venue.example",
            password=PASSWORD,
            breaker=CircuitBreaker(probe_every=0.02),
        )
        self._ledger = await Ledger.open(self.path, clock=self._clock)
        assert not self._ledger.set_aside, "The ledger was not sound"
        self.ticket_sync = TicketSync(
            self.client,
            self._ledger,
            follows=FOLLOWED.__contains__,
            on_remote_check_in=lambda _: None,
        )
        self.desk = Desk(
            self.client, self._ledger, self.ticket_sync, on_decision=on_decision, clock=clock
        )
        self.client.breaker.watch(self.client.events, lambda _: None)
        await self.ticket_sync.load()
        await self.run(self.refresh())

    def run[T](self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Let this life do something; it dies with it."""
        return asyncio.get_running_loop().create_task(work, context=self._context.copy())

    async def refresh(self) -> None:
        """Take up every list, if Oveit gives it."""
        with suppress(OveitError):
            await self.ticket_sync.refresh(everything=True)

    async def settle(self) -> int:
        """Settle what waits, and return how much still does."""
        return (await self.desk.settle()).waiting

    async def stop(self) -> None:
        """Stop as Home Assistant does."""
        await self.desk.close()
        await self._let_go()

    async def crash(self, survivor: Path) -> None:
        """Leave nothing but a copy of the file as it is in this moment."""
        _copy(self.path, survivor)
        dying = [
            task for task in asyncio.all_tasks() if task.get_context().get(_LIFE) == self._life
        ]
        for task in dying:
            task.cancel()
        await asyncio.gather(*dying, return_exceptions=True)
        await self._let_go()

    async def _let_go(self) -> None:
        """Close everything."""
        await self.ticket_sync.close()
        await self.client.close()
        await self._session.close()
        await self._ledger.close()


def _copy(path: Path, survivor: Path) -> None:
    """Copy a ledger while nobody can write to it."""
    connection = sqlite3.connect(path, timeout=10, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    for suffix in ("", "-wal"):
        source = path.with_name(path.name + suffix)
        if source.exists():
            shutil.copyfile(source, survivor.with_name(survivor.name + suffix))
    connection.close()

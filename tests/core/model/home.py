"""One life of the core, from a start to a stop or a crash."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp

from custom_components.oveit.core.client.api import OveitClient
from custom_components.oveit.core.client.circuit_breaker import CircuitBreaker
from custom_components.oveit.core.desk.desk import Desk
from custom_components.oveit.core.exceptions import OveitError
from custom_components.oveit.core.ledger import Generation, Ledger
from custom_components.oveit.core.models import Decision
from custom_components.oveit.core.ticket_sync import TicketSync
from demo.opening import PASSWORD
from demo.oveit_server import OveitServer
from tests.core.lives import Life

FOLLOWED = {100, 101}


class Home:
    """What one process holds: everything but the file is gone with it."""

    def __init__(self, path: Path, clock: Callable[[], float]) -> None:
        """Use the file, and the ledger's clock."""
        self.path = path
        self._clock = clock
        self.desk: Desk
        self.client: OveitClient
        self.ticket_sync: TicketSync
        self.ledger: Ledger
        self.last_seen: Generation
        self.is_stopping = False
        self.is_gone = False
        self._session: aiohttp.ClientSession
        self._life = Life()

    async def start(
        self,
        server: OveitServer,
        on_decision: Callable[[Decision], None],
        clock: Callable[[], float],
        expected: Generation | None = None,
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
        self.ledger = await Ledger.open(self.path, expected=expected, clock=self._clock)
        assert not self.ledger.set_aside, "The ledger was not sound"
        self.ticket_sync = TicketSync(
            self.client,
            self.ledger,
            follows=FOLLOWED.__contains__,
            on_remote_check_in=lambda _: None,
        )
        self.desk = Desk(
            self.client, self.ledger, self.ticket_sync, on_decision=on_decision, clock=clock
        )
        self.client.breaker.watch(self.client.events, lambda _: None)
        await self.ticket_sync.load()
        await self.run(self.refresh())

    def run[T](self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Let this life do something; it dies with it."""
        return self._life.run(work)

    async def refresh(self) -> None:
        """Take up every list, if Oveit gives it."""
        with suppress(OveitError):
            await self.ticket_sync.refresh(everything=True)

    async def settle(self) -> int:
        """Settle what waits, and return how much still does."""
        return (await self.desk.settle()).waiting

    async def stop(self) -> None:
        """Stop as Home Assistant does."""
        self.is_stopping = True
        await self.desk.close()
        self.last_seen = await self.ledger.generation()
        await self._let_go()

    async def crash(self) -> None:
        """Fall over in the middle of whatever is going on."""
        self.is_gone = True
        await self._life.end()
        await self._let_go()

    async def _let_go(self) -> None:
        """Close everything."""
        await self.ticket_sync.close()
        await self.client.close()
        await self._session.close()
        await self.ledger.close()

"""A read that is being decided."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
import logging
from time import monotonic
from uuid import uuid4

from ..exceptions import OveitConnectionError, OveitError
from ..ledger import Learned
from ..models import Answer, Request, Source, Ticket

_LOGGER = logging.getLogger(__name__)


@dataclass(kw_only=True)
class Case:
    """What is asked, when, and what was found; without `online`, Oveit is not asked."""

    request: Request
    at: datetime
    started: float
    scan_id: str
    online: bool
    tickets: tuple[Ticket, ...] = ()
    answer: Answer | None = None
    learned: Learned | None = None
    failure: OveitError | None = None

    @classmethod
    def open(cls, request: Request, *, online: bool) -> Case:
        """Start the clock for a read."""
        return cls(
            request=request,
            at=datetime.now(UTC),
            started=monotonic(),
            scan_id=request.scan_id or uuid4().hex,
            online=online,
        )

    @property
    def left(self) -> float:
        """Return the seconds until the deadline."""
        return self.started + self.request.deadline - monotonic()

    @property
    def source(self) -> Source:
        """Tell who decided."""
        return Source.OVEIT if self.answer and self.online else Source.LEDGER

    @asynccontextmanager
    async def deadline(self, share: float = 1, patience: float = 0) -> AsyncIterator[None]:
        """Give up what is awaited inside when a share of the guest's time has passed.

        Some `patience` more, in seconds, is for what the ledger alone can tell soon.
        """
        left = self.left * share + patience
        if left <= 0:
            raise OveitConnectionError("There is no time left to ask Oveit", sent=False)
        try:
            async with asyncio.timeout(left):
                yield
        except TimeoutError as err:
            raise OveitConnectionError("Oveit did not answer in time") from err

    def give_up_on_oveit(self, err: OveitError) -> None:
        """Go on with what is known here."""
        self.online = False
        self.failure = err
        _LOGGER.debug("Oveit could not be asked: %s", err)

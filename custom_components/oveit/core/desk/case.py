"""A read that is being decided."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
import logging
from time import monotonic
from typing import Any

from ..exceptions import OveitConnectionError, OveitError
from ..ledger import Learned, Lease, Ledger
from ..models import Answer, Reason, Request, Row, RowState, Source, Ticket, new_ref

_LOGGER = logging.getLogger(__name__)

LEDGER_GRACE = 0.4
KEPT_BY_WRITER = 15.0
_OF_REQUEST = ("rfid_code", "addon_id", "re_entry", "gate", "gate_id")
LEARN_WITHIN = 0.25


@dataclass(frozen=True, kw_only=True, slots=True)
class Writer:
    """Who writes rows: the holder of their leases, and the name of this Home Assistant."""

    holder: str
    box: str | None = None

    @property
    def kept(self) -> Lease:
        """Return the lease of a row that this writer uploads first."""
        return Lease(holder=self.holder, seconds=KEPT_BY_WRITER)

    @property
    def awaited(self) -> Lease:
        """Return the lease of a row whose answer is still awaited, which nobody uploads."""
        return Lease(holder=f"{self.holder}/door")

    def row(self, case: Case, ticket: Ticket | None, **more: Any) -> Row:
        """Return a row of what was read, about a ticket if it is known."""
        request = case.request
        known: dict[str, Any] = {
            "code": ticket.code if ticket else request.ticket_code or request.rfid_code or "",
            "event_id": (ticket.event_id if ticket else next(iter(request.event_ids), 0)) or 0,
            "ticket_type_id": ticket and ticket.ticket_type_id,
            "turnstile": request.turnstile and request.addon_id is None,
            "at": case.at,
            "scan_id": case.scan_id,
            "box": self.box,
        }
        known |= {name: getattr(request, name) for name in _OF_REQUEST}
        return Row(**known | more)

    def override(self, case: Case, ticket: Ticket | None, *, is_news: bool, **more: Any) -> Row:
        """Return the row of a guest whom the rules refuse; what may be news is to be uploaded."""
        state = RowState.PENDING if is_news else RowState.LOCAL
        more |= {"re_entry": False, "turnstile": False, "admitted": True}
        return self.row(case, ticket, state=state, reason=Reason.OVERRIDE, **more)


@dataclass(kw_only=True)
class Case:
    """What is asked, when, and what was found; without `online`, Oveit is not asked.

    `ledger` answers until shortly after the guest's deadline, times are monotonic seconds.
    `logins` are those that the client had made before; what `is_anew` was refused once.
    """

    request: Request
    at: datetime
    started: float
    scan_id: str
    online: bool
    books: Ledger
    tickets: tuple[Ticket, ...] = ()
    answer: Answer | None = None
    learned: Learned | None = None
    failure: OveitError | None = None
    is_identified: bool = False
    may_wait: bool = True
    logins: int = 0
    is_anew: bool = False

    @classmethod
    def open(cls, request: Request, ledger: Ledger, *, online: bool, logins: int = 0) -> Case:
        """Start the clock for a read."""
        return cls(
            request=request,
            at=datetime.now(UTC),
            started=monotonic(),
            scan_id=request.scan_id or new_ref(),
            online=online,
            books=ledger,
            logins=logins,
        )

    @property
    def left(self) -> float:
        """Return the seconds until the deadline."""
        return self.started + self.request.deadline - monotonic()

    @property
    def ledger(self) -> Ledger:
        """Return the ledger for as long as this guest can wait (decisions.md T17)."""
        return self.books.within(self.started + self.request.deadline + LEDGER_GRACE)

    @property
    def learning(self) -> Ledger:
        """Return the ledger for what can be done without: it may take a moment only."""
        limit = self.started + self.request.deadline
        return self.books.within(min(limit, monotonic() + LEARN_WITHIN))

    @property
    def source(self) -> Source:
        """Return who decided."""
        return Source.OVEIT if self.answer and self.online else Source.LEDGER

    @asynccontextmanager
    async def deadline(self, share: float = 1) -> AsyncIterator[None]:
        """Give up what is awaited inside when a share of the guest's time has passed.

        Raises OveitConnectionError, whose `sent` is false when nothing was begun.
        """
        left = self.left * share
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

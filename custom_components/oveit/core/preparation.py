"""Preparation for being offline: fetching the tags of an event's tickets at a set pace."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
import logging
from time import monotonic

from .client.api import OveitClient
from .client.replies import check_same
from .counts import Preparation
from .desk.lookup import Lookup
from .exceptions import LedgerError, OveitAuthenticationError, OveitError
from .ledger import Ledger
from .single_flight import cancel
from .ticket_sync import TicketSync

_LOGGER = logging.getLogger(__name__)

RETRY_DELAY = 30.0
AUTHENTICATION_RETRY_DELAY = 300.0
_BATCH = 50
_MAX_ATTEMPTS = 3
_PROGRESS_EVERY = 10.0
_MAX_WAIT_FOR_DOORS = 0.5


class Preparations:
    """Looks up the tickets of events that were never looked up, one by one (decisions.md R2).

    Events are prepared one after the other, in the order in which they were started, also
    after a restart. While offline, and after a failure, the preparation pauses.
    """

    def __init__(
        self,
        client: OveitClient,
        ledger: Ledger,
        ticket_sync: TicketSync,
        lookup: Lookup,
        *,
        doors_first: Callable[[float], Awaitable[None]],
        on_progress: Callable[[], None],
        pause: float = RETRY_DELAY,
    ) -> None:
        """Create it without an event to prepare; see `resume` and `start`.

        `doors_first` waits until no read is being decided, at most so many seconds; `on_progress`
        is called now and then; `pause` is the time in seconds after a failure.
        """
        self._client = client
        self._ledger = ledger
        self._ticket_sync = ticket_sync
        self._lookup = lookup
        self._doors_first = doors_first
        self._on_progress = on_progress
        self._pause = pause
        self._paces: dict[int, int] = {}
        self._ended: dict[int, Preparation] = {}
        self._is_failing = False
        self._failures: Counter[str] = Counter()
        self._reported_at = 0.0
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def status(self, event_id: int) -> Preparation | None:
        """Return the status of an event, None if it was not started since Home Assistant was."""
        if event_id not in self._paces:
            return self._ended.get(event_id)
        has_turn = event_id == next(iter(self._paces))
        is_running = has_turn and self._client.breaker.is_online and not self._is_failing
        return Preparation.RUNNING if is_running else Preparation.PAUSED

    async def resume(self) -> None:
        """Continue what was being prepared before a restart."""
        self._paces = await self._ledger.preparations()
        self._work()

    async def start(self, event_id: int, per_minute: int, *, again: bool = False) -> None:
        """Start preparing an event at a pace in tickets per minute, or change its pace.

        With `again`, tickets that had no tag are looked up once more.
        """
        if again:
            await self._ledger.forget_tagless(event_id)
        if await self._ledger.unasked(event_id, 1):
            await self._ledger.begin_preparation(event_id, per_minute)
            self._paces[event_id] = per_minute
            self._work()
        else:
            self._ended[event_id] = Preparation.FINISHED

    async def stop(self, event_id: int) -> None:
        """Stop preparing an event; the tags that were found are kept."""
        if event_id in self._paces:
            await self._end(event_id, Preparation.STOPPED)

    async def _end(self, event_id: int, how: Preparation) -> None:
        """End the preparation of an event with this status."""
        await self._ledger.end_preparation(event_id)
        self._paces.pop(event_id, None)
        self._ended[event_id] = how
        self._changed.set()

    async def close(self) -> None:
        """Stop all preparations until `resume`."""
        await cancel(self._task)

    def _work(self) -> None:
        """Start the background task unless it is running or there is nothing to do."""
        self._changed.set()
        if self._paces and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._prepare_all())

    async def _prepare_all(self) -> None:
        """Prepare one event after the other, unless it ended or is not followed any more."""
        while self._paces:
            event_id = next(iter(self._paces))
            event = self._ticket_sync.followed.get(event_id)
            is_over = event is None or not event.active
            try:
                if codes := [] if is_over else await self._ledger.unasked(event_id, _BATCH):
                    await self._prepare(event_id, codes)
                else:
                    await self._end(event_id, Preparation.FINISHED)
                    self._on_progress()
            except LedgerError as err:
                _LOGGER.warning("An event cannot be prepared at the moment: %s", err)
                await self._wait(self._pause)

    async def _prepare(self, event_id: int, codes: list[str]) -> None:
        """Look up tickets of an event at its pace."""
        for code in codes:
            started_at = monotonic()
            pause = await self._ask(event_id, code) if self._client.breaker.is_online else 0.0
            self._report(is_failing=pause > 0)
            if event_id not in self._paces:
                return
            due = 60 / self._paces[event_id]
            await self._wait(max(started_at + due - monotonic(), pause))

    async def _ask(self, event_id: int, code: str) -> float:
        """Look up one ticket, at most three times; return the seconds to pause after a failure."""
        await self._doors_first(_MAX_WAIT_FOR_DOORS)
        try:
            answer = await self._client.scan(ticket_code=code)
            check_same(answer, code)
        except OveitAuthenticationError:
            return AUTHENTICATION_RETRY_DELAY
        except OveitError as err:
            _LOGGER.debug("The tags of a ticket could not be looked up: %s", err)
            self._failures[code] += 1
            if self._failures[code] >= _MAX_ATTEMPTS:
                await self._ledger.note_asked(event_id, code, told=False)
            return self._pause
        ticket = (await self._ledger.learn_answer(answer, self._lookup.of_followed())).ticket
        found = ticket and (ticket.event_id, ticket.code)
        if answer.rfid_codes is None or found != (event_id, code):
            await self._ledger.note_asked(event_id, code, told=False)
        return 0.0

    async def _wait(self, seconds: float) -> None:
        """Wait for so many seconds, or until an event is started, changed or stopped."""
        self._changed.clear()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._changed.wait(), seconds)

    def _report(self, *, is_failing: bool) -> None:
        """Report progress every ten seconds, and at once if a failure starts or ends a pause."""
        now = monotonic()
        if is_failing != self._is_failing or now - self._reported_at >= _PROGRESS_EVERY:
            self._is_failing, self._reported_at = is_failing, now
            self._on_progress()

"""Preparing for a line that is down: learning the tags of an event's tickets, gently."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
import logging
from time import monotonic

from .client.api import OveitClient
from .client.replies import check_same
from .counts import Preparation
from .desk.lookup import Lookup
from .exceptions import LedgerError, OveitAuthenticationError, OveitError
from .ledger import Ledger
from .ticket_sync import TicketSync

_LOGGER = logging.getLogger(__name__)

PAUSE = 30.0
LONG_PAUSE = 300.0
_AT_A_TIME = 50
_MOST_ATTEMPTS = 3
_TELL_EVERY = 10.0
_LET_DOORS_GO_FIRST = 0.5


class Preparing:
    """Asks about tickets one by one, at a set pace, where nobody has asked yet.

    Events take turns in the order in which they were begun. What was begun goes on after a
    restart; a line that is down or credentials that do not work only make it pause.
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
        pause: float = PAUSE,
    ) -> None:
        """Take what waits for guests at the doors, and who hears of progress."""
        self._client = client
        self._ledger = ledger
        self._ticket_sync = ticket_sync
        self._lookup = lookup
        self._doors_first = doors_first
        self._on_progress = on_progress
        self._pause = pause
        self._paces: dict[int, int] = {}
        self._ended: dict[int, Preparation] = {}
        self._is_held_up = False
        self._failures: Counter[str] = Counter()
        self._told_at = 0.0
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def is_under_way(self, event_id: int) -> bool:
        """Tell whether an event is being prepared."""
        return event_id in self._paces

    def status(self, event_id: int) -> Preparation | None:
        """Tell how it stands with an event; None where nobody asked for it since the start."""
        if event_id not in self._paces:
            return self._ended.get(event_id)
        has_turn = event_id == next(iter(self._paces))
        goes_on = has_turn and self._client.breaker.is_online and not self._is_held_up
        return Preparation.RUNNING if goes_on else Preparation.PAUSED

    async def resume(self) -> None:
        """Go on with what was under way before a restart."""
        self._paces = await self._ledger.preparations()
        self._work()

    async def start(self, event_id: int, per_minute: int, *, again: bool = False) -> None:
        """Begin with an event, or change its pace; `again` includes tickets that had no tag."""
        if again:
            await self._ledger.forget_tagless(event_id)
        if await self._ledger.unasked(event_id, 1):
            await self._ledger.begin_preparation(event_id, per_minute)
            self._paces[event_id] = per_minute
            self._work()
        else:
            self._ended[event_id] = Preparation.FINISHED

    async def stop(self, event_id: int) -> None:
        """End with an event; what was learned stays."""
        if event_id in self._paces:
            await self._end(event_id, Preparation.STOPPED)

    async def _end(self, event_id: int, how: Preparation) -> None:
        """End with an event, and keep why."""
        await self._ledger.end_preparation(event_id)
        self._paces.pop(event_id, None)
        self._ended[event_id] = how
        self._changed.set()

    async def close(self) -> None:
        """Stop until `resume`."""
        if self._task and not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task])

    def _work(self) -> None:
        """Work in the background while there is something to do."""
        self._changed.set()
        if self._paces and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._prepare_all())

    async def _prepare_all(self) -> None:
        """Prepare event after event."""
        while self._paces:
            event_id = next(iter(self._paces))
            try:
                if codes := await self._next(event_id):
                    await self._prepare(event_id, codes)
                else:
                    await self._end(event_id, Preparation.FINISHED)
                    self._on_progress()
            except LedgerError as err:
                _LOGGER.warning("An event cannot be prepared at the moment: %s", err)
                await self._wait(self._pause)

    async def _next(self, event_id: int) -> list[str]:
        """Return some tickets to ask about: none of an event that ended or is not ours."""
        event = self._ticket_sync.followed.get(event_id)
        if event is None or not event.active:
            return []
        return await self._ledger.unasked(event_id, _AT_A_TIME)

    async def _prepare(self, event_id: int, codes: list[str]) -> None:
        """Ask about some tickets of an event."""
        for code in codes:
            began_at = monotonic()
            pause = await self._ask(event_id, code) if self._client.breaker.is_online else 0.0
            self._tell(is_held_up=pause > 0)
            if event_id not in self._paces:
                return
            due = 60 / self._paces[event_id]
            await self._wait(max(began_at + due - monotonic(), pause))

    async def _ask(self, event_id: int, code: str) -> float:
        """Ask about one ticket, and return for how many seconds to leave Oveit alone."""
        await self._doors_first(_LET_DOORS_GO_FIRST)
        try:
            answer = await self._client.scan(ticket_code=code)
            check_same(answer, code)
            learned = await self._ledger.learn_answer(answer, self._lookup.of_followed())
            ticket = learned.ticket
        except LedgerError:
            raise
        except OveitError as err:
            _LOGGER.debug("A ticket's tags could not be asked for: %s", err)
            await self._note_failure(event_id, code, err)
            return LONG_PAUSE if isinstance(err, OveitAuthenticationError) else self._pause
        told = ticket and (ticket.event_id, ticket.code)
        if answer.rfid_codes is None or told != (event_id, code):
            await self._ledger.note_untold(event_id, code)
        return 0.0

    async def _note_failure(self, event_id: int, code: str, err: OveitError) -> None:
        """Let a ticket be that fails again and again, so that it does not hold up the others."""
        if isinstance(err, OveitAuthenticationError):
            return
        self._failures[code] += 1
        if self._failures[code] >= _MOST_ATTEMPTS:
            await self._ledger.note_untold(event_id, code)

    async def _wait(self, seconds: float) -> None:
        """Wait, but not when something is begun, changed or ended."""
        self._changed.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            pass

    def _tell(self, *, is_held_up: bool) -> None:
        """Tell of progress now and then, and at once that it is held up or goes on."""
        now = monotonic()
        if is_held_up != self._is_held_up or now - self._told_at >= _TELL_EVERY:
            self._is_held_up, self._told_at = is_held_up, now
            self._on_progress()

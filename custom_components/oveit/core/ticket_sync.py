"""The mirror: keeps the ledger's copy of Oveit's events and ticket lists fresh."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from time import monotonic

from .client.api import OveitClient
from .counts import Attendance, Seen
from .exceptions import LedgerError, OveitAuthenticationError, OveitError
from .ledger import Ledger
from .models import NO_EVENT, Event
from .polling import (
    IDLE_INTERVAL,
    LOOK_AGAIN_AGE,
    LOOK_AGAIN_INTERVAL,
    is_list_due,
    is_live,
    is_purge_due,
    poll_interval,
)
from .single_flight import Shared

SKEW_MAY_MOVE = timedelta(seconds=2)


class Glance:
    """A look at Oveit for what is not known here, shared by all, at most once in 10 s."""

    def __init__(self, look: Callable[[], Coroutine[None, None, None]]) -> None:
        """Take what is done."""
        self._look = Shared(look)
        self._began_at: float | None = None

    async def __call__(self) -> None:
        """Look, or join who is looking."""
        if not self._look.under_way:
            now = monotonic()
            if (
                self._began_at is not None
                and now - self._began_at < LOOK_AGAIN_INTERVAL.total_seconds()
            ):
                return
            self._began_at = now
        await self._look.join()

    async def close(self) -> None:
        """Stop what is under way."""
        await self._look.close()


class TicketSync:
    """What Oveit lists, as the ledger has it; refreshes come one after the other.

    `look_for_types` asks for the events (decisions.md A2), `look_again` also for lists
    older than 30 s (B5).
    """

    def __init__(
        self,
        client: OveitClient,
        ledger: Ledger,
        *,
        follows: Callable[[int], bool],
        on_seen: Callable[[Seen], None],
    ) -> None:
        """Take which events are followed, and who hears of check-ins made elsewhere."""
        self.events: dict[int, Event] = {}
        self.interval: timedelta = IDLE_INTERVAL
        self._client = client
        self._ledger = ledger
        self._follows = follows
        self._on_seen = on_seen
        self._fetched_at: dict[int, datetime] = {}
        self._told_at: dict[int, datetime] = {}
        self._refreshing = asyncio.Lock()
        self._skew = timedelta()
        self.look_for_types = Glance(self._refresh_events)
        self.look_again = Glance(self.refresh_old)

    @property
    def followed(self) -> dict[int, Event]:
        """Return the events of this venue by their id."""
        return {key: event for key, event in self.events.items() if self._follows(key)}

    async def load(self) -> None:
        """Take up the events that the ledger remembers, and how Oveit's clock went."""
        self.events = await self._ledger.events()
        self._skew = await self._ledger.skew()
        self._client.expect_skew(self._skew)
        for key in self.events:
            await self._note_list(key)

    def list_ages(self, now: datetime) -> dict[int, timedelta]:
        """Return how old the ticket list of each event is that has one."""
        return {key: max(now - at, timedelta()) for key, at in self._fetched_at.items()}

    def tells_of(self, event_id: int, at: datetime) -> bool:
        """Tell whether an event's list was asked for after a moment, by Oveit's clock.

        Of no event, every list has to tell. What was fetched before a restart tells of
        nothing: clocks may have moved since.
        """
        active = [key for key, event in self.followed.items() if event.active]
        lists = [event_id] if event_id else active
        return all(key in self._told_at and self._told_at[key] >= at for key in lists)

    async def forget(self, event_id: int) -> None:
        """Forget an event and all that is known of it; what is still being told goes as well."""
        event = self.events.pop(event_id, None)
        try:
            await self._ledger.remove(event_id)
        except LedgerError:
            if event:
                self.events[event_id] = event
            raise
        self._fetched_at.pop(event_id, None)

    async def forget_old(self) -> None:
        """Forget events that ended long ago, and whose rows Oveit all has (C17)."""
        now = datetime.now(UTC)
        for key, event in list(self.events.items()):
            if is_purge_due(event, now) and not await self._ledger.count_waiting(key):
                await self.forget(key)

    async def close(self) -> None:
        """Stop what is under way."""
        for glance in (self.look_for_types, self.look_again):
            await glance.close()

    async def refresh(self, *, everything: bool = False) -> None:
        """Ask for the events, then for the ticket lists that are due, or for all.

        A list that fails does not hold up the others; its error is raised at the end.
        """
        async with self._refreshing:
            error: OveitError | None = None
            try:
                await self._refresh_events()
            except OveitError as err:
                error = err
            now = datetime.now(UTC)
            counts = await self.attendance()
            live = {key: is_live(self.events[key], count, now) for key, count in counts.items()}
            self.interval = poll_interval(live.values())
            if error:
                raise error
            due = [
                event
                for key, event in self.followed.items()
                if event.active
                and (everything or await self._is_due(event, counts[key], now, live=live[key]))
            ]
            await self._refresh_lists(due)

    async def refresh_old(self, needed: Mapping[int, datetime] | None = None) -> None:
        """Refresh the events, and the lists that are older than 30 s.

        `needed` are moments by Oveit's clock that the lists of some events, or for no event
        all of them, must tell of.
        """
        async with self._refreshing:
            await self._refresh_events()
            limit = datetime.now(UTC) - LOOK_AGAIN_AGE
            stale = []
            for event in self.followed.values():
                fetched_at = (await self._ledger.list_state(event.id)).fetched_at
                is_old = fetched_at is None or fetched_at < limit
                if event.active and (is_old or not self._tells_of_all(event.id, needed or {})):
                    stale.append(event)
            await self._refresh_lists(stale)

    def _tells_of_all(self, event_id: int, needed: Mapping[int, datetime]) -> bool:
        """Tell whether an event's list tells of all that it is needed for."""
        moments = [needed[key] for key in (event_id, NO_EVENT) if key in needed]
        return all(self.tells_of(event_id, at) for at in moments)

    async def attendance(self) -> dict[int, Attendance]:
        """Count the tickets of each followed event."""
        now = datetime.now(UTC)
        return {key: await self._ledger.attendance(key, now) for key in self.followed}

    async def _refresh_events(self) -> None:
        """Take up the events as they are now; one that is no longer listed has ended."""
        listed = {event.id: event for event in await self._client.events()}
        await self._keep_skew()
        ended = {
            key: replace(event, active=False, ended_at=event.ended_at or datetime.now(UTC))
            for key, event in self.events.items()
            if key not in listed
        }
        events = listed | ended
        if events != self.events:
            await self._ledger.save_events(events.values())
            self.events = events

    async def _keep_skew(self) -> None:
        """Remember how Oveit's clock goes, for the time after a restart (decisions.md C7)."""
        skew = self._client.skew
        if abs(skew - self._skew) > SKEW_MAY_MOVE:
            await self._ledger.keep_skew(skew)
            self._skew = skew

    async def _is_due(
        self, event: Event, attendance: Attendance, now: datetime, *, live: bool
    ) -> bool:
        """Tell whether an event's list should be fetched."""
        state = await self._ledger.list_state(event.id)
        return is_list_due(event, state, attendance, now, live=live)

    async def _note_list(self, event_id: int) -> None:
        """Remember when an event's list was taken up."""
        if fetched_at := (await self._ledger.list_state(event_id)).fetched_at:
            self._fetched_at[event_id] = fetched_at

    async def _refresh_lists(self, events: list[Event]) -> None:
        """Fetch ticket lists and take them up."""
        error: OveitError | None = None
        for event in events:
            asked_at, told_at = datetime.now(UTC), self._client.now()
            try:
                reply = await self._client.tickets(event.id)
                for seen in await self._ledger.take_list(event, reply, asked_at):
                    self._on_seen(seen)
                await self._note_list(event.id)
                if self._fetched_at.get(event.id, asked_at) >= asked_at:
                    self._told_at[event.id] = told_at
            except OveitAuthenticationError, LedgerError:
                raise
            except OveitError as err:
                error = err
        if error:
            raise error

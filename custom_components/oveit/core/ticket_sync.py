"""Synchronisation of the events and ticket lists at Oveit into the ledger."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import inf
from time import monotonic

from .client.api import OveitClient
from .client.ticket_list import most_bytes
from .counts import Attendance, RemoteCheckIn
from .exceptions import LedgerError, OveitAuthenticationError, OveitError
from .ledger import Ledger
from .models import NO_EVENT, Event
from .polling import (
    IDLE_INTERVAL,
    ON_DEMAND_INTERVAL,
    ON_DEMAND_LIST_AGE,
    drift,
    is_list_due,
    is_live,
    is_purge_due,
    is_within,
    poll_interval,
)
from .single_flight import SingleFlight

SKEW_TOLERANCE = timedelta(seconds=2)


class OnDemandRefresh(SingleFlight):
    """A refresh for a read that nobody here knows: shared by all, at most once in 10 s."""

    _started_at = -inf

    async def __call__(self) -> None:
        """Wait for the refresh that is running, or for a new one unless the last is too recent."""
        if not self.is_running:
            now = monotonic()
            if now - self._started_at < ON_DEMAND_INTERVAL.total_seconds():
                return
            self._started_at = now
        await self.join()


class TicketSync:
    """Keeps the ledger's events and ticket lists up to date, one refresh at a time.

    `events` are all known events by their id, `interval` is the time until the next poll.
    `refresh_for_unknown_type` refreshes the events (decisions.md A2), `refresh_for_unknown_code`
    also the lists that are older than 30 s (B5).
    """

    def __init__(
        self,
        client: OveitClient,
        ledger: Ledger,
        *,
        follows: Callable[[int], bool],
        on_remote_check_in: Callable[[RemoteCheckIn], None],
    ) -> None:
        """Create it empty; `on_remote_check_in` gets what a new list shows of other devices."""
        self.events: dict[int, Event] = {}
        self.interval: timedelta = IDLE_INTERVAL
        self._client = client
        self._ledger = ledger
        self._follows = follows
        self._on_remote_check_in = on_remote_check_in
        self._fetched_at: dict[int, datetime] = {}
        self._requested_at: dict[int, datetime] = {}
        self._took: dict[int, timedelta] = {}
        self._hinted = False
        self._refreshing = asyncio.Lock()
        self._skew = timedelta()
        self._dates_ahead: timedelta | None = None
        self.refresh_for_unknown_type = OnDemandRefresh(self._refresh_events)
        self.refresh_for_unknown_code = OnDemandRefresh(self.refresh_old)

    @property
    def followed(self) -> dict[int, Event]:
        """Return the followed events by their id."""
        return {key: event for key, event in self.events.items() if self._follows(key)}

    async def load(self) -> None:
        """Load the events, the times of their lists and how far Oveit's clocks are ahead."""
        self.events = await self._ledger.events()
        self._skew = await self._ledger.skew()
        self._dates_ahead = await self._ledger.dates_ahead()
        self._client.restore_clocks(self._skew, self._dates_ahead)
        for key in self.events:
            await self._load_fetched_at(key)

    def list_ages(self, now: datetime) -> dict[int, timedelta]:
        """Return the ages of the ticket lists by the ids of their events."""
        return {key: max(now - at, timedelta()) for key, at in self._fetched_at.items()}

    def covers(self, event_id: int, at: datetime) -> bool:
        """Return whether an event's list was requested after a time by Oveit's clock.

        For `NO_EVENT`, all lists must be; those from before a restart do not count.
        """
        active = [key for key, event in self.followed.items() if event.active]
        lists = [event_id] if event_id else active
        return all(key in self._requested_at and self._requested_at[key] >= at for key in lists)

    async def forget(self, event_id: int) -> None:
        """Delete an event with its tickets, tags and rows."""
        event = self.events.pop(event_id, None)
        try:
            await self._ledger.remove(event_id, self._over_since(event))
        except LedgerError:
            if event:
                self.events[event_id] = event
            raise
        self._fetched_at.pop(event_id, None)

    def _over_since(self, event: Event | None) -> datetime:
        """Return up to when what happened at no event may have been at one that is over."""
        is_last = not any(each.active for each in self.followed.values())
        ended_at = event.ended_at if event else None
        return datetime.now(UTC) if is_last or ended_at is None else ended_at

    async def forget_old(self) -> None:
        """Delete events that ended long ago and have no row to upload (decisions.md C17)."""
        now = datetime.now(UTC)
        for key, event in list(self.events.items()):
            if is_purge_due(event, now) and not await self._ledger.count_waiting(key):
                await self.forget(key)

    async def close(self) -> None:
        """Cancel the refreshes on demand."""
        await self.refresh_for_unknown_type.close()
        await self.refresh_for_unknown_code.close()

    def hint(self) -> None:
        """Note that Oveit says that something has changed."""
        self._hinted = True

    async def refresh(self, *, everything: bool = False) -> None:
        """Refresh the events, then the ticket lists that are due, or `everything`.

        An error of one list is raised after the others were refreshed (decisions.md T10).
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
            hinted, self._hinted = self._hinted, False
            due = [
                event
                for key, event in self.followed.items()
                if event.active
                and (
                    everything
                    or is_list_due(
                        event,
                        await self._ledger.list_state(key),
                        counts[key],
                        now,
                        live=live[key],
                        took=self._took.get(key, timedelta()),
                        hinted=hinted,
                    )
                )
            ]
            await self._refresh_lists(due)

    async def refresh_old(self, needed: Mapping[int, datetime] | None = None) -> None:
        """Refresh the events, and the lists that are older than 30 s or lack tickets.

        `needed` holds times by Oveit's clock, by the ids of events (`NO_EVENT`: all): lists that
        were requested before them are refreshed as well.
        """
        async with self._refreshing:
            await self._refresh_events()
            now, counts = datetime.now(UTC), await self.attendance()
            stale = []
            for event in self.followed.values():
                state = await self._ledger.list_state(event.id)
                is_old = not is_within(state.fetched_at, now, ON_DEMAND_LIST_AGE)
                is_old |= drift(event, counts[event.id])[0] != state.drift_tickets
                times = [at for key, at in (needed or {}).items() if key in (event.id, NO_EVENT)]
                if event.active and (is_old or not all(self.covers(event.id, at) for at in times)):
                    stale.append(event)
            await self._refresh_lists(stale)

    async def attendance(self) -> dict[int, Attendance]:
        """Return the counts of the followed events by their id."""
        now = datetime.now(UTC)
        return {key: await self._ledger.attendance(key, now) for key in self.followed}

    async def _refresh_events(self) -> None:
        """Fetch the events and save them if they changed; one that is not listed has ended.

        So is how far Oveit's clocks are ahead, for after a restart (decisions.md C7, T18).
        """
        listed = {event.id: event for event in await self._client.events()}
        skew, dates_ahead = self._client.skew, self._client.dates_ahead
        if abs(skew - self._skew) > SKEW_TOLERANCE:
            await self._ledger.keep_skew(skew)
            self._skew = skew
        if dates_ahead is not None and dates_ahead != self._dates_ahead:
            await self._ledger.keep_dates_ahead(dates_ahead)
            self._dates_ahead = dates_ahead
        ended = {
            key: replace(event, active=False, ended_at=event.ended_at or datetime.now(UTC))
            for key, event in self.events.items()
            if key not in listed
        }
        events = listed | ended
        if events != self.events:
            await self._ledger.save_events(events.values())
            self.events = events

    async def _load_fetched_at(self, event_id: int) -> None:
        """Load the time at which an event's list was fetched."""
        if fetched_at := (await self._ledger.list_state(event_id)).fetched_at:
            self._fetched_at[event_id] = fetched_at

    async def _refresh_lists(self, events: list[Event]) -> None:
        """Fetch ticket lists and import them into the ledger."""
        error: OveitError | None = None
        for event in events:
            fetched_at, requested_at = datetime.now(UTC), self._client.now()
            began = monotonic()
            try:
                reply = await self._client.tickets(event.id, most_bytes(event.tickets or 0))
                self._took[event.id] = timedelta(seconds=monotonic() - began)
                for seen in await self._ledger.take_list(event, reply, fetched_at):
                    self._on_remote_check_in(seen)
                await self._load_fetched_at(event.id)
                if self._fetched_at.get(event.id, fetched_at) >= fetched_at:
                    self._requested_at[event.id] = requested_at
            except OveitAuthenticationError, LedgerError:
                raise
            except OveitError as err:
                error = err
        if error:
            raise error

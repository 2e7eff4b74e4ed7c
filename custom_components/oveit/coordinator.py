"""Polls Oveit through the desk and publishes what the ledger knows."""

from collections.abc import Coroutine, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from random import uniform
from typing import Any, override

from aiohttp.hdrs import USER_AGENT
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryAuthFailed
from homeassistant.helpers.aiohttp_client import SERVER_SOFTWARE
from homeassistant.helpers.debounce import Debouncer
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed
from homeassistant.util.ssl import client_context

from .account import create_client, ledger_path
from .const import (
    CONF_EVENTS,
    CONF_FOLLOW_NEW,
    CONF_IGNORED_EVENTS,
    DOMAIN,
    LOGGER,
    SUBENTRY_GATE,
)
from .core.callbacks import Callbacks
from .core.client.session import open_session
from .core.counts import Seen, Settled
from .core.desk.desk import Desk
from .core.exceptions import (
    LedgerError,
    OveitAuthenticationError,
    OveitError,
    OveitResponseError,
)
from .core.ledger import Ledger
from .core.models import Decision, Row
from .core.polling import LIVE_INTERVAL
from .core.recent import seconds
from .core.ticket_sync import TicketSync
from .errors import failed, invalid
from .event_state import EventState

PUBLISH_EVERY = 1.0
MOST_BACKOFF = 300.0

type OveitConfigEntry = ConfigEntry[OveitCoordinator]


class OveitCoordinator(DataUpdateCoordinator[dict[int, EventState]]):
    """Keeps the followed events of one account up to date."""

    config_entry: OveitConfigEntry
    desk: Desk
    ledger: Ledger
    ticket_sync: TicketSync

    def __init__(self, hass: HomeAssistant, entry: OveitConfigEntry) -> None:
        """Prepare for one account."""
        super().__init__(
            hass,
            LOGGER,
            config_entry=entry,
            name=DOMAIN,
            update_interval=LIVE_INTERVAL,
        )
        self._session = open_session(client_context(), {USER_AGENT: SERVER_SOFTWARE})
        self.client = create_client(hass, entry.data, self._session)
        self.capacities: dict[int, int] = {}
        self.gate_modes: dict[str, str] = {}
        self.conflicts: list[Row] = []
        self.failure: OveitError | None = None
        self._failures = 0
        self._is_first = True
        self._followed = {int(event_id) for event_id in entry.options.get(CONF_EVENTS, ())}
        self._ignored = {int(event_id) for event_id in entry.options.get(CONF_IGNORED_EVENTS, ())}
        self._follow_new: bool = entry.options.get(CONF_FOLLOW_NEW, True)
        self.on_check_in = Callbacks[Decision | Seen]()
        self.on_conflict = Callbacks[Row]()
        self._publisher = Debouncer(
            hass, LOGGER, cooldown=PUBLISH_EVERY, immediate=True, function=self.async_publish
        )

    def follows(self, event_id: int) -> bool:
        """Tell whether the options have an event followed."""
        return event_id in self._followed or (self._follow_new and event_id not in self._ignored)

    @override
    async def _async_setup(self) -> None:
        """Open the ledger."""
        try:
            self.ledger = await Ledger.open(ledger_path(self.hass, self.config_entry))
            self.ticket_sync = TicketSync(
                self.client, self.ledger, follows=self.follows, on_seen=self.on_check_in.call
            )
            await self.ticket_sync.load()
            gates = self.config_entry.get_subentries_of_type(SUBENTRY_GATE)
            await self.ledger.name_gates({gate.subentry_id: gate.title for gate in gates})
            self.gate_modes = await self.ledger.gate_modes()
        except LedgerError as err:
            raise UpdateFailed(translation_domain=DOMAIN, translation_key="ledger_failed") from err
        self.desk = Desk(
            self.client,
            self.ledger,
            self.ticket_sync,
            on_decision=self._on_decision,
            on_failure=self._note_failure,
            on_conflict=self.on_conflict.call,
            on_progress=self._publisher.async_schedule_call,
            clock=seconds,
        )
        self.client.breaker.watch(self.client.events, self._on_line)
        await self.desk.preparing.resume()

    @property
    def connected(self) -> bool:
        """Tell whether Oveit answers, and accepts the credentials."""
        return self.client.breaker.is_online and not isinstance(
            self.failure, OveitAuthenticationError
        )

    async def async_close(self) -> None:
        """Let go of the ledger."""
        self._publisher.async_shutdown()
        if hasattr(self, "desk"):
            await self.desk.close()
        if hasattr(self, "ticket_sync"):
            await self.ticket_sync.close()
        await self.client.close()
        await self._session.close()
        if hasattr(self, "ledger"):
            await self.ledger.close()

    @override
    async def _async_update_data(self) -> dict[int, EventState]:
        """Refresh what is due; without Oveit, the ledger tells what was known last."""
        if self._is_first and self.ticket_sync.events:
            self._is_first = False
            self._in_background(self.async_refresh(), "first refresh")
            return await self._async_read()
        try:
            await self.ticket_sync.refresh()
            await self.ticket_sync.forget_old()
        except LedgerError as err:
            raise UpdateFailed(translation_domain=DOMAIN, translation_key="ledger_failed") from err
        except OveitError as err:
            self._handle_failure(err)
        else:
            self._note_success()
        self.update_interval = self._next_interval()
        data = await self._async_read()
        if any(state.attendance.waiting for state in data.values()):
            self._in_background(self._async_settle(), "settling")
        return data

    async def async_sync(self) -> Settled:
        """Refresh and settle everything now; an error is raised in the user's language."""
        with self.translated_errors():
            settled = await self.desk.sync()
        self._note_success()
        await self.async_publish()
        return settled

    async def async_purge(self, event_id: int | None) -> list[int]:
        """Forget an event that ended, or all of them; one that Oveit must hear of stays."""
        ended = [key for key, event in self.ticket_sync.events.items() if not event.active]
        if event_id is not None and event_id not in ended:
            raise invalid("event_not_ended")
        purged = []
        for key in ended if event_id is None else [event_id]:
            if not await self.ledger.count_waiting(key):
                await self.ticket_sync.forget(key)
                purged.append(key)
            elif event_id is not None:
                raise invalid("rows_waiting")
        await self.async_publish()
        return purged

    async def async_prepare(self, events: Iterable[int], per_minute: int, *, again: bool) -> None:
        """Begin to learn the tags of events, or do it at another pace."""
        for event_id in events:
            await self.desk.preparing.start(event_id, per_minute, again=again)
        await self.async_publish()

    async def async_stop_preparing(self, events: Iterable[int]) -> None:
        """Learn no more tags of events."""
        for event_id in events:
            await self.desk.preparing.stop(event_id)
        await self.async_publish()

    @contextmanager
    def translated_errors(self) -> Iterator[None]:
        """Raise what can go wrong in the user's language, and ask for new credentials."""
        try:
            yield
        except OveitError as err:
            if isinstance(err, OveitAuthenticationError):
                self.config_entry.async_start_reauth(self.hass)
            raise failed(err) from err

    @callback
    def _on_line(self, is_up: bool) -> None:
        """Say that the line went down, or came up and all that waits is settled."""
        if is_up:
            self._in_background(self.async_refresh(), "catching up")
        self._publisher.async_schedule_call()

    async def _async_settle(self) -> None:
        """Settle the rows that wait for Oveit."""
        try:
            await self.desk.settle()
        except LedgerError as err:
            LOGGER.debug("The journal could not be settled: %s", err)
        else:
            self._publisher.async_schedule_call()

    def _in_background(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Do something while the entry is loaded that nobody waits for."""
        self.config_entry.async_create_background_task(self.hass, work, f"oveit {name}")

    def _next_interval(self) -> timedelta:
        """Return when to poll again: later and less regularly while Oveit fails (T12)."""
        if not self._failures:
            return self.ticket_sync.interval
        seconds = self.ticket_sync.interval.total_seconds() * 2 ** min(self._failures - 1, 4)
        return timedelta(seconds=min(seconds, MOST_BACKOFF) * uniform(0.8, 1.2))

    @callback
    def _on_decision(self, decision: Decision) -> None:
        """Publish a decision of ours ticket by ticket, and poll as for a live event from now on."""
        for each in (decision, *decision.others):
            self.on_check_in.call(each)
        self._publisher.async_schedule_call()
        if self.update_interval != LIVE_INTERVAL and decision.admitted:
            self._in_background(self.async_request_refresh(), "refresh after a check-in")

    async def async_publish(self) -> None:
        """Show what the ledger knows now, without asking Oveit."""
        try:
            self.data = await self._async_read()
        except LedgerError as err:
            LOGGER.debug("The attendance could not be counted: %s", err)
        else:
            self.async_update_listeners()

    async def _async_read(self) -> dict[int, EventState]:
        """Read the followed events' state from the ledger."""
        attendance = await self.ticket_sync.attendance()
        has_conflicts = any(count.conflicts for count in attendance.values())
        self.conflicts = await self.ledger.conflicts() if has_conflicts else []
        return {
            event_id: EventState(
                event=event,
                attendance=attendance[event_id],
                ticket_list=await self.ledger.list_state(event_id),
                coverage=await self.ledger.coverage(event_id),
                preparation=self.desk.preparing.status(event_id),
            )
            for event_id, event in self.ticket_sync.followed.items()
            if event_id in attendance
        }

    def _handle_failure(self, err: OveitError) -> None:
        """Go on with what the ledger knows, or give up where it knows nothing."""
        if not self.ticket_sync.events:
            if isinstance(err, OveitAuthenticationError):
                raise ConfigEntryAuthFailed(
                    translation_domain=DOMAIN, translation_key="authentication_failed"
                ) from err
            key = "invalid_response" if isinstance(err, OveitResponseError) else "cannot_connect"
            raise UpdateFailed(translation_domain=DOMAIN, translation_key=key) from err
        self._failures += 1
        self._note_failure(err)

    @callback
    def _note_failure(self, err: OveitError) -> None:
        """Keep why Oveit could not be asked, and ask a person where one can help."""
        if type(err) is not type(self.failure):
            LOGGER.warning("Oveit does not answer as it should: %s", err)
        self.failure = err
        if isinstance(err, OveitAuthenticationError):
            self.config_entry.async_start_reauth(self.hass)

    def _note_success(self) -> None:
        """Forget what went wrong."""
        if self.failure:
            LOGGER.info("Oveit answers again")
        self.failure, self._failures, self._is_first = None, 0, False

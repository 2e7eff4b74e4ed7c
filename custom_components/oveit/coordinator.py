"""Coordinator of an account: polls Oveit, opens the ledger and publishes its counts."""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from random import uniform
from typing import Any, override

from aiohttp.hdrs import USER_AGENT
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryAuthFailed, HomeAssistantError
from homeassistant.helpers import instance_id
from homeassistant.helpers.aiohttp_client import SERVER_SOFTWARE
from homeassistant.helpers.debounce import Debouncer
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed
from homeassistant.util.ssl import client_context

from .account import (
    async_find_twins,
    async_note_listed,
    create_client,
    event_filter,
)
from .const import CONF_API_URL, DOMAIN, LOGGER, SUBENTRY_GATE
from .core.callbacks import Callbacks
from .core.client.session import open_session
from .core.counts import Attendance, Coverage, ListState, Preparation, RemoteCheckIn, Settled
from .core.desk.desk import Desk, Tell
from .core.exceptions import (
    LedgerBusyError,
    LedgerError,
    OveitAuthenticationError,
    OveitError,
    OveitOnlyErrorsError,
    OveitResponseError,
)
from .core.ledger import Ledger
from .core.models import Decision, Event, Request, Row
from .core.pace import TooManyError, Turns, UnknownCodes
from .core.polling import LIVE_INTERVAL
from .core.recent import seconds
from .core.ticket_sync import TicketSync
from .ledger import LedgerWatch

PUBLISH_EVERY = 1.0
MOST_BACKOFF = 300.0
FIRST_REFRESH_TAKES = 5.0
LOOK_UPS_AT_ONCE = 8
CHECK_INS_AT_ONCE = 32

type OveitConfigEntry = ConfigEntry[OveitCoordinator]


@dataclass(frozen=True, kw_only=True, slots=True)
class EventState:
    """An event with its counts, its ticket list and its coverage, as read from the ledger."""

    event: Event
    attendance: Attendance
    ticket_list: ListState
    coverage: Coverage
    preparation: Preparation | None

    @property
    def is_preparing(self) -> bool:
        """Tell whether the tags of the event's tickets are being learned, or that is paused."""
        return self.preparation in (Preparation.RUNNING, Preparation.PAUSED)


class AccountTwiceError(OveitError):
    """An older entry follows the same events, so this one decides nothing."""


class AccountDesk(Desk):
    """A desk that decides nothing while an older entry follows the same events (C25)."""

    def __init__(self, coordinator: OveitCoordinator, **listeners: Any) -> None:
        """Work with the client, the ledger and the ticket lists of a coordinator."""
        super().__init__(
            coordinator.client, coordinator.ledger, coordinator.ticket_sync, **listeners
        )
        self._coordinator = coordinator

    @override
    async def check_in(self, request: Request, door: Tell | None = None) -> Decision:
        """Check a ticket in; raise AccountTwiceError when an older entry decides."""
        with self._deciding():
            return await super().check_in(request, door)

    @override
    async def look(self, request: Request) -> Decision:
        """Show at a gate what a check-in would be; raise AccountTwiceError as `check_in`."""
        with self._deciding():
            return await super().look(request)

    @override
    async def undo(
        self,
        request: Request,
        *,
        user_id: str | None,
        any_use: bool = False,
        door: Tell | None = None,
    ) -> Decision | None:
        """Take an admission back; raise AccountTwiceError as `check_in`."""
        with self._deciding():
            return await super().undo(request, user_id=user_id, any_use=any_use, door=door)

    @override
    async def override(
        self, request: Request, *, note: str, user_id: str | None, door: Tell | None = None
    ) -> Decision:
        """Admit a guest by a steward's decision; raise AccountTwiceError as `check_in`."""
        with self._deciding():
            return await super().override(request, note=note, user_id=user_id, door=door)

    @contextmanager
    def _deciding(self) -> Iterator[None]:
        """Raise AccountTwiceError with the title of the entry that decides instead."""
        if twin := self._coordinator.twin:
            raise AccountTwiceError(twin)
        try:
            yield
        except LedgerError as err:
            self._coordinator.async_note_ledger_failure(err)
            raise


class OveitCoordinator(DataUpdateCoordinator[dict[int, EventState]]):
    """Keeps the followed events of one account up to date."""

    config_entry: OveitConfigEntry
    desk: Desk
    ledger: Ledger
    ticket_sync: TicketSync

    def __init__(self, hass: HomeAssistant, entry: OveitConfigEntry) -> None:
        """Create the client and the callback registries of an account."""
        super().__init__(
            hass,
            LOGGER,
            config_entry=entry,
            name=DOMAIN,
            update_interval=LIVE_INTERVAL,
        )
        self._session = open_session(client_context(), {USER_AGENT: SERVER_SOFTWARE})
        self.client = create_client(hass, entry.data, self._session)
        self.ledger_watch = LedgerWatch(hass, entry)
        self.capacities: dict[int, int] = {}
        self.gate_modes: dict[str, str] = {}
        self.last_reads: dict[str, str] = {}
        self.conflicts: list[Row] = []
        self.failure: OveitError | None = None
        self.look_ups = Turns(LOOK_UPS_AT_ONCE)
        self.check_ins = Turns(CHECK_INS_AT_ONCE)
        self.unknown_codes = UnknownCodes()
        self._failures = 0
        self._is_first = True
        self._is_closing = False
        self._follows = event_filter(entry.options)
        self.data_at_start = entry.data
        self.on_check_in = Callbacks[Decision | RemoteCheckIn]()
        self.on_conflict = Callbacks[Row]()
        self._publisher = Debouncer(
            hass, LOGGER, cooldown=PUBLISH_EVERY, immediate=True, function=self.async_publish
        )

    @override
    async def _async_setup(self) -> None:
        """Open the ledger and create the desk."""
        self.ledger = await self.ledger_watch.async_open()
        try:
            self.ticket_sync = TicketSync(
                self.client,
                self.ledger,
                follows=self.follows,
                on_remote_check_in=self.on_check_in.call,
            )
            await self.ticket_sync.load()
            await self.async_name_gates()
            self.gate_modes = await self.ledger.gate_modes()
            self.last_reads = await self.ledger.last_reads()
        except LedgerError as err:
            raise UpdateFailed(translation_domain=DOMAIN, translation_key="ledger_failed") from err
        self.desk = AccountDesk(
            self,
            on_decision=self._on_decision,
            on_failure=self._note_failure,
            on_conflict=self.on_conflict.call,
            on_progress=self._publisher.async_schedule_call,
            box=await instance_id.async_get(self.hass),
            clock=seconds,
        )
        self.client.breaker.watch(self.client.events, self._on_connection)
        await self.desk.preparing.resume()

    async def async_name_gates(self) -> None:
        """Have the journal tell of the gates by the names that they have now."""
        gates = self.config_entry.get_subentries_of_type(SUBENTRY_GATE)
        await self.ledger.name_gates({gate.subentry_id: gate.title for gate in gates})

    @property
    def active_events(self) -> list[int]:
        """Return the ids of the followed events that have not ended."""
        return [key for key, state in self.data.items() if state.event.active]

    def follows(self, event_id: int) -> bool:
        """Return whether the options follow an event."""
        return self._follows(event_id)

    @callback
    def async_follow(self) -> bool:
        """Follow the events that the options choose now, and return whether they are others."""
        before = self.ticket_sync.followed.keys()
        self._follows = event_filter(self.config_entry.options)
        self.data = {key: state for key, state in self.data.items() if self.follows(key)}
        return self.ticket_sync.followed.keys() != before

    @property
    def twin(self) -> str | None:
        """Return the title of an older entry that follows the same events, which decides (C25)."""
        own = self.config_entry
        followed = [key for key, event in self.ticket_sync.followed.items() if event.active]
        older = [
            (entry.created_at, entry.entry_id, entry.title)
            for entry in async_find_twins(self.hass, own.data[CONF_API_URL], followed, own.entry_id)
            if not entry.disabled_by
            and (entry.created_at, entry.entry_id) < (own.created_at, own.entry_id)
        ]
        return min(older)[2] if older else None

    @property
    def connected(self) -> bool:
        """Tell whether Oveit answers as it should, and accepts the credentials."""
        is_odd = isinstance(self.failure, OveitResponseError) and bool(self._failures)
        is_refused = isinstance(self.failure, OveitAuthenticationError | OveitOnlyErrorsError)
        return self.client.breaker.is_online and not (is_odd or is_refused)

    async def async_close(self, _: object = None) -> None:
        """Finish the decisions under way, then close the connections and the ledger."""
        self._is_closing = True
        self._publisher.async_shutdown()
        if hasattr(self, "desk"):
            await self.desk.close()
        if hasattr(self, "ticket_sync"):
            await self.ticket_sync.close()
        await self.client.close()
        await self._session.close()
        if hasattr(self, "ledger"):
            await self.ledger_watch.async_close()

    @override
    async def _async_update_data(self) -> dict[int, EventState]:
        """Refresh what is due, and return the followed events as the ledger has them."""
        try:
            if self._is_first:
                self._is_first = False
                if not await self._async_refresh_first():
                    self._in_background(self.async_refresh(), "first refresh")
                    return await self._async_read()
            else:
                await self.ledger_watch.async_check()
                await self._async_refresh_lists()
            data = await self._async_read()
        except LedgerError as err:
            if self._is_closing:
                return self.data
            self.async_note_ledger_failure(err)
            raise UpdateFailed(translation_domain=DOMAIN, translation_key="ledger_failed") from err
        if any(state.attendance.waiting for state in data.values()):
            self._in_background(self._async_settle(), "upload")
        return data

    async def _async_refresh_first(self) -> bool:
        """Refresh at the start, and return whether that is done; else it goes on.

        With events in the ledger, nothing is waited for. Without any, nothing can be set up:
        UpdateFailed is raised after a few seconds while Home Assistant starts.
        """
        if self.ticket_sync.events:
            return False
        refreshing = self.config_entry.async_create_background_task(
            self.hass, self._async_refresh_lists(), "oveit first refresh"
        )
        refreshing.add_done_callback(lambda task: task.cancelled() or task.exception())
        while not refreshing.done():
            await asyncio.wait([refreshing], timeout=FIRST_REFRESH_TAKES)
            if self.ticket_sync.events or not self.hass.is_running:
                break
        if refreshing.done():
            await refreshing
            return True
        if self.ticket_sync.events:
            return False
        refreshing.cancel()
        raise UpdateFailed(translation_domain=DOMAIN, translation_key="cannot_connect")

    async def _async_refresh_lists(self) -> None:
        """Refresh what is due; once events are known, only LedgerError is raised."""
        try:
            await self.ticket_sync.refresh()
            await self.ticket_sync.forget_old()
        except LedgerError:
            raise
        except OveitError as err:
            if not self._is_closing:
                self._handle_failure(err)
        else:
            self._note_success()
        self.update_interval = self._next_interval()

    async def async_sync(self) -> Settled:
        """Refresh everything and upload pending check-ins now; raise translated errors."""
        with self.translated_errors():
            settled = await self.desk.sync()
        self._note_success()
        await self.async_publish()
        return settled

    @contextmanager
    def translated_errors(self) -> Iterator[None]:
        """Raise errors of the core as translated ones, and start reauthentication if needed."""
        try:
            yield
        except OveitError as err:
            if isinstance(err, OveitAuthenticationError):
                self.config_entry.async_start_reauth(self.hass)
            raise _translate(err) from err

    @callback
    def async_note_ledger_failure(self, err: LedgerError) -> None:
        """Keep why the ledger does not answer, until it does."""
        if self.ledger_watch.failure is None:
            LOGGER.warning("The ledger does not answer: %s", err)
            self.ledger_watch.failure = err
            self.ledger_watch.async_update_issues()
            self.async_update_listeners()

    @callback
    def _on_connection(self, is_up: bool) -> None:
        """Publish that the connection was lost, or refresh when it is back."""
        if is_up:
            self._in_background(self.async_refresh(), "refresh after an outage")
        self._publisher.async_schedule_call()

    async def _async_settle(self) -> None:
        """Upload pending check-ins."""
        try:
            await self.desk.settle()
        except LedgerError as err:
            LOGGER.debug("The journal could not be settled: %s", err)
        else:
            self._publisher.async_schedule_call()

    def _in_background(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Run something in the background until the entry is unloaded."""
        self.config_entry.async_create_background_task(self.hass, work, f"oveit {name}")

    def _next_interval(self) -> timedelta:
        """Return the time until the next poll, with a jittered back-off while Oveit fails (T12)."""
        if not self._failures:
            return self.ticket_sync.interval
        seconds = self.ticket_sync.interval.total_seconds() * 2 ** min(self._failures - 1, 4)
        return timedelta(seconds=min(seconds, MOST_BACKOFF) * uniform(0.8, 1.2))

    @callback
    def _on_decision(self, decision: Decision) -> None:
        """Announce a decision ticket by ticket, and poll at the pace of a live event."""
        for each in (decision, *decision.others):
            self.on_check_in.call(each)
        self._publisher.async_schedule_call()
        if self.update_interval != LIVE_INTERVAL and decision.admitted:
            self._in_background(self.async_request_refresh(), "refresh after a check-in")

    async def async_publish(self) -> None:
        """Update the entities from the ledger, without asking Oveit."""
        try:
            self.data = await self._async_read()
        except LedgerError as err:
            LOGGER.debug("The attendance could not be counted: %s", err)
        else:
            self.async_update_listeners()

    async def _async_read(self) -> dict[int, EventState]:
        """Read the state of the followed events from the ledger."""
        listed = {key for key, event in self.ticket_sync.events.items() if event.active}
        async_note_listed(self.hass, self.config_entry, listed)
        await self.ledger_watch.async_note_generation()
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
        """Keep the error of a refresh; raise it when no event is known yet."""
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
        """Keep why Oveit could not be asked, and start reauthentication if needed."""
        if type(err) is not type(self.failure):
            LOGGER.warning("Oveit does not answer as it should: %s", err)
        self.failure = err
        if isinstance(err, OveitAuthenticationError):
            self.config_entry.async_start_reauth(self.hass)

    def _note_success(self) -> None:
        """Clear the error of the last refresh."""
        if self.failure:
            LOGGER.info("Oveit answers again")
        self.failure, self._failures = None, 0


def _translate(err: OveitError) -> HomeAssistantError:
    """Return an error of the core as a translated one."""
    match err:
        case AccountTwiceError():
            return translated_error("account_twice", title=str(err))
        case TooManyError():
            return translated_error("too_many")
        case OveitAuthenticationError():
            return translated_error("authentication_failed")
        case OveitResponseError():
            return translated_error("invalid_response")
        case LedgerBusyError():
            return translated_error("ledger_busy")
        case LedgerError():
            return translated_error("ledger_failed")
        case _:
            return translated_error("cannot_connect")


def translated_error(key: str, **placeholders: str) -> HomeAssistantError:
    """Return an error about an outcome that Home Assistant shows in the user's language."""
    return HomeAssistantError(
        translation_domain=DOMAIN, translation_key=key, translation_placeholders=placeholders
    )

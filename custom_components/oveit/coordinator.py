"""Polls Oveit through the desk and publishes what the ledger knows."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, override

from aiohttp import ClientSession
from aiohttp.hdrs import USER_AGENT
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_EMAIL, CONF_PASSWORD, CONF_TOKEN
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryAuthFailed, HomeAssistantError
from homeassistant.helpers.aiohttp_client import SERVER_SOFTWARE, async_get_clientsession
from homeassistant.helpers.debounce import Debouncer
from homeassistant.helpers.storage import STORAGE_DIR
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed
from homeassistant.util.ssl import client_context

from .const import (
    CONF_API_URL,
    CONF_EVENTS,
    CONF_FOLLOW_NEW,
    CONF_IGNORED_EVENTS,
    DOMAIN,
    LOGGER,
)
from .core.api import OveitClient
from .core.connection import open_session
from .core.desk import Desk
from .core.exceptions import (
    LedgerError,
    OveitAuthenticationError,
    OveitConnectionError,
    OveitError,
    OveitResponseError,
)
from .core.ledger import Ledger
from .core.mirror import Mirror
from .core.models import Attendance, Decision, Event, ListState, Seen
from .core.polling import LIVE_INTERVAL

PUBLISH_EVERY = 1.0

type OveitConfigEntry = ConfigEntry[OveitCoordinator]
type CheckInListener = Callable[[Decision | Seen], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class EventState:
    """What is known of one followed event."""

    event: Event
    attendance: Attendance
    ticket_list: ListState


def create_client(
    hass: HomeAssistant, data: Mapping[str, Any], session: ClientSession | None = None
) -> OveitClient:
    """Return a client for the credentials of an entry or a flow."""
    return OveitClient(
        session or async_get_clientsession(hass),
        data[CONF_API_URL],
        token=data.get(CONF_TOKEN),
        email=data.get(CONF_EMAIL),
        password=data.get(CONF_PASSWORD),
        language=hass.config.language.partition("-")[0],
    )


def ledger_path(hass: HomeAssistant, entry: ConfigEntry) -> Path:
    """Return where an entry's ledger lies."""
    return Path(hass.config.path(STORAGE_DIR, f"{DOMAIN}.{entry.entry_id}.db"))


class OveitCoordinator(DataUpdateCoordinator[dict[int, EventState]]):
    """Keeps the followed events of one account up to date."""

    config_entry: OveitConfigEntry
    desk: Desk
    ledger: Ledger
    mirror: Mirror

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
        self.connected = True
        self.capacities: dict[int, int] = {}
        self._followed = {int(event_id) for event_id in entry.options.get(CONF_EVENTS, ())}
        self._ignored = {int(event_id) for event_id in entry.options.get(CONF_IGNORED_EVENTS, ())}
        self._follow_new: bool = entry.options.get(CONF_FOLLOW_NEW, True)
        self._check_in_listeners: list[CheckInListener] = []
        self._publisher = Debouncer(
            hass, LOGGER, cooldown=PUBLISH_EVERY, immediate=True, function=self._async_publish
        )

    def follows(self, event_id: int) -> bool:
        """Tell whether the options have an event followed."""
        return event_id in self._followed or (self._follow_new and event_id not in self._ignored)

    @override
    async def _async_setup(self) -> None:
        """Open the ledger."""
        try:
            self.ledger = await Ledger.open(ledger_path(self.hass, self.config_entry))
            self.mirror = Mirror(
                self.client, self.ledger, follows=self.follows, on_seen=self._on_check_in
            )
            await self.mirror.load()
        except LedgerError as err:
            raise UpdateFailed(translation_domain=DOMAIN, translation_key="ledger_failed") from err
        self.desk = Desk(self.client, self.ledger, self.mirror, on_decision=self._on_decision)

    async def async_close(self) -> None:
        """Let go of the ledger."""
        self._publisher.async_shutdown()
        if hasattr(self, "mirror"):
            await self.mirror.close()
        await self.client.close()
        await self._session.close()
        if hasattr(self, "ledger"):
            await self.ledger.close()

    @override
    async def _async_update_data(self) -> dict[int, EventState]:
        """Refresh what is due; without Oveit, the ledger tells what was known last."""
        try:
            await self.mirror.refresh()
        except LedgerError as err:
            raise UpdateFailed(translation_domain=DOMAIN, translation_key="ledger_failed") from err
        except OveitError as err:
            self._handle_failure(err)
        else:
            self._note_connected(None)
        self.update_interval = self.mirror.interval
        return await self._async_read()

    async def async_sync(self) -> None:
        """Refresh everything now; an error is raised in the user's language."""
        with self.translated_errors():
            await self.desk.sync()
        self._note_connected(None)
        await self._async_publish()

    @contextmanager
    def translated_errors(self) -> Iterator[None]:
        """Raise what can go wrong in the user's language, and ask for new credentials."""
        try:
            yield
        except OveitAuthenticationError as err:
            self.config_entry.async_start_reauth(self.hass)
            raise _error("authentication_failed") from err
        except OveitConnectionError as err:
            raise _error("cannot_connect") from err
        except OveitResponseError as err:
            raise _error("invalid_response") from err
        except LedgerError as err:
            raise _error("ledger_failed") from err

    @callback
    def async_add_check_in_listener(self, listener: CheckInListener) -> CALLBACK_TYPE:
        """Tell a listener of every check-in, ours and those made elsewhere."""
        self._check_in_listeners.append(listener)
        return lambda: self._check_in_listeners.remove(listener)

    @callback
    def _on_decision(self, decision: Decision) -> None:
        """Publish a decision of ours, and poll as for a live event from now on."""
        self._on_check_in(decision)
        self._publisher.async_schedule_call()
        if self.update_interval != LIVE_INTERVAL and decision.admitted:
            self.config_entry.async_create_background_task(
                self.hass, self.async_request_refresh(), "oveit refresh after a check-in"
            )

    @callback
    def _on_check_in(self, check_in: Decision | Seen) -> None:
        """Tell the listeners of a check-in."""
        for listener in list(self._check_in_listeners):
            listener(check_in)

    async def _async_publish(self) -> None:
        """Show what the ledger knows now, without asking Oveit."""
        try:
            self.data = await self._async_read()
        except LedgerError as err:
            LOGGER.debug("The attendance could not be counted: %s", err)
        else:
            self.async_update_listeners()

    async def _async_read(self) -> dict[int, EventState]:
        """Read the followed events' state from the ledger."""
        attendance = await self.mirror.attendance()
        return {
            event_id: EventState(
                event=event,
                attendance=attendance[event_id],
                ticket_list=await self.ledger.list_state(event_id),
            )
            for event_id, event in self.mirror.followed.items()
            if event_id in attendance
        }

    def _handle_failure(self, err: OveitError) -> None:
        """Go on with what the ledger knows, or give up where it knows nothing."""
        if isinstance(err, OveitAuthenticationError):
            if not self.mirror.events:
                raise ConfigEntryAuthFailed(
                    translation_domain=DOMAIN, translation_key="authentication_failed"
                ) from err
            self.config_entry.async_start_reauth(self.hass)
        elif not self.mirror.events:
            key = "invalid_response" if isinstance(err, OveitResponseError) else "cannot_connect"
            raise UpdateFailed(translation_domain=DOMAIN, translation_key=key) from err
        self._note_connected(err)

    def _note_connected(self, err: OveitError | None) -> None:
        """Keep whether Oveit answers, and log when that changes."""
        if err and self.connected:
            LOGGER.warning("Oveit does not answer as it should: %s", err)
        elif not err and not self.connected:
            LOGGER.info("Oveit answers again")
        self.connected = err is None


def _error(key: str) -> HomeAssistantError:
    """Return an error with a translated text."""
    return HomeAssistantError(translation_domain=DOMAIN, translation_key=key)

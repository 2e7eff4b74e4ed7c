"""Webhook for Oveit's notifications, which only trigger a refresh."""

import asyncio
from collections import deque
from contextlib import ExitStack
from enum import StrEnum
from hashlib import sha256
import json
from typing import Any

from aiohttp.hdrs import METH_POST
from aiohttp.web import Request
from homeassistant.components import webhook
from homeassistant.const import CONF_WEBHOOK_ID
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.debounce import Debouncer
from homeassistant.helpers.network import NoURLAvailableError

from .const import CONF_WEBHOOK, DOMAIN, LOGGER
from .coordinator import OveitConfigEntry, OveitCoordinator

REFRESH_EVERY = 10.0
MAX_BODY = 64 * 1024
BODY_TIMEOUT = 5.0
KEPT_DIGESTS = 256

NAMES = {"order.create", "ticket.create", "ticket.update"}
OBJECTS = {"order", "ticket", "ticket_type", "tickets"}


class WebhookAccess(StrEnum):
    """Who may call the webhook."""

    OFF = "off"
    LOCAL = "local"
    INTERNET = "internet"


@callback
def async_setup_webhook(hass: HomeAssistant, entry: OveitConfigEntry) -> None:
    """Register the webhook while the options allow it."""
    handler = WebhookHandler(hass, entry.runtime_data)
    registered = ExitStack()
    known: tuple[str | None, ...] = ()

    @callback
    def _async_update() -> None:
        nonlocal known
        access = entry.options.get(CONF_WEBHOOK, WebhookAccess.OFF)
        webhook_id: str | None = entry.options.get(CONF_WEBHOOK_ID)
        wanted = (access, webhook_id, entry.title)
        if wanted == known:
            return
        known = wanted
        registered.close()
        if access == WebhookAccess.OFF or webhook_id is None:
            return
        webhook.async_register(
            hass,
            DOMAIN,
            entry.title,
            webhook_id,
            handler.async_handle,
            local_only=access == WebhookAccess.LOCAL,
            allowed_methods=[METH_POST],
        )
        registered.callback(webhook.async_unregister, hass, webhook_id)

    _async_update()
    entry.async_on_unload(entry.runtime_data.async_add_listener(_async_update))
    entry.async_on_unload(handler.refresher.async_shutdown)
    entry.async_on_unload(registered.close)


@callback
def async_webhook_url(hass: HomeAssistant, webhook_id: str) -> str:
    """Return the address to enter at Oveit, a path where no host is known."""
    try:
        return webhook.async_generate_url(hass, webhook_id)
    except NoURLAvailableError:
        return webhook.async_generate_path(webhook_id)


class WebhookHandler:
    """Handles calls of the webhook; refreshes at most every ten seconds."""

    def __init__(self, hass: HomeAssistant, coordinator: OveitCoordinator) -> None:
        """Start without known calls."""
        self._coordinator = coordinator
        self._digests: deque[bytes] = deque(maxlen=KEPT_DIGESTS)
        self.refresher = Debouncer(
            hass,
            LOGGER,
            cooldown=REFRESH_EVERY,
            immediate=True,
            function=coordinator.async_refresh,
            background=True,
        )

    async def async_handle(self, hass: HomeAssistant, webhook_id: str, request: Request) -> None:
        """Schedule a refresh, unless the call is too large, a replay or invalid."""
        body = await _async_read(request)
        if body is None or not _is_notification(body):
            LOGGER.debug("A call of the webhook was no notification")
            return
        digest = sha256(body).digest()
        if digest in self._digests:
            LOGGER.debug("A call of the webhook was a replay")
            return
        self._digests.append(digest)
        self._coordinator.ticket_sync.hint()
        self.refresher.async_schedule_call()


async def _async_read(request: Request) -> bytes | None:
    """Return the body of a request, None when it is too large or too slow."""
    body, content = bytearray(), request.content
    try:
        async with asyncio.timeout(BODY_TIMEOUT):
            while chunk := await content.read(MAX_BODY + 1 - len(body)):
                body += chunk
                if len(body) > MAX_BODY:
                    return None
    except TimeoutError:
        return None
    return bytes(body)


def _is_notification(body: bytes) -> bool:
    """Tell whether a body is about a ticket or an order.

    Oveit documents the names of its notifications, not their format.
    """
    try:
        said: Any = json.loads(body)
    except ValueError, RecursionError:
        return False
    if not isinstance(said, dict):
        return False
    named = any(isinstance(value, str) and value in NAMES for value in said.values())
    return named or any(isinstance(said.get(key), dict | list) for key in OBJECTS)

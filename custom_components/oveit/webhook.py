"""Oveit's webhooks: hints to refresh; nothing that they say is believed."""

import asyncio
from collections import deque
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
PATIENCE = 5.0
REMEMBERED = 256

NAMES = {"order.create", "ticket.create", "ticket.update"}
OBJECTS = {"order", "ticket", "ticket_type", "tickets"}


class WebhookAccess(StrEnum):
    """Who may call the webhook."""

    OFF = "off"
    LOCAL = "local"
    INTERNET = "internet"


@callback
def async_setup_webhook(hass: HomeAssistant, entry: OveitConfigEntry) -> None:
    """Listen, if the options say so."""
    access = entry.options.get(CONF_WEBHOOK, WebhookAccess.OFF)
    webhook_id: str | None = entry.options.get(CONF_WEBHOOK_ID)
    if access == WebhookAccess.OFF or webhook_id is None:
        return
    hints = Hints(hass, entry.runtime_data)
    webhook.async_register(
        hass,
        DOMAIN,
        entry.title,
        webhook_id,
        hints.async_handle,
        local_only=access == WebhookAccess.LOCAL,
        allowed_methods=[METH_POST],
    )
    entry.async_on_unload(hints.async_close)
    entry.async_on_unload(lambda: webhook.async_unregister(hass, webhook_id))


@callback
def async_webhook_url(hass: HomeAssistant, webhook_id: str) -> str:
    """Return the address to enter at Oveit, without a host where none is known."""
    try:
        return webhook.async_generate_url(hass, webhook_id)
    except NoURLAvailableError:
        return webhook.async_generate_path(webhook_id)


class Hints:
    """Takes calls, and refreshes at most once in ten seconds."""

    def __init__(self, hass: HomeAssistant, coordinator: OveitCoordinator) -> None:
        """Start with nothing heard."""
        self._heard: deque[bytes] = deque(maxlen=REMEMBERED)
        self._refresher = Debouncer(
            hass,
            LOGGER,
            cooldown=REFRESH_EVERY,
            immediate=True,
            function=coordinator.async_refresh,
            background=True,
        )

    @callback
    def async_close(self) -> None:
        """Refresh no more."""
        self._refresher.async_shutdown()

    async def async_handle(self, hass: HomeAssistant, webhook_id: str, request: Request) -> None:
        """Refresh soon, unless the call is too large, replayed or nonsense."""
        body = await _async_read(request)
        if body is None or not _is_hint(body):
            LOGGER.debug("A call of the webhook was no hint")
            return
        digest = sha256(body).digest()
        if digest in self._heard:
            LOGGER.debug("A call of the webhook was a replay")
            return
        self._heard.append(digest)
        self._refresher.async_schedule_call()


async def _async_read(request: Request) -> bytes | None:
    """Return a body that is neither too large nor too slow."""
    try:
        declared = int(request.headers.get("Content-Length", 0))
    except ValueError:
        return None
    if declared > MAX_BODY:
        return None
    body, content = bytearray(), request.content
    try:
        async with asyncio.timeout(PATIENCE):
            while chunk := await content.read(MAX_BODY + 1 - len(body)):
                body += chunk
                if len(body) > MAX_BODY:
                    return None
    except TimeoutError:
        return None
    return bytes(body)


def _is_hint(body: bytes) -> bool:
    """Tell whether a body is about a ticket or an order.

    Oveit documents the names of its hints, not how it wraps them.
    """
    try:
        said: Any = json.loads(body)
    except ValueError, RecursionError:
        return False
    if not isinstance(said, dict):
        return False
    named = any(isinstance(value, str) and value in NAMES for value in said.values())
    return named or any(isinstance(said.get(key), dict | list) for key in OBJECTS)

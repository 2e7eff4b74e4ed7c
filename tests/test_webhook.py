"""Oveit's webhooks are hints to refresh, and no more."""

import asyncio
from collections.abc import AsyncIterator
from io import BytesIO
import json
from typing import Any

from aiohttp.test_utils import TestClient
from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.webhook import async_handle_webhook
from homeassistant.const import CONF_WEBHOOK_ID
from homeassistant.core import HomeAssistant
from homeassistant.util.aiohttp import MockRequest
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.oveit.const import (
    CONF_ALLOW_VOICE,
    CONF_EVENTS,
    CONF_FOLLOW_NEW,
    CONF_WEBHOOK,
)
from demo.oveit_server import OveitServer
from demo.venue import Venue
from tests.common import set_options, set_up, value, wait

ID = "0f" * 32
URL = f"/api/webhook/{ID}"
SOLD = {"event": "ticket.create", "ticket": {"code": "n3wt1ck3t", "name": "Somebody"}}

CHOSEN = {CONF_EVENTS: ["100"], CONF_FOLLOW_NEW: False, CONF_ALLOW_VOICE: False}
LARGE = json.dumps(SOLD | {"padding": "x" * 2_000_000}).encode()


def use_webhook(hass: HomeAssistant, entry: MockConfigEntry, access: str) -> None:
    """Choose who may call."""
    options = entry.options | {CONF_WEBHOOK: access, CONF_WEBHOOK_ID: ID}
    hass.config_entries.async_update_entry(entry, options=options)


@pytest.fixture
async def caller(
    hass: HomeAssistant,
    frozen: FrozenDateTimeFactory,
    entry: MockConfigEntry,
    server: OveitServer,
    hass_client_no_auth: ClientSessionGenerator,
) -> TestClient:
    """Return who calls from this network, once nothing else is to be asked."""
    use_webhook(hass, entry, "local")
    await set_up(hass, entry)
    client = await hass_client_no_auth()
    await wait(hass, frozen, 11)
    server.forget()
    return client


async def call(hass: HomeAssistant, client: TestClient, body: Any, **options: Any) -> None:
    """Call as Oveit does; the answer never tells what came of it."""
    data = json.dumps(body) if isinstance(body, dict) else body
    if isinstance(data, bytes):
        data = BytesIO(data)
    async with client.post(URL, data=data, **options) as response:
        assert response.status == 200
        assert await response.read() == b""
    await hass.async_block_till_done(wait_background_tasks=True)


def asked(server: OveitServer) -> list[str]:
    """Return what Oveit was asked."""
    return [request.endpoint for request in server.requests]


@pytest.mark.parametrize(
    "body",
    [
        SOLD,
        {"type": "order.create", "data": {"id": 15}},
        {"order": {"id": 15}},
        {"ticket": {"code": "n3wt1ck3t"}, "trigger": "ticket.update"},
        {"code": "n3wt1ck3t", "ticket_type": {"id": 234}},
    ],
)
async def test_a_hint_has_oveit_asked_at_once(
    hass: HomeAssistant, caller: TestClient, venue: Venue, server: OveitServer, body: Any
) -> None:
    """However Oveit wraps it; the list follows where a count moved."""
    venue.sell(100, 234)
    await call(hass, caller, body)
    assert asked(server) == ["seller/events", "events/tickets"]
    assert value(hass, "sensor.lantern_night_tickets") == "51"


async def test_nothing_in_a_hint_is_believed(
    hass: HomeAssistant, caller: TestClient, server: OveitServer, caplog: pytest.LogCaptureFixture
) -> None:
    """A ticket that Oveit does not know is not taken up, nor written down."""
    await call(hass, caller, SOLD | {"checked_in": True, "event_id": 100})
    assert asked(server) == ["seller/events"]
    assert value(hass, "sensor.lantern_night_tickets") == "50"
    assert "n3wt1ck3t" not in caplog.text
    assert "Somebody" not in caplog.text


async def test_many_hints_are_one_refresh_in_ten_seconds(
    hass: HomeAssistant,
    caller: TestClient,
    server: OveitServer,
    frozen: FrozenDateTimeFactory,
) -> None:
    """The first at once, the rest together."""
    for number in range(20):
        await call(hass, caller, SOLD | {"number": number})
    assert asked(server) == ["seller/events"]
    await wait(hass, frozen, 10)
    assert asked(server) == ["seller/events"] * 2


async def test_a_replayed_hint_does_nothing(
    hass: HomeAssistant,
    caller: TestClient,
    server: OveitServer,
    frozen: FrozenDateTimeFactory,
) -> None:
    """Also later."""
    await call(hass, caller, SOLD)
    await wait(hass, frozen, 12)
    server.forget()
    await call(hass, caller, SOLD)
    await wait(hass, frozen, 12)
    assert asked(server) == []


async def in_pieces(size: int) -> AsyncIterator[bytes]:
    """Yield a large hint without telling its size before."""
    yield b'{"event": "ticket.create", "padding": "'
    for _ in range(size // 1024):
        yield b"x" * 1024
    yield b'"}'


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"ticket.create"',
        b"\xff\xfe\x00",
        b"<html>ticket.create</html>",
        b'{"event": "ticket.create"',
        b"[" * 60_000,
        b'{"a":' * 12_000,
        {"event": "ticket.burn"},
        {"ticket": "n3wt1ck3t"},
        {"event": ["ticket.create"]},
        LARGE,
    ],
    ids=lambda body: str(body)[:30],
)
async def test_nonsense_does_nothing(
    hass: HomeAssistant, caller: TestClient, server: OveitServer, body: Any
) -> None:
    """It is answered as everything else is."""
    await call(hass, caller, body)
    assert asked(server) == []


async def test_a_large_body_is_not_read_to_its_end(
    hass: HomeAssistant, caller: TestClient, server: OveitServer
) -> None:
    """Also when it does not tell its size."""
    await call(hass, caller, in_pieces(2_000_000))
    assert asked(server) == []
    await call(hass, caller, in_pieces(1_000))
    assert asked(server) == ["seller/events"]


async def test_a_body_that_never_ends_is_given_up(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    server: OveitServer,
    hass_client_no_auth: ClientSessionGenerator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody waits for it."""
    monkeypatch.setattr("custom_components.oveit.webhook.BODY_TIMEOUT", 0.05)
    use_webhook(hass, entry, "local")
    await set_up(hass, entry)
    caller = await hass_client_no_auth()
    server.forget()
    reader, writer = await open_connection(caller)
    writer.write(
        f"POST {URL} HTTP/1.1\r\nHost: venue\r\nContent-Length: 100\r\n\r\n".encode() + b'{"event"'
    )
    assert (await reader.readline()).startswith(b"HTTP/1.1 200")
    writer.close()
    await writer.wait_closed()
    assert asked(server) == []


async def open_connection(client: TestClient) -> Any:
    """Connect without any help."""
    return await asyncio.open_connection("127.0.0.1", client.server.port)


@pytest.mark.parametrize(
    ("access", "heard"), [("off", False), ("local", False), ("internet", True)]
)
async def test_the_internet_is_heard_only_when_the_options_say_so(
    hass: HomeAssistant,
    frozen: FrozenDateTimeFactory,
    entry: MockConfigEntry,
    server: OveitServer,
    access: str,
    heard: bool,
) -> None:
    """Local calls are the default."""
    use_webhook(hass, entry, access)
    await set_up(hass, entry)
    await wait(hass, frozen, 11)
    server.forget()
    request = MockRequest(
        content=json.dumps(SOLD).encode(),
        mock_source="test",
        method="POST",
        remote="203.0.113.7",
    )
    assert (await async_handle_webhook(hass, ID, request)).status == 200
    await hass.async_block_till_done(wait_background_tasks=True)
    assert bool(asked(server)) is heard


async def test_only_posts_are_hints(
    hass: HomeAssistant, caller: TestClient, server: OveitServer
) -> None:
    """A look at the address does nothing."""
    async with caller.get(URL) as response:
        assert response.status == 405
    async with caller.put(URL, json=SOLD) as response:
        assert response.status == 405
    await hass.async_block_till_done(wait_background_tasks=True)
    assert asked(server) == []


async def test_the_webhook_is_off_until_somebody_turns_it_on(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    """Whoever saves another option opens nothing by it."""
    result = await set_options(hass, loaded, "voice", allow_voice=True)
    assert CONF_WEBHOOK not in result["data"]
    result = await set_options(hass, loaded, "webhook", webhook="off")
    assert result["data"][CONF_WEBHOOK] == "off"
    assert result["data"][CONF_WEBHOOK_ID] is None


async def test_the_options_show_the_address_that_they_save(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    """Off forgets it, so that on again makes a new one."""
    hass.config.internal_url = "http://venue.local:8123"

    async def configure(access: str) -> str:
        form = await set_options(hass, loaded, "webhook")
        await hass.config_entries.options.async_configure(form["flow_id"], {CONF_WEBHOOK: access})
        await hass.async_block_till_done(wait_background_tasks=True)
        return form["description_placeholders"]["webhook_url"]

    first = await configure("local")
    assert first == f"http://venue.local:8123/api/webhook/{loaded.options[CONF_WEBHOOK_ID]}"
    assert await configure("internet") == first
    assert await configure("off") == first
    assert loaded.options[CONF_WEBHOOK_ID] is None
    assert await configure("local") != first


async def test_without_an_address_of_its_own_the_path_is_shown(
    hass: HomeAssistant, loaded: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The organizer puts the host before it."""
    from homeassistant.helpers.network import NoURLAvailableError

    def nowhere(*_: Any, **__: Any) -> str:
        raise NoURLAvailableError

    monkeypatch.setattr("homeassistant.components.webhook.get_url", nowhere)
    form = await set_options(hass, loaded, "webhook")
    assert form["description_placeholders"]["webhook_url"].startswith("/api/webhook/")
    hass.config_entries.options.async_abort(form["flow_id"])


async def test_the_address_is_not_in_the_diagnostics(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """Who knows it can call."""
    from custom_components.oveit.diagnostics import async_get_config_entry_diagnostics

    use_webhook(hass, entry, "internet")
    await set_up(hass, entry)
    assert ID not in json.dumps(await async_get_config_entry_diagnostics(hass, entry), default=str)

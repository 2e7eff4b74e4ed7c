"""What the tests with real readers and doors share."""

import asyncio
from collections.abc import Sequence
from statistics import quantiles
from time import perf_counter
from typing import Any

import aiohttp

from demo.home_assistant import HomeAssistant
from demo.opening import PASSWORD
from demo.oveit_server import OveitServer
from demo.venue import Venue, VenueTicket

EVENT = 100


async def add_account(home: HomeAssistant, server: OveitServer) -> str:
    """Add the staff's account, and return the entry's id once the list is there."""
    login = {"email": "staff@venue.example", "password": PASSWORD}
    entry_id = await home.configure_oveit(server.url, login, [str(EVENT)])
    await home.wait_for("sensor.lantern_night_checked_in", str(len(server.venue.used(EVENT))))
    return entry_id


async def device_id(home: HomeAssistant, name: str) -> str:
    """Return the id of a device, waiting for it."""
    template = {"template": f"{{{{ device_id('{name}') }}}}"}
    for _ in range(100):
        async with home._session.post(
            f"{home.url}/api/template", json=template, headers=home._headers
        ) as reply:
            if (found := await reply.text()) != "None":
                return found
        await asyncio.sleep(0.1)
    raise LookupError(name)


def give_wristbands(venue: Venue, number: int) -> dict[str, VenueTicket]:
    """Put unused tickets on tags of their own, and return them by tag."""
    tickets = venue.unused(EVENT)[:number]
    assert len(tickets) == number
    wristbands = {}
    for place, ticket in enumerate(tickets):
        tag = f"0A{place:06X}"
        ticket.rfid_codes[:] = [tag]
        wristbands[tag] = ticket
    return wristbands


def middle(seconds: Sequence[float]) -> float:
    """Return the time in the middle, in milliseconds."""
    return percentiles(seconds)[49]


def spread(seconds: Sequence[float]) -> str:
    """Return times in words."""
    cuts = percentiles(seconds)
    return f"p50 {cuts[49]:.1f} ms, p99 {cuts[98]:.1f} ms"


def percentiles(seconds: Sequence[float]) -> list[float]:
    """Return percentiles in milliseconds."""
    return [1000 * cut for cut in quantiles(seconds, n=100, method="inclusive")]


async def own_time(
    server: OveitServer, wristbands: dict[str, VenueTicket], pause: float = 0
) -> list[float]:
    """Return how long the pretend Oveit itself takes for a wristband: a look, and a check-in.

    A `pause` before each, in seconds, lets both sides come to rest as between guests.
    """
    times = []
    async with aiohttp.ClientSession() as session:
        for tag, ticket in wristbands.items():
            await asyncio.sleep(pause)
            start = perf_counter()
            for endpoint, field in (
                ("tickets/scan", {"rfid_code": tag}),
                ("tickets/checkin", {"ticket_code": ticket.code}),
            ):
                asked = {"token": server.venue.token, **field}
                async with session.post(f"{server.url}/{endpoint}", json=asked) as reply:
                    assert (await reply.json())["ok"]
            times.append(perf_counter() - start)
    return times


async def make_dashboard(home: HomeAssistant, path: str) -> None:
    """Make an empty dashboard."""
    view = {"title": "Door", "type": "sections", "sections": [{"type": "grid", "cards": []}]}
    new = {"title": "Door", "mode": "storage", "show_in_sidebar": True, "require_admin": False}
    await ask(home, {"type": "lovelace/dashboards/create", "url_path": path, **new})
    saved = {"url_path": path, "config": {"views": [view]}}
    await ask(home, {"type": "lovelace/config/save", **saved})


async def cards_of(home: HomeAssistant, path: str) -> list[dict[str, Any]]:
    """Return the cards of the first section of a dashboard."""
    config = await ask(home, {"type": "lovelace/config", "url_path": path})
    cards: list[dict[str, Any]] = config["views"][0]["sections"][0]["cards"]
    return cards


async def ask(home: HomeAssistant, message: dict[str, Any]) -> Any:
    """Ask something over the websocket, as the frontend does."""
    async with home._session.ws_connect(f"{home.url}/api/websocket") as socket:
        await socket.receive_json()
        await socket.send_json({"type": "auth", "access_token": home.token})
        await socket.receive_json()
        await socket.send_json({"id": 1, **message})
        reply = await socket.receive_json()
    assert reply["success"], reply
    return reply["result"]

"""What the tests with real readers and doors share."""

import asyncio
from collections.abc import Sequence
from statistics import quantiles
from time import perf_counter

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


async def own_time(server: OveitServer, wristbands: dict[str, VenueTicket]) -> list[float]:
    """Return how long the pretend Oveit itself takes for a wristband: a look, and a check-in."""
    times = []
    async with aiohttp.ClientSession() as session:
        for tag, ticket in wristbands.items():
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

"""Measures the core against a pretend Oveit on the same machine, and prints a table."""

import argparse
import asyncio
from dataclasses import dataclass
from pathlib import Path
import sys
from tempfile import TemporaryDirectory
from time import perf_counter

import aiohttp

from benchmark.oveit import PretendOveit, pretend_oveit
from benchmark.probe import Stalls, percentile, watch_stalls
from custom_components.oveit.core.api import OveitClient
from custom_components.oveit.core.desk import Desk
from custom_components.oveit.core.ledger import Ledger
from custom_components.oveit.core.mirror import Mirror
from custom_components.oveit.core.models import Request

EVENT = 100
CHECK_INS = 200
EMAIL, PASSWORD = "staff@venue.example", "open-sesame"


@dataclass(kw_only=True)
class Venue:
    """A desk at work and the pretend Oveit that it asks."""

    oveit: PretendOveit
    session: aiohttp.ClientSession
    client: OveitClient
    mirror: Mirror
    desk: Desk


def row(tickets: int, what: str, seconds: float, stalls: Stalls) -> None:
    """Print what a refresh cost."""
    print(
        f"{tickets:>8,}  {what:<24} {seconds * 1000:>9.0f} ms"
        f"   stall {stalls.most:>6.1f} ms at most, {stalls.p99:>5.1f} ms p99",
        flush=True,
    )


async def refresh(venue: Venue, tickets: int, what: str) -> None:
    """Measure one refresh of everything."""
    async with watch_stalls() as stalls:
        started = perf_counter()
        await venue.mirror.refresh(everything=True)
        seconds = perf_counter() - started
    row(tickets, what, seconds, stalls)


async def time_posts(venue: Venue, codes: list[str]) -> list[float]:
    """Time the bare request, which is the limit."""
    headers = {"Authorization": f"Bearer {await sign_in(venue)}"}
    times = []
    for code in codes:
        started = perf_counter()
        async with venue.session.post(
            f"{venue.oveit.url}/tickets/checkin", data={"ticket_code": code}, headers=headers
        ) as response:
            await response.read()
        times.append((perf_counter() - started) * 1000)
    return times


async def sign_in(venue: Venue) -> str:
    """Return a token for bare requests."""
    async with venue.session.post(
        f"{venue.oveit.url}/seller/login", data={"email": EMAIL, "password": PASSWORD}
    ) as response:
        token: str = (await response.json())["token"]
    return token


async def time_check_ins(venue: Venue, codes: list[str]) -> list[float]:
    """Time decisions of the desk."""
    times = []
    for code in codes:
        started = perf_counter()
        decision = await venue.desk.check_in(Request(ticket_code=code))
        times.append((perf_counter() - started) * 1000)
        if not decision.admitted:
            raise RuntimeError(f"A valid ticket was refused: {decision.reason}")
    return times


def print_times(tickets: int, what: str, times: list[float]) -> None:
    """Print how long guests wait."""
    middle, slow = percentile(times, 50), percentile(times, 99)
    print(f"{tickets:>8,}  {what:<24} {middle:>9.1f} ms p50, {slow:.1f} ms p99", flush=True)


async def measure(venue: Venue, tickets: int) -> None:
    """Measure refreshes and check-ins of a venue with so many tickets."""
    await refresh(venue, tickets, "first list")
    await refresh(venue, tickets, "unchanged list")
    codes = await venue.oveit.unused(EVENT)
    for code in codes[: tickets // 100]:
        await venue.oveit.check_in(code)
    await refresh(venue, tickets, "1 % changed")
    free = codes[tickets // 100 :]
    count = min(CHECK_INS, len(free) // 2)
    print_times(tickets, "bare POST", await time_posts(venue, free[:count]))
    print_times(tickets, "check-in", await time_check_ins(venue, free[count : 2 * count]))


async def run(tickets: int) -> None:
    """Start everything for one size of venue, measure, and stop."""
    with TemporaryDirectory() as folder:
        async with (
            aiohttp.ClientSession() as session,
            pretend_oveit(tickets, session) as oveit,
        ):
            client = OveitClient(session, oveit.url, email=EMAIL, password=PASSWORD)
            ledger = await Ledger.open(Path(folder) / "ledger.db")
            mirror = Mirror(client, ledger, follows=EVENT.__eq__, on_seen=lambda _: None)
            desk = Desk(client, ledger, mirror, on_decision=lambda _: None)
            venue = Venue(oveit=oveit, session=session, client=client, mirror=mirror, desk=desk)
            try:
                await measure(venue, tickets)
            finally:
                await mirror.close()
                await ledger.close()


def main() -> int:
    """Measure venues of each size."""
    parser = argparse.ArgumentParser(prog="scripts/benchmark", description=__doc__)
    parser.add_argument(
        "--tickets", type=int, nargs="+", default=[1_000, 10_000, 100_000], metavar="N"
    )
    for tickets in parser.parse_args().tickets:
        asyncio.run(run(tickets))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The demo: a pretend Oveit, a real Home Assistant, and guests who arrive at the doors."""

import argparse
import asyncio
import signal
from statistics import median
import sys

from aiohttp import ClientError

from demo.arrivals import HEAD, Arrival, arrive, opens
from demo.doors import STAFF, USER, Doors, open_doors
from demo.gates import GATES, openings
from demo.guests import CITY_MUSEUM, LANTERN_NIGHT, Crowd, Guest, endless, thirty
from demo.home_assistant import HomeAssistantError
from demo.venue import Venue

CHECKED_IN = "sensor.lantern_night_checked_in"
PATIENCE = 20
CONFLICTS = "sensor.lantern_night_conflicts"
INSIDE = "sensor.lantern_night_inside"
CONNECTED = "binary_sensor.lantern_night_connected"
OFFLINE_FROM, ONLINE_FROM = 9, 23


def parse() -> argparse.Namespace:
    """Parse the options."""
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="30 guests, a table, and the end")
    parser.add_argument(
        "--offline",
        action="store_true",
        help="with --once: Oveit goes offline in between",
    )
    parser.add_argument("--port", type=int, default=8123, help="of Home Assistant, if it is free")
    parser.add_argument(
        "--every", type=float, default=4, metavar="SECONDS", help="how often guests come"
    )
    return parser.parse_args()


async def stay(doors: Doors, every: float) -> None:
    """Let guests arrive until the demo is stopped."""
    print(
        f"\n  Home Assistant   {doors.home.url}   user {USER}, password {USER}"
        f"\n  pretend Oveit    {doors.server.url}   {STAFF['email']}, {STAFF['password']}"
        "\n\nGuests arrive. Ctrl-C stops everything.\n"
    )
    print(HEAD)
    crowd = Crowd(venue=doors.venue)
    for number, guest in enumerate(endless(crowd), start=1):
        print((await arrive(doors.home, guest)).row(number), flush=True)
        await asyncio.sleep(crowd.random.expovariate(1 / every))
    print("\nEveryone is in.", flush=True)
    await asyncio.Event().wait()


async def once(doors: Doors, *, offline: bool = False) -> bool:
    """Let 30 guests arrive, and return whether everything was right in the end."""
    before = {ticket.code for ticket in doors.venue.tickets.values() if ticket.used}
    guests = thirty(Crowd(venue=doors.venue))
    print("\n" + HEAD)
    arrivals = []
    for number, guest in enumerate(guests, start=1):
        if offline and number == OFFLINE_FROM:
            await doors.server.hang_up()
            print("    Oveit is offline", flush=True)
        if offline and number == ONLINE_FROM:
            await doors.home.wait_for(CONNECTED, "off")
            await doors.server.pick_up()
            print("    Oveit is online again", flush=True)
            await doors.home.wait_for(CONNECTED, "on")
        is_offline = offline and OFFLINE_FROM <= number < ONLINE_FROM
        arrivals.append(await arrive(doors.home, guest.offline() if is_offline else guest))
        print(arrivals[-1].row(number), flush=True)
    welcome = {code_of(each.guest, doors.venue) for each in arrivals if each.is_welcome}
    checks = [
        decisions(arrivals),
        await doors_agree(doors, arrivals),
        await nothing_waits(doors),
        await inside_agrees(doors, arrivals),
        oveit_agrees(doors.venue, before | welcome),
        await sensor_agrees(doors),
        nothing_in_the_log(doors),
    ]
    print()
    for right, text in checks:
        print("ok   " if right else "WRONG", text)
    return all(right for right, _ in checks)


async def doors_agree(doors: Doors, arrivals: list[Arrival]) -> tuple[bool, str]:
    """Check that each door opened once for each guest who was admitted, and for nobody else."""
    counts = {gate: await openings(doors.home, gate) for gate in GATES}
    due = dict.fromkeys(GATES, 0)
    for arrival in arrivals:
        due[arrival.guest.gate] += opens(arrival.guest)
    shown = ", ".join(f"{gate} {count} times" for gate, count in counts.items() if due[gate])
    return counts == due, f"doors opened: {shown}"


async def inside_agrees(doors: Doors, arrivals: list[Arrival]) -> tuple[bool, str]:
    """Check that guests who left are not counted as inside."""
    left = sum(arrival.reason == "left" for arrival in arrivals)
    right, shown = await shows(doors, INSIDE, len(doors.venue.used(LANTERN_NIGHT)) - left)
    return right, f"{shown}, {left} left"


async def nothing_waits(doors: Doors) -> tuple[bool, str]:
    """Check that every check-in was uploaded, and none refused."""
    settled = await doors.home.sync()
    for _ in range(PATIENCE * 2):
        if not settled["waiting"]:
            break
        await asyncio.sleep(0.5)
        settled = await doors.home.sync()
    waiting, conflicts = settled["waiting"], await doors.home.state(CONFLICTS)
    right = waiting == 0 and conflicts == "0"
    return right, f"{waiting} check-ins wait for Oveit, {conflicts} conflicts"


def code_of(guest: Guest, venue: Venue) -> str:
    """Return the code of the ticket that a guest presents."""
    return guest.ticket_code or venue.tickets_with(guest.rfid_code or "")[0].code


def decisions(arrivals: list[Arrival]) -> tuple[bool, str]:
    """Check the decisions."""
    right = sum(arrival.right for arrival in arrivals)
    times = sorted(arrival.milliseconds for arrival in arrivals)
    admitted = sum(arrival.admitted for arrival in arrivals)
    return right == len(arrivals), (
        f"{right} of {len(arrivals)} decisions right, {admitted} guests admitted; "
        f"{median(times):.0f} ms in the middle, {times[-1]:.0f} ms at most"
    )


def oveit_agrees(venue: Venue, due: set[str]) -> tuple[bool, str]:
    """Check that exactly the admitted tickets were checked in at Oveit, each once."""
    used = {code: venue.entries(code) for code in venue.tickets if venue.entries(code)}
    right = used == dict.fromkeys(due, 1)
    here = len(venue.used(LANTERN_NIGHT))
    museum = len(venue.used(CITY_MUSEUM))
    return right, f"the pretend Oveit counts {here} entries, and {museum} of the other event"


async def sensor_agrees(doors: Doors) -> tuple[bool, str]:
    """Check that Home Assistant shows Oveit's count within a few seconds."""
    return await shows(doors, CHECKED_IN, len(doors.venue.used(LANTERN_NIGHT)))


async def shows(doors: Doors, entity_id: str, due: int) -> tuple[bool, str]:
    """Check that an entity shows a number within a few seconds."""
    shown = None
    for _ in range(PATIENCE * 10):
        shown = await doors.home.state(entity_id)
        if shown == str(due):
            break
        await asyncio.sleep(0.1)
    return shown == str(due), f"{entity_id} shows {shown}"


def nothing_in_the_log(doors: Doors) -> tuple[bool, str]:
    """Check that the integration logged no error."""
    lines = doors.home.log.read_text(errors="replace").splitlines()
    errors = [line for line in lines if " ERROR " in line and "oveit" in line]
    return not errors, "\n      ".join([f"{len(errors)} errors in {doors.home.log.name}", *errors])


async def show(options: argparse.Namespace) -> int:
    """Run the demo, and return its exit code."""
    try:
        async with open_doors(options.port) as doors:
            if options.once:
                return 0 if await once(doors, offline=options.offline) else 1
            await stay(doors, options.every)
    except (HomeAssistantError, ClientError) as error:
        print(error, file=sys.stderr)
        return 1
    except asyncio.CancelledError:
        print("\nStopped.")
        return 130 if options.once else 0
    return 0


async def main() -> int:
    """Run the demo until it ends or is stopped by a signal; a second signal has no effect."""
    task = asyncio.create_task(show(parse()))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(
            number, lambda: task.cancelling() or task.cancel()
        )
    return await task


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))

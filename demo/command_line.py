"""The command line of the pretend Oveit."""

import argparse
import asyncio
from contextlib import suppress
from datetime import timedelta
import signal
from typing import Any

from demo.behaviour import Behaviour
from demo.control import switches
from demo.faults import PRESETS, Fault
from demo.oveit_server import OveitServer
from demo.venue import Venue, now

ABOUT = """\
Log in as staff@venue.example, other@venue.example or noapi@venue.example with the password
open-sesame. While it runs: GET /control/state, GET /control/tickets?event_id=100 and, with JSON,
POST /control/faults, /control/behaviour and /control/venue. Faults: """


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Parse the options."""
    parser = argparse.ArgumentParser(
        prog="python -m demo.oveit_server",
        description="A pretend Oveit: the documented API over an invented venue.",
        epilog=ABOUT + ", ".join(PRESETS) + ".",
    )
    parser.add_argument("--port", type=int, default=8756, help="0 takes any (default: 8756)")
    parser.add_argument("--tickets", type=int, default=200, help="in the first event")
    parser.add_argument("--events", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--starts-in", type=float, default=2, metavar="HOURS")
    parser.add_argument("--attendee-forms", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--multiple-access", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--latency", type=float, metavar="SECONDS", help="of every answer")
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="[ENDPOINT=]FAULT",
        help="what goes wrong from the start; may be given for several endpoints",
    )
    behaviour = parser.add_argument_group("behaviour")
    for name, values in switches().items():
        option = f"--{name.replace('_', '-')}"
        default = getattr(Behaviour(), name)
        if default in (True, False):
            behaviour.add_argument(option, action=argparse.BooleanOptionalAction, default=default)
        else:
            behaviour.add_argument(option, choices=values, default=default)
    options = parser.parse_args(arguments)
    for fault in options.fault:
        if fault.rpartition("=")[2] not in PRESETS:
            parser.error(f"no such fault: {fault}")
    return options


def make_server(options: argparse.Namespace) -> OveitServer:
    """Return the venue and the server that the options describe."""
    venue = Venue.build(
        options.tickets,
        options.events,
        options.seed,
        attendee_forms=options.attendee_forms,
        multiple_access=options.multiple_access,
        starts_at=now().replace(microsecond=0) + timedelta(hours=options.starts_in),
    )
    chosen: dict[str, Any] = {name: getattr(options, name) for name in switches()}
    server = OveitServer(venue, behaviour=Behaviour(**chosen))
    if options.latency:
        server.faults.set("*", Fault(latency_before=options.latency))
    for fault in options.fault:
        endpoint, _, preset = fault.rpartition("=")
        server.faults.set(endpoint or "*", preset)
    return server


async def serve(server: OveitServer, port: int) -> None:
    """Serve until SIGINT or SIGTERM."""
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    await server.start(port)
    print(server.url, flush=True)
    await stopped.wait()
    await server.stop()


def main() -> None:
    """Run the pretend Oveit."""
    options = parse()
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(make_server(options), options.port))

"""A pretend Oveit with a very long list that need not be generated from tickets."""

import asyncio
from contextlib import suppress
import gzip
import signal
import sys

from demo.command_line import make_server, parse, serve
from demo.faults import Fault

ROW = '{"code":"%08x","ticket_type_id":234,"checked_in":false,"checkins":[]}'


def long_list(megabytes: int) -> bytes:
    """Return a list reply of so many megabytes."""
    number = megabytes * 1_000_000 // (len(ROW % 0) + 1)
    return f'{{"tickets":[{",".join(ROW % code for code in range(number))}]}}'.encode()


def main(megabytes: int, arguments: list[str]) -> None:
    """Serve; from SIGUSR1 on, every list is a long one, sent compressed."""
    options = parse(arguments)
    server = make_server(options)
    fault = Fault(
        body=gzip.compress(long_list(megabytes), compresslevel=1),
        content_type="application/json",
        headers={"Content-Encoding": "gzip"},
    )
    signal.signal(signal.SIGUSR1, lambda *_: server.faults.set("events/tickets", fault))
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(server, options.port))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])

"""A process at the doors, made to be killed: it tells each answer as soon as it is given."""

import asyncio
from contextlib import suppress
import json
import os
from pathlib import Path
from random import Random
import sys
from typing import Any

import aiohttp

from custom_components.oveit.core.client.api import OveitClient
from custom_components.oveit.core.desk.desk import Desk
from custom_components.oveit.core.exceptions import OveitError
from custom_components.oveit.core.ledger import Ledger
from custom_components.oveit.core.models import Decision, Request
from custom_components.oveit.core.ticket_sync import TicketSync
from demo.opening import PASSWORD

GATES = ("North", "South", "East", "West")
ANSWERED = 1  # standard output: a pipe, written to without a buffer


def tell(**what: Any) -> None:
    """Tell the parent; what is in the pipe outlives this process."""
    os.write(ANSWERED, json.dumps(what).encode() + b"\n")


def ignore(_: object) -> None:
    """Take no notice."""


async def admit(desk: Desk, gate: str, guests: list[str]) -> None:
    """Let guests in at one gate, one after the other."""
    for code in guests:
        try:
            decision = await desk.check_in(Request(ticket_code=code, gate=gate, deadline=1))
        except OveitError:
            continue
        _answer(code, decision)


def _answer(code: str, decision: Decision) -> None:
    """Tell what a guest was told."""
    tell(
        code=code,
        admitted=decision.admitted,
        is_new=decision.latency > 0,
        source=decision.source,
    )


async def main(path: Path, url: str, seed: int, guests: list[str]) -> None:
    """Start from the file, settle what waits, and let guests in until the end comes."""
    random = Random(seed)
    async with aiohttp.ClientSession() as session:
        client = OveitClient(session, url, email="staff@venue.example", password=PASSWORD)
        ledger = await Ledger.open(path)
        tell(set_aside=bool(ledger.set_aside))
        ticket_sync = TicketSync(client, ledger, follows=lambda _: True, on_remote_check_in=ignore)
        desk = Desk(client, ledger, ticket_sync, on_decision=ignore)
        await ticket_sync.load()
        with suppress(OveitError):
            await ticket_sync.refresh(everything=True)
        settling = asyncio.create_task(desk.settle())
        await asyncio.gather(
            *(admit(desk, gate, random.choices(guests, k=len(guests))) for gate in GATES)
        )
        await settling


if __name__ == "__main__":
    with open(sys.argv[4]) as codes:  # noqa: PTH123
        everyone = codes.read().split()
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), everyone))

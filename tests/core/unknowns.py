"""What the tests of the core share: what nobody knows of Oveit, and the ledger's file."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import product
from pathlib import Path
import sqlite3
from time import monotonic
from typing import Any

import pytest

from custom_components.oveit.core.client.api import OveitClient
from demo.behaviour import Behaviour
from demo.control import switches
from demo.oveit_server import OveitServer


def whichever(*names: str) -> pytest.MarkDecorator:
    """Run a test for every combination of what these unknowns may turn out to be."""
    choices = list(product(*(switches()[name] for name in names)))
    return pytest.mark.parametrize(
        "behaviour",
        [Behaviour(**dict(zip(names, choice, strict=True))) for choice in choices],
        ids=["-".join(map(str, choice)) for choice in choices],
    )


class Steps:
    """A clock that stands still until it steps."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        """Return the seconds."""
        return self.at

    def step(self, seconds: float = 6) -> None:
        """Let seconds pass: six make a read no repeat any more."""
        self.at += seconds


class Seconds:
    """The ledger's clock, which runs on and can be stepped: it times leases and retries."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def __call__(self) -> float:
        """Return the seconds."""
        return monotonic() + self._ahead

    def step(self, seconds: float = 400) -> None:
        """Let seconds pass: 400 end every lease, and bring the turn of what failed once."""
        self._ahead += seconds


def query(path: Path, statement: str, *parameters: Any) -> list[dict[str, Any]]:
    """Read the ledger's file, as a second program would."""
    connection = sqlite3.connect(path)
    try:
        connection.row_factory = sqlite3.Row
        rows = [dict(row) for row in connection.execute(statement, parameters)]
        connection.commit()
        return rows
    finally:
        connection.close()


def journal(path: Path) -> list[dict[str, Any]]:
    """Return the journal's rows that claim something, oldest first."""
    return query(path, "SELECT * FROM journal WHERE state <> 'void' ORDER BY seq")


def age_lists(path: Path, by: timedelta) -> None:
    """Make every ticket list older."""
    query(path, "UPDATE lists SET fetched_at = fetched_at - ?", by.total_seconds())


async def until_asked(server: OveitServer, endpoint: str) -> None:
    """Wait for a request to arrive."""
    await until(lambda: server.requests_to(endpoint))


def seconds_between(one: datetime | None, other: datetime) -> float:
    """Return how far two moments are apart."""
    assert one is not None
    return abs((one - other).total_seconds())


async def until(condition: Callable[[], object]) -> None:
    """Wait until something has happened."""
    for _ in range(300):
        if condition():
            return
        await asyncio.sleep(0.01)
    pytest.fail("It did not happen")


async def line_up(client: OveitClient, server: OveitServer) -> None:
    """Bring the line back, so that two good requests show it."""
    if server._listener is None:
        await server.pick_up()
    for _ in range(2):
        await client.events()
    assert client.breaker.is_online


def states(path: Path) -> list[tuple[str, int]]:
    """Return the journal's rows by their state and whether they admitted."""
    return [(row["state"], row["admitted"]) for row in journal(path)]

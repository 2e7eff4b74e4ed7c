"""The line: when it is down, when it is up again, and that it finds out by itself."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from itertools import pairwise

import pytest

from custom_components.oveit.core.client import circuit_breaker as line_module
from custom_components.oveit.core.client.circuit_breaker import CircuitBreaker
from custom_components.oveit.core.exceptions import (
    OveitAuthenticationError,
    OveitConnectionError,
    OveitError,
    OveitResponseError,
)
from tests.core.unknowns import until

type Told = list[bool]


@pytest.fixture
def told() -> Told:
    """Collect what the line says of itself."""
    return []


@pytest.fixture
async def line(told: Told) -> AsyncIterator[CircuitBreaker]:
    """Return a line that probes every 20 ms once it is watched."""
    line = CircuitBreaker(probe_every=0.02)
    line._on_change = told.append
    yield line
    await line.close()


@pytest.mark.parametrize(
    ("outcomes", "is_online"),
    [
        ("", True),
        ("+", True),
        ("-", True),
        ("--", False),
        ("-+-", False),
        ("-+++-", False),
        ("-++++-", True),
        ("-+++++-", True),
        ("--+", False),
        ("--++", True),
        ("--+-+", False),
        ("--+-++", True),
        ("--++-", True),
        ("--++--", False),
    ],
)
def test_t13_two_of_five_take_it_down_and_two_in_a_row_bring_it_back(
    outcomes: str, is_online: bool
) -> None:
    """One slip is none; what was before a change counts no more after it."""
    line = CircuitBreaker()

    for outcome in outcomes:
        line.note(outcome == "+")

    assert line.is_online is is_online


def test_it_tells_of_each_change_once(line: CircuitBreaker, told: Told) -> None:
    """Down and up, not every request."""
    for outcome in "---++++":
        line.note(outcome == "+")

    assert told == [False, True]


@pytest.mark.parametrize(
    ("error", "is_good"),
    [
        (OveitConnectionError("No"), False),
        (OveitResponseError("No"), False),
        (asyncio.CancelledError(), False),
        (RuntimeError("No"), False),
        (OveitAuthenticationError("No"), True),
        (None, True),
    ],
)
async def test_what_answers_is_a_line_and_what_cannot_be_understood_is_none(
    line: CircuitBreaker, error: BaseException | None, is_good: bool
) -> None:
    """Refused credentials came over a good line; a broken answer did not."""
    for _ in range(2):
        with suppress(OveitError, RuntimeError, asyncio.CancelledError), line.noting():
            if error:
                raise error

    assert line.is_online is is_good


async def test_a_late_answer_is_bad_from_the_moment_it_is_late_and_counts_once(
    line: CircuitBreaker,
) -> None:
    """Others need not wait for it to know."""
    with line.noting(0.02):
        await asyncio.sleep(0.05)
        assert [*line._outcomes] == [False]
    assert [*line._outcomes] == [False]

    with line.noting(None):
        await asyncio.sleep(0.03)
    assert [*line._outcomes] == [False, True]


async def test_t1_a_line_that_is_down_probes_until_it_is_online(
    line: CircuitBreaker, told: Told
) -> None:
    """Nobody has to come to the door for it."""
    answers = [False, True, False, True, True]
    probes: list[float] = []

    async def probe() -> None:
        probes.append(asyncio.get_running_loop().time())
        with line.noting():
            if not answers[len(probes) - 1]:
                raise OveitConnectionError("Still down")

    line.watch(probe, told.append)
    line.note(False)
    line.note(False)

    await until(lambda: line.is_online)
    assert len(probes) == 5
    assert all(later - sooner >= 0.015 for sooner, later in pairwise(probes))
    assert told == [False, True]
    await asyncio.sleep(0.05)
    assert len(probes) == 5


async def test_one_bad_request_is_looked_into(line: CircuitBreaker, told: Told) -> None:
    """After a single failure the next probe tells, before another guest has to."""
    probes = []

    async def probe() -> None:
        probes.append(1)
        line.note(True)

    line.watch(probe, told.append)
    line.note(False)

    await until(lambda: probes)
    await asyncio.sleep(0.05)
    assert len(probes) == 1
    assert told == []


async def test_a_probe_that_hangs_or_fails_is_followed_by_the_next(
    line: CircuitBreaker, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a hung server nor an error ends the probing."""
    monkeypatch.setattr(line_module, "LATE_AFTER", -0.98)
    probes: list[int] = []

    async def probe() -> None:
        probes.append(1)
        if len(probes) == 1:
            await asyncio.sleep(5)
        if len(probes) == 2:
            raise OveitError("No")
        line.note(True)

    line.watch(probe, told.append)
    line.note(False)
    line.note(False)

    await until(lambda: line.is_online)
    assert len(probes) == 4


async def test_closing_stops_the_probing(line: CircuitBreaker, told: Told) -> None:
    """Nothing is left running, and closing twice does no harm."""
    probes: list[int] = []

    async def probe() -> None:
        probes.append(1)

    line.watch(probe, told.append)
    line.note(False)
    line.note(False)

    await line.close()
    await line.close()
    await asyncio.sleep(0.05)

    assert probes == []

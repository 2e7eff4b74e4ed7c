"""The circuit breaker: when it goes offline, when online again, and its probes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from itertools import pairwise

import pytest

from custom_components.oveit.core.client import circuit_breaker as module
from custom_components.oveit.core.client.circuit_breaker import CircuitBreaker
from custom_components.oveit.core.exceptions import (
    OveitAuthenticationError,
    OveitConnectionError,
    OveitError,
    OveitResponseError,
)
from tests.core.unknowns import until

type Changes = list[bool]


@pytest.fixture
def changes() -> Changes:
    """Return the list of the changes that the circuit breaker announced."""
    return []


@pytest.fixture
async def breaker(changes: Changes) -> AsyncIterator[CircuitBreaker]:
    """Return a circuit breaker that probes every 20 ms once it is watched."""
    breaker = CircuitBreaker(probe_every=0.02)
    breaker._on_change = changes.append
    yield breaker
    await breaker.close()


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
def test_t13_two_failures_of_five_take_it_offline_and_two_successes_in_a_row_online(
    outcomes: str, is_online: bool
) -> None:
    """A single failure does not, and outcomes from before a change do not count."""
    breaker = CircuitBreaker()

    for outcome in outcomes:
        breaker.record(outcome == "+")

    assert breaker.is_online is is_online


def test_each_change_is_announced_once(breaker: CircuitBreaker, changes: Changes) -> None:
    """The callback is called for changes, not for every request."""
    for outcome in "---++++":
        breaker.record(outcome == "+")

    assert changes == [False, True]


@pytest.mark.parametrize(
    ("error", "succeeds"),
    [
        (OveitConnectionError("No"), False),
        (OveitResponseError("No"), False),
        (asyncio.CancelledError(), False),
        (RuntimeError("No"), False),
        (OveitAuthenticationError("No"), True),
        (None, True),
    ],
)
async def test_refused_credentials_are_a_success_and_a_reply_that_is_not_understood_is_not(
    breaker: CircuitBreaker, error: BaseException | None, succeeds: bool
) -> None:
    """A refusal proves that Oveit was reached."""
    for _ in range(2):
        with suppress(OveitError, RuntimeError, asyncio.CancelledError), breaker.recording():
            if error:
                raise error

    assert breaker.is_online is succeeds


async def test_a_late_request_fails_at_the_moment_it_is_late_and_only_once(
    breaker: CircuitBreaker,
) -> None:
    """Other guests learn of it before the request ends."""
    with breaker.recording(0.02):
        await asyncio.sleep(0.05)
        assert [*breaker._outcomes] == [False]
    assert [*breaker._outcomes] == [False]

    with breaker.recording(None):
        await asyncio.sleep(0.03)
    assert [*breaker._outcomes] == [False, True]


async def test_t1_offline_it_probes_until_it_is_online(
    breaker: CircuitBreaker, changes: Changes
) -> None:
    """No guest has to come for it."""
    answers = [False, True, False, True, True]
    probes: list[float] = []

    async def probe() -> None:
        probes.append(asyncio.get_running_loop().time())
        with breaker.recording():
            if not answers[len(probes) - 1]:
                raise OveitConnectionError("Still down")

    breaker.watch(probe, changes.append)
    breaker.record(False)
    breaker.record(False)

    await until(lambda: breaker.is_online)
    assert len(probes) == 5
    assert all(later - sooner >= 0.015 for sooner, later in pairwise(probes))
    assert changes == [False, True]
    await asyncio.sleep(0.05)
    assert len(probes) == 5


async def test_one_failure_is_followed_by_a_probe(
    breaker: CircuitBreaker, changes: Changes
) -> None:
    """A success then ends the probing without a change."""
    probes = []

    async def probe() -> None:
        probes.append(1)
        breaker.record(True)

    breaker.watch(probe, changes.append)
    breaker.record(False)

    await until(lambda: probes)
    await asyncio.sleep(0.05)
    assert len(probes) == 1
    assert changes == []


async def test_a_probe_that_hangs_or_fails_is_followed_by_the_next(
    breaker: CircuitBreaker, changes: Changes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a server that hangs nor an error ends the probing."""
    monkeypatch.setattr(module, "LATE_AFTER", -0.98)
    probes: list[int] = []

    async def probe() -> None:
        probes.append(1)
        if len(probes) == 1:
            await asyncio.sleep(5)
        if len(probes) == 2:
            raise OveitError("No")
        breaker.record(True)

    breaker.watch(probe, changes.append)
    breaker.record(False)
    breaker.record(False)

    await until(lambda: breaker.is_online)
    assert len(probes) == 4


async def test_closing_stops_the_probing(breaker: CircuitBreaker, changes: Changes) -> None:
    """No task is left running, and closing twice does no harm."""
    probes: list[int] = []

    async def probe() -> None:
        probes.append(1)

    breaker.watch(probe, changes.append)
    breaker.record(False)
    breaker.record(False)

    await breaker.close()
    await breaker.close()
    await asyncio.sleep(0.05)

    assert probes == []

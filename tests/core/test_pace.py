"""Whoever asks a lot waits for a turn, and no longer than is told."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from custom_components.oveit.core.pace import (
    THEN_EVERY,
    UNKNOWN_A_MINUTE,
    WAITING_FOR_EACH,
    TooManyError,
    Turns,
    UnknownCodes,
)
from tests.core.unknowns import Steps


async def test_who_gets_no_turn_is_told_in_time() -> None:
    """And a turn that is given back is the next one's."""
    turns = Turns(1)
    async with turns.turn(0):
        with pytest.raises(TooManyError):
            async with turns.turn(0.01):
                pytest.fail("There was no turn")
    async with turns.turn(0.01):
        pass


async def test_nobody_is_queued_without_end() -> None:
    """Beyond ten for each turn, whoever comes is told at once."""
    turns = Turns(1)

    async def wait() -> None:
        async with turns.turn(60):
            pass

    async with AsyncExitStack() as stack:
        await stack.enter_async_context(turns.turn(0))
        waiting = [asyncio.create_task(wait()) for _ in range(WAITING_FOR_EACH)]
        await asyncio.sleep(0)
        with pytest.raises(TooManyError):
            await wait()
    await asyncio.gather(*waiting)
    await wait()


async def test_who_tries_unknown_codes_is_slowed_down_alone() -> None:
    """Thirty a minute, then one every two seconds; what turned out to be known does not count."""
    steps = Steps()
    codes = UnknownCodes(steps)
    for _ in range(UNKNOWN_A_MINUTE):
        codes.take_back("user", await codes.wait("user", 0))
    for _ in range(UNKNOWN_A_MINUTE + 1):
        await codes.wait("user", 0)
    with pytest.raises(TooManyError):
        await codes.wait("user", THEN_EVERY / 2)
    await codes.wait("other", 0)
    steps.step(THEN_EVERY)
    await codes.wait("user", 0)
    with pytest.raises(TooManyError):
        await codes.wait("user", 0)
    steps.step(61)
    for _ in range(UNKNOWN_A_MINUTE):
        await codes.wait("user", 0)

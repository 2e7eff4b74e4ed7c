"""How long the event loop is held."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import perf_counter

PAUSE = 0.001


class Stalls:
    """The gaps of a task that only sleeps, beyond its sleep, in milliseconds."""

    def __init__(self) -> None:
        """Create it without a gap."""
        self.gaps: list[float] = []

    async def watch(self) -> None:
        """Sleep and record the gaps, for ever."""
        last = perf_counter()
        while True:
            await asyncio.sleep(PAUSE)
            now = perf_counter()
            self.gaps.append(max(now - last - PAUSE, 0) * 1000)
            last = now


@asynccontextmanager
async def watch_stalls() -> AsyncIterator[Stalls]:
    """Record the stalls of the event loop while the body runs."""
    stalls = Stalls()
    task = asyncio.create_task(stalls.watch())
    await asyncio.sleep(0.02)
    stalls.gaps.clear()
    try:
        yield stalls
        await asyncio.sleep(0.02)
    finally:
        task.cancel()

"""How long the event loop was held."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import perf_counter

PAUSE = 0.001


class Stalls:
    """The gaps of a task that only sleeps, beyond its sleep, in milliseconds."""

    def __init__(self) -> None:
        """Start without any."""
        self._gaps: list[float] = []

    def add(self, seconds: float) -> None:
        """Take up a gap."""
        self._gaps.append(max(seconds - PAUSE, 0) * 1000)

    @property
    def most(self) -> float:
        """Return the longest gap."""
        return max(self._gaps, default=0)

    @property
    def p99(self) -> float:
        """Return the gap that one in a hundred exceeds."""
        return percentile(self._gaps, 99)


def percentile(values: list[float], percent: float) -> float:
    """Return the value that so many percent do not exceed."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * percent / 100), len(ordered) - 1)] if ordered else 0


@asynccontextmanager
async def watch_stalls() -> AsyncIterator[Stalls]:
    """Measure how long the event loop is held while the body runs."""
    stalls = Stalls()

    async def _probe() -> None:
        last = perf_counter()
        while True:
            await asyncio.sleep(PAUSE)
            now = perf_counter()
            stalls.add(now - last)
            last = now

    probe = asyncio.create_task(_probe())
    await asyncio.sleep(0.05)
    try:
        yield stalls
    finally:
        probe.cancel()

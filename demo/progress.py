"""Progress of something long, shown on the terminal."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
import sys
from time import monotonic


class Steps:
    """Shows numbered steps and how long each took."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.number = 0

    @asynccontextmanager
    async def step(self, text: str) -> AsyncGenerator[None]:
        """Show a step, and its duration when it is done."""
        self.number += 1
        line = f"[{self.number}/{self.total}] {text} …"
        print(line, end="", flush=True)
        ticker = asyncio.create_task(tick(line)) if sys.stdout.isatty() else None
        start = monotonic()
        try:
            yield
        except BaseException:
            print()
            raise
        finally:
            if ticker:
                ticker.cancel()
        again = f"\r{line}" if ticker else ""
        print(f"{again} {monotonic() - start:.1f} s", flush=True)


async def tick(line: str) -> None:
    """Show the seconds behind a text on a terminal."""
    start = monotonic()
    while True:
        await asyncio.sleep(1)
        print(f"\r{line} {monotonic() - start:.0f} s", end="", flush=True)

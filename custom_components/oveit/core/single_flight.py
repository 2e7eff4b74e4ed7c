"""Work that several callers wait for."""

import asyncio
from collections.abc import Callable, Coroutine


class SingleFlight:
    """Work done once for all who ask while it is under way; it outlives an impatient caller."""

    def __init__(self, work: Callable[[], Coroutine[None, None, None]]) -> None:
        """Take what is to be done."""
        self._work = work
        self._task: asyncio.Task[None] | None = None

    @property
    def under_way(self) -> bool:
        """Tell whether somebody has begun."""
        return self._task is not None and not self._task.done()

    async def join(self) -> None:
        """Begin, or wait with the others; an error is everyone's."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._work())
            self._task.add_done_callback(_note_error)
        task = self._task
        await asyncio.wait([task])
        task.result()

    async def close(self) -> None:
        """Stop what is under way."""
        if self._task and not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task])


def _note_error(task: asyncio.Task[None]) -> None:
    """Take note of an error that no caller waits for any more."""
    if not task.cancelled():
        task.exception()

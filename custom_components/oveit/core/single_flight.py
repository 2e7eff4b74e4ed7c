"""Work that runs once for all callers who need it at the same time."""

import asyncio
from collections.abc import Callable, Coroutine


class SingleFlight:
    """One task for all callers that join while it runs; a caller that gives up does not end it."""

    def __init__(self, work: Callable[[], Coroutine[None, None, None]]) -> None:
        """Create it for an asynchronous function, which is called at the first `join`."""
        self._work = work
        self._task: asyncio.Task[None] | None = None

    @property
    def is_running(self) -> bool:
        """Return whether the work is under way."""
        return self._task is not None and not self._task.done()

    async def join(self) -> None:
        """Start the work unless it is running, and wait for it; each caller gets its error."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._work())
            # So that asyncio does not log an error when no caller waits any more.
            self._task.add_done_callback(lambda task: task.cancelled() or task.exception())
        task = self._task
        await asyncio.wait([task])
        task.result()

    async def close(self) -> None:
        """Cancel the work if it is running."""
        await cancel(self._task)


async def cancel(task: asyncio.Task[None] | None) -> None:
    """Cancel a task if it is running, and wait for its end."""
    if task and not task.done():
        task.cancel()
        await asyncio.wait([task])

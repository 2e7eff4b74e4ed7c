"""Tasks that die together, as those of one process do."""

import asyncio
from collections.abc import Coroutine
from contextvars import ContextVar, copy_context
from itertools import count
from typing import Any

_LIFE: ContextVar[int] = ContextVar("life", default=0)
_numbers = count(1)


class Life:
    """What one process does: all that begins inside it belongs to it."""

    def __init__(self) -> None:
        """Begin without a task."""
        self._number = next(_numbers)
        self._context = copy_context()
        self._context.run(_LIFE.set, self._number)

    def run[T](self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Let this life do something."""
        return asyncio.get_running_loop().create_task(work, context=self._context.copy())

    async def end(self) -> None:
        """Stop whatever is going on, without a chance to tidy up."""
        dying = [
            task for task in asyncio.all_tasks() if task.get_context().get(_LIFE) == self._number
        ]
        for task in dying:
            task.cancel()
        await asyncio.gather(*dying, return_exceptions=True)

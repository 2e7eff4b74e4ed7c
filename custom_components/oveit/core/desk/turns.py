"""Reads of one ticket take turns, by whichever code it comes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from weakref import WeakValueDictionary

from .case import Case
from .reads import PATIENCE


class Turns:
    """Has reads of the same ticket decided one after the other."""

    def __init__(self) -> None:
        """Begin with nobody's turn."""
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def alone(self, case: Case) -> AsyncIterator[None]:
        """Decide alone on the tickets of a case; raises OveitConnectionError after its time."""
        async with AsyncExitStack() as stack:
            for key in _keys(case):
                lock = self._locks.setdefault(key, asyncio.Lock())
                if lock.locked():
                    async with case.deadline(patience=PATIENCE / 2):
                        await stack.enter_async_context(lock)
                else:
                    await stack.enter_async_context(lock)
            yield

    def is_taken(self, case: Case) -> bool:
        """Tell whether another read of the same ticket is being decided."""
        locks = (self._locks.get(key) for key in _keys(case))
        return any(lock and lock.locked() for lock in locks)


def _keys(case: Case) -> list[str]:
    """Return under which names the tickets of a case are decided, always in one order."""
    codes = [ticket.code for ticket in case.tickets] or [case.request.ticket_code or ""]
    return sorted({code.lower() for code in codes})

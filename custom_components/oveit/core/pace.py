"""How fast others than the guests at the doors may ask, so that these never wait for them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from .exceptions import OveitConnectionError
from .recent import Clock, Recent, seconds

MINUTE = 60.0
UNKNOWN_A_MINUTE = 30
THEN_EVERY = 2.0
WAITING_FOR_EACH = 10


class TooManyError(OveitConnectionError):
    """Others ask so much that this could not be decided in time; nothing was asked or marked."""


class Turns:
    """Lets so many ask at once, and ten times as many wait; the others are told so at once."""

    def __init__(self, at_once: int) -> None:
        """Begin with all turns free."""
        self._free = asyncio.Semaphore(at_once)
        self._room = at_once * (1 + WAITING_FOR_EACH)

    @asynccontextmanager
    async def turn(self, within: float) -> AsyncIterator[None]:
        """Wait for a turn; raise TooManyError after so many seconds."""
        if not self._room:
            raise TooManyError("Too many wait already", sent=False)
        self._room -= 1
        try:
            try:
                async with asyncio.timeout(within):
                    await self._free.acquire()
            except TimeoutError as err:
                raise TooManyError("Too many ask at once", sent=False) from err
            try:
                yield
            finally:
                self._free.release()
        finally:
            self._room += 1


class UnknownCodes:
    """Slows down users who try codes that nobody knows: 30 a minute, then one every 2 seconds."""

    def __init__(self, clock: Clock = seconds) -> None:
        """Begin without a try."""
        self._clock = clock
        self._tried: dict[str, Recent[object, bool]] = {}
        self._next: dict[str, float] = {}

    async def wait(self, user_id: str, within: float) -> object:
        """Wait until a user may ask about a code that is not known here, and count it.

        Returns what `take_back` needs. Raises TooManyError when it would take longer.
        """
        limits = {"within": MINUTE, "at_most": MINUTE, "most": UNKNOWN_A_MINUTE}
        tried = self._tried.setdefault(user_id, Recent(self._clock, **limits))
        if len(tried) >= UNKNOWN_A_MINUTE:
            now = self._clock()
            at = max(self._next.get(user_id, now), now)
            if at - now > within:
                raise TooManyError("A user tries too many unknown codes", sent=False)
            self._next[user_id] = at + THEN_EVERY
            await asyncio.sleep(at - now)
        one = object()
        tried.put(one, True)
        return one

    def take_back(self, user_id: str, one: object) -> None:
        """Do not count a try whose code turned out to be known."""
        self._tried[user_id].pop(one)

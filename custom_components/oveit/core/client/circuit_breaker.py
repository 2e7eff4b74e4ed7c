"""The line to Oveit: up or down, judged by the last requests."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress

from ..exceptions import OveitConnectionError, OveitError, OveitResponseError

LATE_AFTER = 3.0
PROBE_EVERY = 5.0
_LAST = 5
_BAD_TO_GO_DOWN = 2
_GOOD_TO_COME_UP = 2


class CircuitBreaker:
    """Tells whether Oveit can be asked (decisions.md T1, T13).

    It goes down when two of the last five requests failed or were late, and comes up
    again after two good ones in a row. From a bad request on it probes by itself.
    """

    def __init__(self, *, probe_every: float = PROBE_EVERY) -> None:
        """Begin with a line that is up; `probe_every` is in seconds."""
        self.is_online = True
        self._outcomes: deque[bool] = deque(maxlen=_LAST)
        self._probe_every = probe_every
        self._probe: Callable[[], Awaitable[object]] | None = None
        self._on_change: Callable[[bool], None] = lambda _: None
        self._probing: asyncio.Task[None] | None = None

    def watch(
        self, probe: Callable[[], Awaitable[object]], on_change: Callable[[bool], None]
    ) -> None:
        """Take how to probe, and who hears that the line went down or came up."""
        self._probe, self._on_change = probe, on_change

    async def close(self) -> None:
        """Stop probing."""
        self._probe = None
        if self._probing and not self._probing.done():
            self._probing.cancel()
            await asyncio.wait([self._probing])

    @contextmanager
    def noting(self, late_after: float | None = LATE_AFTER) -> Iterator[None]:
        """Take note of how a request goes; it is late after so many seconds, or never."""
        loop = asyncio.get_running_loop()
        timer = None if late_after is None else loop.call_later(late_after, self.note, False)
        good = False
        try:
            yield
            good = True
        except OveitConnectionError, OveitResponseError, asyncio.CancelledError:
            raise
        except OveitError:
            good = True
            raise
        finally:
            if timer is None or loop.time() < timer.when():
                self.note(good)
            if timer is not None:
                timer.cancel()

    def note(self, good: bool) -> None:
        """Take note of a request that went well, or failed or was late."""
        self._outcomes.append(good)
        if self.is_online and self._outcomes.count(False) >= _BAD_TO_GO_DOWN:
            self._change(is_online=False)
        elif (
            not self.is_online
            and [*self._outcomes][-_GOOD_TO_COME_UP:] == [True] * _GOOD_TO_COME_UP
        ):
            self._change(is_online=True)
        if self._is_in_question and self._probe and (not self._probing or self._probing.done()):
            self._probing = asyncio.get_running_loop().create_task(self._keep_probing())

    @property
    def _is_in_question(self) -> bool:
        """Tell whether the line is down, or the last request was bad."""
        return not self.is_online or (bool(self._outcomes) and not self._outcomes[-1])

    def _change(self, *, is_online: bool) -> None:
        """Go down or come up, and say so."""
        self.is_online = is_online
        self._outcomes.clear()
        self._on_change(is_online)

    async def _keep_probing(self) -> None:
        """Ask until the line is beyond question."""
        while self._probe and self._is_in_question:
            await asyncio.sleep(self._probe_every)
            with suppress(OveitError, TimeoutError):
                async with asyncio.timeout(LATE_AFTER + 1):
                    await self._probe()

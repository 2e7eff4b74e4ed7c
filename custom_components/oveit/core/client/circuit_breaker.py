"""The circuit breaker of the connection to Oveit: online or offline, by the last requests."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress

from ..exceptions import OveitAuthenticationError, OveitError
from ..single_flight import cancel

LATE_AFTER = 3.0
PROBE_EVERY = 5.0
_WINDOW = 5
_FAILURES_TO_OPEN = 2
_SUCCESSES_TO_CLOSE = 2


class CircuitBreaker:
    """Knows whether Oveit can be asked (decisions.md T1, T13).

    It goes offline when two of the last five requests failed or were late, and online again after
    two successes in a row; from the first failure until then it sends probes.
    """

    def __init__(self, *, probe_every: float = PROBE_EVERY) -> None:
        """Start online; `probe_every` is the pause between probes in seconds."""
        self.is_online = True
        self._outcomes: deque[bool] = deque(maxlen=_WINDOW)
        self._probe_every = probe_every
        self._probe: Callable[[], Awaitable[object]] | None = None
        self._on_change: Callable[[bool], None] = lambda _: None
        self._probing: asyncio.Task[None] | None = None

    def watch(
        self, probe: Callable[[], Awaitable[object]], on_change: Callable[[bool], None]
    ) -> None:
        """Set the request used as a probe, and the callback that gets each new `is_online`."""
        self._probe, self._on_change = probe, on_change

    async def close(self) -> None:
        """Stop probing."""
        self._probe = None
        await cancel(self._probing)

    @contextmanager
    def recording(self, late_after: float | None = LATE_AFTER) -> Iterator[None]:
        """Record the outcome of the request inside, once: it fails after `late_after` seconds."""
        loop = asyncio.get_running_loop()
        timer = None if late_after is None else loop.call_later(late_after, self.record, False)
        succeeded = False
        try:
            yield
            succeeded = True
        except OveitAuthenticationError:
            succeeded = True
            raise
        finally:
            if timer is None or loop.time() < timer.when():
                self.record(succeeded)
            if timer is not None:
                timer.cancel()

    def record(self, succeeded: bool) -> None:
        """Record the outcome of a request; a late one counts as failed."""
        self._outcomes.append(succeeded)
        has_failed = self._outcomes.count(False) >= _FAILURES_TO_OPEN
        is_back = [*self._outcomes][-_SUCCESSES_TO_CLOSE:] == [True] * _SUCCESSES_TO_CLOSE
        if has_failed if self.is_online else is_back:
            self.is_online = not self.is_online
            self._outcomes.clear()
            self._on_change(self.is_online)
        if self._needs_probing and self._probe and (not self._probing or self._probing.done()):
            self._probing = asyncio.get_running_loop().create_task(self._keep_probing())

    @property
    def _needs_probing(self) -> bool:
        """Return whether it is offline, or the last request failed."""
        return not self.is_online or (bool(self._outcomes) and not self._outcomes[-1])

    async def _keep_probing(self) -> None:
        """Send probes while they are needed."""
        while self._probe and self._needs_probing:
            await asyncio.sleep(self._probe_every)
            with suppress(OveitError, TimeoutError):
                async with asyncio.timeout(LATE_AFTER + 1):
                    await self._probe()

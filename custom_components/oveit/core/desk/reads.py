"""Reads of the last seconds, so that a guest is decided once however often a reader reads."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import chain
from time import monotonic
from uuid import uuid4

from ..exceptions import OveitConnectionError
from ..models import Decision, Direction, Reason, Request

REPEAT_WITHIN = 5.0
REPEAT_AT_MOST = 30.0
PATIENCE = 0.4
_KEPT_SCANS = 1000

type Decide = Callable[[Request], Coroutine[None, None, Decision]]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Key:
    """What makes two reads the same, apart from the gate."""

    ticket_code: str | None
    rfid_code: str | None
    addon_id: int | None
    direction: Direction


@dataclass(kw_only=True, slots=True)
class _Read:
    """A read that is being decided, or was a moment ago; times are monotonic seconds.

    `last_at` is None until its decision is told.
    """

    key: _Key
    gate: str | None
    task: asyncio.Task[Decision]
    first_at: float
    last_at: float | None = None

    def is_over(self, now: float) -> bool:
        """Tell whether it is no longer repeated: it came to nothing, or is too long ago."""
        if not self.task.done():
            return False
        if self.task.cancelled() or self.task.exception() is not None:
            return True
        since = 0 if self.last_at is None else now - self.last_at
        return since >= REPEAT_WITHIN or now - self.first_at >= REPEAT_AT_MOST


class Reads:
    """Joins reads that are in flight, and repeats what was decided within 5 s (D1 to D3, D9).

    A read lasts as long as the tag lies on the reader, but 30 s at most; a read that names
    no gate is the same at any. The clock is monotonic.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        """Begin without a read."""
        self._clock = clock
        self._reads: OrderedDict[_Key, list[_Read]] = OrderedDict()
        self._scans: OrderedDict[str, Decision] = OrderedDict()

    async def once(self, request: Request, decide: Decide) -> Decision:
        """Decide a read that is new, else tell what was decided.

        A refusal from before free flow began is none any more (decisions.md X9).
        """
        if (same := self._same_scan(request)) and _holds(same, request):
            return same
        self._forget_old()
        read = self._find(request)
        if read is None:
            return await self._begin(request, decide)
        if read.task.done():
            self._touch(read)
        decision = await self._wait(read.task, request)
        if not _holds(decision, request):
            return await self._begin(request, decide)
        return decision if decision.scan_id == request.scan_id else _repeat(decision, request)

    async def wait(self, timeout: float | None = None) -> None:
        """Wait until every read under way is decided, or for so many seconds."""
        reads = chain.from_iterable(self._reads.values())
        if tasks := [read.task for read in reads if not read.task.done()]:
            await asyncio.wait(tasks, timeout=timeout)

    def forget(self, rfid_code: str) -> None:
        """Repeat no more what was decided on a tag."""
        for key in [key for key in self._reads if key.rfid_code == rfid_code]:
            self._reads[key] = [read for read in self._reads[key] if not read.task.done()]

    async def _begin(self, request: Request, decide: Decide) -> Decision:
        """Decide in a task of its own, which outlives a caller that gives up."""
        now = self._clock()
        task = asyncio.create_task(decide(request), eager_start=True)
        read = _Read(key=_key(request), gate=request.gate, task=task, first_at=now)
        others = [each for each in self._reads.get(read.key, ()) if not each.is_over(now)]
        self._reads[read.key] = [*others, read]
        task.add_done_callback(lambda _: self._touch(read))
        decision = await asyncio.shield(task)
        if request.scan_id:
            self._scans[request.scan_id] = decision
            if len(self._scans) > _KEPT_SCANS:
                self._scans.popitem(last=False)
        return decision

    async def _wait(self, task: asyncio.Task[Decision], request: Request) -> Decision:
        """Wait for a decision, no longer than this read's own deadline."""
        await asyncio.wait([task], timeout=request.deadline + PATIENCE)
        if not task.done():
            raise OveitConnectionError("The first read of this guest is still being decided")
        return task.result()

    def _same_scan(self, request: Request) -> Decision | None:
        """Return what was decided on the same scan of the same code."""
        decision = self._scans.get(request.scan_id or "")
        return decision if decision and _key(decision.request) == _key(request) else None

    def _find(self, request: Request) -> _Read | None:
        """Return the newest read of the same guest that is not over."""
        now = self._clock()
        return next(
            (
                read
                for read in reversed(self._reads.get(_key(request), ()))
                if not read.is_over(now)
                and (None in (read.gate, request.gate) or read.gate == request.gate)
            ),
            None,
        )

    def _touch(self, read: _Read) -> None:
        """Have a read last from now on."""
        read.last_at = self._clock()
        if read.key in self._reads:
            self._reads.move_to_end(read.key)

    def _forget_old(self) -> None:
        """Forget what nothing repeats any more, the longest unread first."""
        now = self._clock()
        while self._reads:
            key, reads = next(iter(self._reads.items()))
            if not all(read.is_over(now) for read in reads):
                return
            del self._reads[key]


def _holds(decision: Decision, request: Request) -> bool:
    """Tell whether a decision is one for a read, too: in free flow nobody is refused."""
    return decision.admitted or not request.free_flow


def _key(request: Request) -> _Key:
    """Return what makes a read the same as another."""
    return _Key(
        ticket_code=request.ticket_code,
        rfid_code=request.rfid_code,
        addon_id=request.addon_id,
        direction=request.direction,
    )


def _repeat(decision: Decision, request: Request) -> Decision:
    """Return the same outcome again; an admission is told as a repeat."""
    return replace(
        decision,
        reason=Reason.REPEAT if decision.admitted else decision.reason,
        request=request,
        at=datetime.now(UTC),
        latency=0.0,
        scan_id=request.scan_id or uuid4().hex,
    )

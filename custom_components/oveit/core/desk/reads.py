"""Reads of the last seconds, so that a guest is decided once however often a reader reads."""

import asyncio
from collections.abc import Callable, Collection, Coroutine
from dataclasses import replace
from datetime import UTC, datetime
from math import inf
from time import monotonic
from typing import NamedTuple

from ..exceptions import OveitConnectionError
from ..models import Decision, Direction, Reason, Request, new_ref
from ..recent import Clock, Recent, seconds

PATIENCE = 0.4
KEPT_SCANS = 1000
GATES_KEPT = 60.0

type Decide = Callable[[Request], Coroutine[None, None, Decision]]


class _Key(NamedTuple):
    """What makes two reads the same."""

    ticket_code: str | None
    rfid_code: str | None
    addon_id: int | None
    direction: Direction
    gate: str | None


class Reads:
    """Joins reads that are in flight, and repeats what was decided moments ago (D1 to D3, D9).

    A read that names no gate is the same at any.
    """

    def __init__(self, clock: Clock = seconds) -> None:
        """Begin without a read."""
        self._clock = clock
        self._tasks: set[asyncio.Task[Decision]] = set()
        self._in_flight: dict[_Key, asyncio.Task[Decision]] = {}
        self._decided = Recent[_Key, asyncio.Task[Decision]](clock)
        self._gates = Recent[str | None, bool](clock, within=GATES_KEPT, at_most=GATES_KEPT)
        self._scans = Recent[str, Decision](clock, within=inf, at_most=inf, most=KEPT_SCANS)

    async def once(self, request: Request, decide: Decide) -> Decision:
        """Decide a read that is new, else return what was decided.

        A refusal from before free flow began does not count any more (decisions.md X9).
        """
        same = self._scans.get(request.scan_id or "")
        if same and _key(same.request, None) == _key(request, None) and _holds(same, request):
            return same
        if task := self._find(request):
            began = monotonic()
            decision = await self._wait(task, request)
            if _holds(decision, request):
                is_same = decision.scan_id == request.scan_id
                return decision if is_same else _repeat(decision, request)
            request = replace(request, deadline=request.deadline - (monotonic() - began))
        return await self._begin(request, decide)

    async def wait(self, timeout: float | None = None) -> None:
        """Wait until every read under way is decided, or for so many seconds."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=timeout)

    def forget(self, codes: Collection[str]) -> None:
        """Repeat no more what was decided on a tag or a ticket with one of these codes."""
        for key, task in list(self._in_flight.items()):
            if task.done() and _is_about(codes, _result(task), key):
                del self._in_flight[key]
        for key in list(self._decided):
            decided = self._decided.get(key)
            if decided and _is_about(codes, _result(decided), key):
                self._decided.pop(key)
        for scan in list(self._scans):
            if _is_about(codes, self._scans.get(scan)):
                self._scans.pop(scan)

    async def _begin(self, request: Request, decide: Decide) -> Decision:
        """Decide in a task of its own, which outlives a caller that gives up."""
        key, since = _key(request, request.gate), self._clock()
        task = asyncio.create_task(decide(request), eager_start=True)
        self._gates.put(request.gate, True)
        self._tasks.add(task)
        self._in_flight[key] = task
        task.add_done_callback(lambda _: self._end(key, since, task))
        decision = await asyncio.shield(task)
        if request.scan_id:
            self._scans.put(request.scan_id, decision)
        return decision

    def _end(self, key: _Key, since: float, task: asyncio.Task[Decision]) -> None:
        """Remember what was decided, unless it failed or was decided anew meanwhile."""
        self._tasks.discard(task)
        failed = _failed(task)
        if self._in_flight.get(key) is task:
            del self._in_flight[key]
            if not failed:
                self._decided.put(key, task, since=since)

    async def _wait(self, task: asyncio.Task[Decision], request: Request) -> Decision:
        """Wait for a decision, no longer than this read's own deadline."""
        await asyncio.wait([task], timeout=request.deadline + PATIENCE)
        if not task.done():
            raise OveitConnectionError("The first read of this guest is still being decided")
        return task.result()

    def _find(self, request: Request) -> asyncio.Task[Decision] | None:
        """Return the newest read of the same guest, in flight or decided moments ago."""
        of_any = request.gate is None
        for gate in self._gates if of_any else (request.gate, None):
            key = _key(request, gate)
            task = self._in_flight.get(key) or self._decided.see(key)
            if task and not (task.done() and _failed(task)):
                return task
        return None


def _failed(task: asyncio.Task[Decision]) -> bool:
    """Return whether a read that is over came to no decision."""
    return task.cancelled() or task.exception() is not None


def _result(task: asyncio.Task[Decision]) -> Decision | None:
    """Return the decision of a read that is over, None where it came to none."""
    return None if _failed(task) else task.result()


def _is_about(codes: Collection[str], decision: Decision | None, key: _Key | None = None) -> bool:
    """Return whether a read or what was decided on it is about one of these codes."""
    read = {key.ticket_code, key.rfid_code} if key else set()
    return not read.isdisjoint(codes) or bool(decision and not decision.codes.isdisjoint(codes))


def _holds(decision: Decision, request: Request) -> bool:
    """Return whether a decision is one for a read, too: in free flow nobody is refused."""
    return decision.admitted or not request.free_flow


def _key(request: Request, gate: str | None) -> _Key:
    """Return what makes a read at a gate the same as another."""
    return _Key(request.ticket_code, request.rfid_code, request.addon_id, request.direction, gate)


def _repeat(decision: Decision, request: Request) -> Decision:
    """Return the same outcome again; an admission becomes a repeat."""
    return replace(
        decision,
        reason=Reason.REPEAT if decision.admitted else decision.reason,
        request=request,
        at=datetime.now(UTC),
        latency=0.0,
        scan_id=request.scan_id or new_ref(),
    )

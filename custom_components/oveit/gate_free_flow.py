"""Free flow: a gate refuses nobody, counts everybody, and checks in whose ticket is good."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from .core.models import Decision, Direction, OfflinePolicy, Reason, Request, Source
from .gate_settings import GateMode

_ANY_AGE = timedelta.max


def ask_freely(request: Request, *, ask_oveit: bool = True) -> Request:
    """Return what is asked of the desk: nobody is kept waiting outside for a line or a list."""
    return replace(
        request,
        free_flow=True,
        ask_oveit=ask_oveit,
        offline=OfflinePolicy.ADMIT_KNOWN,
        max_list_age=_ANY_AGE,
        rehearsal=False,
    )


def decide_undecided(request: Request, mode: GateMode) -> Decision:
    """Return what becomes of a guest on whom nothing could decide (decisions.md I7, X9)."""
    if request.direction is Direction.EXIT:
        return decide_here(request, Reason.LEFT)
    if mode is GateMode.FREE_FLOW:
        decision = decide_here(ask_freely(request), Reason.OVERRIDE)
        return replace(decision, overruled=Reason.OFFLINE_REFUSED)
    return decide_here(request, Reason.OFFLINE_REFUSED)


def decide_here(request: Request, reason: Reason) -> Decision:
    """Return a decision for which nobody was asked."""
    return Decision(
        reason=reason,
        source=Source.LEDGER,
        request=request,
        at=datetime.now(UTC),
        latency=0.0,
        scan_id=request.scan_id or uuid4().hex,
    )

"""Telling: those who listen to a gate hear of each guest once."""

from dataclasses import dataclass
from time import monotonic

from homeassistant.core import callback

from .core.desk.reads import REPEAT_AT_MOST, REPEAT_WITHIN
from .core.models import Decision, Reason
from .gate_settings import GateMode
from .listeners import Listeners

_KEPT_SCANS = 1000


@dataclass(slots=True)
class _Told:
    """What was told of a code; times are monotonic seconds."""

    reason: Reason
    first_at: float
    last_at: float


class Telling:
    """Tells the listeners of a gate once as long as the same tag is read and read again."""

    def __init__(self) -> None:
        """Begin with nothing told."""
        self.listeners = Listeners[Decision, GateMode]()
        self._told: dict[str, _Told] = {}
        self._scans: dict[str, None] = {}

    @callback
    def tell(self, decision: Decision, mode: GateMode) -> Decision:
        """Tell of a decision that is no repeat (decisions.md D1, D2, D9, R10)."""
        now = monotonic()
        self._told = {
            key: told
            for key, told in self._told.items()
            if now - told.last_at <= REPEAT_WITHIN and now - told.first_at <= REPEAT_AT_MOST
        }
        request = decision.request
        key = f"{mode} {request.rehearsal} {request.ticket_code or request.rfid_code}"
        told = self._told.get(key)
        if told and decision.reason in (told.reason, Reason.REPEAT):
            told.last_at = now
            return decision
        if request.scan_id and self._was_told(f"{request.scan_id} {decision.admitted} {key}"):
            return decision
        self._told.pop(key, None)
        self._told[key] = _Told(decision.reason, now, now)
        self.listeners.async_tell(decision, mode)
        return decision

    @callback
    def tell_again(self) -> None:
        """Have the next read of the guest who was admitted last told anew (D1, G1, G2)."""
        admitted = [key for key, told in self._told.items() if told.reason.admits]
        for key in admitted[-1:]:
            del self._told[key]

    def _was_told(self, scan: str) -> bool:
        """Tell whether a scan was told of before, and remember it."""
        if scan in self._scans:
            return True
        self._scans[scan] = None
        if len(self._scans) > _KEPT_SCANS:
            del self._scans[next(iter(self._scans))]
        return False

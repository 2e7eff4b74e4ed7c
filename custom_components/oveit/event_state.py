"""What is known of one followed event."""

from dataclasses import dataclass

from .core.counts import Attendance, Coverage, ListState, Preparation
from .core.models import Event


@dataclass(frozen=True, kw_only=True, slots=True)
class EventState:
    """An event with what the ledger knows of it."""

    event: Event
    attendance: Attendance
    ticket_list: ListState
    coverage: Coverage
    preparation: Preparation | None

    @property
    def is_preparing(self) -> bool:
        """Tell whether the tags of the event's tickets are being learned."""
        return self.preparation in (Preparation.RUNNING, Preparation.PAUSED)

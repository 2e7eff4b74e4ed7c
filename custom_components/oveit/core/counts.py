"""What is counted and told of events, gates and lists."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, kw_only=True, slots=True)
class Settled:
    """What a settling did: rows sent, found at Oveit, refused by it, and still waiting."""

    uploaded: int = 0
    confirmed: int = 0
    rejected: int = 0
    waiting: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class LastEntry:
    """The newest entry of an event; `code_end` is the code's last three characters."""

    at: datetime
    ticket_type_id: int | None
    gate: str | None
    code_end: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Attendance:
    """How full an event is; `arrivals` is tickets a minute over the last ten minutes."""

    tickets: int = 0
    tickets_by_type: Mapping[int, int] = field(default_factory=dict)
    checked_in: int = 0
    checked_in_by_type: Mapping[int, int] = field(default_factory=dict)
    last_entry: LastEntry | None = None
    arrivals: float = 0.0
    inside: int = 0
    exits_counted: bool = False
    waiting: int = 0
    conflicts: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Coverage:
    """How many tickets there are, and of how many the tags are known, be it that there is none."""

    tickets: int = 0
    known: int = 0

    @property
    def share(self) -> float | None:
        """Return the share whose tags are known, in percent; None where there is no ticket."""
        return 100 * self.known / self.tickets if self.tickets else None


class Preparation(StrEnum):
    """How it stands with learning the tags of an event."""

    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"
    FINISHED = "finished"


@dataclass(frozen=True, kw_only=True, slots=True)
class GateCounts:
    """How many passed a gate its way: all that the journal holds, and in the last hour."""

    passed: int
    per_hour: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ListState:
    """What is known of an event's ticket list.

    `drift_*` is how far Oveit's own counts were from the ledger's when the list was
    taken: a drift that changed means something happened that the ledger has not seen.
    """

    fetched_at: datetime | None = None
    skipped: int = 0
    doubted: bool = False
    drift_tickets: int | None = None
    drift_checked_in: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """A check-in made elsewhere, as a new ticket list shows it."""

    event_id: int
    ticket_type_id: int | None
    addon_id: int | None
    at: datetime | None
    code_end: str

"""Counts and states of events, gates, ticket lists and uploads."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, kw_only=True, slots=True)
class Settled:
    """The result of an upload: how many rows were sent, confirmed, refused, and are left.

    `uploaded` rows were sent now; `confirmed` ones were found at Oveit without sending them.
    """

    uploaded: int = 0
    confirmed: int = 0
    rejected: int = 0
    waiting: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class LastEntry:
    """The latest entry of an event; `code_end` is the last three characters of the code."""

    at: datetime
    ticket_type_id: int | None
    gate: str | None
    code_end: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Attendance:
    """The counts of an event.

    `arrivals` is in tickets per minute over the last ten minutes. `exits_counted` is whether an
    exit was ever read, without which `inside` counts entries. `waiting` rows are to be uploaded.
    """

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
    """The tickets of an event, and how many have known tags or are known to have none."""

    tickets: int = 0
    known: int = 0

    @property
    def share(self) -> float | None:
        """Return the known tickets in percent, None without a ticket."""
        return 100 * self.known / self.tickets if self.tickets else None


class Preparation(StrEnum):
    """The state of learning the tags of an event."""

    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"
    FINISHED = "finished"


@dataclass(frozen=True, kw_only=True, slots=True)
class GateCounts:
    """How many guests passed a gate in its direction: in all, and within the last hour."""

    passed: int
    per_hour: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ListState:
    """The state of an event's ticket list.

    `skipped` tickets could not be read; `doubted` lists wait for a second reply (decisions.md T11).
    `drift_*` are Oveit's counts minus the ledger's when the list was imported.
    """

    fetched_at: datetime | None = None
    skipped: int = 0
    doubted: bool = False
    drift_tickets: int | None = None
    drift_checked_in: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class RemoteCheckIn:
    """A check-in made elsewhere, first seen in a new ticket list."""

    event_id: int
    ticket_type_id: int | None
    addon_id: int | None
    at: datetime | None
    code_end: str

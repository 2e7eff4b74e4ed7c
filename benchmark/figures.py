"""The measured figures and their labels."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
import json
from pathlib import Path
from typing import Self

from benchmark.home import System

LIMIT = "limit"
LONG = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """One number of one system in a venue of one size."""

    name: str
    system: str
    value: float
    tickets: int
    events: int = 1
    gates: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """The label and format of a figure."""

    name: str
    label: str
    unit: str
    digits: int = 1


ROWS = (
    Row(name="stall_idle", label="Longest stall, nothing to do (10 s)", unit="ms"),
    Row(name="stall_unchanged", label="Longest stall, refresh, unchanged list", unit="ms"),
    Row(name="stall_unchanged_p99", label="p99 of the stalls, unchanged list", unit="ms", digits=2),
    Row(name="stall_changed", label="Longest stall, refresh, 1 % changed", unit="ms"),
    Row(name="stall_changed_p99", label="p99 of the stalls, 1 % changed", unit="ms", digits=2),
    Row(name="refresh_unchanged", label="Refresh, unchanged list", unit="s", digits=2),
    Row(name="refresh_changed", label="Refresh, 1 % changed", unit="s", digits=2),
    Row(name="cpu_unchanged", label="Processor, refresh, unchanged list", unit="s", digits=3),
    Row(name="cpu_changed", label="Processor, refresh, 1 % changed", unit="s", digits=3),
    Row(name="cpu_hour", label="Processor, a live hour", unit="s"),
    Row(name="check_in_p50", label="Check-in online, p50", unit="ms", digits=2),
    Row(name="check_in_p99", label="Check-in online, p99", unit="ms", digits=2),
    Row(name="ledger_p50", label="Decision from the ledger, offline, p50", unit="ms", digits=2),
    Row(name="ledger_p99", label="Decision from the ledger, offline, p99", unit="ms", digits=2),
    Row(name="ledger_busy_p50", label="… with a refresh under way, p50", unit="ms", digits=2),
    Row(name="ledger_busy_p99", label="… with a refresh under way, p99", unit="ms", digits=2),
    Row(name="door_p50", label="Tag to door, online, p50", unit="ms"),
    Row(name="door_p99", label="Tag to door, online, p99", unit="ms"),
    Row(name="memory", label="Memory over Home Assistant alone", unit="MB"),
    Row(name="memory_peak", label="Most memory of a refresh, over that", unit="MB"),
    Row(name="lists_idle", label="List downloads, idle hour", unit="", digits=0),
    Row(name="megabytes_idle", label="Downloaded, idle hour", unit="MB", digits=2),
    Row(name="lists_live", label="List downloads, live hour", unit="", digits=0),
    Row(name="megabytes_polling", label="Downloaded, live hour, by polling", unit="MB", digits=2),
    Row(name="megabytes_live", label="Downloaded, live hour", unit="MB", digits=2),
    Row(name="connections_live", label="Connections set up, live hour", unit="", digits=0),
    Row(name="connections_quiet", label="New connections, after a minute", unit="", digits=0),
    Row(name="disk", label="Size on disk", unit="MB", digits=2),
    Row(name="ready", label="Start to ready, with a network", unit="s", digits=2),
    Row(name="ready_offline", label="Start to ready, without", unit="s", digits=2),
)
DESK_ROWS = (
    Row(name="desk_p50", label="Desk alone, from the ledger, p50", unit="ms", digits=2),
    Row(name="desk_p99", label="Desk alone, from the ledger, p99", unit="ms", digits=2),
    Row(name="desk_paced_p50", label="… a guest every 5 ms, p50", unit="ms", digits=2),
    Row(name="desk_paced_p99", label="… a guest every 5 ms, p99", unit="ms", digits=2),
    Row(name="desk_busy_p50", label="… while a list is imported, p50", unit="ms", digits=2),
    Row(name="desk_busy_p99", label="… while a list is imported, p99", unit="ms", digits=2),
    Row(name="desk_busy_paced_p50", label="… both, p50", unit="ms", digits=2),
    Row(name="desk_busy_paced_p99", label="… both, p99", unit="ms", digits=2),
    Row(name="desk_online_p50", label="Desk alone, online, p50", unit="ms", digits=2),
    Row(name="desk_online_p99", label="Desk alone, online, p99", unit="ms", digits=2),
    Row(
        name="desk_settling_p50", label="… while 2,000 rows are uploaded, p50", unit="ms", digits=2
    ),
    Row(name="desk_settling_longest", label="… while they are uploaded, longest", unit="ms"),
)
LONG_ROWS = (
    Row(name="long_peak", label="Most memory, as a multiple of the list", unit="×"),
    Row(name="long_stall", label="Longest stall", unit="ms"),
    Row(name="long_refresh", label="Refresh", unit="s"),
)


@dataclass(kw_only=True)
class Figures:
    """The figures of one run."""

    all: list[Figure] = field(default_factory=list)

    def find(
        self, name: str, system: str, tickets: int, *, events: int = 1, gates: int = 1
    ) -> float | None:
        """Return a figure, None if it was not measured."""
        size = (tickets, events, gates)
        for figure in self.all:
            if (figure.name, figure.system) == (name, system) and size == (
                figure.tickets,
                figure.events,
                figure.gates,
            ):
                return figure.value
        return None

    def sizes(self) -> list[int]:
        """Return the numbers of tickets of the main table, in order."""
        return sorted({figure.tickets for figure in self.all if figure.system == System.ALONE})

    def of(self, name: str, system: str = System.OURS) -> Iterator[Figure]:
        """Yield a figure at every size."""
        return (figure for figure in self.all if figure.name == name and figure.system == system)

    def save(self, path: Path) -> None:
        """Write the figures to a file."""
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps([asdict(figure) for figure in self.all], indent=1))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Return the figures from a file."""
        return cls(all=[Figure(**figure) for figure in json.loads(path.read_text())])


def percentile(values: list[float], percent: float) -> float:
    """Return the value that so many percent do not exceed."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * percent / 100), len(ordered) - 1)] if ordered else 0

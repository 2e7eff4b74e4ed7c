"""The goals, and whether the figures meet them."""

from collections.abc import Callable
from dataclasses import dataclass

from benchmark.figures import LIMIT, LONG, Figures
from benchmark.home import System
from custom_components.oveit.core.polling import LIVE_LIST_INTERVAL

HOUR = 3600
SMALL, MIDDLE, LARGE = 1_000, 10_000, 100_000
FLAT = 1.5
NOISE = 1.1


class MissingError(Exception):
    """A figure was not measured in this run."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """A measured value, and whether it meets the goal."""

    measured: str
    met: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Goal:
    """A figure and its goal."""

    what: str
    limit: str
    judge: Callable[[Run], Outcome]

    def outcome(self, figures: Figures) -> Outcome | None:
        """Return the outcome, None if a figure of it was not measured."""
        try:
            return self.judge(Run(figures=figures))
        except MissingError:
            return None


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """The figures of a run; a missing one raises MissingError."""

    figures: Figures

    def ours(self, name: str, tickets: int, *, events: int = 1, gates: int = 1) -> float:
        """Return a figure of the integration."""
        return self.of(System.OURS, name, tickets, events=events, gates=gates)

    def of(self, system: str, name: str, tickets: int, *, events: int = 1, gates: int = 1) -> float:
        """Return a figure."""
        value = self.figures.find(name, system, tickets, events=events, gates=gates)
        if value is None:
            raise MissingError
        return value

    def over(self, name: str, what: str) -> float:
        """Return the ratio of a figure at the most gates or events to that at one."""
        found = {
            getattr(figure, what): figure.value
            for figure in self.figures.of(name)
            if figure.tickets == MIDDLE
        }
        if len(found) < 2:
            raise MissingError
        return found[max(found)] / found[min(found)]


def at_most(value: float, limit: float, unit: str) -> Outcome:
    """Return the outcome of a value with a limit."""
    return Outcome(measured=f"{value:.1f} {unit}".strip(), met=value <= limit)


def stall(run: Run, system: str = System.OURS) -> float:
    """Return the longest stall of a refresh in a large venue."""
    return max(run.of(system, f"stall_{name}", LARGE) for name in ("unchanged", "changed"))


def stall_ratio(run: Run) -> Outcome:
    """Return how the longest stall compares with the peer's."""
    ratio = stall(run) / stall(run, System.YAML)
    return Outcome(measured=f"1/{1 / ratio:.0f}", met=ratio <= 0.1)


def over_post(run: Run) -> Outcome:
    """Return how a check-in compares with the bare request."""
    worst = max(
        run.ours("check_in_p50", tickets) - run.of(LIMIT, "check_in_p50", tickets)
        for tickets in run.figures.sizes()
    )
    return at_most(worst, 2, "ms more")


def over_yaml(run: Run) -> Outcome:
    """Return how a check-in compares with the peer's."""
    worst = max(
        run.ours("check_in_p50", tickets) - run.of(System.YAML, "check_in_p50", tickets)
        for tickets in run.figures.sizes()
    )
    return at_most(worst, 0, "ms more")


def ledger(run: Run, name: str) -> Outcome:
    """Return how decisions from the ledger of a large venue turned out."""
    middle, slow = (run.ours(f"{name}_p{percent}", LARGE) for percent in (50, 99))
    return Outcome(measured=f"{middle:.2f} ms, {slow:.2f} ms", met=middle <= 1 and slow <= 5)


def settling(run: Run) -> Outcome:
    """Return how much longer a guest waits at most during an upload."""
    longest = run.ours("desk_settling_longest", LARGE)
    return at_most(longest - run.ours("desk_online_p50", LARGE), 200, "ms")


def idle_hour(run: Run) -> Outcome:
    """Return what is downloaded in an idle hour."""
    lists, megabytes = (run.ours(name, MIDDLE) for name in ("lists_idle", "megabytes_idle"))
    measured = f"{lists:.0f} lists, {megabytes:.2f} MB"
    return Outcome(measured=measured, met=lists <= 1 and megabytes <= 2)


def live_lists(run: Run) -> Outcome:
    """Return how often a list is downloaded in a live hour."""
    due = HOUR / LIVE_LIST_INTERVAL.total_seconds()
    return at_most(run.ours("lists_live", MIDDLE), due, "lists")


def live_bytes(run: Run) -> Outcome:
    """Return how the bytes downloaded by polling compare with the peer's."""
    ours, yaml = (
        run.of(system, "megabytes_polling", MIDDLE) for system in (System.OURS, System.YAML)
    )
    return Outcome(measured=f"{ours:.1f} MB, 1/{yaml / ours:.1f}", met=ours <= yaml / 5)


def connections(run: Run) -> Outcome:
    """Return how many connections are opened."""
    names = ("connections_live", "connections_quiet")
    return at_most(sum(run.ours(name, MIDDLE) for name in names), 1, "")


def restart(run: Run) -> Outcome:
    """Return how long a start without a network takes."""
    later = run.ours("ready_offline", LARGE) - run.of(System.ALONE, "ready", LARGE)
    return at_most(later, 2, "s later")


def flat(run: Run) -> Outcome:
    """Return how decisions grow with the venue."""
    ratios = [
        run.ours(name, LARGE) / run.ours(name, SMALL) for name in ("check_in_p50", "ledger_p50")
    ]
    ratios += [run.over("check_in_p50", what) for what in ("events", "gates")]
    return Outcome(
        measured=", ".join(f"× {ratio:.2f}" for ratio in ratios), met=max(ratios) <= FLAT
    )


def linear(run: Run) -> Outcome:
    """Return how a refresh grows with the venue."""
    ratio = run.ours("refresh_changed", LARGE) / run.ours("refresh_changed", MIDDLE)
    return Outcome(measured=f"× {ratio:.1f}", met=ratio <= LARGE / MIDDLE * NOISE)


GOALS = (
    Goal(
        what="Longest stall of the event loop, 100,000 tickets refreshed",
        limit="≤ 20 ms",
        judge=lambda run: at_most(stall(run), 20, "ms"),
    ),
    Goal(what="… as a share of the YAML peer's", limit="≤ 1/10", judge=stall_ratio),
    Goal(
        what="Check-in online over the bare POST, p50, Oveit answering in 1 ms",
        limit="≤ 2 ms more",
        judge=over_post,
    ),
    Goal(what="… over `rest_command`", limit="no slower", judge=over_yaml),
    Goal(
        what="Decision from the ledger, in process, 100,000 tickets: p50, p99",
        limit="≤ 1 ms, ≤ 5 ms",
        judge=lambda run: ledger(run, "desk"),
    ),
    Goal(
        what="… while a list of 100,000 tickets is imported",
        limit="≤ 1 ms, ≤ 5 ms",
        judge=lambda run: ledger(run, "desk_busy"),
    ),
    Goal(
        what="… as an action of Home Assistant, a guest every 50 ms, refresh under way",
        limit="≤ 1 ms, ≤ 5 ms",
        judge=lambda run: ledger(run, "ledger_busy"),
    ),
    Goal(
        what="2,000 waiting rows are uploaded: how much longer a guest waits at most",
        limit="≤ 200 ms",
        judge=settling,
    ),
    Goal(
        what="Memory for 100,000 tickets",
        limit="≤ 40 MB",
        judge=lambda run: at_most(run.ours("memory", LARGE), 40, "MB"),
    ),
    Goal(what="Idle hour, 10,000 unchanged tickets", limit="≤ 1 list, ≤ 2 MB", judge=idle_hour),
    Goal(
        what="Live hour, 10,000 tickets, 3,000 arrivals: list downloads",
        limit="one in 5 min",
        judge=live_lists,
    ),
    Goal(
        what="… downloaded by polling, against the list every 30 s", limit="≤ 1/5", judge=live_bytes
    ),
    Goal(
        what="Ready after a restart without a network, 100,000 tickets, after Home Assistant",
        limit="≤ 2 s later",
        judge=restart,
    ),
    Goal(
        what="Decision time: from 1,000 to 100,000 tickets online and offline,"
        " to the most events, to the most gates",
        limit="flat",
        judge=flat,
    ),
    Goal(what="Refresh: from 10,000 to 100,000 tickets", limit="linear", judge=linear),
    Goal(
        what="Connections set up in the live hour, and for a check-in after a quiet minute",
        limit="≤ 1",
        judge=connections,
    ),
    Goal(
        what="List of 50 MB, compressed: most memory as a multiple of its size",
        limit="≤ 3",
        judge=lambda run: at_most(run.ours("long_peak", LONG), 3, "×"),
    ),
)

"""What the figures should be, and whether they are."""

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
    """What was measured, and whether it is as it should be."""

    measured: str
    met: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Goal:
    """A figure, and what it should be."""

    what: str
    limit: str
    judge: Callable[[Seen], Outcome]

    def outcome(self, figures: Figures) -> Outcome | None:
        """Return how it turned out, if it was measured."""
        try:
            return self.judge(Seen(figures=figures))
        except MissingError:
            return None


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """The figures of a run, none of which may be missing."""

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
        """Return how many times as much the figure is at the most gates or events."""
        found = {
            getattr(figure, what): figure.value
            for figure in self.figures.of(name)
            if figure.tickets == MIDDLE
        }
        if len(found) < 2:
            raise MissingError
        return found[max(found)] / found[min(found)]


def at_most(value: float, limit: float, unit: str) -> Outcome:
    """Compare with a limit."""
    return Outcome(measured=f"{value:.1f} {unit}".strip(), met=value <= limit)


def stall(seen: Seen, system: str = System.OURS) -> float:
    """Return the longest stall of a refresh in a large venue."""
    return max(seen.of(system, f"stall_{name}", LARGE) for name in ("unchanged", "changed"))


def stall_ratio(seen: Seen) -> Outcome:
    """Compare the longest stall with the peer's."""
    ratio = stall(seen) / stall(seen, System.YAML)
    return Outcome(measured=f"1/{1 / ratio:.0f}", met=ratio <= 0.1)


def over_post(seen: Seen) -> Outcome:
    """Compare a check-in with the bare request."""
    worst = max(
        seen.ours("check_in_p50", tickets) - seen.of(LIMIT, "check_in_p50", tickets)
        for tickets in seen.figures.sizes()
    )
    return at_most(worst, 2, "ms more")


def over_yaml(seen: Seen) -> Outcome:
    """Compare a check-in with the peer's."""
    worst = max(
        seen.ours("check_in_p50", tickets) - seen.of(System.YAML, "check_in_p50", tickets)
        for tickets in seen.figures.sizes()
    )
    return at_most(worst, 0, "ms more")


def ledger(seen: Seen, name: str) -> Outcome:
    """Judge decisions from the ledger of a large venue."""
    middle, slow = (seen.ours(f"{name}_p{percent}", LARGE) for percent in (50, 99))
    return Outcome(measured=f"{middle:.2f} ms, {slow:.2f} ms", met=middle <= 1 and slow <= 5)


def settling(seen: Seen) -> Outcome:
    """Judge how much longer than usual a guest waits while waiting rows are settled."""
    longest = seen.ours("desk_settling_longest", LARGE)
    return at_most(longest - seen.ours("desk_online_p50", LARGE), 200, "ms")


def idle_hour(seen: Seen) -> Outcome:
    """Judge what is downloaded when nothing happens."""
    lists, megabytes = (seen.ours(name, MIDDLE) for name in ("lists_idle", "megabytes_idle"))
    measured = f"{lists:.0f} lists, {megabytes:.2f} MB"
    return Outcome(measured=measured, met=lists <= 1 and megabytes <= 2)


def live_lists(seen: Seen) -> Outcome:
    """Judge how often the list is downloaded."""
    due = HOUR / LIVE_LIST_INTERVAL.total_seconds()
    return at_most(seen.ours("lists_live", MIDDLE), due, "lists")


def live_bytes(seen: Seen) -> Outcome:
    """Compare what polling downloads with the peer's."""
    ours, yaml = (
        seen.of(system, "megabytes_polling", MIDDLE) for system in (System.OURS, System.YAML)
    )
    return Outcome(measured=f"{ours:.1f} MB, 1/{yaml / ours:.1f}", met=ours <= yaml / 5)


def connections(seen: Seen) -> Outcome:
    """Judge how warm the line is kept."""
    names = ("connections_live", "connections_quiet")
    return at_most(sum(seen.ours(name, MIDDLE) for name in names), 1, "")


def restart(seen: Seen) -> Outcome:
    """Judge a start without a network."""
    later = seen.ours("ready_offline", LARGE) - seen.of(System.ALONE, "ready", LARGE)
    return at_most(later, 2, "s later")


def flat(seen: Seen) -> Outcome:
    """Judge how decisions grow."""
    ratios = [
        seen.ours(name, LARGE) / seen.ours(name, SMALL) for name in ("check_in_p50", "ledger_p50")
    ]
    ratios += [seen.over("check_in_p50", what) for what in ("events", "gates")]
    return Outcome(
        measured=", ".join(f"× {ratio:.2f}" for ratio in ratios), met=max(ratios) <= FLAT
    )


def linear(seen: Seen) -> Outcome:
    """Judge how a refresh grows."""
    ratio = seen.ours("refresh_changed", LARGE) / seen.ours("refresh_changed", MIDDLE)
    return Outcome(measured=f"× {ratio:.1f}", met=ratio <= LARGE / MIDDLE * NOISE)


GOALS = (
    Goal(
        what="Longest stall of the event loop, 100,000 tickets refreshed",
        limit="≤ 20 ms",
        judge=lambda seen: at_most(stall(seen), 20, "ms"),
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
        judge=lambda seen: ledger(seen, "desk"),
    ),
    Goal(
        what="… while a list of 100,000 tickets is taken up",
        limit="≤ 1 ms, ≤ 5 ms",
        judge=lambda seen: ledger(seen, "desk_busy"),
    ),
    Goal(
        what="… as an action of Home Assistant, a guest every 50 ms, refresh under way",
        limit="≤ 1 ms, ≤ 5 ms",
        judge=lambda seen: ledger(seen, "ledger_busy"),
    ),
    Goal(
        what="2,000 waiting rows are settled: how much longer a guest waits at most",
        limit="≤ 200 ms",
        judge=settling,
    ),
    Goal(
        what="Memory for 100,000 tickets",
        limit="≤ 40 MB",
        judge=lambda seen: at_most(seen.ours("memory", LARGE), 40, "MB"),
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
        judge=lambda seen: at_most(seen.ours("long_peak", LONG), 3, "×"),
    ),
)

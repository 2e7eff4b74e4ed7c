"""Draws how the figures grow; needs matplotlib, which scripts/benchmark fetches for it."""

from pathlib import Path
import sys

import matplotlib as mpl

mpl.use("Agg")

from matplotlib import pyplot as plt

from benchmark.figures import LONG, Figure, Figures
from benchmark.home import System

DECISIONS = (
    ("check_in_p50", "online, p50"),
    ("ledger_p50", "offline, p50"),
    ("ledger_busy_p50", "offline, refresh under way, p50"),
    ("ledger_busy_p99", "offline, refresh under way, p99"),
)
REFRESHES = (
    ("refresh_unchanged", "unchanged list"),
    ("refresh_changed", "1 % changed"),
    ("cpu_changed", "1 % changed, processor"),
)
OVER = ("tickets", "events", "gates")


def draw(figures: Figures, path: Path, growth_tickets: int) -> None:
    """Draw decisions and refreshes over tickets, events and gates."""
    chart, axes = plt.subplots(2, 3, figsize=(12, 6.5), layout="constrained", sharey="row")
    for line, (names, unit) in enumerate(((DECISIONS, "ms"), (REFRESHES, "s"))):
        for axis, over in zip(axes[line], OVER, strict=True):
            for name, label in names:
                points = sorted(
                    (getattr(figure, over), figure.value)
                    for figure in figures.of(name, System.OURS)
                    if belongs(figure, over, growth_tickets)
                )
                if points:
                    axis.plot(*zip(*points, strict=True), marker="o", label=label)
            axis.set_xlabel(over if over == "tickets" else f"{over}, {growth_tickets:,} tickets")
            axis.grid(alpha=0.3)
            axis.set_yscale("log")
            axis.set_xscale("log" if over == "tickets" else "linear")
        axes[line][0].set_ylabel(f"{'decision' if unit == 'ms' else 'refresh'}, {unit}")
        axes[line][0].legend(fontsize="small")
    path.parent.mkdir(exist_ok=True)
    chart.savefig(path, dpi=90)


def belongs(figure: Figure, over: str, growth_tickets: int) -> bool:
    """Return whether a figure is a point of this growth."""
    if figure.tickets == LONG:
        return False
    if over == "tickets":
        return figure.events == 1 and figure.gates <= 1
    other = figure.gates if over == "events" else figure.events
    return figure.tickets == growth_tickets and other <= 1


if __name__ == "__main__":
    draw(Figures.load(Path(sys.argv[1])), Path(sys.argv[2]), int(sys.argv[3]))

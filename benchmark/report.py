"""The figures as tables: for a terminal, and for docs/performance.md."""

from collections.abc import Iterator
from datetime import UTC, datetime
import os
from pathlib import Path
import platform
import sqlite3

from homeassistant.const import __version__

from benchmark.figures import DESK_ROWS, LIMIT, LONG, LONG_ROWS, ROWS, Figures, Row
from benchmark.goals import GOALS
from benchmark.home import System

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
PLOT = PAGE.parent / "images" / "growth.png"
BEGIN, END = "<!-- figures: written by scripts/benchmark -->", "<!-- end of figures -->"
COLUMNS = (
    (System.OURS, "this integration"),
    (System.YAML, "YAML peer"),
    (LIMIT, "the limit"),
    (System.ALONE, "HA alone"),
)


def table(figures: Figures) -> str:
    """Return every figure at every size as a table of text."""
    lines = [f"{'tickets':>9}  {'':<42}" + "".join(f"{name:>18}" for _, name in COLUMNS)]
    for tickets, label, cells in every_row(figures):
        lines.append(f"{tickets:>9}  {label:<42}" + "".join(f"{cell:>18}" for cell in cells))
    lines.append("")
    for what, limit, measured, verdict in judged(figures):
        lines.append(f"{verdict:<12}  {measured:<26}  {what} ({limit})")
    return "\n".join(lines)


def every_row(figures: Figures) -> Iterator[tuple[str, str, list[str]]]:
    """Yield the rows of all sizes, then those of the long list."""
    groups = [(row, tickets) for row in ROWS for tickets in figures.sizes()]
    groups += [(row, figure.tickets) for row in DESK_ROWS for figure in figures.of(row.name)]
    groups += [(row, LONG) for row in LONG_ROWS]
    for row, tickets in groups:
        cells = [show(figures.find(row.name, system, tickets), row) for system, _ in COLUMNS]
        if any(cells):
            yield "50 MB" if tickets == LONG else f"{tickets:,}", row.label, cells


def show(value: float | None, row: Row) -> str:
    """Return a number with its unit."""
    return "" if value is None else f"{value:,.{row.digits}f} {row.unit}".strip()


def judged(figures: Figures) -> Iterator[tuple[str, str, str, str]]:
    """Yield each goal: figure, goal, measured value and verdict."""
    for goal in GOALS:
        outcome = goal.outcome(figures)
        if outcome is None:
            yield goal.what, goal.limit, "", "not measured"
        else:
            yield goal.what, goal.limit, outcome.measured, "met" if outcome.met else "missed"


def write_page(figures: Figures) -> None:
    """Write the figures into their place in docs/performance.md."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}\n\n{figures_in_markdown(figures)}\n\n{END}{after}")


def figures_in_markdown(figures: Figures) -> str:
    """Return the figures as Markdown."""
    goals = markdown(("Figure", "Goal", "Measured", ""), judged(figures))
    columns = ("Tickets", "Figure", *(name for _, name in COLUMNS))
    rows = markdown(columns, ((size, label, *cells) for size, label, cells in every_row(figures)))
    plot = f"![How the figures grow]({PLOT.relative_to(PAGE.parent)})"
    parts = (f"Measured {surroundings()}.", "## Goals", goals, "## Growth", plot)
    return "\n\n".join((*parts, "## Every figure", rows))


def surroundings() -> str:
    """Return when and where the figures were measured."""
    return (
        f"on {datetime.now(UTC):%-d %B %Y}, {os.cpu_count()} cores,"
        f" Python {platform.python_version()}, SQLite {sqlite3.sqlite_version},"
        f" Home Assistant {__version__}"
    )


def markdown(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    """Return a table in Markdown."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)

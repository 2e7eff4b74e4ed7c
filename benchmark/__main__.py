"""Measures the integration, its YAML peer and Home Assistant alone, and prints one table."""

import argparse
import asyncio
from dataclasses import replace
import os
from pathlib import Path
import subprocess
import sys

from benchmark.effort import FULL, QUICK
from benchmark.report import PLOT, table, write_page
from benchmark.run import measure_all

ROOT = Path(__file__).parents[1]
FIGURES = ROOT / ".benchmark" / "figures.json"
MATPLOTLIB = ROOT / ".tools" / "plot"


def parse() -> argparse.Namespace:
    """Parse the options."""
    parser = argparse.ArgumentParser(prog="scripts/benchmark", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a short form, under a minute")
    parser.add_argument("--tickets", type=int, nargs="+", metavar="N", help="only these sizes")
    parser.add_argument(
        "--write", action="store_true", help="write docs/performance.md and its plot anew"
    )
    return parser.parse_args()


def main() -> int:
    """Measure, print the figures, and write the page if that is wanted."""
    options = parse()
    effort = QUICK if options.quick else FULL
    if options.tickets:
        effort = replace(effort, sizes=tuple(options.tickets))
    figures = asyncio.run(measure_all(effort))
    figures.save(FIGURES)
    print(table(figures))
    if options.write:
        write_page(figures)
        draw(effort.growth_tickets)
    return 0


def draw(tickets: int) -> None:
    """Draw the growth in a process that has matplotlib."""
    plot = (sys.executable, "-m", "benchmark.plot", FIGURES, PLOT, str(tickets))
    subprocess.run(plot, check=True, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(MATPLOTLIB)})


if __name__ == "__main__":
    sys.exit(main())

"""Kills processes at the doors as often as asked, and prints the figures."""

import asyncio
from dataclasses import asdict
from pathlib import Path
from random import SystemRandom
import sys
from tempfile import TemporaryDirectory
from time import monotonic

from tests.crash.killing import kill


def main() -> None:
    """Print the figures; the exit code is 1 when anything was lost."""
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else SystemRandom().getrandbits(32)
    began = monotonic()
    with TemporaryDirectory() as folder:
        figures = asyncio.run(kill(times, Path(folder), seed))
    for name, value in asdict(figures).items():
        print(f"{name:12} {value}")
    print(f"{'seed':12} {seed}\n{'seconds':12} {monotonic() - began:.0f}")
    sys.exit(bool(figures.wrong))


if __name__ == "__main__":
    main()

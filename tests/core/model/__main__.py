"""The long form of the model test: new runs until the minutes are over, then the figures."""

import sys
from time import monotonic

from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

import tests.core.model  # noqa: F401
from tests.core.test_model import TOTALS, Doors, TestDoors

RUNS_AT_ONCE = 10


def main() -> None:
    """Print what happened; a broken promise ends it with the steps that lead there."""
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 10
    until = monotonic() + 60 * minutes
    long_form = settings(
        TestDoors.settings,
        max_examples=RUNS_AT_ONCE,
        stateful_step_count=50,
        derandomize=False,
        database=None,
    )
    try:
        while monotonic() < until:
            run_state_machine_as_test(Doors, settings=long_form)
    finally:
        for name, number in sorted(TOTALS.items()):
            print(f"{name:45} {number}")


if __name__ == "__main__":
    main()

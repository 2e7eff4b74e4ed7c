"""Makes the mistakes, and prints which test noticed each; fails where none did."""

from pathlib import Path
import re
import shutil
import subprocess
import sys
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Final

from tests.mutations.table import CORE, MUTATIONS, ROOT, Mutation

NOT_COPIED: Final = shutil.ignore_patterns(".git", ".[a-z]*_cache", "__pycache__", "node_modules")
LEFT_OUT: Final = (".demo", ".develop", ".python", ".screenshots", ".tools", ".venv")
PASSED, FAILED = 0, 1


def main() -> None:
    """Try the mutations that are named, or all; the exit code is 1 when one went unnoticed."""
    names = sys.argv[1:] or [each.name for each in MUTATIONS]
    if unknown := set(names) - {each.name for each in MUTATIONS}:
        sys.exit(f"There is no mutation called {', '.join(sorted(unknown))}")
    chosen = [each for each in MUTATIONS if each.name in names]
    status, said = run_tests(ROOT, [test for each in chosen for test in each.tests])
    if status != PASSED:
        sys.exit(f"{said}\nThe tests fail without any mutation")
    print("| mutation | noticed by | seconds |\n|---|---|---|", flush=True)
    unnoticed = [each.name for each in chosen if not try_mutation(each)]
    if unnoticed:
        sys.exit(f"\nNo test noticed: {', '.join(unnoticed)}")


def try_mutation(mutation: Mutation) -> bool:
    """Run the tests of a mutation in a copy of the project, and tell whether one noticed it."""
    with TemporaryDirectory() as folder:
        copy = Path(folder, "project")
        shutil.copytree(ROOT, copy, ignore=_left_out, symlinks=True)
        (copy / ".venv").symlink_to(ROOT / ".venv")
        (copy / CORE / mutation.file).write_text(mutation.apply())
        began = monotonic()
        status, said = run_tests(copy, mutation.tests)
    failed = re.search(r"^FAILED .*?::(\w+)", said, re.MULTILINE)
    is_noticed = status == FAILED and failed is not None
    noticed = f"`{failed[1]}`" if failed and is_noticed else "**nothing**"
    print(f"| {mutation.name} | {noticed} | {monotonic() - began:.0f} |", flush=True)
    return is_noticed


def run_tests(folder: Path, tests: list[str] | tuple[str, ...]) -> tuple[int, str]:
    """Run tests of a copy of the project until one fails; return pytest's status and output."""
    said = ""
    for suite in ("core", "crash"):
        chosen = sorted({test for test in tests if test.startswith(f"tests/{suite}/")})
        if not chosen:
            continue
        options = ("-p", "no:homeassistant", f"--confcutdir=tests/{suite}", "-xq")
        done = subprocess.run(
            [".venv/bin/python", "-m", "pytest", *options, "-p", "no:cacheprovider", *chosen],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        said += done.stdout
        if done.returncode != PASSED:
            return done.returncode, said
    return PASSED, said


def _left_out(folder: str, names: list[str]) -> set[str]:
    """Return what of a folder is not copied."""
    return NOT_COPIED(folder, names) | {name for name in LEFT_OUT if Path(folder) == ROOT}


if __name__ == "__main__":
    main()

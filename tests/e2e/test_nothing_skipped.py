"""Where everything is at hand, a test that is skipped is a test that failed."""

import asyncio
from pathlib import Path
import sys

import pytest

ROOT = Path(__file__).parents[2]
PASSES = "def test_it(): pass\n"
SKIPS = "import pytest\n\ndef test_it(): pytest.skip('no printer')\n"
SKIPS_A_FILE = "import pytest\n\npytest.importorskip('no_such_module', reason='no printer')\n"


@pytest.mark.parametrize("text", [SKIPS, SKIPS_A_FILE], ids=["test", "file"])
async def test_what_is_skipped_fails_and_says_why(tmp_path: Path, text: str) -> None:
    """A single test as well as a whole file."""
    assert (await run(tmp_path, text))[0] in {0, 5}
    code, said = await run(tmp_path, text, "-p", "tests.nothing_skipped")
    assert code in {1, 2}
    assert "Nothing may be skipped here" in said
    assert "no printer" in said


async def test_what_passes_passes(tmp_path: Path) -> None:
    """The plugin minds nothing else."""
    assert (await run(tmp_path, PASSES, "-p", "tests.nothing_skipped"))[0] == 0


async def run(folder: Path, text: str, *options: str) -> tuple[int | None, str]:
    """Run a file of tests in a pytest of its own; return how it ended, and what it said."""
    (folder / "test_it.py").write_text(text)
    command = (sys.executable, "-m", "pytest", "-p", "no:homeassistant", "--noconftest", *options)
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, str(folder), cwd=ROOT, stdout=pipe)
    said = (await process.communicate())[0].decode()
    return process.returncode, said

"""Where everything is at hand, a test that is skipped is a test that failed."""

import asyncio
import os
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


async def test_without_a_browser_its_files_are_skipped(tmp_path: Path) -> None:
    """Who has not run scripts/setup-browser can run the other tests."""
    (tmp_path / "no_playwright.py").write_text("import sys\n\nsys.modules['playwright'] = None\n")
    files = [f"tests/e2e/test_{name}.py" for name in ("browser", "cards", "editors")]

    code, said = await pytest_in(
        tmp_path, "-p", "no_playwright", "-rs", "--confcutdir=tests/e2e", *files
    )

    assert code == 5, said
    assert f" {len(files)} skipped " in said
    assert "needs playwright" in said


async def run(folder: Path, text: str, *options: str) -> tuple[int | None, str]:
    """Run a file of tests in a pytest of its own; return how it ended, and what it said."""
    (folder / "test_it.py").write_text(text)
    return await pytest_in(folder, "--noconftest", *options, str(folder))


async def pytest_in(folder: Path, *options: str) -> tuple[int | None, str]:
    """Run pytest with a folder to take plugins from; return how it ended, and what it said."""
    command = (sys.executable, "-m", "pytest", "-p", "no:homeassistant", *options)
    pipe = asyncio.subprocess.PIPE
    environment = os.environ | {"PYTHONPATH": str(folder)}
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=pipe, env=environment)
    said = (await process.communicate())[0].decode()
    return process.returncode, said

"""A process that is killed forgets nothing that it answered."""

from pathlib import Path

from tests.crash.killing import kill


async def test_nothing_answered_is_lost_when_the_process_is_killed(tmp_path: Path) -> None:
    """Killed at any moment: what was answered is there, once, and the file is sound."""
    figures = await kill(5, tmp_path, seed=5)

    assert figures.wrong == []
    assert figures.kills == 5
    assert figures.admissions > 20

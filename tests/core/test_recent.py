"""What was seen moments ago is remembered, and what is over is forgotten."""

from gc import collect
from weakref import ref

import pytest

from custom_components.oveit.core.recent import Recent
from tests.core.unknowns import Steps


class Thing:
    """A value that may be watched."""


@pytest.fixture
def recent(steps: Steps) -> Recent[str, Thing]:
    """Return a memory by the stepping clock, of three entries at most."""
    return Recent(steps, most=3)


@pytest.mark.parametrize(
    ("gaps", "is_known"),
    [([4.9], True), ([5], False), ([4, 4], True), ([4] * 7, True), ([4] * 7 + [2], False)],
)
def test_r10_an_entry_lasts_five_seconds_from_the_last_and_thirty_from_the_first(
    recent: Recent[str, Thing], steps: Steps, gaps: list[float], is_known: bool
) -> None:
    """As long as a tag lies on a reader."""
    recent.put("tag", Thing())
    for gap in gaps[:-1]:
        steps.step(gap)
        assert recent.see("tag")
    steps.step(gaps[-1])

    assert (recent.get("tag") is not None) is is_known
    assert len(recent) == is_known


def test_to_look_at_an_entry_does_not_make_it_last(
    recent: Recent[str, Thing], steps: Steps
) -> None:
    """Only seeing it again does."""
    recent.put("tag", Thing())
    steps.step(4)
    assert recent.get("tag")
    steps.step(1)
    assert recent.get("tag") is None


def test_an_entry_may_have_begun_earlier(recent: Recent[str, Thing], steps: Steps) -> None:
    """Thirty seconds count from then, five from now."""
    recent.put("tag", Thing(), since=steps() - 28)
    steps.step(1.9)
    assert recent.see("tag")
    steps.step(0.1)
    assert recent.see("tag") is None


def test_an_entry_that_is_put_again_begins_anew_and_is_the_newest(
    recent: Recent[str, Thing], steps: Steps
) -> None:
    """One value for a key."""
    first, second = Thing(), Thing()
    recent.put("tag", first)
    recent.put("other", Thing())
    steps.step(4)
    recent.put("tag", second)
    assert [*recent] == ["tag", "other"]
    steps.step(4)
    assert [*recent] == ["tag"]
    assert recent.pop("tag") is second
    assert recent.pop("tag") is None
    assert len(recent) == 0


def test_what_is_over_and_what_is_too_much_leaves_the_memory(
    recent: Recent[str, Thing], steps: Steps
) -> None:
    """A house that runs for months does not fill it."""
    things = [Thing() for _ in range(5)]
    watched = [ref(thing) for thing in things]
    while things:
        recent.put(f"{len(things)}", things.pop())
    collect()
    assert [*recent] == ["1", "2", "3"]
    assert [thing() is None for thing in watched] == [False] * 3 + [True] * 2
    steps.step(6)
    recent.put("tag", Thing())
    collect()
    assert all(thing() is None for thing in watched)


def test_a_tag_that_lies_on_a_reader_for_hours_is_remembered_once(
    recent: Recent[str, Thing], steps: Steps
) -> None:
    """Nothing grows while the same tag is read again and again."""
    for _ in range(100):
        steps.step(4)
        if recent.see("tag") is None:
            recent.put("tag", Thing())
    assert [*recent] == ["tag"]

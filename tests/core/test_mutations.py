"""The deliberate mistakes fit the code; scripts/mutation-test sees that tests notice them."""

import re

import pytest

from tests.mutations.table import MUTATIONS, ROOT, Mutation


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_a_mutation_fits_the_code_and_its_tests_exist(mutation: Mutation) -> None:
    """Its text is found exactly once, and so is each test that must notice it."""
    assert mutation.apply()
    assert mutation.tests
    for test in mutation.tests:
        file, name = test.split("::")
        assert (ROOT / file).read_text().count(f"def {name}(") == 1


def test_the_documents_tell_which_test_notices_each_mutation() -> None:
    """The table in docs/reliability.md has every mistake, and no other."""
    text = (ROOT / "docs" / "reliability.md").read_text().split("## Mutations")[1]
    told = re.findall(r"^\| `(\w+)` \|.*\| `(\w+)` \| \d+ \|$", text, re.MULTILINE)
    names = {each.name: {test.split("::")[1] for test in each.tests} for each in MUTATIONS}
    assert dict(told).keys() == names.keys()
    assert [name for name, test in told if test not in names[name]] == []


def test_no_two_mutations_have_one_name() -> None:
    """A name chooses one of them."""
    assert len({each.name for each in MUTATIONS}) == len(MUTATIONS)

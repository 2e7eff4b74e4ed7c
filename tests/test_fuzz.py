"""Whatever an automation hands over as a code: a code that can be sent, or an error it can read."""

from contextlib import suppress

from homeassistant.exceptions import ServiceValidationError
from hypothesis import example, given, settings, strategies as st
import pytest

from custom_components.oveit.const import ATTR_RFID_CODE, ATTR_TICKET_CODE
from custom_components.oveit.core.models import MAX_CODE_LENGTH
from custom_components.oveit.services import read_code

ANYTHING = st.one_of(
    st.text(max_size=300),
    st.text(alphabet=" \0\r\n\u2028\ud800]Q1\\\\/:https.%0Aa", max_size=30),
    st.none() | st.booleans() | st.integers() | st.floats() | st.binary(max_size=5),
    st.lists(st.text(max_size=3), max_size=2),
)


@pytest.mark.parametrize("field", [ATTR_TICKET_CODE, ATTR_RFID_CODE])
@settings(max_examples=400, deadline=None, database=None)
@given(value=ANYTHING)
@example(value=12345)
@example(value="https://tickets.example/%E2%80%A8")
@example(value="x" * 257)
def test_a_code_is_one_that_can_be_sent_or_an_error(field: str, value: object) -> None:
    """Codes are text of 1 to 256 printable characters, without blanks around them."""
    with suppress(ServiceValidationError):
        code = read_code(field, value)
        assert isinstance(value, str)
        assert 1 <= len(code) <= MAX_CODE_LENGTH
        assert code.isprintable()
        assert code == code.strip()
        assert code.encode()
        assert read_code(field, code) == code

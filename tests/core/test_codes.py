"""Tags (decisions.md R7, R8): a UID is one credential, however a reader writes it."""

from hypothesis import given, strategies as st
import pytest

from custom_components.oveit.core.codes import TagFormat, is_phone, spell, spellings

UID = "041256A8"
UIDS = st.sampled_from((4, 5, 7, 8, 10)).flatmap(
    lambda size: st.binary(min_size=size, max_size=size)
)
SEPARATORS = st.sampled_from(("", "-", ":", " ", ".", "_"))
HEX = (TagFormat.HEX, TagFormat.HEX_REVERSED)
DECIMAL = (TagFormat.DECIMAL, TagFormat.DECIMAL_REVERSED)


@pytest.mark.parametrize(
    "read",
    ["04-12-56-A8", "04:12:56:a8", "0x041256a8", "04 12 56 A8", " 041256A8\r\n", "0X04.12.56.a8"],
)
def test_r7_separators_case_and_a_prefix_do_not_matter(read: str) -> None:
    """Readers write hex in many ways."""
    assert spell(read, TagFormat.HEX) == (UID,)
    assert spell(read, TagFormat.HEX_REVERSED) == ("A8561204",)
    assert spell(read, TagFormat.DECIMAL) == (str(0x041256A8),)
    assert spell(read, TagFormat.DECIMAL_REVERSED) == (str(0xA8561204),)


def test_r7_reversing_turns_bytes_not_digits() -> None:
    """The first byte becomes the last."""
    assert spell("01-23-45-67-89-AB-CD", TagFormat.HEX_REVERSED) == ("CDAB8967452301",)


def test_r7_as_is_keeps_what_was_read() -> None:
    """Only blanks around it are removed."""
    assert spell(" 04-12-56-a8\n", TagFormat.AS_IS) == ("04-12-56-a8",)


@pytest.mark.parametrize("tag_format", TagFormat)
def test_what_is_no_hex_stays_as_it_is(tag_format: TagFormat) -> None:
    """A tag may hold any text."""
    assert spell("Staff 7", tag_format) == ("Staff 7",)
    assert spell("", tag_format) == ("",)


def test_leading_zeros_are_kept_in_hex_and_not_in_numbers() -> None:
    """Hex is a text of fixed length, a number is not."""
    assert spell("0001020A", TagFormat.HEX) == ("0001020A",)
    assert spell("00-01-02-0A", TagFormat.DECIMAL) == ("66058",)


def test_r7_a_decimal_number_is_tried_as_it_is_and_as_hex() -> None:
    """A reader that sends decimals works whether Oveit has decimals or hex."""
    assert spell("0068310696", TagFormat.DECIMAL) == ("0068310696", "68310696", "041256A8")
    assert spell("0068310696", TagFormat.DECIMAL_REVERSED)[-1] == "A8561204"
    assert spell("659891", TagFormat.DECIMAL)[0] == "659891"


@pytest.mark.parametrize(
    ("read", "uid"),
    [
        ("68310696", "041256A8"),
        ("133150559158", "1F00644BB6"),
        ("1153210038639744", "0418D6A2B45C80"),
        ("16142028410224559060", "E0040150A1B2C3D4"),
        ("0016142028410224559060", "E0040150A1B2C3D4"),
        ("20768259093248692031113", "0465D97E2A5B6C7D8E89"),
        ("104,123", "68007B"),
        ("104,00123", "68007B"),
        ("104, 123", "68007B"),
        ("104,123", "0068007B"),
        ("00104,00123", "0068007B"),
        ("26729,2043", "686907FB"),
        ("255,65535", "FFFFFF"),
    ],
)
def test_r18_a_decimal_tag_is_tried_as_the_hex_that_oveit_has(read: str, uid: str) -> None:
    """Of any length of a tag, and as facility and card, forwards and backwards."""
    backwards = bytes.fromhex(uid)[::-1].hex().upper()
    assert uid in spell(read, TagFormat.DECIMAL)
    assert backwards in spell(read, TagFormat.DECIMAL_REVERSED)
    if "," in read:
        assert uid in spell(read, TagFormat.HEX)
        assert backwards in spell(read, TagFormat.HEX_REVERSED)


@pytest.mark.parametrize(
    ("read", "number"),
    [
        ("1F00644BB6", "133150559158"),
        ("e0:04:01:50:a1:b2:c3:d4", "16142028410224559060"),
        ("68007B", "6815867"),
        ("68007B", "104,123"),
        ("68-00-7B", "104,00123"),
        ("9900644836", str(0x9900644836)),
    ],
)
def test_r18_a_hex_tag_is_tried_as_the_number_that_oveit_has(read: str, number: str) -> None:
    """The other way round."""
    assert number in spell(read, TagFormat.DECIMAL)


@pytest.mark.parametrize("read", ["256,1,2", "70000,1", "1,70000", ",1", "1,", "1,2a", "100000,1"])
def test_r18_what_is_no_facility_and_card_stays_as_it_is(read: str) -> None:
    """Whatever else has a comma."""
    assert spell(read, TagFormat.HEX) == (read,)


def test_r7_digits_as_long_as_a_uid_are_hex_first() -> None:
    """Two of a hundred UIDs contain no letter."""
    assert spell("04125678", TagFormat.DECIMAL)[:2] == (str(0x04125678), "04125678")


@given(uid=UIDS, separator=SEPARATORS, upper=st.booleans(), prefixed=st.booleans())
def test_r7_every_way_to_write_a_uid_is_the_same_credential(
    uid: bytes, separator: str, upper: bool, prefixed: bool
) -> None:
    """In each of the formats."""
    read = uid.hex(separator) if separator else uid.hex()
    read = ("0x" if prefixed else "") + (read.upper() if upper else read)
    assert spell(read, TagFormat.HEX) == (uid.hex().upper(),)
    assert spell(read, TagFormat.HEX_REVERSED) == (uid[::-1].hex().upper(),)
    if len(uid) in (5, 8) and read.isdecimal():
        return
    assert spell(read, TagFormat.DECIMAL)[0] == str(int.from_bytes(uid, "big"))
    assert spell(read, TagFormat.DECIMAL_REVERSED)[0] == str(int.from_bytes(uid, "little"))


@given(uid=UIDS)
def test_r7_reversing_twice_gives_the_uid_back(uid: bytes) -> None:
    """Reversing loses nothing."""
    (there,) = spell(uid.hex(), TagFormat.HEX_REVERSED)
    assert spell(there, TagFormat.HEX_REVERSED) == (uid.hex().upper(),)


@given(uid=UIDS.filter(lambda uid: uid[0] > 0 and uid[-1] > 0))
def test_r7_a_decimal_reader_finds_the_uid_in_hex(uid: bytes) -> None:
    """Whichever byte its number begins with."""
    big, little = int.from_bytes(uid, "big"), int.from_bytes(uid, "little")
    assert spell(str(big), TagFormat.DECIMAL)[-1] == uid.hex().upper()
    assert spell(str(little), TagFormat.DECIMAL_REVERSED)[-1] == uid.hex().upper()


@given(read=st.text(max_size=40), tag_format=st.sampled_from(TagFormat))
def test_any_text_has_a_spelling_and_no_spelling_twice(read: str, tag_format: TagFormat) -> None:
    """A misread raises no error."""
    codes = spell(read, tag_format)
    assert 1 <= len(codes) <= 4
    assert len(set(codes)) == len(codes)


@given(read=st.text(max_size=40), tag_format=st.sampled_from(HEX))
def test_a_code_in_hex_stays_itself(read: str, tag_format: TagFormat) -> None:
    """A code that is normalised already does not change."""
    (code,) = spell(read, TagFormat.HEX)
    assert spell(code, TagFormat.HEX) == (code,)
    assert len(spell(read, tag_format)) == 1


def test_every_format_is_returned() -> None:
    """The form that reads a tag lists them all."""
    assert spellings("04-12-56-a8") == {
        TagFormat.HEX: ("041256A8",),
        TagFormat.HEX_REVERSED: ("A8561204",),
        TagFormat.DECIMAL: ("68310696",),
        TagFormat.DECIMAL_REVERSED: ("2824212996",),
        TagFormat.AS_IS: ("04-12-56-a8",),
    }


@pytest.mark.parametrize(
    ("read", "phone"),
    [
        ("08-12-56-A8", True),
        ("0x081256a8", True),
        ("04-12-56-A8", False),
        ("08125678ABCDEF", False),
        ("phone", False),
    ],
)
def test_r8_a_phone_is_recognised_by_its_uid(read: str, phone: bool) -> None:
    """A UID of four bytes that starts with 08 is random."""
    assert is_phone(read, TagFormat.HEX) is phone


@pytest.mark.parametrize("tag_format", TagFormat)
def test_r8_a_phone_is_recognised_in_every_format(tag_format: TagFormat) -> None:
    """Oveit may have the bytes in reverse order, or as a number."""
    phone, wristband = (spell(read, tag_format)[0] for read in ("08-12-34-56", "56-34-12-08"))
    assert is_phone(phone, tag_format)
    assert not is_phone(wristband, tag_format)


@pytest.mark.parametrize("tag_format", TagFormat)
def test_r7_a_serial_readers_frame_is_no_part_of_a_tag(tag_format: TagFormat) -> None:
    """Some readers send a tag between the control characters STX and ETX."""
    assert spell("\x025E35ED9A\x03\r\n", tag_format) == spell("5E35ED9A", tag_format)

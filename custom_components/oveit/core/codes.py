"""Normalisation of ticket codes and tags: from what a reader sends to what Oveit has."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from enum import StrEnum
import json
import re
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from .models import MAX_CODE_LENGTH

# All control and format characters and blanks of Unicode (categories Cc, Cf and Z), save NUL.
_INVISIBLE = (
    "1-20 7F-A0 AD 600-605 61C 6DD 70F 890-891 8E2 1680 180E 2000-200F 2028-202F 205F-2064"
    " 2066-206F 3000 FEFF FFF9-FFFB 110BD 110CD 13430-1343F 1BCA0-1BCA3 1D173-1D17A E0001"
    " E0020-E007F"
)


def _characters(ranges: str) -> Iterator[str]:
    """Yield the characters of ranges in hex."""
    for each in ranges.split():
        first, _, last = each.partition("-")
        yield from map(chr, range(int(first, 16), int(last or first, 16) + 1))


INVISIBLE = "".join(_characters(_INVISIBLE))
_BETWEEN_CODES = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_SCANNER_PREFIX = re.compile(r"^(\][A-Za-z][0-9])?(\\[0-9]{6})?")
_WEB_ADDRESS = re.compile(r"^https?://", re.IGNORECASE)
_ADDRESS = re.compile(r"^[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_MOST_PARTS = 32
_DEEPEST = 4
_LONGEST_READ = 8192
_SEPARATORS = re.compile(r"[\s:.\-_]+")
_PREFIX = re.compile(r"^0x", re.IGNORECASE)
_HEX = re.compile(r"[0-9A-F]+")
_UID_LENGTHS = (8, 10, 14, 16, 20)
_HEX_LENGTHS = (8, 14, 20)
_LARGEST_4_BYTES = 0xFFFFFFFF
_WIEGAND = re.compile(r"([0-9]{1,5})\s*,\s*([0-9]{1,5})")
_WIEGAND_26 = 6


class TagFormat(StrEnum):
    """The format in which Oveit has the tags that a reader sends."""

    HEX = "hex"
    HEX_REVERSED = "hex_reversed"
    DECIMAL = "decimal"
    DECIMAL_REVERSED = "decimal_reversed"
    AS_IS = "as_is"


def trim(text: str) -> str:
    """Return a text without invisible characters at both ends (decisions.md B18, B20)."""
    return text.strip(f"\0{INVISIBLE}")


def is_code(text: str) -> bool:
    """Return whether a text may be the code of a ticket or a tag (decisions.md B16)."""
    return 1 <= len(text) <= MAX_CODE_LENGTH and text.isprintable()


def printable(text: str) -> str:
    """Return what can be printed of a text that is no code, as long as a code may be."""
    return trim("".join(filter(str.isprintable, text)))[:MAX_CODE_LENGTH]


def code_end(code: str) -> str:
    """Return the end of a code, which may be shown (decisions.md I8)."""
    return trim(code)[-3:]


def clean_code(text: str) -> str:
    r"""Return the ticket code in a text that a scanner read (decisions.md B15, B18).

    Removed, until nothing is left to remove: invisible characters at both ends, a scanner's
    symbology identifier (`]Q1`) and character set (`\000026`) at the start, and all of a web
    address but the last part of its path. Upper and lower case are kept. A code that was read
    several times at once is that code; of different ones, all are returned, which is no code.
    """
    code = _only(text, _clean)
    while code != text:
        text, code = code, _only(code, _clean)
    return code


def clean_tag(text: str) -> str:
    """Return the tag in a text that a reader sent, as it is written there (decisions.md B18)."""
    return _only(text, trim)


def parts(text: str) -> tuple[str, ...]:
    """Return what may be the ticket code in a text, first what `clean_code` returns (B19).

    In an address these are the parts of its path, its query and its fragment, in JSON the values.
    """
    code, whole = clean_code(text), _only(text, _without_prefix)
    if len(whole) > _LONGEST_READ:
        return (code,)
    inside = dict.fromkeys([code, *filter(is_code, _parts(whole, _DEEPEST))])
    return tuple(inside) if len(inside) <= _MOST_PARTS else (code,)


def _only(text: str, clean: Callable[[str], str]) -> str:
    """Return the code in a text that holds it once or several times, else the text."""
    codes = {code for each in _BETWEEN_CODES.split(text) if (code := clean(each))}
    return codes.pop() if len(codes) == 1 else trim(text) if codes else ""


def _clean(text: str) -> str:
    """Return what is left when a scanner's additions are removed from one code."""
    code = _unwrap(text)
    while code != text:
        text, code = code, _unwrap(code)
    return code


def _without_prefix(text: str) -> str:
    """Return a text without invisible characters and a scanner's prefix."""
    return trim(_SCANNER_PREFIX.sub("", trim(text)))


def _unwrap(text: str) -> str:
    """Remove one layer of what a scanner or a QR code adds to a code."""
    code = _SCANNER_PREFIX.sub("", trim(text))
    if _WEB_ADDRESS.match(code):
        with suppress(ValueError):
            code = unquote(urlsplit(code).path.rstrip("/").rpartition("/")[2]) or code
    return code


def _parts(text: str, depth: int) -> Iterator[str]:
    """Yield the parts of an address and the values of JSON, and those inside of them."""
    found: list[str] = []
    with suppress(ValueError, RecursionError):
        if text.isprintable() and _ADDRESS.match(text):
            found = [*_parts_of_address(urlsplit(text))]
        elif text.startswith(("{", "[", '"')):
            found = [*_values(json.loads(text))]
    for part in found if depth else ():
        yield (part := trim(part))
        yield from _parts(part, depth - 1)


def _parts_of_address(address: SplitResult) -> Iterator[str]:
    """Yield the parts of an address; the host is one where it is no web address."""
    if address.scheme.lower() not in ("http", "https"):
        yield unquote(address.netloc)
    fragment, _, more = address.fragment.partition("?")
    for path in (address.path, fragment):
        yield from map(unquote, path.split("/"))
    for query in (address.query, more, fragment):
        yield from (value for _, value in parse_qsl(query))
        yield unquote(query)


def _values(value: object) -> Iterator[str]:
    """Yield the texts and whole numbers in a JSON value."""
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _values(each)
    elif isinstance(value, str | int) and not isinstance(value, bool):
        yield str(value)


def spell(read: str, tag_format: TagFormat) -> tuple[str, ...]:
    """Return the codes that Oveit may have for a tag, the likeliest first (decisions.md R7, R18).

    Separators, `0x`, case and control characters are ignored in hex; a read that is no hex is
    returned as it is. A facility and a card number may be of 26 or 34 bits. Else only a decimal
    format has several results: digits alone may be hex, or a decimal number, which Oveit has as
    it is, without leading zeros, or as hex; hex of 26 bits it may have as facility and card.
    """
    read = clean_tag(read)
    if tag_format is TagFormat.AS_IS:
        return (read,)
    backwards = tag_format in (TagFormat.HEX_REVERSED, TagFormat.DECIMAL_REVERSED)
    is_hex = tag_format in (TagFormat.HEX, TagFormat.HEX_REVERSED)
    digits, wiegand = _hex_digits(read), _from_wiegand(read)
    if digits is None and not wiegand:
        return (read,)
    uids = [_reverse(each) if backwards else each for each in wiegand or filter(None, [digits])]
    if is_hex:
        return tuple(uids)
    as_number = str(int(uids[0], 16))
    if wiegand:
        return (as_number, *uids)
    if not (read.isascii() and read.isdecimal()):
        return (as_number, *_to_wiegand(uids[0]))
    found = [as_number] if len(read) in _HEX_LENGTHS else []
    found += [read, read.lstrip("0") or "0"]
    if len(read) == 10 and int(read) > _LARGEST_4_BYTES:
        found.append(as_number)
    return tuple(dict.fromkeys([*found, _from_number(int(read), backwards=backwards)]))


def spellings(read: str) -> dict[TagFormat, tuple[str, ...]]:
    """Return the codes that Oveit may have for a tag, by format."""
    return {tag_format: spell(read, tag_format) for tag_format in TagFormat}


def is_phone(code: str, tag_format: TagFormat) -> bool:
    """Return whether a tag, as `spell` returns it, has a UID that a phone made up (R8)."""
    backwards = tag_format in (TagFormat.HEX_REVERSED, TagFormat.DECIMAL_REVERSED)
    if tag_format in (TagFormat.DECIMAL, TagFormat.DECIMAL_REVERSED) and code.isdecimal():
        digits: str | None = _from_number(int(code), backwards=backwards)
    else:
        digits = _hex_digits(code)
        digits = _reverse(digits) if digits and backwards else digits
    return digits is not None and len(digits) == 8 and digits.startswith("08")


def _hex_digits(read: str) -> str | None:
    """Return the hex digits of a read in capitals, None if it is no hex."""
    digits = _SEPARATORS.sub("", _PREFIX.sub("", trim(read))).upper()
    return digits if _HEX.fullmatch(digits) else None


def _reverse(digits: str) -> str:
    """Return hex digits with the bytes in reverse order."""
    return bytes.fromhex(digits.zfill(len(digits) + len(digits) % 2))[::-1].hex().upper()


def _from_wiegand(read: str) -> tuple[str, ...]:
    """Return a facility and a card number as hex, of 26 and of 34 bits, none if it is no such."""
    found = _WIEGAND.fullmatch(read)
    facility, card = (int(number) for number in found.groups()) if found else (0, 0)
    if not found or max(facility, card) > 0xFFFF:
        return ()
    long = f"{facility:04X}{card:04X}"
    is_short = facility <= 0xFF and len(found[1]) <= 3
    return (long[2:], long) if is_short else (long,)


def _to_wiegand(uid: str) -> tuple[str, ...]:
    """Return hex of 26 bits as a facility and a card number, as cards have them printed."""
    if len(uid) != _WIEGAND_26:
        return ()
    facility, card = divmod(int(uid, 16), 0x10000)
    return tuple(dict.fromkeys([f"{facility},{card}", f"{facility:03},{card:05}"]))


def _from_number(number: int, *, backwards: bool) -> str:
    """Return a number as hex, padded to the length of a UID."""
    digits = f"{number:X}"
    length = next((length for length in _UID_LENGTHS if len(digits) <= length), len(digits))
    digits = digits.zfill(length)
    return _reverse(digits) if backwards else digits

"""Normalisation of ticket codes and tags: from what a reader sends to what Oveit has."""

from contextlib import suppress
from enum import StrEnum
import re
from urllib.parse import unquote, urlsplit

_EDGES = re.compile(r"^[\s\x00-\x1f\x7f]+|[\s\x00-\x1f\x7f]+$")
_SCANNER_PREFIX = re.compile(r"^(\][A-Za-z][0-9])?(\\[0-9]{6})?")
_WEB_ADDRESS = re.compile(r"^https?://", re.IGNORECASE)
_SEPARATORS = re.compile(r"[\s:.\-_]+")
_PREFIX = re.compile(r"^0x", re.IGNORECASE)
_HEX = re.compile(r"[0-9A-F]+")
_UID_LENGTHS = (8, 14, 20)


class TagFormat(StrEnum):
    """The format in which Oveit has the tags that a reader sends."""

    HEX = "hex"
    HEX_REVERSED = "hex_reversed"
    DECIMAL = "decimal"
    DECIMAL_REVERSED = "decimal_reversed"
    AS_IS = "as_is"


def clean_code(text: str) -> str:
    r"""Return the ticket code in a text that a scanner read (decisions.md B15).

    Removed, until nothing is left to remove: blanks and control characters at both ends, a
    scanner's symbology identifier (`]Q1`) and character set (`\000026`) at the start, and
    all of a web address but the last part of its path. Upper and lower case are kept.
    """
    code = _unwrap(text)
    while code != text:
        text, code = code, _unwrap(code)
    return code


def _trim(text: str) -> str:
    """Return a text without blanks and control characters at both ends."""
    return _EDGES.sub("", text)


def _unwrap(text: str) -> str:
    """Remove one layer of what a scanner or a QR code adds to a code."""
    code = _SCANNER_PREFIX.sub("", _trim(text))
    if _WEB_ADDRESS.match(code):
        with suppress(ValueError):
            code = unquote(urlsplit(code).path.rstrip("/").rpartition("/")[2]) or code
    return code


def spell(read: str, tag_format: TagFormat) -> tuple[str, ...]:
    """Return the codes that Oveit may have for a tag, the likeliest first (decisions.md R7).

    Separators, `0x`, case and control characters are ignored in hex; a read that is no hex is
    returned as it is. Only a decimal format has several results: digits alone may be hex, or a
    decimal number, which Oveit has as it is, without leading zeros, or as hex.
    """
    read = _trim(read)
    digits = _hex_digits(read)
    if digits is None or tag_format is TagFormat.AS_IS:
        return (read,)
    backwards = tag_format in (TagFormat.HEX_REVERSED, TagFormat.DECIMAL_REVERSED)
    uid = _reverse(digits) if backwards else digits
    if tag_format in (TagFormat.HEX, TagFormat.HEX_REVERSED):
        return (uid,)
    as_number = str(int(uid, 16))
    if not (read.isascii() and read.isdecimal()):
        return (as_number,)
    from_number = _from_number(int(read), backwards=backwards)
    as_hex = [as_number] if len(read) in _UID_LENGTHS else []
    return tuple(dict.fromkeys([*as_hex, read, read.lstrip("0") or "0", from_number]))


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
    digits = _SEPARATORS.sub("", _PREFIX.sub("", read.strip())).upper()
    return digits if _HEX.fullmatch(digits) else None


def _reverse(digits: str) -> str:
    """Return hex digits with the bytes in reverse order."""
    return bytes.fromhex(digits.zfill(len(digits) + len(digits) % 2))[::-1].hex().upper()


def _from_number(number: int, *, backwards: bool) -> str:
    """Return a number as hex, padded to the length of a UID."""
    digits = f"{number:X}"
    length = next((length for length in _UID_LENGTHS if len(digits) <= length), len(digits))
    digits = digits.zfill(length)
    return _reverse(digits) if backwards else digits

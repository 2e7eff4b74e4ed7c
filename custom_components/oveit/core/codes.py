"""Codes of tickets and tags: what a reader sends, and how Oveit writes it."""

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
    """How Oveit writes the tags that a reader sends."""

    HEX = "hex"
    HEX_REVERSED = "hex_reversed"
    DECIMAL = "decimal"
    DECIMAL_REVERSED = "decimal_reversed"
    AS_IS = "as_is"


def clean_code(text: str) -> str:
    r"""Return the ticket code in what a scanner read (decisions.md B15).

    Again and again until nothing changes: blanks and control characters at both ends
    go; so do a scanner's symbology identifier (`]Q1`) and character set (`\000026`) at
    the start; of a web address, the last part of its path stays. Upper and lower case
    stay as they are.
    """
    code = _clean(text)
    while code != text:
        text, code = code, _clean(code)
    return code


def trim(text: str) -> str:
    """Return a text without the blanks and control characters at both ends."""
    return _EDGES.sub("", text)


def _clean(text: str) -> str:
    """Take one layer off a code."""
    code = _SCANNER_PREFIX.sub("", trim(text))
    if _WEB_ADDRESS.match(code):
        code = unquote(_path(code).rstrip("/").rpartition("/")[2]) or code
    return code


def _path(address: str) -> str:
    """Return the path of a web address, nothing of a broken one."""
    try:
        return urlsplit(address).path
    except ValueError:
        return ""


def spell(read: str, tag_format: TagFormat) -> tuple[str, ...]:
    """Return what Oveit may call a tag that was read, the likeliest first (decisions.md R7).

    Hex is read without regard to separators, `0x`, case and a serial reader's control
    characters, and written in capitals; what is no hex stays as it is. Only a format with
    decimals leaves a choice: digits alone may be hex that happens to have no letter, or a
    decimal number, which Oveit has as it is, without its zeros, or as hex.
    """
    read = trim(read)
    digits = _hex_digits(read)
    if digits is None or tag_format is TagFormat.AS_IS:
        return (read,)
    backwards = tag_format in (TagFormat.HEX_REVERSED, TagFormat.DECIMAL_REVERSED)
    if tag_format in (TagFormat.HEX, TagFormat.HEX_REVERSED):
        return (_reverse(digits) if backwards else digits,)
    as_number = str(int(_reverse(digits) if backwards else digits, 16))
    if not (read.isascii() and read.isdecimal()):
        return (as_number,)
    from_number = _from_number(int(read), backwards=backwards)
    as_hex = [as_number] if len(read) in _UID_LENGTHS else []
    return tuple(dict.fromkeys([*as_hex, read, read.lstrip("0") or "0", from_number]))


def spellings(read: str) -> dict[TagFormat, tuple[str, ...]]:
    """Return what a read would be called in every format."""
    return {tag_format: spell(read, tag_format) for tag_format in TagFormat}


def is_phone(code: str, tag_format: TagFormat) -> bool:
    """Tell whether a tag is one that phones make up anew for each read (decisions.md R8).

    The code is as Oveit writes it in this format; what counts is the UID that was read.
    """
    backwards = tag_format in (TagFormat.HEX_REVERSED, TagFormat.DECIMAL_REVERSED)
    if tag_format in (TagFormat.DECIMAL, TagFormat.DECIMAL_REVERSED) and code.isdecimal():
        digits: str | None = _from_number(int(code), backwards=backwards)
    else:
        digits = _hex_digits(code)
        digits = _reverse(digits) if digits and backwards else digits
    return digits is not None and len(digits) == 8 and digits.startswith("08")


def _hex_digits(read: str) -> str | None:
    """Return the hex digits of a read, or None when it is no hex."""
    digits = _SEPARATORS.sub("", _PREFIX.sub("", read.strip())).upper()
    return digits if _HEX.fullmatch(digits) else None


def _reverse(digits: str) -> str:
    """Return hex digits with their bytes the other way round."""
    return bytes.fromhex(digits.zfill(len(digits) + len(digits) % 2))[::-1].hex().upper()


def _from_number(number: int, *, backwards: bool) -> str:
    """Return the hex of a number, as long as a UID is."""
    digits = f"{number:X}"
    length = next((length for length in _UID_LENGTHS if len(digits) <= length), len(digits))
    digits = digits.zfill(length)
    return _reverse(digits) if backwards else digits

"""Dates as Oveit writes them: one parser for lists, answers, events and headers."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import floor
import re

_MOST_CHARACTERS = 64
_YEARS = range(2000, 2100)
_MILLISECONDS_FROM = 10**11
_EPOCH = re.compile(r"\d{9,13}(?:\.\d+)?")
_DAY_FIRST = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(?:[ T]+(\d{1,2})(:.*))?")
_RFC_1123 = re.compile(r"(?:[A-Z]{3,9}, *)?\d{1,2}[ -][A-Z]{3}[ -]\d{2,4} \d\d:\d\d.*")
_ISO = re.compile(r"\d{4}-\d\d-\d\d.*")
_BLANK_BEFORE_ZONE = re.compile(r"(?<=\d) +(?=[+-]\d)")
_ZONE_NAME = re.compile(r"(?<=\d) *(?:UTC|GMT|Z)$")


def read_date(value: object, *, any_form: bool = False) -> tuple[datetime | None, bool]:
    """Return a date in UTC, and whether it named its time zone; without one UTC is assumed.

    Uses of tickets have ISO dates alone; `any_form` also reads seconds since 1970, RFC 1123
    and `29/12/2026 11:15`. What cannot be read, or is no date of this century, is None;
    nothing is raised.
    """
    try:
        text = _clean(value)
        date = _read_iso(text) or (_read_other(text) if any_form else None)
        if date is None or date.year not in _YEARS:
            return None, True
        if date.tzinfo is None:
            return date.replace(tzinfo=UTC), False
        return date.astimezone(UTC), True
    except ValueError, OverflowError, OSError, TypeError, IndexError:
        return None, True


def read_seconds(value: object) -> int | None:
    """Return the whole seconds since 1970 of a use's date, for the SQL that reads lists."""
    at = read_date(value)[0]
    return None if at is None else floor(at.timestamp())


def names_zone(value: object) -> bool:
    """Return whether a use's date named its time zone, for the SQL that reads lists."""
    return read_date(value)[1]


def _clean(value: object) -> str:
    """Return what may be a date as a text in upper case, an empty one in place of all else."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    text = value if isinstance(value, str) else f"{value:f}".partition(".")[0]
    return text.strip().upper() if len(text) <= _MOST_CHARACTERS and text.isascii() else ""


def _read_iso(text: str) -> datetime | None:
    """Return an ISO date, None if it is none; raises ValueError."""
    if not _ISO.fullmatch(text):
        return None
    return datetime.fromisoformat(_BLANK_BEFORE_ZONE.sub("", _ZONE_NAME.sub("Z", text)))


def _read_other(text: str) -> datetime | None:
    """Return a date in another form, None if it is none; raises ValueError and its like."""
    if _EPOCH.fullmatch(text):
        seconds = float(text)
        return datetime.fromtimestamp(seconds / (1000 if seconds >= _MILLISECONDS_FROM else 1), UTC)
    if _RFC_1123.fullmatch(text):
        return parsedate_to_datetime(text)
    if parts := _DAY_FIRST.fullmatch(text):
        day, month, year, hour, time = parts.groups("00")
        return _read_iso(f"{year}-{month:0>2}-{day:0>2}T{hour:0>2}{time}")
    return None

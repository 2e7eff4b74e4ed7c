"""Single values that the ledger keeps by name."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

from sqlalchemy import Connection, Integer, String, cast, func, select, update

from .schema import journal, properties
from .statements import Statement, put

SCHEMA = "schema"
_SKEW = "skew"
_DATES_AHEAD = "dates_ahead"
_GENERATION = "generation"
_OPENED = "opened"
_LISTS_TAGS = "lists_tags"
_COUNT = Statement(
    update(properties)
    .where(properties.c.name == _OPENED)
    .values(value=cast(cast(properties.c.value, Integer) + 1, String))
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Generation:
    """Which ledger this is, and how far it has come: `counter` only grows.

    It counts openings, journal rows and what became of them, so a copy from before has a
    smaller one.
    """

    id: str
    counter: int


def get(connection: Connection, name: str) -> str | None:
    """Return a value, None where there is none."""
    statement = select(properties.c.value).where(properties.c.name == name)
    return connection.execute(statement).scalar_one_or_none()


def keep(connection: Connection, name: str, value: str) -> None:
    """Write a value in the place of the one before."""
    put(connection, properties, {"name": name}, value=value)


def skew(connection: Connection) -> timedelta:
    """Return how far Oveit's clock was ahead of this machine's, nothing where it is not known."""
    return _duration(connection, _SKEW) or timedelta()


def keep_skew(connection: Connection, ahead: timedelta) -> None:
    """Write how far Oveit's clock is ahead."""
    keep(connection, _SKEW, str(ahead.total_seconds()))


def dates_ahead(connection: Connection) -> timedelta | None:
    """Return how far Oveit's dates are ahead of its `Date` header, None where it is not known."""
    return _duration(connection, _DATES_AHEAD)


def keep_dates_ahead(connection: Connection, ahead: timedelta) -> None:
    """Write how far Oveit's dates are ahead of its `Date` header."""
    keep(connection, _DATES_AHEAD, str(ahead.total_seconds()))


def _duration(connection: Connection, name: str) -> timedelta | None:
    """Return a duration, None where there is none."""
    try:
        value = get(connection, name)
        return None if value is None else timedelta(seconds=float(value))
    except ValueError, OverflowError:
        return None


def lists_tags(connection: Connection) -> bool | None:
    """Return whether the account can list the tickets of a tag, None where it is not known."""
    return {"yes": True, "no": False}.get(get(connection, _LISTS_TAGS) or "")


def keep_lists_tags(connection: Connection, able: bool | None) -> None:
    """Write whether the account can list the tickets of a tag (decisions.md R17)."""
    keep(connection, _LISTS_TAGS, {True: "yes", False: "no", None: ""}[able])


def count_opening(connection: Connection) -> None:
    """Give a new ledger its identity, and count that it is opened."""
    if get(connection, _GENERATION) is None:
        keep(connection, _GENERATION, uuid4().hex)
    _count_on(connection, 1)


def count_change(connection: Connection) -> None:
    """Count that a row of the journal was changed."""
    _COUNT.run(connection)


@contextmanager
def keeping_generation(connection: Connection) -> Iterator[None]:
    """Have the counter grow on, though rows of the journal are deleted inside."""
    before = generation(connection).counter
    yield
    _count_on(connection, before - generation(connection).counter)


def _count_on(connection: Connection, number: int) -> None:
    """Have the counter grow by a number."""
    keep(connection, _OPENED, str(int(get(connection, _OPENED) or 0) + number))


def generation(connection: Connection) -> Generation:
    """Return which ledger this is, and how far it has come."""
    newest = connection.execute(select(func.max(journal.c.seq))).scalar_one_or_none() or 0
    opened = int(get(connection, _OPENED) or 0)
    return Generation(id=get(connection, _GENERATION) or "", counter=opened + newest)

"""What the ledger remembers beside tickets: a value for each name."""

from datetime import timedelta

from sqlalchemy import Connection, delete, insert, select

from .schema import about

_SKEW = "skew"


def skew(connection: Connection) -> timedelta:
    """Return how far Oveit's clock was ahead of this machine's, nothing where it is not known."""
    statement = select(about.c.value).where(about.c.name == _SKEW)
    try:
        return timedelta(seconds=float(connection.execute(statement).scalar_one_or_none() or 0))
    except ValueError, OverflowError:
        return timedelta()


def keep_skew(connection: Connection, ahead: timedelta) -> None:
    """Keep how far Oveit's clock is ahead."""
    keep(connection, _SKEW, str(ahead.total_seconds()))


def read(connection: Connection, prefix: str) -> dict[str, str]:
    """Return what is kept under names that begin alike, by the rest of each name."""
    rows = connection.execute(select(about).where(about.c.name.startswith(prefix, autoescape=True)))
    return {row.name.removeprefix(prefix): row.value for row in rows}


def keep(connection: Connection, name: str, value: str) -> None:
    """Keep a value in the place of the one before."""
    connection.execute(delete(about).where(about.c.name == name))
    connection.execute(insert(about).values(name=name, value=value))

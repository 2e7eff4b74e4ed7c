"""What the ledger remembers of Oveit beside its tickets."""

from datetime import timedelta

from sqlalchemy import Connection, delete, insert, select

from .tables import about

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
    connection.execute(delete(about).where(about.c.name == _SKEW))
    connection.execute(insert(about).values(name=_SKEW, value=str(ahead.total_seconds())))

"""What the ledger remembers beside tickets: of Oveit's clock, and of gates."""

from datetime import timedelta

from sqlalchemy import Connection, delete, insert, select

from .tables import about

_SKEW = "skew"
_MODE = "mode_"


def skew(connection: Connection) -> timedelta:
    """Return how far Oveit's clock was ahead of this machine's, nothing where it is not known."""
    statement = select(about.c.value).where(about.c.name == _SKEW)
    try:
        return timedelta(seconds=float(connection.execute(statement).scalar_one_or_none() or 0))
    except ValueError, OverflowError:
        return timedelta()


def keep_skew(connection: Connection, ahead: timedelta) -> None:
    """Keep how far Oveit's clock is ahead."""
    _keep(connection, _SKEW, str(ahead.total_seconds()))


def gate_modes(connection: Connection) -> dict[str, str]:
    """Return the mode of each gate whose mode was ever chosen."""
    chosen = select(about).where(about.c.name.startswith(_MODE, autoescape=True))
    return {row.name.removeprefix(_MODE): row.value for row in connection.execute(chosen)}


def keep_gate_mode(connection: Connection, gate_id: str, mode: str) -> None:
    """Keep the mode of a gate."""
    _keep(connection, _MODE + gate_id, mode)


def _keep(connection: Connection, name: str, value: str) -> None:
    """Keep a value in the place of the one before."""
    connection.execute(delete(about).where(about.c.name == name))
    connection.execute(insert(about).values(name=name, value=value))

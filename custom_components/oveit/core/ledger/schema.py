"""The tables of the ledger: times are seconds since 1970, UTC."""

from datetime import UTC, datetime

from sqlalchemy import JSON, Boolean, Column, Float, Index, Integer, MetaData, String, Table, func

SCHEMA_VERSION = "1"

metadata = MetaData()

about = Table(
    "about",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", String, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("details", JSON, nullable=False),
)

lists = Table(
    "lists",
    metadata,
    Column("event_id", Integer, primary_key=True),
    Column("fetched_at", Float),
    Column("digest", String),
    Column("skipped", Integer, nullable=False, default=0),
    Column("doubted_count", Integer),
    Column("drift_tickets", Integer),
    Column("drift_checked_in", Integer),
)

tickets = Table(
    "tickets",
    metadata,
    Column("event_id", Integer, primary_key=True),
    Column("code", String, primary_key=True),
    Column("ticket_type_id", Integer),
    Column("checked_in", Boolean, nullable=False),
    Column("entered_at", Integer),
    Column("checkins", String, nullable=False),
    Column("series", String),
    Index("tickets_by_type", "event_id", "ticket_type_id", "checked_in"),
    Index("tickets_by_entry", "event_id", "entered_at"),
    sqlite_with_rowid=False,
)
Index("tickets_by_code", func.lower(tickets.c.code))

tags = Table(
    "tags",
    metadata,
    Column("rfid_code", String, primary_key=True),
    Column("code", String, primary_key=True, index=True),
    Column("learned_at", Float, nullable=False),
)

asked = Table(
    "asked",
    metadata,
    Column("event_id", Integer, primary_key=True),
    Column("code", String, primary_key=True),
    Column("asked_at", Float, nullable=False),
    Column("told", Boolean, nullable=False),
    sqlite_with_rowid=False,
)

preparations = Table(
    "preparations",
    metadata,
    Column("event_id", Integer, primary_key=True),
    Column("per_minute", Integer, nullable=False),
)

journal = Table(
    "journal",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("event_id", Integer, nullable=False),
    Column("code", String, nullable=False, index=True),
    Column("rfid_code", String),
    Column("ticket_type_id", Integer),
    Column("addon_id", Integer),
    Column("direction", String, nullable=False),
    Column("re_entry", Boolean, nullable=False),
    Column("turnstile", Boolean, nullable=False),
    Column("gate", String),
    Column("at", Float, nullable=False),
    Column("asked_at", Float),
    Column("asked_last", Float),
    Column("scan_id", String, nullable=False, index=True),
    Column("state", String, nullable=False),
    Column("admitted", Boolean, nullable=False),
    Column("reason", String, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("message", String),
    Column("note", String),
    Column("user_id", String),
    Index("journal_by_state", "event_id", "state"),
    Index("journal_by_gate", "gate", "at"),
    sqlite_autoincrement=True,
)
Index(
    "journal_waiting",
    journal.c.seq,
    sqlite_where=journal.c.state.in_(["pending", "in_doubt"]),
)


def to_epoch(at: datetime | None) -> float | None:
    """Return a time as it is stored."""
    return at.timestamp() if at else None


def from_epoch(seconds: float | None) -> datetime | None:
    """Return a stored time; what is no time of this era is none."""
    try:
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
    except ValueError, OverflowError, OSError:
        return None

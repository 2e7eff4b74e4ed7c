"""The tables of the ledger, schema 2. Times are seconds since 1970, UTC, save where it says so."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    case,
    func,
    literal_column,
)

from ..codes import INVISIBLE

SCHEMA_VERSION = 2

# What codes.trim removes, and what spares most codes that, since it takes time.
INVISIBLE_SQL = f"'{INVISIBLE}'"
PLAIN_SQL = "'[0-9A-Za-z]*[0-9A-Za-z]'"

metadata = MetaData()
_Id = BigInteger().with_variant(Integer, "sqlite")


def _columns(kind: Any, *names: str, nullable: bool = True) -> list[Column[Any]]:
    """Return columns of one type."""
    return [Column(name, kind, nullable=nullable) for name in names]


def _of_a_read() -> list[Column[Any]]:
    """Return what the journal and the refusals hold of a read."""
    return [
        Column("scan_id", String, nullable=False, index=True),
        *_columns(_Id, "event_id", nullable=False),
        *_columns(_Id, "ticket_type_id", "addon_id"),
        *_columns(Float, "at", nullable=False),
        *_columns(String, "direction", "reason", nullable=False),
        *_columns(String, "box", "rfid_code", "gate", "gate_id", "message"),
    ]


properties = Table(
    "about",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", String, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("details", JSON, nullable=False),
)

lists = Table(
    "lists",
    metadata,
    Column("event_id", _Id, primary_key=True),
    Column("fetched_at", Float),
    Column("digest", String),
    Column("skipped", Integer, nullable=False, default=0),
    *_columns(Integer, "doubted_count", "drift_tickets", "drift_checked_in"),
)

tickets = Table(
    "tickets",
    metadata,
    Column("event_id", _Id, primary_key=True),
    Column("code", String, primary_key=True),
    Column("ticket_type_id", _Id),
    Column("checked_in", Boolean, nullable=False),
    Column("entered_at", _Id),
    Column("checkins", String, nullable=False),
    Column("series", String),
    Index("tickets_by_type", "event_id", "ticket_type_id", "checked_in"),
    Index("tickets_by_entry", "event_id", "entered_at"),
    sqlite_with_rowid=False,
)


def code_key(code: ColumnElement[str]) -> ColumnElement[str]:
    """Return a code as it is looked up; `code` itself is as Oveit has it (decisions.md B20)."""
    is_plain = code.op("GLOB")(literal_column(PLAIN_SQL))
    trimmed = func.trim(code, literal_column(INVISIBLE_SQL))
    return func.lower(case((is_plain, code), else_=trimmed))


CODE_KEY = code_key(tickets.c.code)
tickets_by_code = Index("tickets_by_code", CODE_KEY)

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
    Column("event_id", _Id, primary_key=True),
    Column("code", String, primary_key=True),
    Column("asked_at", Float, nullable=False),
    Column("told", Boolean, nullable=False),
    sqlite_with_rowid=False,
)

preparations = Table(
    "preparations",
    metadata,
    Column("event_id", _Id, primary_key=True),
    Column("per_minute", Integer, nullable=False),
)

gates = Table(
    "gates",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String),
    Column("mode", String),
)

# A digest of the last read of each reader.
readers = Table(
    "readers",
    metadata,
    Column("id", String, primary_key=True),
    Column("last_read", String, nullable=False),
)

# `retry_at`, `in_flight_until` and `leased_until` are seconds by the ledger's own clock.
journal = Table(
    "journal",
    metadata,
    Column("seq", _Id, primary_key=True, autoincrement=True),
    Column("ref", String, nullable=False, unique=True),
    Column("code", String, nullable=False, index=True),
    *_of_a_read(),
    *_columns(Integer, "slot"),
    *_columns(Float, "asked_at", "asked_last", "retry_at", "in_flight_until", "leased_until"),
    *_columns(String, "overruled", "leased_by", "cause", "note", "user_id", "undone_by"),
    *_columns(Float, "undone_at"),
    *_columns(Boolean, "re_entry", "turnstile", "admitted", nullable=False),
    *_columns(Integer, "attempts", "failures", nullable=False),
    *_columns(String, "state", nullable=False),
    Index("journal_by_state", "event_id", "state"),
    Index("journal_by_gate", "gate", "at"),
    sqlite_autoincrement=True,
)
Index(
    "journal_slots",
    journal.c.event_id,
    journal.c.code,
    func.coalesce(journal.c.addon_id, -1),
    journal.c.slot,
    unique=True,
)
_WAITING = journal.c.state.in_(["asking", "pending", "in_doubt"])
Index("journal_waiting", journal.c.seq, sqlite_where=_WAITING, postgresql_where=_WAITING)

# Reads that were refused, for the latest reads of a gate and the report of an evening.
refusals = Table(
    "refusals",
    metadata,
    Column("ref", String, primary_key=True),
    Column("code", String),
    *_of_a_read(),
    Column("source", String, nullable=False),
    Column("certain", Boolean, nullable=False),
    Index("refusals_by_gate", "gate_id", "at"),
    Index("refusals_by_event", "event_id", "at"),
)

# Numbers that are kept in the transaction of what they count.
counters = Table(
    "counters",
    metadata,
    Column("event_id", _Id, primary_key=True),
    Column("name", String, primary_key=True),
    Column("number", _Id, nullable=False),
)


# The time by the ledger's own clock, in seconds: each engine provides this function.
NOW = func.ledger_now(type_=Float)


def to_epoch(at: datetime | None) -> float | None:
    """Return a time as it is stored."""
    return at.timestamp() if at else None


def from_epoch(seconds: float | None) -> datetime | None:
    """Return a stored time; what is no time of this era is none."""
    try:
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
    except ValueError, OverflowError, OSError:
        return None

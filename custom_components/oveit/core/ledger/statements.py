"""SQL that is run often, and writing a record in the place of another; for every engine."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table, insert, update
from sqlalchemy.dialects.sqlite import dialect
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.compiler import SQLCompiler

from .sqlite import engine

_SQLITE = dialect(paramstyle="named")


class Statement:
    """A statement that is compiled once, and run by SQLite's own driver where a guest waits.

    It holds no IN with a list. Running it may raise what the driver raises.
    """

    def __init__(self, statement: ClauseElement, columns: Sequence[str] | None = None) -> None:
        """Compile the statement; an INSERT needs the names of its columns."""
        compiled = statement.compile(dialect=_SQLITE, column_keys=columns)
        assert isinstance(compiled, SQLCompiler)
        self._text = str(compiled)
        self._constants = {
            name: value
            for name, value in compiled.params.items()
            if not compiled.binds[name].required
        }

    def run(self, connection: Connection, **values: Any) -> list[Mapping[str, Any]]:
        """Run it with the values of its parameters, and return its rows by column name."""
        return engine.run(connection, self._text, self._constants | values)


def put(connection: Connection, table: Table, key: Mapping[str, Any], **values: Any) -> None:
    """Write values into the record with this key, which is added where there is none."""
    changed = update(table).values(values)
    for name, value in key.items():
        changed = changed.where(table.c[name] == value)
    if not connection.execute(changed).rowcount:
        connection.execute(insert(table).values(**key, **values))

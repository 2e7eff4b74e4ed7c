"""What is known, in SQL: the only place that knows there is a database."""

from .ledger import Ledger, delete_ledger, read_waiting

__all__ = ["Ledger", "delete_ledger", "read_waiting"]

"""What is known, in SQL: the only place that knows there is a database."""

from .ledger import Ledger

__all__ = ["Ledger"]

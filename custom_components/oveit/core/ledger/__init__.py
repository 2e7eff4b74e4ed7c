"""What is known, in SQL: the only place that knows there is a database."""

from .entering import Entered, Told
from .ledger import Ledger
from .leftover import delete_ledger, find_ledgers, read_waiting
from .tickets import Learned, Ours

__all__ = [
    "Entered",
    "Learned",
    "Ledger",
    "Ours",
    "Told",
    "delete_ledger",
    "find_ledgers",
    "read_waiting",
]

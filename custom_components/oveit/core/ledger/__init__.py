"""What is known, in SQL: the only place that knows there is a database."""

from .entering import Entered, Told
from .ledger import Ledger, delete_ledger, read_waiting
from .tickets import Learned, Ours

__all__ = ["Entered", "Learned", "Ledger", "Ours", "Told", "delete_ledger", "read_waiting"]

"""What is known and what happened, in SQL: the only place that knows there is a database."""

from .admission import Entered, Told
from .journal import Lease
from .ledger import Ledger, Opening
from .properties import Generation
from .recovery import delete_ledger, find_ledgers, keep_set_aside, read_waiting
from .sqlite.file import hold, release
from .tickets import Learned, Ours

__all__ = [
    "Entered",
    "Generation",
    "Learned",
    "Lease",
    "Ledger",
    "Opening",
    "Ours",
    "Told",
    "delete_ledger",
    "find_ledgers",
    "hold",
    "keep_set_aside",
    "read_waiting",
    "release",
]

"""What was seen moments ago: the one answer to whether a read is the same read again."""

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from math import inf
from time import monotonic

SAME_READ_WITHIN = 5.0
SAME_READ_AT_MOST = 30.0

type Clock = Callable[[], float]


def seconds() -> float:
    """Return the seconds of a clock that nobody sets."""
    return monotonic()


@dataclass(slots=True)
class _Entry[Value]:
    """A value, and when it was seen first and last."""

    value: Value
    first_at: float
    last_at: float


class Recent[Key: Hashable, Value]:
    """Remembers values by key until they expire.

    An entry expires `within` seconds after it was seen last, `at_most` after it was seen first,
    and when there are more than `most`. The defaults are those of a tag that lies on a reader
    (decisions.md D1, D2, R10).
    """

    def __init__(
        self,
        clock: Clock = seconds,
        *,
        within: float = SAME_READ_WITHIN,
        at_most: float = SAME_READ_AT_MOST,
        most: float = inf,
    ) -> None:
        """Begin empty; the clock is monotonic."""
        self._clock = clock
        self._within = within
        self._at_most = at_most
        self._most = most
        self._entries: dict[Key, _Entry[Value]] = {}

    def put(self, key: Key, value: Value, *, since: float | None = None) -> None:
        """Remember a value as the newest, seen first just now or at a given time."""
        now = self._clock()
        self._entries.pop(key, None)
        self._entries[key] = _Entry(value, now if since is None else since, now)
        self._forget_old()

    def get(self, key: Key) -> Value | None:
        """Return the value of a key, None when there is none or it has expired."""
        entry = self._find(key)
        return entry.value if entry else None

    def see(self, key: Key) -> Value | None:
        """Return the value of a key, and have it last from now on."""
        if entry := self._find(key):
            entry.last_at = self._clock()
        return entry.value if entry else None

    def pop(self, key: Key) -> Value | None:
        """Forget a key and return its value."""
        entry = self._find(key)
        self._entries.pop(key, None)
        return entry.value if entry else None

    def __len__(self) -> int:
        """Return how many keys are remembered."""
        return sum(1 for _ in self)

    def __iter__(self) -> Iterator[Key]:
        """Yield the remembered keys, the newest first."""
        self._forget_old()
        return iter([key for key in reversed(self._entries) if self._find(key)])

    def _find(self, key: Key) -> _Entry[Value] | None:
        """Return an entry that has not expired."""
        entry, now = self._entries.get(key), self._clock()
        if entry and now - entry.last_at < self._within and now - entry.first_at < self._at_most:
            return entry
        return None

    def _forget_old(self) -> None:
        """Forget what has expired, from the oldest entry on."""
        while self._entries:
            oldest = next(iter(self._entries))
            if len(self._entries) <= self._most and self._find(oldest):
                return
            del self._entries[oldest]

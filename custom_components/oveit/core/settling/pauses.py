"""How long a row is left alone that failed for a reason of its own."""

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

RETRY_AFTER = 300.0
MOST_RETRY = 4 * 3600.0


@dataclass(frozen=True, kw_only=True, slots=True)
class _Pause:
    """Until when a row is left alone, in monotonic seconds, and how often it was."""

    until: float
    times: int


class Pauses:
    """Leaves rows alone: five minutes each time, or ever longer where there is no end to it.

    Kept in memory alone: after a restart a row has its turn at once.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        """Begin with nothing to wait for."""
        self._clock = clock
        self._pauses: dict[int, _Pause] = {}

    def add(self, seq: int, *, growing: bool) -> None:
        """Leave a row alone once more."""
        times = self.count(seq)
        seconds = min(RETRY_AFTER * 2 ** min(times, 20), MOST_RETRY) if growing else RETRY_AFTER
        self._pauses[seq] = _Pause(until=self._clock() + seconds, times=times + 1)

    def is_on(self, seq: int) -> bool:
        """Tell whether a row is left alone now."""
        pause = self._pauses.get(seq)
        return pause is not None and pause.until > self._clock()

    def count(self, seq: int) -> int:
        """Return how often a row was left alone."""
        pause = self._pauses.get(seq)
        return pause.times if pause else 0

    def shorten(self) -> None:
        """Let rows that have grown patient have their turn, since a person asks for it."""
        soon = self._clock() + RETRY_AFTER
        for seq, pause in self._pauses.items():
            if pause.until > soon:
                self._pauses[seq] = _Pause(until=self._clock(), times=pause.times)

    def keep_only(self, seqs: set[int]) -> None:
        """Forget the rows that found their end."""
        self._pauses = {seq: pause for seq, pause in self._pauses.items() if seq in seqs}
